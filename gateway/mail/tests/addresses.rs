//! V14: every way in which an address can mean something else than it seems.

use mail::address::{
    ADDRESS_BYTES_MAX, DOMAIN_LABEL_BYTES_MAX, LOCAL_BYTES_MAX, Trick, resembles, tricks,
    tricks_of_field,
};
use mail::message::Mailbox;
use mail::{Address, AddressError, Message};
use proptest::prelude::*;

#[test]
fn valid_ones() {
    for text in [
        "ann@corp.example",
        "Ann.B+c@CORP.example",
        "\"a b\"@corp.example",
        "\"a\\\"b@c\"@corp.example",
        "\"\"@corp.example",
        "jörg@bücher.example",
        "アン@例え.example",
        "ann@[192.0.2.1]",
        "ann@[IPv6:2001:db8::1]",
        "a@b",
        "user%other@corp.example",
        "!#$%&'*+-/=?^_`{|}~@corp.example",
    ] {
        assert!(Address::parse(text).is_ok(), "{text}");
    }
}

#[test]
fn invalid_ones() {
    use AddressError::{Domain, Local, Shape, SourceRoute};
    for (text, error) in [
        ("", Shape),
        ("ann", Shape),
        ("@corp.example", Shape),
        ("ann@", Shape),
        ("@a.example:ann@corp.example", SourceRoute),
        ("@a.example,@b.example:ann@corp.example", SourceRoute),
        ("a b@corp.example", Local),
        ("a..b@corp.example", Local),
        (".a@corp.example", Local),
        ("a.@corp.example", Local),
        ("ann(comment)@corp.example", Local),
        ("(comment)ann@corp.example", Local),
        ("ann@corp.example(comment)", Domain),
        ("ann@(comment)corp.example", Domain),
        ("<ann@corp.example>", Local),
        ("Ann <ann@corp.example>", Local),
        ("a@b@corp.example", Local),
        ("\"a\"b\"@corp.example", Local),
        ("\"a@corp.example", Local),
        ("\"a\\\"@corp.example", Local),
        ("\"a\\\u{1}\"@corp.example", Local),
        ("ann\r\n@corp.example", Local),
        ("\"ann\r\nRCPT\"@corp.example", Local),
        ("ann\0@corp.example", Local),
        ("an\u{202e}n@corp.example", Local),
        ("an\u{200b}n@corp.example", Local),
        (" ann@corp.example", Local),
        ("ann@corp.example ", Domain),
        ("ann@corp..example", Domain),
        ("ann@corp.example.", Domain),
        ("ann@-corp.example", Domain),
        ("ann@corp-.example", Domain),
        ("ann@corp_x.example", Domain),
        ("ann@corp.exa mple", Domain),
        ("ann@corp\0.example", Domain),
        ("ann@corp.example\r\n", Domain),
        ("ann@[1.2]", Domain),
        ("ann@[192.0.2.1", Domain),
        ("ann@[IPv6:1]", Domain),
        ("ann@[x:y]", Domain),
        ("ann@192.0.2.1]", Domain),
        ("ann@xn--a.example", Domain),
        ("friends: ann@corp.example;", Local),
    ] {
        assert_eq!(Address::parse(text), Err(error), "{text:?}");
    }
}

#[test]
fn limits() {
    let local = |length: usize| format!("{}@corp.example", "a".repeat(length));
    assert!(Address::parse(&local(LOCAL_BYTES_MAX)).is_ok());
    assert_eq!(
        Address::parse(&local(LOCAL_BYTES_MAX + 1)),
        Err(AddressError::TooLong)
    );
    let label = |length: usize| format!("a@{}.example", "b".repeat(length));
    assert!(Address::parse(&label(DOMAIN_LABEL_BYTES_MAX)).is_ok());
    assert_eq!(
        Address::parse(&label(DOMAIN_LABEL_BYTES_MAX + 1)),
        Err(AddressError::Domain)
    );
    let whole = |length: usize| {
        let domain = "b.".repeat(length).split_at(length - 3).0.to_owned();
        let domain = domain.trim_end_matches('.').to_owned();
        format!("{}@{domain}", "a".repeat(length - 1 - domain.len()))
    };
    let longest = whole(ADDRESS_BYTES_MAX);
    assert_eq!(longest.len(), ADDRESS_BYTES_MAX);
    assert!(Address::parse(&longest).is_ok(), "{longest}");
    assert_eq!(
        Address::parse(&whole(ADDRESS_BYTES_MAX + 1)),
        Err(AddressError::TooLong)
    );
}

#[test]
fn one_mailbox_written_in_several_ways_is_one() {
    for (one, other) in [
        ("Ann@Bücher.example", "ann@xn--bcher-kva.example"),
        ("\"ann\"@corp.example", "ann@corp.example"),
        ("\"a\\nn\"@corp.example", "ann@corp.example"),
        ("\"ann.b\"@CORP.EXAMPLE", "Ann.B@corp.example"),
        ("\"a\\ b\"@corp.example", "\"a b\"@corp.example"),
        ("ann@ｃｏｒｐ.example", "ann@corp.example"),
    ] {
        let (one, other) = (Address::parse(one).unwrap(), Address::parse(other).unwrap());
        assert_eq!(one, other);
        assert_eq!(one.key(), other.key());
        assert_eq!(one.domain_key(), other.domain_key());
    }
    let unicode = Address::parse("Ann@Bücher.example").unwrap();
    assert_eq!(
        (unicode.local(), unicode.domain()),
        ("Ann", "bücher.example")
    );
    assert_eq!(unicode.domain_key(), "xn--bcher-kva.example");
    for (one, other) in [
        ("ann@corp.example", "ann@cоrp.example"),
        ("\"a b\"@corp.example", "\"a  b\"@corp.example"),
        ("\"a.\"@corp.example", "a@corp.example"),
    ] {
        assert_ne!(
            Address::parse(one).unwrap(),
            Address::parse(other).unwrap(),
            "{one} {other}"
        );
    }
}

#[test]
fn routes_in_local_parts_are_told() {
    for text in [
        "bob%evil.example@corp.example",
        "evil.example!bob@corp.example",
        "\"bob@evil.example\"@corp.example",
        "\"bob%evil.example\"@corp.example",
    ] {
        assert!(Address::parse(text).unwrap().is_routed(), "{text}");
    }
    for text in [
        "bob+evil=x.example@corp.example",
        "\"bob x\"@corp.example",
        "bob@corp.example",
    ] {
        assert!(!Address::parse(text).unwrap().is_routed(), "{text}");
    }
}

fn of(name: Option<&str>, address: &str) -> Vec<Trick> {
    tricks(&Mailbox {
        name: name.map(str::to_owned),
        address: address.to_owned(),
    })
}

#[test]
fn tricks_of_mailboxes() {
    use Trick::*;
    let cases: &[(Option<&str>, &str, &[Trick])] = &[
        (Some("Ann Arbor"), "ann@corp.example", &[]),
        (Some("Анна Каренина"), "anna@corp.example", &[]),
        (Some("山田 Taro 太郎"), "taro@corp.example", &[]),
        (Some("ann@corp.example"), "ann@corp.example", &[]),
        (Some("\"Ann\" <ANN@CORP.example>"), "ann@corp.example", &[]),
        (
            Some("ceo@corp.example"),
            "x@evil.example",
            &[NameHoldsAddress, NameHoldsOtherDomain],
        ),
        (
            Some("Ann (ceo@corp.example)"),
            "x@evil.example",
            &[NameHoldsAddress, NameHoldsOtherDomain],
        ),
        (
            Some("ceo\u{200b}@corp.example"),
            "x@evil.example",
            &[NameHoldsAddress, NameHoldsOtherDomain, NameHidesCharacters],
        ),
        (
            Some("boss@CORP.example"),
            "ann@corp.example",
            &[NameHoldsAddress],
        ),
        (Some("Pаypal"), "x@evil.example", &[NameMixesScripts]),
        (
            Some("nnA\u{202e}"),
            "x@evil.example",
            &[NameHidesCharacters],
        ),
        (None, "ann@bücher.example", &[InternationalDomain]),
        (None, "ann@xn--bcher-kva.example", &[InternationalDomain]),
        (
            None,
            "ann@pаypal.example",
            &[InternationalDomain, DomainMixesScripts, DomainLooksAscii],
        ),
        (
            None,
            "ann@аррӏе.example",
            &[InternationalDomain, DomainLooksAscii],
        ),
        (None, "ann@пример.example", &[InternationalDomain]),
        (None, "ann@[192.0.2.1]", &[AddressLiteral]),
        (None, "\"ann\"@corp.example", &[QuotedLocal]),
        (None, "\"a@b\"@corp.example", &[RoutedLocal, QuotedLocal]),
        (None, "a%b.example@corp.example", &[RoutedLocal]),
        (None, "@r.example:a@corp.example", &[SourceRoute]),
        (None, "ann", &[NotAnAddress]),
        (
            Some("ceo@corp.example"),
            "nothing",
            &[NotAnAddress, NameHoldsAddress, NameHoldsOtherDomain],
        ),
    ];
    for (name, address, expected) in cases {
        assert_eq!(of(*name, address), *expected, "{name:?} {address}");
    }
}

#[test]
fn a_name_that_spells_an_address_holds_one() {
    let held = [Trick::NameHoldsAddress, Trick::NameHoldsOtherDomain];
    for name in [
        "ceo\u{ff20}corp.example",
        "ceo\u{fe6b}corp.example",
        "ceo@corp\u{ff0e}example",
        "ceo @corp.example",
        "ceo @ corp.example",
        "ceo(at)corp.example",
        "The CEO, ceo [AT] corp [dot] example",
    ] {
        assert_eq!(of(Some(name), "eve@evil.example"), held, "{name}");
        assert_eq!(of(Some(name), "ceo@corp.example"), [], "{name}");
    }
    for name in [
        "Ann @ Work",
        "Ann (at) Work",
        "Ann (at work)",
        "A. B.",
        "@",
        "@ @",
    ] {
        assert_eq!(of(Some(name), "eve@evil.example"), [], "{name}");
    }
}

#[test]
fn tricks_of_fields() {
    use Trick::*;
    let cases: &[(&str, &[Trick])] = &[
        ("Ann <ann@corp.example>, b@c.example", &[]),
        ("\"a: (b) <@c\" <ann@corp.example>", &[]),
        ("friends: a@x.example, b@x.example;", &[Group]),
        ("ann@corp.example (Ann)", &[Comment]),
        (
            "ann@corp.example (a (nested: <@x>) one \\) still)",
            &[Comment],
        ),
        ("Ann <@r.example:ann@corp.example>", &[SourceRoute]),
        ("Ann <\r\n @r.example:ann@corp.example>", &[SourceRoute]),
        (
            "x: Ann (b) <@r.example:ann@corp.example>;",
            &[SourceRoute, Group, Comment],
        ),
    ];
    for (raw, expected) in cases {
        assert_eq!(tricks_of_field(raw.as_bytes()), *expected, "{raw}");
    }
    let raw = b"From: =?utf-8?Q?ceo=40corp=2Eexample?= <x@evil.example>\r\n\r\n";
    let message = Message::parse(raw);
    let from = &message.mailboxes("from")[0];
    assert_eq!(
        tricks(from),
        [NameHoldsAddress, NameHoldsOtherDomain],
        "encoded words are looked through"
    );
}

#[test]
fn domains_that_resemble_each_other() {
    for (one, other) in [
        ("corp.example", "cоrp.example"),
        ("corp.example", "c0rp.example"),
        ("modern.example", "modem.example"),
        ("apple.example", "xn--80ak6aa92e.example"),
        ("paypal.example", "paypa1.example"),
    ] {
        assert!(resembles(one, other), "{one} {other}");
        assert!(resembles(other, one), "{other} {one}");
    }
    for (one, other) in [
        ("corp.example", "corp.example"),
        ("corp.example", "CORP.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("corp.example", "core.example"),
    ] {
        assert!(!resembles(one, other), "{one} {other}");
    }
}

proptest! {
    /// What is parsed can be written and parsed again, and never carries a control character.
    #[test]
    fn an_address_survives_its_own_text(text in "[ -~äß\\r\\n\\t\"\\\\@.]{1,40}") {
        if let Ok(address) = Address::parse(&text) {
            prop_assert!(!address.as_str().chars().any(char::is_control));
            prop_assert_eq!(Address::parse(address.as_str()), Ok(address.clone()));
            prop_assert_eq!(Address::parse(address.key()), Ok(address.clone()));
            prop_assert_eq!(address.as_str(), format!("{}@{}", address.local(), address.domain()));
        }
    }

    #[test]
    fn any_quoted_local_part_is_one_mailbox(inner in "[a-zA-Z0-9 .@,:;<>()\\[\\]]{1,20}") {
        let plain = format!("\"{inner}\"@corp.example");
        let escaped: String = inner.chars().flat_map(|c| ['\\', c]).collect();
        let escaped = format!("\"{escaped}\"@corp.example");
        prop_assert_eq!(Address::parse(&plain), Address::parse(&escaped));
        prop_assert!(Address::parse(&plain).is_ok());
    }

    #[test]
    fn fields_of_any_bytes_are_read(raw in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = tricks_of_field(&raw);
        let name = String::from_utf8_lossy(&raw).into_owned();
        let _ = tricks(&Mailbox { name: Some(name.clone()), address: name });
    }
}
