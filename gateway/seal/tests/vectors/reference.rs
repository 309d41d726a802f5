//! Format version 1 once more, from `FORMAT.md` alone and without this crate, as plain as it can
//! be; and with the flaws that the vectors must see.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use hkdf::Hkdf;
use sha2::Sha256;

const CHUNK: usize = 65_536;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    None,
    FrozenCounter,
    NoLastFlag,
    HeaderNotBound,
}

fn derive(secret: &[u8; 32], label: &str, input: &[u8]) -> [u8; 32] {
    let mut info = Vec::new();
    for part in [label.as_bytes(), input] {
        info.extend((part.len() as u32).to_be_bytes());
        info.extend(part);
    }
    let mut key = [0; 32];
    Hkdf::<Sha256>::new(Some(b"sealgate format 1"), secret)
        .expand(&info, &mut key)
        .unwrap();
    key
}

fn nonce(number: usize, last: bool, flaw: Flaw) -> [u8; 12] {
    let mut nonce = [0; 12];
    if flaw != Flaw::FrozenCounter {
        nonce[7..11].copy_from_slice(&(number as u32).to_be_bytes());
    }
    nonce[11] = u8::from(last && flaw != Flaw::NoLastFlag);
    nonce
}

pub fn seal(plain: &[u8], letter: &[u8; 16], key: &[u8; 32], flaw: Flaw) -> Vec<u8> {
    let mut header = b"SEALGATE".to_vec();
    header.extend(1_u16.to_be_bytes());
    header.extend(letter);
    header.extend((plain.len() as u64).to_be_bytes());
    header.extend((CHUNK as u32).to_be_bytes());
    header.extend(derive(key, "commitment", letter));
    let cipher = Aes256Gcm::new(&derive(key, "chunks", letter).into());
    let count = plain.len().div_ceil(CHUNK).max(1);
    let mut sealed = header.clone();
    for number in 0..count {
        let msg = &plain[number * CHUNK..plain.len().min((number + 1) * CHUNK)];
        let aad = if flaw == Flaw::HeaderNotBound {
            &[][..]
        } else {
            &header
        };
        let nonce = Nonce::from(nonce(number, number + 1 == count, flaw));
        sealed.extend(cipher.encrypt(&nonce, Payload { msg, aad }).unwrap());
    }
    sealed
}

pub fn open(sealed: &[u8], key: &[u8; 32], flaw: Flaw) -> Option<Vec<u8>> {
    let (header, chunks) = sealed.split_at(70);
    let cipher = Aes256Gcm::new(&derive(key, "chunks", &header[10..26]).into());
    let count = chunks.len().div_ceil(CHUNK + 16);
    let mut plain = Vec::new();
    for (number, msg) in chunks.chunks(CHUNK + 16).enumerate() {
        let nonce = Nonce::from(nonce(number, number + 1 == count, flaw));
        plain.extend(cipher.decrypt(&nonce, Payload { msg, aad: header }).ok()?);
    }
    Some(plain)
}
