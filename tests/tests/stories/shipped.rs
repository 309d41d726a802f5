//! The policy that ships does what the mission names, for senders with any mail program: subject
//! tags, the `Sensitivity:` header, blocking by label; and the commands say the same about it.

use std::fs;
use std::process::{Command, Output};

use end_to_end::canary::Canary;
use end_to_end::gateway::{Gateway, Site};
use end_to_end::letter;
use end_to_end::place::{project, sealgate};
use end_to_end::reading;
use end_to_end::sink::Sink;
use end_to_end::visitor::Visitor;

const ANN: &str = "ann@corp.example";
const EVE: &str = "eve@corp.example";
const BOB: &str = "bob@partner.example";
const WORD: &str = "the text of the letter";

fn site(sink: &Sink) -> Site {
    let mut site = Site::new(sink.address(), "");
    for entry in fs::read_dir(project().join("rules/policy"))
        .unwrap()
        .flatten()
    {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".toml") {
            site.rules
                .push((name, fs::read_to_string(entry.path()).unwrap()));
        }
    }
    assert!(!site.rules.is_empty(), "no policy ships");
    site
}

/// Sends with a subject and more header fields; the code.
fn send(gateway: &Gateway, to: &[&str], subject: &str, more: &str) -> u16 {
    let raw = letter::plain(ANN, &to.join(", "), subject, WORD);
    gateway
        .inside()
        .send(ANN, to, &[more.as_bytes(), &raw].concat())
        .code
}

#[test]
fn subject_tags_and_sensitivity_seal_mail_to_outside() {
    let sink = Sink::start();
    let gateway = Gateway::start(&site(&sink));
    for (subject, more, clean) in [
        ("[encrypt] one", "", "one"),
        ("[confidential] two", "", "two"),
        ("[no-forward] three", "", "three"),
        ("four", "Sensitivity: company-confidential\r\n", "four"),
    ] {
        sink.clear();
        assert_eq!(send(&gateway, &[BOB, EVE], subject, more), 250, "{subject}");
        let notice = sink.mailbox(BOB).remove(0).raw;
        assert!(letter::link(&notice).is_some(), "{subject} is not sealed");
        assert!(
            Canary::new(WORD).found_in(&notice).is_empty(),
            "{subject} leaves in clear"
        );
        assert_eq!(letter::header(&notice, "Subject"), [clean], "the tag stays");
        let inside = sink.mailbox(EVE).remove(0).raw;
        assert!(
            !Canary::new(WORD).found_in(&inside).is_empty(),
            "{subject} is closed inside"
        );
    }
    // Some servers follow an own address that reads as a route out: it is outside, and sealed.
    sink.clear();
    let routed = "bob%partner.example@corp.example";
    assert_eq!(send(&gateway, &[routed], "[encrypt] five", ""), 250);
    let notice = sink.mailbox(routed).remove(0).raw;
    assert!(letter::link(&notice).is_some() && Canary::new(WORD).found_in(&notice).is_empty());
    // Without any of these nothing changes.
    sink.clear();
    assert_eq!(send(&gateway, &[BOB], "plain", ""), 250);
    assert!(
        sink.mailbox(BOB)[0]
            .raw
            .ends_with(format!("\r\n\r\n{WORD}\r\n").as_bytes())
    );
}

#[test]
fn no_forward_takes_the_buttons_and_guards_the_thread() {
    let sink = Sink::start();
    let gateway = Gateway::start(&site(&sink));
    assert_eq!(send(&gateway, &[BOB, EVE], "[no-forward] plan", ""), 250);
    let link = reading::link(&sink, BOB);
    let mut visitor = Visitor::new(gateway.viewer);
    let page = reading::read(&mut visitor, &sink, &link, BOB);
    assert!(page.links("letter.eml").is_empty() && page.links("/print").is_empty());
    assert_eq!(page.links("/reply").len(), 2, "{}", page.text());
    let (grant, _) = link.rsplit_once('/').unwrap();
    assert_ne!(visitor.get(&format!("{grant}/letter.eml")).status, 200);
    assert_ne!(visitor.get(&format!("{grant}/print")).status, 200);

    // Inside: an answer to the people of the letter passes, one to a stranger does not.
    let inside = sink.mailbox(EVE).remove(0).raw;
    let id = letter::header(&inside, "Message-ID").remove(0);
    let answer = |to: &str| {
        let raw = letter::plain(EVE, to, "Re: plan", "my answer");
        let raw = [format!("In-Reply-To: {id}\r\n").as_bytes(), &raw].concat();
        gateway.inside().send(EVE, &[to], &raw).code
    };
    assert_eq!(answer(ANN), 250);
    assert_eq!(answer("mallory@elsewhere.example"), 550);
    assert_eq!(
        answer("carl@corp.example"),
        550,
        "who is inside but not of the letter is a stranger"
    );
}

/// What readers write comes from outside: it may go through a virus filter before it is mail.
#[test]
fn replies_of_readers_take_a_way_of_their_own() {
    let (sink, filter) = (Sink::start(), Sink::start());
    let mut gateway = Gateway::prepare(&site(&sink));
    let path = gateway.path("sealgate.toml");
    let own = format!("[viewer]\nnext_hop = \"{}\"", filter.address());
    let text = fs::read_to_string(&path).unwrap().replace("[viewer]", &own);
    fs::write(&path, text).unwrap();
    gateway.serve();
    assert_eq!(send(&gateway, &[BOB], "[encrypt] plan", ""), 250);
    let link = reading::link(&sink, BOB);
    let mut visitor = Visitor::new(gateway.viewer);
    let page = reading::read(&mut visitor, &sink, &link, BOB);
    assert!(
        filter.all().is_empty(),
        "notices and codes go the common way"
    );
    let page = visitor.get(&page.links("/reply")[0]);
    let form = page
        .forms()
        .into_iter()
        .find(|form| form.fields.iter().any(|(n, _)| n == "once"));
    visitor.submit_parts(&form.expect("a form to reply"), &[("text", "my answer")]);
    let reply = filter.wait_for(ANN, 1).remove(0);
    assert!(letter::text(&reply.raw).unwrap().contains("my answer"));
    let is_reply = |raw: &[u8]| letter::text(raw).is_some_and(|text| text.contains("my answer"));
    assert!(sink.all().iter().all(|mail| !is_reply(&mail.raw)));
}

#[test]
fn the_shipped_policy_passes_its_check_and_its_cases() {
    let rules = project().join("rules/policy");
    let run = |verb: &str| {
        Command::new(sealgate())
            .arg(verb)
            .arg("--rules")
            .arg(&rules)
            .output()
    };
    let checked = run("check").unwrap();
    assert!(checked.status.success(), "{}", said(&checked));
    let cases = project().join("rules/cases");
    let tested = Command::new(sealgate())
        .arg("test")
        .arg("--rules")
        .arg(&cases)
        .output()
        .unwrap();
    assert!(tested.status.success(), "{}", said(&tested));
    assert_eq!(
        Command::new(sealgate())
            .arg("no-such-verb")
            .output()
            .unwrap()
            .status
            .code(),
        Some(2)
    );
}

#[test]
fn mistakes_are_all_shown_in_their_lines_and_cases_can_fail() {
    let folder = tempfile::tempdir().unwrap();
    let broken =
        "[[rule]]\nname = \"a\"\nwhen = { sendr = \"inside\" }\nthen = [{ selal = \"x\" }]\n";
    fs::write(folder.path().join("a.toml"), broken).unwrap();
    let checked = Command::new(sealgate())
        .arg("check")
        .arg("--rules")
        .arg(folder.path())
        .output()
        .unwrap();
    let text = said(&checked);
    assert_eq!(checked.status.code(), Some(1), "{text}");
    assert!(
        text.contains("sendr") && text.contains("selal") && text.contains("a.toml:3"),
        "{text}"
    );

    fs::write(
        folder.path().join("m.eml"),
        letter::plain(ANN, BOB, "x", WORD),
    )
    .unwrap();
    let case = "[[case]]\nname = \"wrong\"\nmessage = \"m.eml\"\nfrom = \"ann@corp.example\"\n\
        [[case.expect]]\nto = \"bob@partner.example\"\noutcome = \"reject\"\n";
    fs::write(folder.path().join("a.toml"), case).unwrap();
    let tested = Command::new(sealgate())
        .arg("test")
        .arg("--rules")
        .arg(folder.path())
        .output()
        .unwrap();
    assert_eq!(tested.status.code(), Some(1), "{}", said(&tested));
}

#[test]
fn explain_says_what_the_gateway_does() {
    let sink = Sink::start();
    let gateway = Gateway::start(&site(&sink));
    let path = gateway.path("explained.eml");
    fs::write(&path, letter::plain(ANN, BOB, "[encrypt] offer", WORD)).unwrap();
    let explain = |format: &str| {
        let mut command = gateway.command("explain");
        command.args([
            "--from", ANN, "--to", BOB, "--to", EVE, "--source", "inside",
        ]);
        let output = command
            .args(["--format", format])
            .arg(&path)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", said(&output));
        said(&output)
    };
    let text = explain("text");
    assert!(text.contains(BOB) && text.contains("seal"), "{text}");
    let json = explain("json");
    assert_eq!(
        json.trim().lines().count(),
        1,
        "one line a message:\n{json}"
    );
    let value: serde_json::Value = serde_json::from_str(json.trim()).unwrap();
    assert!(value.to_string().contains(EVE), "{value}");
}

fn said(output: &Output) -> String {
    [&output.stdout[..], &output.stderr]
        .iter()
        .map(|text| String::from_utf8_lossy(text))
        .collect()
}
