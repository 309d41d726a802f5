//! Wherever a reader of the world sees a payload, our own reading sees it, or the message is
//! ambiguous. The readers: Python's email, Perl's MIME::Parser, mail-parser.

#[path = "evasion/combined.rs"]
mod combined;
#[path = "evasion/found.rs"]
mod found;
#[path = "common/generator.rs"]
#[allow(dead_code, reason = "only its dice are thrown here")]
mod generator;
#[path = "common/readers.rs"]
mod readers;
#[path = "evasion/shown.rs"]
mod shown;
#[path = "evasion/templates.rs"]
mod templates;

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
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

/// In what is attached and what is shown; not in a container as it stands, which no rule judges.
fn we_see(message: &Message<'_>) -> bool {
    let parts = message.parts().iter().chain(message.other_parts());
    let mut leaves = parts.filter(|part| !part.is_multipart() && !part.is_message());
    let enclosed = message.enclosed();
    leaves.any(|part| {
        let contents = message.readings(part);
        let texts = message.texts(part);
        contents.iter().any(|content| contains(content))
            || texts.iter().any(|text| contains(text.as_bytes()))
    }) || enclosed.files.iter().any(|file| contains(&file.content))
        || enclosed
            .texts
            .iter()
            .any(|text| contains(text.text.as_bytes()))
}

/// In a text of the letter, as rules judge it.
fn we_show(message: &Message<'_>) -> bool {
    let parts = message.parts().iter().chain(message.other_parts());
    let mut shown = parts.filter(|part| part.is_shown_as_text());
    let mut enclosed = message.enclosed().texts.iter();
    let is_it = |text: &String| contains(text.as_bytes());
    shown.any(|part| message.texts(part).iter().any(is_it)) || enclosed.any(|one| is_it(&one.text))
}

/// Whether mail-parser sees it; nothing where it panics, as it does on some of these.
fn mail_parser_sees(raw: &[u8]) -> Option<bool> {
    let parsed = catch_unwind(|| mail_parser::MessageParser::new().parse(raw));
    let Some(message) = parsed.ok()? else {
        return Some(false);
    };
    fn walk(message: &mail_parser::Message<'_>) -> bool {
        message.parts.iter().any(|part| match part.message() {
            Some(inner) => walk(inner),
            None => contains(part.contents()),
        })
    }
    catch_unwind(AssertUnwindSafe(|| walk(&message))).ok()
}

/// The names by which mail-parser saves files.
fn mail_parser_names(raw: &[u8]) -> Vec<String> {
    use mail_parser::MimeHeaders;
    let parsed = catch_unwind(|| mail_parser::MessageParser::new().parse(raw));
    let Ok(Some(message)) = parsed else {
        return Vec::new();
    };
    let names = message
        .parts
        .iter()
        .filter_map(MimeHeaders::attachment_name);
    names.map(str::to_owned).collect()
}

/// The numbers of the messages in which a reader in another language sees the payload, or nothing
/// when it is not installed.
fn read_by(program: &[&str], folder: &Path) -> Option<BTreeSet<usize>> {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/evasion")
        .join(program[1]);
    let mut command = Command::new(program[0]);
    command.arg(script).arg(folder).arg(folder.join("payload"));
    let text = readers::output(command)?;
    Some(text.lines().filter_map(|line| line.parse().ok()).collect())
}

fn write_out(templates: &[Template], name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("payload"), payload()).unwrap();
    for (number, template) in templates.iter().enumerate() {
        std::fs::write(folder.join(format!("{number}.eml")), &template.raw).unwrap();
    }
    folder
}

/// What the readers make of one family of templates.
#[derive(Default)]
struct Row {
    templates: usize,
    ours: usize,
    ambiguous: usize,
    parser: usize,
    python: usize,
    perl: usize,
    missed: usize,
}

impl Row {
    fn print(&self, name: &str) {
        let Self {
            templates,
            ours,
            ambiguous,
            parser,
            python,
            perl,
            missed,
        } = self;
        println!(
            "{name:<24} {templates:>9} {ours:>5} {ambiguous:>9} {python:>7} {parser:>11} {perl:>5} \
             {missed:>6}"
        );
    }

    fn add(&mut self, other: &Self) {
        self.templates += other.templates;
        self.ours += other.ours;
        self.ambiguous += other.ambiguous;
        self.parser += other.parser;
        self.python += other.python;
        self.perl += other.perl;
        self.missed += other.missed;
    }
}

#[test]
fn what_any_reader_sees_we_see_or_call_ambiguous() {
    let templates = all();
    assert!(templates.len() >= 400, "only {} templates", templates.len());
    let total = judge(&templates, "evasion");
    let hardly = "the payload is hardly ever there to be seen";
    assert!(total.ours > 300 && total.parser > 200, "{hardly}");
    // Where a reader is not installed it sees none.
    assert!(total.python == 0 || total.python > 200, "{hardly}");
    assert!(total.perl == 0 || total.perl > 200, "{hardly}");
}

/// Several oddities in one message may hide from each other.
#[test]
fn combinations_are_not_missed() {
    const COMBINATIONS: u64 = 2_000;
    let count = std::env::var("COMBINATIONS")
        .ok()
        .and_then(|n| n.parse().ok());
    let seeds = 1..=count.unwrap_or(COMBINATIONS);
    let combined = seeds.map(|seed| Template {
        family: "combined",
        name: format!("seed {seed}"),
        raw: combined::message(seed),
    });
    let total = judge(&combined.collect::<Vec<_>>(), "combined");
    assert!(
        total.ours > total.templates / 2,
        "the payload is hardly ever there to be seen"
    );
}

/// The name by which some reader saves a file is among ours, or the message is ambiguous.
#[test]
fn the_names_of_all_readers_are_ours() {
    let mut templates = Vec::new();
    templates::names(&mut |name, raw| {
        templates.push(Template {
            family: "names",
            name,
            raw,
        });
    });
    let folder = write_out(&templates, "names");
    let readers = [&["python3", "names.py"], &["perl", "names.pl"]];
    let found = readers.map(|program| read_by(program, &folder));
    for (names, [program, _]) in found.iter().flatten().zip(readers) {
        assert!(names.len() > 40, "{program} finds only {}", names.len());
    }
    let is_program = |name: &String| name.to_lowercase().ends_with(".com");
    let mut missed = Vec::new();
    let mut every: BTreeSet<usize> = found.into_iter().flatten().flatten().collect();
    let numbered = templates.iter().enumerate();
    every.extend(numbered.filter_map(|(number, template)| {
        let names = mail_parser_names(&template.raw);
        names.iter().any(is_program).then_some(number)
    }));
    for number in every {
        let message = Message::parse(&templates[number].raw);
        let mut parts = message.parts().iter().chain(message.other_parts());
        let ours = parts.any(|part| part.file_names().iter().any(is_program));
        if !ours && message.ambiguities().is_empty() {
            missed.push(templates[number].name.as_str());
        }
    }
    assert!(
        missed.is_empty(),
        "named by a reader, not by us:\n{missed:#?}"
    );
}

/// What some reader shows as a text of the letter is judged as one, or the message is ambiguous.
#[test]
fn the_texts_of_all_readers_are_judged() {
    let templates = all();
    let folder = write_out(&templates, "shown");
    let Some(python) = read_by(&["python3", "shown.py"], &folder) else {
        return println!("skipped: no Python");
    };
    assert!(python.len() > 150, "Python shows only {}", python.len());
    let missed = python.iter().map(|number| &templates[*number]);
    let missed: Vec<&str> = missed
        .filter(|template| {
            let message = Message::parse(&template.raw);
            !we_show(&message) && message.ambiguities().is_empty()
        })
        .map(|template| template.name.as_str())
        .collect();
    assert!(
        missed.is_empty(),
        "shown by Python, not by us:\n{missed:#?}"
    );
}

/// Lets every reader look, and prints what they see.
fn judge(templates: &[Template], name: &str) -> Row {
    let folder = write_out(templates, name);
    let python = read_by(&["python3", "readers.py"], &folder);
    let perl = read_by(&["perl", "readers.pl"], &folder);
    let sees = |by: &Option<BTreeSet<usize>>, number| {
        by.as_ref().is_some_and(|names| names.contains(&number))
    };
    let (mut rows, mut missed) = (BTreeMap::<&str, Row>::new(), Vec::new());
    let mut panics = 0;
    for (number, template) in templates.iter().enumerate() {
        let message = Message::parse(&template.raw);
        let (ours, doubt) = (we_see(&message), !message.ambiguities().is_empty());
        let parser = mail_parser_sees(&template.raw);
        panics += usize::from(parser.is_none());
        let parser = parser == Some(true);
        let (python, perl) = (sees(&python, number), sees(&perl, number));
        let is_missed = (parser || python || perl) && !ours && !doubt;
        if is_missed {
            missed.push(template.name.as_str());
        }
        rows.entry(template.family).or_default().add(&Row {
            templates: 1,
            ours: usize::from(ours),
            ambiguous: usize::from(doubt),
            parser: usize::from(parser),
            python: usize::from(python),
            perl: usize::from(perl),
            missed: usize::from(is_missed),
        });
    }
    println!("family                   templates  ours ambiguous  Python mail-parser  Perl missed");
    let mut total = Row::default();
    for (family, row) in &rows {
        row.print(family);
        total.add(row);
    }
    total.print("all");
    println!("missed {}; mail-parser panics on {panics}", missed.len());
    assert!(panics * 20 <= templates.len(), "it hardly ever reads");
    assert!(
        missed.is_empty(),
        "seen by a reader, not by us, and not ambiguous:\n{missed:#?}"
    );
    total
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
    assert!(we_see(&message) && mail_parser_sees(&plain.raw) == Some(true));
}
