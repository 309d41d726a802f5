//! The sample letters of the demo: one for each outcome of the shipped policy.

/// A letter, and who sends it to whom.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// The envelope sender.
    pub from: &'static str,
    /// The envelope recipients.
    pub to: &'static [&'static str],
    /// The message, LF lines.
    pub text: &'static str,
}

impl Sample {
    /// The message with the line ends of mail.
    pub fn raw(&self) -> Vec<u8> {
        self.text.replace('\n', "\r\n").into_bytes()
    }
}

const ANN: &str = "ann@corp.example";
const BOB: &str = "bob@partner.example";
const CAROL: &str = "carol@corp.example";
const DAN: &str = "dan@partner.example";

/// Nothing in it matches: it passes as it came.
pub const PLAIN: Sample = Sample {
    from: ANN,
    to: &[BOB],
    text: include_str!("samples/plain.eml"),
};

/// Labelled by its subject: marked inside, sealed outside.
pub const CONFIDENTIAL: Sample = Sample {
    from: ANN,
    to: &[CAROL, DAN],
    text: include_str!("samples/confidential.eml"),
};

/// Sealed by its subject, with an attachment.
pub const ENCRYPT: Sample = Sample {
    from: ANN,
    to: &[BOB],
    text: include_str!("samples/encrypt.eml"),
};

/// Sealed outside, clear and remembered inside.
pub const NO_FORWARD: Sample = Sample {
    from: ANN,
    to: &[BOB, CAROL],
    text: include_str!("samples/no-forward.eml"),
};

/// A reply in that thread to somebody who was not on it.
pub const LEAK: Sample = Sample {
    from: CAROL,
    to: &["eve@partner.example"],
    text: include_str!("samples/leak.eml"),
};

/// Bears a label that may not leave.
pub const SECRET: Sample = Sample {
    from: ANN,
    to: &[BOB],
    text: include_str!("samples/secret.eml"),
};

/// From outside, with a label that is not ours to believe.
pub const INBOUND: Sample = Sample {
    from: BOB,
    to: &[ANN],
    text: include_str!("samples/inbound.eml"),
};
