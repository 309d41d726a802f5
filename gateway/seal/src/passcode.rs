//! The eight digits that prove a mailbox. They are derived each time and stored nowhere.

use std::fmt;

use totp_rs::{Algorithm, Builder, Totp};
use zeroize::Zeroizing;

use crate::grant::Grant;
use crate::server_key::ServerKey;

/// How many digits a passcode has.
pub const PASSCODE_DIGITS: usize = 8;

/// One challenge's code. Show it only in the mail to the mailbox that must be proved.
pub struct Passcode(Totp);

/// The code of `challenge`, asked for by one browser for one grant.
///
/// Its secret is HKDF(server key, "passcode", message, recipient, challenge), used at counter 0.
pub fn passcode(key: &ServerKey, grant: &Grant, challenge: &[u8; 16]) -> Passcode {
    let secret = key.secret(
        "passcode",
        &[
            grant.letter.as_bytes(),
            grant.grant.as_bytes(),
            grant.recipient.as_bytes(),
            challenge,
        ],
    );
    Passcode(code_of(&secret))
}

fn code_of(secret: &Zeroizing<[u8; 32]>) -> Totp {
    // RFC 4226 §4: the shared secret should have 160 bits.
    let mut shared = Zeroizing::new([0; 20]);
    shared.copy_from_slice(&secret[..20]);
    Builder::new()
        .with_algorithm(Algorithm::SHA256)
        .with_digits(PASSCODE_DIGITS as u8)
        .with_skew(0)
        .with_secret(*shared)
        .build_noncompliant()
}

impl Passcode {
    /// The digits.
    pub fn declassify(&self) -> Zeroizing<String> {
        Zeroizing::new(self.0.generate(0).to_string())
    }

    /// Whether `typed` is this code; spaces and hyphens that people type are passed over.
    /// The comparison takes the same time wherever the digits differ.
    pub fn matches(&self, typed: &str) -> bool {
        let mut digits = Zeroizing::new(String::with_capacity(PASSCODE_DIGITS));
        for typed in typed
            .chars()
            .filter(|typed| !matches!(typed, ' ' | '-' | '\u{a0}' | '\t'))
        {
            if digits.len() == PASSCODE_DIGITS {
                return false;
            }
            let Some(digit) = typed.to_digit(10) else {
                return false;
            };
            digits.push(char::from(b'0' + digit as u8));
        }
        digits.len() == PASSCODE_DIGITS && self.0.check(&digits, 0).is_some()
    }
}

impl fmt::Debug for Passcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passcode(…)")
    }
}
