//! Messages with several of the templates' oddities at once, from a seed.

use crate::generator::Dice;
use crate::templates::{BASE64, FILE, MIXED, TEXT, code, entries, filled, payload, uuencoded};

/// Once in so many times an entry of the data file, else what is plain.
fn odd(dice: &mut Dice, times: usize, file: &str, plain: &str) -> String {
    if !dice.once_in(times) {
        return plain.to_owned();
    }
    let entries = entries(file);
    entries[dice.below(entries.len())].1.clone()
}

/// The message of this seed.
pub fn message(seed: u64) -> Vec<u8> {
    let mut dice = Dice::new(seed);
    let part = part(&mut dice);
    let plain = "{text}--b\r\n{part}--b--\r\n";
    let body = odd(&mut dice, 3, include_str!("delimiters.txt"), plain);
    let kind = odd(&mut dice, 4, include_str!("types.txt"), "");
    let kind = match kind.is_empty() {
        true => odd(&mut dice, 6, include_str!("type-fields.txt"), MIXED),
        false => format!("Content-Type: {kind}"),
    };
    let first = match dice.below(3) {
        0 => dice.pick(&[
            "From a@evil.example Thu\r\n",
            ">From a@evil.example Thu\r\n",
            "Subject : t\r\n",
            "X-Odd\t: t\r\n>From a\r\n",
            "odd\r\n",
            " x\r\n",
            "Content-Type : text/plain\r\n",
            "Content-Transfer-Encoding: quoted-printable\r\n",
            "Content-Transfer-Encoding: base64\r\n",
            "Content-Transfer-Encoding: 7bit;\r\n",
        ]),
        _ => "",
    };
    let text = format!(
        "{first}From: a@evil.example\r\nMIME-Version: 1.0\r\n{kind}\r\n\r\n{}",
        filled(&body, &part)
    );
    match dice.below(8) {
        0 => text.replace("\r\n", "\n"),
        1 => text.replacen("\r\n", "\n", 9),
        _ => text,
    }
    .into_bytes()
}

/// The part with the payload.
fn part(dice: &mut Dice) -> String {
    let header = match dice.below(4) {
        0 => format!(
            "Content-Type: {}\r\n",
            odd(dice, 1, include_str!("part-types.txt"), "")
        ),
        1 => {
            let shown = odd(dice, 1, include_str!("dispositions.txt"), "");
            format!("Content-Type: text/plain\r\nContent-Disposition: {shown}\r\n")
        }
        _ => FILE.to_owned(),
    };
    let encoding = match dice.below(3) {
        0 => odd(dice, 1, include_str!("encoding-fields.txt"), ""),
        1 => {
            let name = odd(dice, 2, include_str!("encoding-names.txt"), "base64");
            format!("Content-Transfer-Encoding: {name}")
        }
        _ => BASE64.to_owned(),
    };
    let coded = code(&payload(), "\r\n");
    let body = match dice.below(9) {
        0 => payload()
            .iter()
            .map(|byte| format!("={byte:02X}"))
            .collect(),
        1 => uuencoded(),
        2 => coded + "\r\n-- \r\nStaff mailing list\r\n",
        3 | 4 => {
            let stray = odd(dice, 1, include_str!("strays.txt"), "");
            let at = dice.below(60);
            format!("{}{stray}{}", &coded[..at], &coded[at..])
        }
        _ => coded,
    };
    let before = if dice.once_in(12) { TEXT } else { "" };
    format!("{before}{header}{encoding}\r\n\r\n{body}")
}
