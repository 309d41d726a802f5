//! Wherever a reader of the world sees a payload, our own reading sees it, or the message is
//! ambiguous. The readers: Python's email, Perl's MIME::Parser, mail-parser.

#[path = "evasion/templates.rs"]
mod templates;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use mail::Message;
use templates::{Template, all, payload};

fn contains(content: &[u8]) -> bool {
    let payload = payload();
    content
        .windows(payload.len())
        .any(|window| window == payload)
}

fn we_see(message: &Message<'_>) -> bool {
    let mut parts = message.parts().iter().chain(message.other_parts());
    let mut enclosed = message.enclosed().files.iter();
    parts.any(|part| {
        message
            .readings(part)
            .iter()
            .any(|content| contains(content))
    }) || enclosed.any(|file| contains(&file.content))
}

fn mail_parser_sees(raw: &[u8]) -> bool {
    let Some(message) = mail_parser::MessageParser::new().parse(raw) else {
        return false;
    };
    fn walk(message: &mail_parser::Message<'_>) -> bool {
        message.parts.iter().any(|part| match part.message() {
            Some(inner) => walk(inner),
            None => contains(part.contents()),
        })
    }
    walk(&message)
}

/// The names that a reader in another language prints, or nothing when it is not installed.
fn read_by(program: &[&str], folder: &Path) -> Option<BTreeSet<usize>> {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/evasion")
        .join(program[1]);
    let output = Command::new(program[0])
        .arg(script)
        .arg(folder)
        .arg(folder.join("payload"))
        .output()
        .ok()?;
    if !output.status.success() {
        println!(
            "{} cannot run: {}",
            program[0],
            String::from_utf8_lossy(&output.stderr)
        );
        return None;
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Some(text.lines().filter_map(|line| line.parse().ok()).collect())
}

fn write_out(templates: &[Template]) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("evasion");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("payload"), payload()).unwrap();
    for (number, template) in templates.iter().enumerate() {
        std::fs::write(folder.join(format!("{number}.eml")), &template.raw).unwrap();
    }
    folder
}

#[test]
fn what_any_reader_sees_we_see_or_call_ambiguous() {
    let templates = all();
    let folder = write_out(&templates);
    let python = read_by(&["python3", "readers.py"], &folder);
    let perl = read_by(&["perl", "readers.pl"], &folder);
    let (mut seen, mut ambiguous, mut parser, mut missed) = (0, 0, 0, Vec::new());
    for (number, template) in templates.iter().enumerate() {
        let message = Message::parse(&template.raw);
        let (ours, doubt) = (we_see(&message), !message.ambiguities().is_empty());
        let theirs = mail_parser_sees(&template.raw);
        let others = [&python, &perl]
            .into_iter()
            .flatten()
            .any(|names| names.contains(&number));
        seen += usize::from(ours);
        ambiguous += usize::from(doubt);
        parser += usize::from(theirs);
        if (theirs || others) && !ours && !doubt {
            missed.push(template.name.as_str());
        }
    }
    let count = |names: &Option<BTreeSet<usize>>| {
        names
            .as_ref()
            .map_or("not installed".to_owned(), |names| names.len().to_string())
    };
    println!("templates              {}", templates.len());
    println!("Sealgate's union sees  {seen}");
    println!("called ambiguous       {ambiguous}");
    println!("mail-parser sees       {parser}");
    println!("Python's email sees    {}", count(&python));
    println!("MIME::Parser sees      {}", count(&perl));
    println!("missed                 {}", missed.len());
    assert!(templates.len() >= 400, "only {} templates", templates.len());
    assert!(
        seen > 100 && parser > 50,
        "the payload is hardly ever there to be seen"
    );
    assert!(
        missed.is_empty(),
        "seen by a reader, not by us, and not ambiguous:\n{missed:#?}"
    );
}

/// The control: what is plain is seen by all and called ambiguous by none.
#[test]
fn plain_mail_is_not_ambiguous() {
    let templates = all();
    let plain = templates
        .iter()
        .find(|t| t.name == "encoding name `base64`")
        .unwrap();
    let message = Message::parse(&plain.raw);
    assert!(
        message.ambiguities().is_empty(),
        "{:?}",
        message.ambiguities()
    );
    assert!(we_see(&message) && mail_parser_sees(&plain.raw));
}
