//! How a copy is sealed: what every rule and the label ask for, taken together.

use mail::SealTerms;
use serde::Serialize;

use crate::units::written_duration;

/// On what terms a copy is sealed, beside the rights of its reader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SealExplanation {
    /// Seconds until it closes, the shortest of what was asked for; none: the site's own setting.
    pub expires_after_seconds: Option<u64>,
    /// Whether attachments may be saved.
    pub download: bool,
    /// The template of notice and page; none: the site's own.
    pub template: Option<String>,
}

impl SealExplanation {
    pub(super) fn of(terms: &SealTerms) -> Self {
        Self {
            expires_after_seconds: terms.expires_after_seconds,
            download: terms.download,
            template: terms.template.clone(),
        }
    }

    /// One line below the copy's headline.
    pub(super) fn to_text(&self) -> String {
        let life = match self.expires_after_seconds {
            Some(seconds) => format!("for {}", written_duration(seconds)),
            None => "for as long as [seal] expires_after says".to_owned(),
        };
        let files = match self.download {
            true => "attachments may be saved",
            false => "attachments may not be saved",
        };
        let template = self.template.iter();
        let template: String = template
            .map(|name| format!("; template \"{name}\""))
            .collect();
        format!("  sealed   {life}; {files}{template}\n")
    }
}
