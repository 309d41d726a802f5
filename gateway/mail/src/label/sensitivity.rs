//! `Sensitivity` and `Importance` of RFC 2156.
//!
//! It never protects anything: both are wishes of the sender, and occur in fraud as well.

/// RFC 2156 §5.3.6: what the sender says about who should see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sensitivity {
    /// Meant for the person.
    Personal,
    /// Meant for nobody else.
    Private,
    /// Meant for the company.
    CompanyConfidential,
}

impl Sensitivity {
    /// The field's name.
    pub const HEADER: &str = "Sensitivity";

    /// Reads the field's value in any case, comments left out (RFC 5322 §3.2.2); `Normal`
    /// and all else is none.
    pub fn parse(text: &str) -> Option<Self> {
        let mut depth = 0_u32;
        let is_outside = |c: &char| {
            let before = depth;
            match c {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            before == 0 && depth == 0
        };
        let word: String = text.chars().filter(is_outside).collect();
        match word.trim().to_ascii_lowercase().as_str() {
            "personal" => Some(Self::Personal),
            "private" => Some(Self::Private),
            "company-confidential" => Some(Self::CompanyConfidential),
            _ => None,
        }
    }

    /// As the RFC writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Personal => "Personal",
            Self::Private => "Private",
            Self::CompanyConfidential => "Company-Confidential",
        }
    }
}

/// RFC 2156 §5.3.4: how soon the sender wants it to be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Importance {
    /// It can wait.
    Low,
    /// Nothing special.
    #[default]
    Normal,
    /// It cannot.
    High,
}

impl Importance {
    /// The field's name.
    pub const HEADER: &str = "Importance";

    /// Reads the field's value in any case.
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim().to_ascii_lowercase().as_str() {
            "low" => Some(Self::Low),
            "normal" => Some(Self::Normal),
            "high" => Some(Self::High),
            _ => None,
        }
    }

    /// As the RFC writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
        }
    }
}
