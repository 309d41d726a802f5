//! Walks the demo as its people would: sends the sample letters, follows links, asks for
//! passcodes, reads. It looks only at what they could see: replies, mailboxes, pages.

use super::World;
use super::browser::{BrowseError, Browser, Page};
use super::mailboxes::Received;
use super::samples::{CONFIDENTIAL, ENCRYPT, INBOUND, LEAK, NO_FORWARD, PLAIN, SECRET, Sample};
use lettre::address::Envelope;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use mail::Message;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

/// How often and how long a mailbox is looked into for mail that is on its way.
const LOOKS: usize = 100;
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// One thing that had to come out.
#[derive(Debug, Clone)]
pub struct Step {
    /// Whether it did.
    pub passed: bool,
    /// `deliver`, `seal`, `reject`, ….
    pub outcome: &'static str,
    /// Whose copy.
    pub recipient: &'static str,
    /// What was looked at, or what was wrong.
    pub detail: String,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.passed { "PASS" } else { "FAIL" };
        write!(
            f,
            "{verdict} {:<8} {:<20} {}",
            self.outcome, self.recipient, self.detail
        )
    }
}

/// Why a step was not right.
#[derive(Debug, thiserror::Error)]
enum Wrong {
    #[error("{0}")]
    Seen(String),
    #[error("{0}")]
    Browse(#[from] BrowseError),
}

type Seen = Result<(), Wrong>;

fn seen(holds: bool, wrong: &str) -> Seen {
    if holds {
        Ok(())
    } else {
        Err(Wrong::Seen(wrong.to_owned()))
    }
}

const ANN: &str = "ann@corp.example";
const BOB: &str = "bob@partner.example";
const CAROL: &str = "carol@corp.example";
const DAN: &str = "dan@partner.example";
const EVE: &str = "eve@partner.example";

/// Sends every sample and looks at every outcome.
pub async fn walk(world: &World) -> Vec<Step> {
    let mut steps = passed(world).await;
    steps.extend(sealed(world).await);
    steps.extend(rejected(world).await);
    steps.extend(kept_shut(world).await);
    steps
}

fn step(outcome: &'static str, recipient: &'static str, detail: &str, seen: Seen) -> Step {
    let detail = match &seen {
        Ok(()) => detail.to_owned(),
        Err(wrong) => format!("{detail}: {wrong}"),
    };
    Step {
        passed: seen.is_ok(),
        outcome,
        recipient,
        detail,
    }
}

async fn passed(world: &World) -> Vec<Step> {
    let below = "passes byte for byte below our Received";
    let forged = "a forged label from outside is left";
    vec![
        step("deliver", BOB, below, passes(world).await),
        step("deliver", ANN, forged, inbound(world).await),
    ]
}

async fn sealed(world: &World) -> Vec<Step> {
    let confidential = send(world, &CONFIDENTIAL).await;
    let in_clear = marked(world, &confidential).await;
    let by_label = read(world, DAN, &confidential, "36 months").await;
    let encrypt = send(world, &ENCRYPT).await;
    let by_subject = read(world, BOB, &encrypt, "84,200").await;
    let told = receipt(world).await;
    let no_forward = send(world, &NO_FORWARD).await;
    let kept_close = read(world, BOB, &no_forward, "4.2 million").await;
    let clear_inside = clear(world, &no_forward).await;
    vec![
        step("deliver", CAROL, "labelled and marked, in clear", in_clear),
        step(
            "seal",
            DAN,
            "sealed by its label; opened with a code",
            by_label,
        ),
        step(
            "seal",
            BOB,
            "sealed by its subject; opened with a code",
            by_subject,
        ),
        step("seal", ANN, "the sender got a receipt", told),
        step(
            "seal",
            BOB,
            "do not forward; opened with a code",
            kept_close,
        ),
        step(
            "deliver",
            CAROL,
            "do not forward, in clear inside",
            clear_inside,
        ),
    ]
}

async fn rejected(world: &World) -> Vec<Step> {
    let stranger = "a stranger to a thread that may not be forwarded";
    let label = "a label that may not leave";
    vec![
        step(
            "reject",
            EVE,
            stranger,
            refused(world, &LEAK, "5.7.1").await,
        ),
        step("reject", BOB, label, refused(world, &SECRET, "5.7.1").await),
    ]
}

async fn kept_shut(world: &World) -> Vec<Step> {
    let nothing = "a link with another's secret is nothing";
    vec![
        step(
            "seal",
            BOB,
            "a wrong code opens nothing",
            wrong_code(world).await,
        ),
        step(
            "seal",
            BOB,
            "revoked: the page says so",
            revoked(world).await,
        ),
        step("seal", "nobody", nothing, unknown(world).await),
    ]
}

/// What the gateway answered, as a mail program would see it.
struct Sent(Result<(), String>);

async fn send(world: &World, sample: &Sample) -> Sent {
    send_to(world.running.listeners[0], sample).await
}

async fn send_to(gateway: SocketAddr, sample: &Sample) -> Sent {
    let host = gateway.ip().to_string();
    let transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
        .port(gateway.port())
        .build();
    let from = sample.from.parse().ok();
    let to = sample.to.iter().filter_map(|to| to.parse().ok()).collect();
    let envelope = match Envelope::new(from, to) {
        Ok(envelope) => envelope,
        Err(error) => return Sent(Err(error.to_string())),
    };
    let sent = transport.send_raw(&envelope, &sample.raw()).await;
    Sent(sent.map(drop).map_err(|error| crate::cli::chain(&error)))
}

impl Sent {
    fn taken(&self) -> Seen {
        self.0
            .clone()
            .map_err(|answer| Wrong::Seen(format!("not taken: {answer}")))
    }
}

/// The newest mail of a mailbox that holds `word`, waiting a little for it.
async fn mail(world: &World, mailbox: &str, word: &str) -> Result<Received, Wrong> {
    for _ in 0..LOOKS {
        let mails = world.mailboxes.of(mailbox);
        let found = mails
            .into_iter()
            .rev()
            .find(|mail| text(&mail.raw).contains(word));
        match found {
            Some(mail) => return Ok(mail),
            None => tokio::time::sleep(LOOK_EVERY).await,
        }
    }
    Err(Wrong::Seen(format!("no mail with `{word}`")))
}

/// The header and every text part, decoded.
fn text(raw: &[u8]) -> String {
    let message = Message::parse(raw);
    let header = message.fields().iter().map(|field| {
        let name = String::from_utf8_lossy(&raw[field.name.clone()]).into_owned();
        format!("{name}: {}\n", message.field_text(field))
    });
    let bodies = message.bodies();
    header
        .chain(bodies.iter().map(|part| message.text(part)))
        .collect()
}

async fn passes(world: &World) -> Seen {
    send(world, &PLAIN).await.taken()?;
    let mail = mail(world, "bob@partner.example", "the usual place").await?;
    let sent = PLAIN.raw();
    let head = mail
        .raw
        .windows(sent.len())
        .position(|window| window == sent);
    let head = &mail.raw[..head.ok_or(Wrong::Seen("changed on its way".to_owned()))?];
    seen(
        head.starts_with(b"Received: ") && head.ends_with(b"\r\n"),
        "no Received on top",
    )
}

async fn inbound(world: &World) -> Seen {
    send_to(world.running.listeners[1], &INBOUND)
        .await
        .taken()?;
    let mail = mail(world, "ann@corp.example", "Signed.").await?;
    let raw = String::from_utf8_lossy(&mail.raw);
    seen(!raw.contains("SECRET:"), "marked as if the label counted")
}

async fn marked(world: &World, sent: &Sent) -> Seen {
    sent.taken()?;
    let mail = mail(world, "carol@corp.example", "36 months").await?;
    let text = text(&mail.raw);
    seen(
        text.contains("msip_labels: MSIP_Label_2096f6a2"),
        "no label in the header",
    )?;
    seen(
        text.matches("Classified as Confidential").count() == 2,
        "no footer in both bodies",
    )?;
    seen(
        !text.contains("[confidential]"),
        "the tag still stands in the subject",
    )
}

async fn receipt(world: &World) -> Seen {
    mail(world, "ann@corp.example", "your letter was sealed")
        .await
        .map(drop)
}

async fn clear(world: &World, sent: &Sent) -> Seen {
    sent.taken()?;
    mail(world, "carol@corp.example", "4.2 million")
        .await
        .map(drop)
}

async fn refused(world: &World, sample: &Sample, code: &str) -> Seen {
    match send(world, sample).await.0 {
        Ok(()) => Err(Wrong::Seen("it was taken".to_owned())),
        Err(answer) => seen(
            answer.contains(code),
            &format!("refused otherwise: {answer}"),
        ),
    }
}

/// The newest notice of a mailbox, and the path of its link.
async fn link(world: &World, mailbox: &str) -> Result<String, Wrong> {
    let notice = mail(world, mailbox, "has sent you a sealed letter").await?;
    let text = text(&notice.raw);
    let start = format!("http://{}", world.running.viewer);
    let link = text
        .split_whitespace()
        .find_map(|word| word.strip_prefix(&start));
    Ok(link
        .ok_or(Wrong::Seen("no link in the notice".to_owned()))?
        .to_owned())
}

async fn read(world: &World, mailbox: &str, sent: &Sent, content: &str) -> Seen {
    sent.taken()?;
    let notice = mail(world, mailbox, "has sent you a sealed letter").await?;
    seen(
        !text(&notice.raw).contains(content),
        "the notice holds the content",
    )?;
    let mut browser = Browser::new(world.running.viewer);
    let page = open(world, mailbox, &mut browser).await?;
    let mut read = page.text.clone();
    for frame in page.targets("src", "/l/") {
        read.push_str(&browser.get(&frame).await?.text);
    }
    seen(
        page.status == 200 && read.contains(content),
        "the letter does not show",
    )
}

/// From the newest notice to the page after the code.
async fn open(world: &World, mailbox: &str, browser: &mut Browser) -> Result<Page, Wrong> {
    let before = world.mailboxes.of(mailbox).len();
    let page = ask(world, mailbox, browser).await?;
    let code = passcode(world, mailbox, before).await?;
    let form = page
        .form_with("code")
        .ok_or(Wrong::Seen("no place for the code".to_owned()))?;
    Ok(browser.submit(&form, &[("code", &code)]).await?)
}

/// Follows the newest link and asks for a code; gives the page that wants it.
async fn ask(world: &World, mailbox: &str, browser: &mut Browser) -> Result<Page, Wrong> {
    let door = browser.get(&link(world, mailbox).await?).await?;
    let form = door.form_with("/code");
    let form =
        form.ok_or_else(|| Wrong::Seen(format!("no form behind the link ({})", door.status)))?;
    Ok(browser.submit(&form, &[]).await?)
}

/// The passcode in the mail that came after the first `before`.
async fn passcode(world: &World, mailbox: &str, before: usize) -> Result<String, Wrong> {
    for _ in 0..LOOKS {
        for mail in world.mailboxes.of(mailbox).iter().skip(before) {
            let text = text(&mail.raw);
            let digits = |word: &&str| word.len() == 8 && word.bytes().all(|b| b.is_ascii_digit());
            if let Some(code) = text.split_whitespace().find(digits) {
                return Ok(code.to_owned());
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Err(Wrong::Seen("no code came".to_owned()))
}

async fn wrong_code(world: &World) -> Seen {
    let bob = "bob@partner.example";
    send(world, &ENCRYPT).await.taken()?;
    let mut browser = Browser::new(world.running.viewer);
    let before = world.mailboxes.of(bob).len();
    let page = ask(world, bob, &mut browser).await?;
    let right = passcode(world, bob, before).await?;
    let wrong = if right == "00000000" {
        "11111111"
    } else {
        "00000000"
    };
    let form = page
        .form_with("code")
        .ok_or(Wrong::Seen("no place for the code".to_owned()))?;
    let page = browser.submit(&form, &[("code", wrong)]).await?;
    seen(!page.text.contains("salaries.csv"), "the letter showed")?;
    let form = page
        .form_with("code")
        .ok_or(Wrong::Seen("no second try".to_owned()))?;
    let page = browser.submit(&form, &[("code", &right)]).await?;
    seen(
        page.text.contains("salaries.csv"),
        "the right code does not open it any more",
    )
}

async fn revoked(world: &World) -> Seen {
    let bob = "bob@partner.example";
    let path = link(world, bob).await?;
    let grant = path.split('/').nth(2).unwrap_or_default();
    let grant = seal::GrantId::parse(grant).map_err(|_| Wrong::Seen("no grant".to_owned()))?;
    let ended = world
        .running
        .site
        .store
        .revoke(grant, "operator demo")
        .await;
    seen(
        ended.is_ok_and(|count| count == 1),
        "it could not be revoked",
    )?;
    let page = Browser::new(world.running.viewer).get(&path).await?;
    seen(page.text.contains("withdrawn"), "the page does not say so")
}

async fn unknown(world: &World) -> Seen {
    let path = link(world, "bob@partner.example").await?;
    let other = link(world, "dan@partner.example").await?;
    let (grant, secret) = (path.split('/').nth(2), other.split('/').nth(3));
    let mixed = format!(
        "/l/{}/{}",
        grant.unwrap_or_default(),
        secret.unwrap_or_default()
    );
    let page = Browser::new(world.running.viewer).get(&mixed).await?;
    seen(page.status == 404, &format!("answered {}", page.status))
}
