//! The digits that prove a mailbox. They are derived each time and stored nowhere.

use std::fmt;

use totp_rs::{Algorithm, Builder, Totp};
use zeroize::Zeroizing;

use crate::grant::Grant;
use crate::server_key::ServerKey;

/// How many digits a passcode has.
pub const PASSCODE_DIGITS: usize = 8;
/// How many digits the long one has, which is asked for where many wrong ones were typed.
pub const LONG_PASSCODE_DIGITS: usize = 2 * PASSCODE_DIGITS;

/// The first second of counter 1: totp-rs counts in steps of 30 seconds.
const COUNTER_ONE: u64 = 30;

/// One challenge's code. Show it only in the mail to the mailbox that must be proved.
pub struct Passcode {
    totp: Totp,
    long: bool,
}

/// The code of `challenge`, asked for by one browser for one grant.
///
/// Its secret is HKDF(server key, "passcode", message, recipient, challenge), used at counter 0.
pub fn passcode(key: &ServerKey, grant: &Grant, challenge: &[u8; 16]) -> Passcode {
    let totp = totp("passcode", key, grant, challenge);
    Passcode { totp, long: false }
}

/// The long code of `challenge`, from a secret of its own: the short one is no half of it.
///
/// Its secret is HKDF(server key, "long passcode", …), used at counters 0 and 1.
pub fn long_passcode(key: &ServerKey, grant: &Grant, challenge: &[u8; 16]) -> Passcode {
    let totp = totp("long passcode", key, grant, challenge);
    Passcode { totp, long: true }
}

fn totp(purpose: &str, key: &ServerKey, grant: &Grant, challenge: &[u8; 16]) -> Totp {
    let secret = key.secret(
        purpose,
        &[
            grant.letter.as_bytes(),
            grant.grant.as_bytes(),
            grant.recipient.as_bytes(),
            challenge,
        ],
    );
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
        let mut digits = Zeroizing::new(String::with_capacity(LONG_PASSCODE_DIGITS));
        digits.push_str(&Zeroizing::new(self.totp.generate(0).to_string()));
        if self.long {
            digits.push_str(&Zeroizing::new(self.totp.generate(COUNTER_ONE).to_string()));
        }
        digits
    }

    /// How many digits it has.
    pub fn length(&self) -> usize {
        if self.long {
            LONG_PASSCODE_DIGITS
        } else {
            PASSCODE_DIGITS
        }
    }

    /// Whether `typed` is this code; spaces and hyphens that people type are passed over.
    /// The comparison takes the same time wherever the digits differ.
    pub fn matches(&self, typed: &str) -> bool {
        let length = self.length();
        let mut digits = Zeroizing::new(String::with_capacity(length));
        for typed in typed
            .chars()
            .filter(|typed| !matches!(typed, ' ' | '-' | '\u{a0}' | '\t'))
        {
            if digits.len() == length {
                return false;
            }
            let Some(digit) = typed.to_digit(10) else {
                return false;
            };
            digits.push(char::from(b'0' + digit as u8));
        }
        if digits.len() != length {
            return false;
        }
        let (first, second) = digits.split_at(PASSCODE_DIGITS);
        let first = self.totp.check(first, 0).is_some();
        let second = !self.long || self.totp.check(second, COUNTER_ONE).is_some();
        // Not `&&`: both halves are always compared.
        first & second
    }
}

impl fmt::Debug for Passcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passcode(…)")
    }
}
