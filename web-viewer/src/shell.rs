//! What all pages share: the frame around them, and the plain page that says one thing.

use askama::Template;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use crate::assets::{CSS_PATH, MARK_PATH};
use crate::desk::Desk;
use crate::plain_text;
use crate::refusal::Refusal;
use crate::texts::{Texts, fill};

/// The frame around a page.
pub(crate) struct Shell {
    pub t: &'static Texts,
    pub title: String,
    pub organisation: String,
    pub help: String,
    pub css: &'static str,
    pub mark: &'static str,
}

impl Shell {
    pub fn new(desk: &Desk, title: &str) -> Self {
        Self {
            t: desk.texts,
            title: title.to_owned(),
            organisation: desk.settings().organisation.clone(),
            help: desk.settings().help.clone(),
            css: &CSS_PATH,
            mark: &MARK_PATH,
        }
    }

    /// Who keeps the letters.
    pub fn footer(&self) -> String {
        fill(self.t.footer, &[("organisation", &self.organisation)])
    }

    /// The help contact as a link: an address or a page; safe HTML.
    pub fn help_link(&self) -> String {
        let (mut target, mut text) = (String::new(), String::new());
        plain_text::escape(&mut text, &self.help);
        plain_text::escape(&mut target, &self.help);
        if self.help.starts_with("https://") {
            format!("<a rel=\"noopener noreferrer\" href=\"{target}\">{text}</a>")
        } else if self.help.contains('@') && !self.help.contains([' ', '?', '&']) {
            format!("<a href=\"mailto:{target}\">{text}</a>")
        } else {
            text
        }
    }
}

/// Renders a template as an HTML answer.
pub(crate) fn html(page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => ([(CONTENT_TYPE, "text/html; charset=utf-8")], text).into_response(),
        Err(error) => Refusal::trouble("render a page", &error).into_response(),
    }
}

/// A link at the end of a page.
pub(crate) struct Step {
    pub href: String,
    pub text: &'static str,
}

/// A form with one button at the end of a page.
pub(crate) struct Button {
    pub action: String,
    pub token: String,
    pub button: &'static str,
}

/// A page that says one thing, with at most one way on.
#[derive(Template)]
#[template(path = "word.html")]
pub(crate) struct Word {
    shell: Shell,
    lines: Vec<String>,
    form: Option<Button>,
    link: Option<Step>,
}

impl Word {
    pub fn new(desk: &Desk, title: &str, lines: Vec<String>) -> Self {
        Self {
            shell: Shell::new(desk, title),
            lines,
            form: None,
            link: None,
        }
    }

    pub fn link(self, link: Step) -> Self {
        Self {
            link: Some(link),
            ..self
        }
    }

    pub fn form(self, form: Button) -> Self {
        Self {
            form: Some(form),
            ..self
        }
    }
}

impl IntoResponse for Word {
    fn into_response(self) -> Response {
        html(&self)
    }
}
