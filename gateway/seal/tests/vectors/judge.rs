//! Runs one vector through the crate.

use mail::{Rights, Timestamp};
use seal::{
    ContentKey, Grant, GrantId, GrantState, LetterId, LinkSecret, OpenError, SealedMessage,
    ServerKey, ShredKey, Standing, Wrap,
};
use sha2::{Digest, Sha256};

use crate::file::{Vector, change, hex, unhex};

/// What the crate says to a vector. `find` gives the vector that another one is based on.
pub fn outcome(vector: &Vector, find: &dyn Fn(&str) -> Vector) -> Result<Vec<u8>, OpenError> {
    let payload = match vector.maybe("base") {
        Some(base) => find(base).payload,
        None => vector.payload.clone(),
    };
    let payload = match vector.maybe("change") {
        Some(changes) => change(payload, changes),
        None => payload,
    };
    match vector.field("kind") {
        "letter" => letter(vector, &payload),
        "wrap" => unwrap(vector, payload),
        "summary" => {
            let grant = GrantId::from_bytes(vector.bytes("grant"));
            seal::open_summary(&link(vector), &grant, &payload)
        }
        "record" => {
            let place = unhex(vector.field("place"));
            server_key(vector).open(vector.field("purpose"), &place, &payload)
        }
        "verifier" => Ok(link(vector).verifier().to_vec()),
        "passcode" => Ok(passcode(vector)),
        "long-passcode" => Ok(long_passcode(vector)),
        "mark" => mark(vector, &payload),
        kind => panic!("unknown kind `{kind}`"),
    }
}

/// Whether this is the plaintext that the vector names, in full or by its digest.
pub fn is_plain(vector: &Vector, plain: &[u8]) -> bool {
    match vector.maybe("plain-sha256") {
        Some(digest) => digest == hex(&Sha256::digest(plain)),
        None => vector.field("plain") == hex(plain),
    }
}

fn letter(vector: &Vector, sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
    let key = ContentKey::from_bytes(&vector.bytes("content-key"));
    let sealed = SealedMessage::parse(sealed)?;
    match vector.maybe("range") {
        Some(range) => {
            let range = crate::file::range(range);
            sealed.open_range(&key, range.start as u64..range.end as u64)
        }
        None => sealed.open(&key),
    }
}

fn unwrap(vector: &Vector, wrap: Vec<u8>) -> Result<Vec<u8>, OpenError> {
    let shred = ShredKey::from_bytes(&vector.bytes("shred-key"));
    let key = seal::unwrap(
        &Wrap::from_bytes(wrap),
        &link(vector),
        &shred,
        &grant(vector),
    )?;
    Ok(key.declassify().to_vec())
}

fn passcode(vector: &Vector) -> Vec<u8> {
    let challenge = vector.bytes("challenge");
    let code = seal::passcode(&server_key(vector), &grant(vector), &challenge).declassify();
    code.as_bytes().to_vec()
}

fn long_passcode(vector: &Vector) -> Vec<u8> {
    let challenge = vector.bytes("challenge");
    let code = seal::long_passcode(&server_key(vector), &grant(vector), &challenge);
    code.declassify().as_bytes().to_vec()
}

fn mark(vector: &Vector, mark: &[u8]) -> Result<Vec<u8>, OpenError> {
    let at = Timestamp::from_unix(vector.field("state-at").parse().unwrap());
    let state = match vector.field("state") {
        "active" => GrantState::Active { expires: at },
        "revoked" => GrantState::Revoked { at },
        "expired" => GrantState::Expired { at },
        state => panic!("unknown state `{state}`"),
    };
    let standing = Standing {
        verifier: vector.bytes("verifier"),
        created: Timestamp::from_unix(vector.field("created").parse().unwrap()),
        raw_download: vector.field("raw-download") == "true",
        state,
    };
    let stands = server_key(vector).stands(&grant(vector), &standing, mark);
    if stands {
        Ok(Vec::new())
    } else {
        Err(OpenError::Refused)
    }
}

fn link(vector: &Vector) -> LinkSecret {
    LinkSecret::from_bytes(&vector.bytes("link-secret"))
}

fn server_key(vector: &Vector) -> ServerKey {
    ServerKey::from_bytes(&vector.bytes("server-key"))
}

fn grant(vector: &Vector) -> Grant {
    Grant {
        letter: LetterId::from_bytes(vector.bytes("letter")),
        grant: GrantId::from_bytes(vector.bytes("grant")),
        recipient: vector.field("recipient").to_owned(),
        rights: Rights::from_bits(vector.field("rights").parse().unwrap()).unwrap(),
        sender: vector.field("sender").to_owned(),
        template: vector.field("template").to_owned(),
        download: vector.field("download") == "true",
        commitment: vector.bytes("commitment"),
    }
}
