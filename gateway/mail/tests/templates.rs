//! Texts with variables, whatever stands in them: read or refused, and filled within bounds.

use mail::marking::{Named, Template, VALUE_CHARS_MAX, Values, Variable};
use proptest::prelude::*;

/// Pieces of templates, whole and broken.
fn text() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "${sender.title}",
        "${sender.custom.room}",
        "${[Tel. ]sender.phone[, ]|none}",
        "${label.name|}",
        "$${",
        "${",
        "}",
        "[",
        "]",
        "|",
        "$",
        "\n",
        "\r\n",
        " ",
        "a",
        "é",
        "<p>",
        "</p>",
        "<br>",
        "<a title=\"",
        "\">",
        "<!--",
        "-->",
    ]);
    let piece = prop_oneof![8 => piece.prop_map(str::to_owned), 1 => "\\PC{0,8}"];
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

fn hostile() -> Values {
    let long = "<script>${label.name}\r\nX: y\u{202e}\"'".repeat(40);
    let known = Variable::ALL.iter();
    let values = known.fold(Values::new(), |values, name| values.with(*name, &long));
    values.with_named(Named::own("room").unwrap(), &long)
}

proptest! {
    #[test]
    fn a_text_is_read_or_refused_and_bounded(text in text()) {
        for read in [Template::parse(&text), Template::parse_html(&text)] {
            match read {
                Ok(template) => {
                    let slots = template.names().count();
                    let filled = template.fill(&hostile());
                    let most = text.chars().count() + slots * VALUE_CHARS_MAX;
                    prop_assert!(filled.chars().count() <= most);
                    let html = template.fill_html(&hostile());
                    prop_assert!(!html.contains("<script"));
                    let nothing = template.fill(&Values::new());
                    prop_assert!(nothing.chars().count() <= text.chars().count());
                    let breaks = |text: &str| text.matches('\n').count();
                    prop_assert_eq!(breaks(&filled), breaks(&text));
                    prop_assert!(breaks(&nothing) <= breaks(&text));
                }
                Err(errors) => for error in errors {
                    prop_assert!(text.get(error.span.clone()).is_some(), "{:?}", error);
                },
            }
        }
    }
}
