//! The vectors, made from a counted stream instead of randomness, so that they are always the same.

use mail::{Rights, Timestamp};
use seal::{
    ContentKey, Entropy, Grant, GrantId, GrantState, LetterId, LinkSecret, ServerKey, ShredKey,
    Standing,
};
use sha2::{Digest, Sha256};

use crate::file::{Vector, hex};

/// SHA-256 of a counter: never random, always the same.
struct Counted(u64);

impl Entropy for Counted {
    fn fill(&mut self, out: &mut [u8]) {
        for block in out.chunks_mut(32) {
            let bytes = Sha256::digest(self.0.to_be_bytes());
            block.copy_from_slice(&bytes[..block.len()]);
            self.0 += 1;
        }
    }
}

const SHORT: &str = "letter-short.txt";
const THREE: &str = "letter-three-chunks.txt";

/// The plaintext of a letter vector that opens.
pub fn plain_of(name: &str) -> Vec<u8> {
    match name {
        "letter-empty.txt" => Vec::new(),
        SHORT => b"Subject: hello\r\n\r\nA short letter.\r\n".to_vec(),
        THREE => (0..2 * 65_536 + 1_000_u32)
            .map(|at| (at % 251) as u8)
            .collect(),
        _ => panic!("no plaintext for {name}"),
    }
}

pub fn all() -> Vec<(String, Vector)> {
    let mut all = Vec::new();
    letters(&mut all);
    changed_letters(&mut all);
    ranges(&mut all);
    wraps(&mut all);
    small(&mut all);
    records(&mut all);
    marks(&mut all);
    all
}

type All = Vec<(String, Vector)>;

fn add(all: &mut All, name: &str, vector: Vector) {
    all.push((format!("{name}.txt"), vector));
}

/// The letter called `name`, sealed, with its id and key.
fn sealed(name: &str) -> (Vec<u8>, LetterId, ContentKey) {
    let letter = LetterId::from_bytes([0xa1; 16]);
    let (sealed, key) = seal::seal(&plain_of(name), letter, &mut Counted(1_000));
    (sealed, letter, key)
}

fn letters(all: &mut All) {
    let about = [
        ("letter-empty", "no byte: one empty last chunk"),
        ("letter-short", "one chunk"),
        (
            "letter-three-chunks",
            "two full chunks and a last one of 1,000 bytes",
        ),
    ];
    for (name, about) in about {
        let file = format!("{name}.txt");
        let (sealed, letter, key) = sealed(&file);
        let vector = Vector::new("ok", "letter", about)
            .with_bytes("letter", letter.as_bytes())
            .with_bytes("content-key", key.declassify())
            .with("plain-sha256", hex(&Sha256::digest(plain_of(&file))))
            .with_payload(&sealed);
        add(all, name, vector);
    }
}

/// Name, refusal, base, change, and what it is about; each made to a letter that opens.
#[rustfmt::skip]
const CHANGED: [(&str, &str, &str, &str, &str); 17] = [
    ("foreign", "Foreign", SHORT, "set 0 73", "the magic is another"),
    ("header-cut", "Foreign", SHORT, "cut 69", "shorter than a header"),
    ("version-2", "UnknownForm", SHORT, "set 8 0002", "a version of the future"),
    ("chunk-size", "UnknownForm", SHORT, "set 34 00008000", "chunks of 32 KiB"),
    ("length-less", "Length", SHORT, "set 26 0000000000000022", "says one byte less"),
    ("length-huge", "Length", SHORT, "set 26 ffffffffffffffff", "more than 2^32 - 1 chunks"),
    ("cut", "Length", SHORT, "cut 120", "the last byte is missing"),
    ("longer", "Length", SHORT, "append 00", "one byte too many"),
    ("body-flipped", "Refused", SHORT, "set 70 00", "a byte of the chunk is changed"),
    ("tag-flipped", "Refused", SHORT, "set 120 00", "a byte of the tag is changed"),
    ("other-letter", "Refused", SHORT, "set 10 00", "the header names another letter"),
    ("commitment", "Refused", SHORT, "set 38 00", "the header commits to another key"),
    ("chunks-swapped", "Refused", THREE, "swap 70..65622 65622..131174", "chunk 1 before chunk 0"),
    ("chunk-replayed", "Refused", THREE, "copy 70..65622 to 65622", "chunk 0 twice"),
    ("last-dropped", "Refused", THREE, "cut 131174; set 26 0000000000020000",
        "ends early, and the header agrees"),
    ("last-emptied", "Length", THREE, "cut 131190", "the last chunk is a tag only"),
    ("mid-flipped", "Refused", THREE, "set 100000 00", "a byte of chunk 1 is changed"),
];

fn changed_letters(all: &mut All) {
    for (name, refusal, base, change, about) in CHANGED {
        let (_, _, key) = sealed(base);
        let vector = Vector::new(&format!("refused {refusal}"), "letter", about)
            .with_bytes("content-key", key.declassify())
            .with("base", base)
            .with("change", change);
        add(all, &format!("letter-{name}"), vector);
    }
    let other = Vector::new("refused Refused", "letter", "another content key")
        .with_bytes("content-key", &[7; 32])
        .with("base", SHORT);
    add(all, "letter-other-key", other);
}

fn ranges(all: &mut All) {
    let (_, _, key) = sealed(THREE);
    let plain = plain_of(THREE);
    let range = |expect: &str, about: &str, range: &str| {
        Vector::new(expect, "letter", about)
            .with_bytes("content-key", key.declassify())
            .with("base", THREE)
            .with("range", range)
    };
    let opens = |about: &str, text: &str| {
        let plain = &plain[crate::file::range(text)];
        range("ok", about, text).with("plain", hex(plain))
    };
    add(
        all,
        "range-within-a-chunk",
        opens("inside chunk 1", "70000..70010"),
    );
    add(
        all,
        "range-over-a-limit",
        opens("the end of chunk 0, the start of chunk 1", "65530..65540"),
    );
    add(all, "range-end", opens("the last bytes", "132067..132072"));
    add(
        all,
        "range-nothing",
        opens("no byte, at the end", "132072..132072"),
    );
    let elsewhere = opens("chunk 0 opens though chunk 1 is changed", "0..10");
    add(
        all,
        "range-beside-a-change",
        elsewhere.with("change", "set 100000 00"),
    );
    let changed = range(
        "refused Refused",
        "the range touches a changed chunk",
        "70000..70010",
    );
    add(
        all,
        "range-in-a-change",
        changed.with("change", "set 100000 00"),
    );
    let past = "one byte past the end";
    add(
        all,
        "range-past-the-end",
        range("refused Range", past, "132070..132073"),
    );
}

fn a_grant(content: &ContentKey, letter: LetterId) -> Grant {
    Grant {
        letter,
        grant: GrantId::from_bytes([0xb2; 16]),
        recipient: "bob@partner.example".to_owned(),
        rights: Rights::DO_NOT_FORWARD,
        sender: "ann@corp.example".to_owned(),
        template: "plain".to_owned(),
        download: true,
        commitment: content.commitment(&letter),
    }
}

fn with_grant(vector: Vector, grant: &Grant) -> Vector {
    vector
        .with_bytes("letter", grant.letter.as_bytes())
        .with_bytes("grant", grant.grant.as_bytes())
        .with("recipient", &grant.recipient)
        .with("rights", grant.rights.bits())
        .with("sender", &grant.sender)
        .with("template", &grant.template)
        .with("download", grant.download)
        .with_bytes("commitment", &grant.commitment)
}

fn wraps(all: &mut All) {
    let (_, letter, content) = sealed(SHORT);
    let (link, shred) = (
        LinkSecret::from_bytes(&[0xc3; 32]),
        ShredKey::from_bytes(&[0xd4; 32]),
    );
    let grant = a_grant(&content, letter);
    let wrap = seal::wrap(&content, &link, &shred, &grant, &mut Counted(2_000));
    let vector = |expect: &str, about: &str| {
        let vector = Vector::new(expect, "wrap", about)
            .with_bytes("link-secret", link.declassify())
            .with_bytes("shred-key", shred.declassify());
        with_grant(vector, &grant).with_payload(wrap.as_bytes())
    };
    let good = vector("ok", "a wrap").with_bytes("plain", content.declassify());
    add(all, "wrap", good);
    let refused = |about: &str| vector("refused Refused", about);
    let replaced = [
        ("letter", "a1".repeat(15) + "00"),
        ("grant", "b2".repeat(15) + "00"),
        ("recipient", "eve@partner.example".to_owned()),
        ("rights", Rights::ENCRYPT_ONLY.bits().to_string()),
        ("sender", "bob@corp.example".to_owned()),
        ("template", String::new()),
        ("download", "false".to_owned()),
        ("commitment", "00".repeat(32)),
        ("link-secret", "c4".repeat(32)),
        ("shred-key", "d5".repeat(32)),
    ];
    for (field, value) in replaced {
        let vector = refused(&format!("another {field}")).replacing(field, value);
        add(all, &format!("wrap-other-{field}"), vector);
    }
    let moved = refused("a byte moved from the sender to the template")
        .replacing("sender", "ann@corp.exampl")
        .replacing("template", "eplain");
    add(all, "wrap-field-limit-moved", moved);
    add(
        all,
        "wrap-flipped",
        refused("a byte is changed").with("change", "set 60 00"),
    );
    let cut = vector("refused Length", "the last byte is missing").with("change", "cut 96");
    add(all, "wrap-cut", cut);
    let form = vector("refused UnknownForm", "a form of the future").with("change", "set 0 02");
    add(all, "wrap-form-2", form);
}

fn small(all: &mut All) {
    let link = LinkSecret::from_bytes(&[0xc3; 32]);
    let grant = GrantId::from_bytes([0xb2; 16]);
    let verifier = Vector::new("ok", "verifier", "what the store keeps of a link secret")
        .with_bytes("link-secret", link.declassify())
        .with_bytes("plain", &link.verifier());
    add(all, "verifier", verifier);

    let closed = seal::close_summary(&link, &grant, b"a subject", &mut Counted(3_000));
    let summary = |expect: &str, about: &str| {
        Vector::new(expect, "summary", about)
            .with_bytes("link-secret", link.declassify())
            .with_bytes("grant", grant.as_bytes())
            .with_payload(&closed)
    };
    add(
        all,
        "summary",
        summary("ok", "a summary").with_bytes("plain", b"a subject"),
    );
    let other = summary("refused Refused", "another grant").replacing("grant", "b3".repeat(16));
    add(all, "summary-other-grant", other);
    let other = summary("refused Refused", "another link");
    add(
        all,
        "summary-other-link",
        other.replacing("link-secret", "c4".repeat(32)),
    );
}

fn records(all: &mut All) {
    let key = ServerKey::from_bytes(&[0xe5; 32]);
    let closed = key.close("outbox", &[1, 2, 3], b"a record", &mut Counted(4_000));
    let record = |expect: &str, about: &str| {
        Vector::new(expect, "record", about)
            .with_bytes("server-key", &[0xe5; 32])
            .with("purpose", "outbox")
            .with_bytes("place", &[1, 2, 3])
            .with_payload(&closed)
    };
    add(
        all,
        "record",
        record("ok", "a record").with_bytes("plain", b"a record"),
    );
    let refused = |about: &str| record("refused Refused", about);
    add(
        all,
        "record-other-purpose",
        refused("another purpose").replacing("purpose", "shred key"),
    );
    add(
        all,
        "record-other-place",
        refused("another place").replacing("place", "010204"),
    );
    add(
        all,
        "record-flipped",
        refused("a byte is changed").with("change", "set 45 00"),
    );
    let unknown = record("refused UnknownKey", "another server key");
    add(
        all,
        "record-other-key",
        unknown.replacing("server-key", "e6".repeat(32)),
    );
    let form = record("refused UnknownForm", "a form of the future").with("change", "set 0 02");
    add(all, "record-form-2", form);
    add(
        all,
        "record-cut",
        record("refused Length", "shorter than its head").with("change", "cut 40"),
    );
}

fn marks(all: &mut All) {
    let (_, letter, content) = sealed(SHORT);
    let grant = a_grant(&content, letter);
    let key = ServerKey::from_bytes(&[0xe5; 32]);
    let challenge = [0xf6; 16];
    let code = seal::passcode(&key, &grant, &challenge).declassify();
    let passcode = Vector::new("ok", "passcode", "the eight digits of one challenge")
        .with_bytes("server-key", &[0xe5; 32])
        .with_bytes("challenge", &challenge);
    add(
        all,
        "passcode",
        with_grant(passcode, &grant).with_bytes("plain", code.as_bytes()),
    );
    let code = seal::long_passcode(&key, &grant, &challenge).declassify();
    let long = Vector::new("ok", "long-passcode", "the sixteen digits of one challenge")
        .with_bytes("server-key", &[0xe5; 32])
        .with_bytes("challenge", &challenge);
    add(
        all,
        "passcode-long",
        with_grant(long, &grant).with_bytes("plain", code.as_bytes()),
    );

    let standing = Standing {
        verifier: [0x17; 32],
        created: Timestamp::from_unix(1_796_083_200),
        raw_download: true,
        state: GrantState::Active {
            expires: Timestamp::from_unix(1_798_675_200),
        },
    };
    let mark = key.mark_standing(&grant, &standing);
    let vector = |expect: &str, about: &str| {
        let vector = Vector::new(expect, "mark", about).with_bytes("server-key", &[0xe5; 32]);
        with_grant(vector, &grant)
            .with_bytes("verifier", &standing.verifier)
            .with("created", standing.created.unix())
            .with("raw-download", standing.raw_download)
            .with("state", "active")
            .with("state-at", 1_798_675_200)
            .with_payload(&mark)
    };
    add(
        all,
        "mark",
        vector("ok", "the mark of a grant's record").with("plain", ""),
    );
    let replaced = [
        ("state-at", "1798675201".to_owned()),
        ("state", "revoked".to_owned()),
        ("created", "1796083201".to_owned()),
        ("raw-download", "false".to_owned()),
        ("verifier", "18".repeat(32)),
        ("recipient", "eve@partner.example".to_owned()),
        ("server-key", "e6".repeat(32)),
    ];
    for (field, value) in replaced {
        let vector = vector("refused Refused", &format!("another {field}"));
        add(
            all,
            &format!("mark-other-{field}"),
            vector.replacing(field, value),
        );
    }
    let cut = vector("refused Refused", "half a mark").with("change", "cut 16");
    add(all, "mark-cut", cut);
}
