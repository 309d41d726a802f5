//! V8, V9: HTML made harmless. Each file in `sanitise/` is one shape of attack; beside it stands
//! what must come out with pictures blocked. `UPDATE=1` writes the latter anew, to be read.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use proptest::prelude::*;
use web_viewer::sanitise::{InlinePictures, Remote, sanitise};

fn pictures() -> InlinePictures {
    let logo = (
        "logo@corp".to_owned(),
        "data:image/png;base64,iVBORw0KGgo=".to_owned(),
    );
    Arc::new(HashMap::from([logo]))
}

fn clean(html: &str, remote: Remote) -> String {
    sanitise(html, remote, &pictures()).unwrap().html
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/sanitise")
}

/// Name and content of every file.
fn payloads() -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "html"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    found.sort();
    assert!(found.len() >= 40, "only {} payloads", found.len());
    found
}

/// The tags of sanitised HTML, which always writes `<` and `>` of text as entities.
fn tags(html: &str) -> Vec<String> {
    html.split('<')
        .skip(1)
        .map(|tag| tag.split('>').next().unwrap().to_owned())
        .collect()
}

/// Attribute names and values of a tag as the serialiser writes them: always in double quotes.
fn attributes(tag: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = tag;
    while let Some((before, after)) = rest.split_once("=\"") {
        let name = before.rsplit(' ').next().unwrap().to_owned();
        let (value, behind) = after.split_once('"').unwrap_or((after, ""));
        found.push((name, value.to_owned()));
        rest = behind;
    }
    found
}

const BANNED: &[&str] = &[
    "script", "style", "iframe", "frame", "object", "embed", "form", "input", "button", "link",
    "meta", "base", "svg", "math", "video", "audio", "source", "template", "body", "html",
    "textarea", "select", "title", "noscript", "area", "map",
];

/// What no result may hold, whatever came in: the first tag that does.
fn fault(html: &str, remote: Remote) -> Option<String> {
    tags(html).into_iter().find(|tag| {
        let name = tag
            .trim_start_matches('/')
            .chars()
            .take_while(char::is_ascii_alphanumeric);
        let element: String = name.collect();
        BANNED.contains(&element.as_str())
            || attributes(tag)
                .iter()
                .any(|(name, value)| harms(&element, name, value, remote))
    })
}

fn harms(element: &str, attribute: &str, value: &str, remote: Remote) -> bool {
    let lower = value.to_ascii_lowercase();
    let begins = |schemes: &[&str]| schemes.iter().any(|scheme| lower.starts_with(scheme));
    match (element, attribute) {
        ("img", "src") => {
            let inline = begins(&["data:image/"]) && !lower.contains("svg");
            !(inline || begins(&["http:", "https:"]) && remote == Remote::Allowed)
        }
        ("a", "href") => !begins(&["http:", "https:", "mailto:"]),
        (_, "style") => ["url", "expression", "@", "\\", "position", "binding"]
            .iter()
            .any(|word| lower.contains(word)),
        (_, other) => {
            let loads = [
                "src",
                "href",
                "srcset",
                "background",
                "poster",
                "data",
                "action",
            ];
            let names = ["id", "name", "class"];
            other.starts_with("on") || loads.contains(&other) || names.contains(&other)
        }
    }
}

#[test]
fn every_payload_comes_out_as_written_down() {
    let mut changed = 0;
    for (name, html) in payloads() {
        let result = clean(&html, Remote::Blocked);
        for remote in [Remote::Blocked, Remote::Allowed] {
            assert_eq!(fault(&clean(&html, remote), remote), None, "{name}");
        }
        let path = folder().join(format!("{name}.expected"));
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &result).unwrap();
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(result, expected, "{name}");
        changed += usize::from(result != html);
    }
    assert!(changed > 30, "the payloads are payloads: {changed}");
}

/// The control: the judge refuses what the sanitiser is there to remove.
#[test]
fn the_judge_can_refuse() {
    let harmful = payloads()
        .into_iter()
        .filter(|(_, html)| fault(html, Remote::Blocked).is_some());
    assert!(harmful.count() > 20);
}

#[test]
fn cleaning_twice_changes_nothing() {
    for (name, html) in payloads() {
        for remote in [Remote::Blocked, Remote::Allowed] {
            let once = clean(&html, remote);
            assert_eq!(clean(&once, remote), once, "{name}");
        }
    }
}

/// V9: with pictures blocked, no address that is loaded without a click is left.
#[test]
fn nothing_is_loaded_until_asked() {
    let mut blocked = 0;
    for (name, html) in payloads() {
        let result = sanitise(&html, Remote::Blocked, &pictures()).unwrap();
        blocked += result.remote_blocked;
        let without_links: String = tags(&result.html)
            .into_iter()
            .filter(|tag| !tag.starts_with("a "))
            .collect::<Vec<_>>()
            .join("\n");
        for scheme in ["http:", "https:", "//evil.example"] {
            assert!(
                !without_links.to_ascii_lowercase().contains(scheme),
                "{name}: {without_links}"
            );
        }
    }
    assert!(blocked >= 3, "and the reader is told: {blocked}");
    // The control: asked for, they are there.
    let asked = clean("<img src=\"https://cdn.example/a.png\">", Remote::Allowed);
    assert!(asked.contains("https://cdn.example/a.png"));
}

#[test]
fn what_mail_needs_stays() {
    let (_, newsletter) = payloads()
        .into_iter()
        .find(|(name, _)| name == "newsletter")
        .unwrap();
    let result = clean(&newsletter, Remote::Blocked);
    for kept in [
        "<center>",
        "width=\"600\"",
        "bgcolor=\"#ffffff\"",
        "max-width:600px",
        "font:16px/1.5 Arial,sans-serif",
        "<font color=\"#0f4c5c\" size=\"4\">",
        "href=\"https://ok.example/read?a=1&amp;b=2\"",
        "target=\"_blank\"",
        "rel=\"noopener noreferrer nofollow\"",
    ] {
        assert!(result.contains(kept), "{kept} is not in {result}");
    }
    assert!(
        clean("<img src=\"cid:logo%40corp\">", Remote::Blocked).contains("src=\"data:image/png")
    );
}

/// Soup of the pieces from which bypasses are cooked.
fn soup() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "<p>",
        "</p>",
        "<b>",
        "</b>",
        "<a href=\"",
        "<a href='https://x.example/'>",
        "</a>",
        "<table>",
        "<tr>",
        "<td>",
        "</table>",
        "<svg>",
        "</svg>",
        "<math>",
        "<mtext>",
        "<mglyph>",
        "<style>",
        "</style>",
        "<script>",
        "</script>",
        "<!--",
        "-->",
        "--!>",
        "<![CDATA[",
        "]]>",
        "<noscript>",
        "</noscript>",
        "<textarea>",
        "</textarea>",
        "<template>",
        "</template>",
        "<select>",
        "<form>",
        "<img src=x onerror=alert(1)>",
        "<img src=http://evil.example/>",
        " title=\"",
        "\"",
        "'",
        ">",
        "<",
        "&lt;",
        "&#60;",
        "javascript:alert(1)",
        " style=\"background:url(x)\"",
        "x",
        " ",
        "\0",
        "<ul>",
        "<li>",
        "<h1>",
        "<div>",
        "</div>",
        "<font>",
        "<foreignObject>",
        "<desc>",
        "<dl>",
        "<dd>",
        "<pre>\n",
        "\n",
        "<br>",
        "</br>",
        "<plaintext>",
        "<iframe>",
        "<nobr>",
        "<ruby><rt>",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_soup_bypasses_and_cleaning_it_twice_changes_nothing(html in soup()) {
        for remote in [Remote::Blocked, Remote::Allowed] {
            if let Ok(once) = sanitise(&html, remote, &pictures()) {
                prop_assert_eq!(fault(&once.html, remote), None);
                prop_assert_eq!(&clean(&once.html, remote), &once.html);
            }
        }
    }
}
