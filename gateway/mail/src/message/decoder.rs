//! A transfer encoding undone piece by piece, for a body that is not held whole.
//!
//! However the input is cut, what comes out is what `transfer` makes of the whole.

use super::transfer::{self, Base64, TransferEncoding};

/// Undoes one body's transfer encoding.
#[derive(Debug, Default)]
pub struct Decoder {
    state: State,
    read: u64,
    written: u64,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Identity,
    Base64(Base64),
    /// What may be the beginning of a token whose rest has not come yet.
    Quoted(Vec<u8>),
}

impl Decoder {
    /// A decoder at the beginning of a body, or at a place that [`Decoder::settled`] gave.
    pub fn new(encoding: TransferEncoding) -> Self {
        let state = match encoding {
            TransferEncoding::Base64 => State::Base64(Base64::default()),
            TransferEncoding::QuotedPrintable => State::Quoted(Vec::new()),
            _ => State::Identity,
        };
        Self {
            state,
            read: 0,
            written: 0,
        }
    }

    /// Takes the next piece of the body and appends what it decodes to.
    pub fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        let start = out.len();
        match &mut self.state {
            State::Identity => out.extend_from_slice(piece),
            State::Base64(base64) => base64.push(piece, out),
            State::Quoted(held) if held.is_empty() => {
                let used = transfer::decode_settled_quoted(piece, out);
                held.extend_from_slice(&piece[used..]);
            }
            State::Quoted(held) => {
                held.extend_from_slice(piece);
                let used = transfer::decode_settled_quoted(held, out);
                held.drain(..used);
            }
        }
        self.read += piece.len() as u64;
        self.written += (out.len() - start) as u64;
    }

    /// Ends the body: appends what the last bytes stand for when nothing follows them.
    pub fn finish(self, out: &mut Vec<u8>) {
        match self.state {
            State::Identity => {}
            State::Base64(base64) => base64.finish(out),
            State::Quoted(held) => out.extend_from_slice(&transfer::decode_quoted_printable(&held)),
        }
    }

    /// How many bytes of the body are decoded for good, and how many bytes they gave: a new
    /// decoder that begins behind the former goes on behind the latter.
    pub fn settled(&self) -> (u64, u64) {
        let undecided = match &self.state {
            State::Identity => 0,
            State::Base64(base64) => base64.undecided(),
            State::Quoted(held) => held.len() as u64,
        };
        (self.read - undecided, self.written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn whole(encoding: TransferEncoding, input: &[u8]) -> Vec<u8> {
        match encoding {
            TransferEncoding::Base64 => transfer::decode_base64(input),
            TransferEncoding::QuotedPrintable => transfer::decode_quoted_printable(input),
            _ => input.to_vec(),
        }
    }

    fn decoded(encoding: TransferEncoding, pieces: &[&[u8]]) -> Vec<u8> {
        let (mut decoder, mut out) = (Decoder::new(encoding), Vec::new());
        for piece in pieces {
            decoder.push(piece, &mut out);
        }
        decoder.finish(&mut out);
        out
    }

    const ENCODINGS: [TransferEncoding; 3] = [
        TransferEncoding::SevenBit,
        TransferEncoding::Base64,
        TransferEncoding::QuotedPrintable,
    ];

    #[test]
    fn tokens_are_read_across_every_cut() {
        for input in [
            &b"a=3D=\r\nb= \t\r\nc=\nd=e=\r=4=5=  x=\r\r\n="[..],
            b"aGVs\r\nbG8=aG*Vsb=G8===QQ",
            b"=   ",
            b"",
        ] {
            for encoding in ENCODINGS {
                let expected = whole(encoding, input);
                for cut in 0..=input.len() {
                    let (front, back) = input.split_at(cut);
                    assert_eq!(
                        decoded(encoding, &[front, back]),
                        expected,
                        "{input:?} {cut}"
                    );
                }
                let bytes: Vec<&[u8]> = input.chunks(1).collect();
                assert_eq!(decoded(encoding, &bytes), expected, "{input:?}");
            }
        }
    }

    proptest! {
        /// Cut anywhere, and begun again at any settled place, the body is the same.
        #[test]
        fn a_decoder_goes_on_where_another_settled(
            input in "([A-Za-z0-9+/=]|=[0-9A-F]{2}|[ \t]|=[ \t]{0,3}\r?\n|\r|\\PC){0,80}",
            cuts in prop::collection::vec(0usize..200, 0..6),
        ) {
            let input = input.as_bytes();
            for encoding in ENCODINGS {
                let expected = whole(encoding, input);
                let (mut decoder, mut out) = (Decoder::new(encoding), Vec::new());
                let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (input.len() + 1)).collect();
                cuts.sort_unstable();
                let mut at = 0;
                for cut in cuts {
                    decoder.push(&input[at..cut], &mut out);
                    at = cut;
                    let (raw, open) = decoder.settled();
                    prop_assert!(raw <= at as u64);
                    let (raw, open) = (raw as usize, open as usize);
                    let rest = decoded(encoding, &[&input[raw..]]);
                    prop_assert_eq!(&[&expected[..open], &rest].concat(), &expected);
                }
                decoder.push(&input[at..], &mut out);
                decoder.finish(&mut out);
                prop_assert_eq!(out, expected);
            }
        }
    }
}
