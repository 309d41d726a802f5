//! The example file loads and tells the truth; each mistake is shown in its place.

use std::fmt::Write as _;
use std::path::Path;

use super::*;

const EXAMPLE: &str = include_str!("../../sealgate.example.toml");

fn parse(text: &str) -> Result<Config, Vec<Diagnostic>> {
    Config::parse("sealgate.toml", text, Path::new("/etc/sealgate"))
}

/// The example with `from` replaced by `to`, which must be there.
fn changed(from: &str, to: &str) -> String {
    assert!(EXAMPLE.contains(from), "the example has no `{from}`");
    EXAMPLE.replacen(from, to, 1)
}

/// What is said about the example after one change.
fn complaint(from: &str, to: &str) -> String {
    let diagnostics = parse(&changed(from, to)).expect_err("the change must be refused");
    diagnostics.iter().map(Diagnostic::render).collect()
}

#[test]
fn the_example_loads() {
    let config = parse(EXAMPLE).unwrap_or_else(|errors| panic!("{}", errors[0].render()));
    assert_eq!(config.listen.len(), 2);
    assert_eq!(config.listen[0].source, Side::Inside);
    assert_eq!(
        config.relay.next_hop,
        HostPort {
            host: "127.0.0.1".to_owned(),
            port: 10026
        }
    );
    assert_eq!(
        config.relay.tls,
        TlsPolicy::None,
        "the next hop is this machine"
    );
    assert_eq!(config.limits, Limits::default());
    assert_eq!(config.rules.ambiguous, Ambiguous::RejectOutside);
    assert_eq!(config.seal.expires_after, Duration::from_secs(30 * 86_400));
    assert_eq!(config.store.blobs, "file:/var/lib/sealgate/blobs");
}

#[test]
fn the_example_shows_every_limit_with_its_default() {
    for limit in LIMITS {
        let value = match limit.kind {
            LimitKind::Count => limit.show(limit.default),
            _ => format!("\"{}\"", limit.show(limit.default)),
        };
        let line = format!("# {} = {value}\n", limit.name);
        assert!(EXAMPLE.contains(&line), "the example lacks {line}");
    }
}

#[test]
fn what_the_example_shows_as_default_is_the_default() {
    let mut uncommented = String::new();
    for line in EXAMPLE.lines() {
        let shown = line.strip_prefix("# ").filter(|rest| {
            let key = rest.split(" = ").next().unwrap_or_default();
            rest.contains(" = ") && key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
        });
        // Paths, ways and the answer to ambiguity are examples: their default is to have none.
        let example = ["/etc/", "tls_name", "ambiguous", "next_hop = "]
            .iter()
            .any(|word| line.contains(word));
        let line = shown.filter(|_| !example).unwrap_or(line);
        let _ = writeln!(uncommented, "{line}");
    }
    assert_ne!(uncommented, EXAMPLE);
    assert_eq!(parse(&uncommented).unwrap(), parse(EXAMPLE).unwrap());
}

#[test]
fn the_embedded_configuration_loads() {
    let config = Config::embedded(Path::new("/tmp/demo")).unwrap();
    assert_eq!(config.keys.server, Path::new("/tmp/demo/server.key"));
    assert_eq!(config.store.records, "sqlite:/tmp/demo/records.db");
}

#[test]
fn each_limit_has_bounds_and_refuses_what_lies_outside_them() {
    for limit in LIMITS {
        assert!(
            limit.least <= limit.default && limit.default <= limit.most,
            "{}",
            limit.name
        );
        let quoted = |number: u64| match limit.kind {
            LimitKind::Count => format!("{number}"),
            LimitKind::Size => format!("\"{number}B\""),
            LimitKind::Duration => format!("\"{number}s\""),
        };
        for outside in [limit.least - 1, limit.most + 1] {
            let line = format!("[limits]\n{} = {}\n", limit.name, quoted(outside));
            let said = complaint("[limits]\n", &line);
            assert!(
                said.contains(&format!("`{}` is out of bounds", limit.name)),
                "{said}"
            );
        }
    }
}

#[test]
fn mail_waits_for_approval_within_bounds() {
    let held = |line: &str| format!("[held]\n{line}\n");
    for outside in ["0s", "31d"] {
        let said = complaint("[held]\n", &held(&format!("lifetime = \"{outside}\"")));
        assert!(
            said.contains("`lifetime` is out of bounds") && said.contains("30d"),
            "{said}"
        );
    }
    let longest = parse(&changed("[held]\n", &held("lifetime = \"30d\""))).unwrap();
    assert_eq!(longest.held.lifetime, Duration::from_secs(30 * 86_400));
    let small = "[limits]\nheld_bytes = \"34MiB\"\n";
    let said = complaint("[limits]\n", small);
    assert!(
        said.contains("no message of the largest size could ever be held"),
        "{said}"
    );
    assert!(parse(&changed("[limits]\n", &small.replace("34", "35"))).is_ok());
}

#[test]
fn only_our_own_people_are_told_that_mail_waits() {
    let held = |line: &str| changed("[held]\n", &format!("[held]\n{line}\n"));
    let told = parse(&held("tell = [\"eve@corp.example\"]\ntell_every = \"1h\""));
    let told = told.unwrap().held;
    assert_eq!(told.tell[0].as_str(), "eve@corp.example");
    assert_eq!(told.tell_every, Duration::from_secs(3_600));
    let none = parse(EXAMPLE).unwrap().held;
    assert_eq!((none.tell.len(), none.tell_every.as_secs()), (0, 900));
    let many = format!("tell = [{}]", "\"eve@corp.example\", ".repeat(11));
    for (line, says) in [
        (
            "tell = [\"eve@corp.example\", \"bob@partner.example\"]",
            "is outside",
        ),
        ("tell = [\"u%partner.example@corp.example\"]", "is outside"),
        ("tell = [\"eve\"]", "is not a mail address"),
        ("tell = \"eve@corp.example\"", "must be a list"),
        (&many, "more than 10"),
        ("tell_every = \"0s\"", "from 1s to 1d"),
        ("tell_every = \"2d\"", "from 1s to 1d"),
    ] {
        let said: String = match parse(&held(line)) {
            Ok(_) => panic!("{line} is taken"),
            Err(mistakes) => mistakes.iter().map(Diagnostic::render).collect(),
        };
        assert!(said.contains(says) && said.contains('^'), "{line}: {said}");
        let place = said.contains("[held]") || said.contains("tell");
        assert!(place, "{said}");
    }
}

#[test]
fn a_limit_from_the_file_takes_its_own_field() {
    let text = changed(
        "[limits]\n",
        "[limits]\nrecipients = 123\nmemory = \"40MiB\"\n",
    );
    let limits = parse(&text).unwrap().limits;
    assert_eq!(limits.recipients, 123);
    assert_eq!(limits.memory, 40 << 20);
    assert_eq!(
        Limits {
            recipients: 1000,
            memory: 128 << 20,
            ..limits
        },
        Limits::default()
    );
}

#[test]
fn every_mistake_is_told_at_once_with_its_line() {
    let text = "[organisation]\nnam = \"Corp\"\ndomains = [\"corp.example\", \"-x\", 7]\n\n\
                [relay]\nnext_hop = \"nowhere\"\n[limits]\nmessage_size = 5\nrecipients = \"9\"\n\
                [colour]\n[store]\nrecords = \"postgres://x\"\nblobs = \"blobs\"\n";
    let said: Vec<String> = parse(text)
        .unwrap_err()
        .iter()
        .map(|diagnostic| format!("{}: {}", diagnostic.line(), diagnostic.message()))
        .collect();
    let expected = [
        "1: [organisation] lacks `name`",
        "2: unknown key `nam` in [organisation]",
        "3: `-x` is not a domain name",
        "3: `domains` must be text, not a number",
        "6: `nowhere` is not a host and a port",
        "8: `message_size` must be a size such as \"25MiB\"",
        "9: `recipients` must be a whole number",
        "10: unknown key `colour` in the file",
        "12: `postgres` is not built yet",
        "13: `blobs` names no place to keep things in",
        "14: [viewer] is missing",
        "14: [keys] is missing",
        "14: [rules] is missing",
    ];
    assert_eq!(said, expected);
}

#[test]
fn a_mistake_is_pointed_at() {
    let said = complaint(
        "address = \"127.0.0.1:10025\"",
        "adress = \"127.0.0.1:10025\"",
    );
    let expected = "error: [[listen]] lacks `address`
  --> sealgate.toml:20:1
   |
20 | [[listen]]
   | ^^^^^^^^^^
error: unknown key `adress` in [[listen]]
  --> sealgate.toml:21:1
   |
21 | adress = \"127.0.0.1:10025\"
   | ^^^^^^
   = help: did you mean `address`?
";
    assert_eq!(said, expected);
}

#[test]
fn syntax_errors_are_told_too() {
    let said = complaint("name = \"Corp\"", "name = \"Corp");
    assert!(said.contains("sealgate.toml:9:"), "{said}");
}

#[test]
fn mistakes_in_meaning_are_refused() {
    let cases = [
        (
            "allow = [\"127.0.0.0/8\", \"::1\"]",
            "allow = [\"0.0.0.0/0\"]",
            "as one of your people",
        ),
        (
            "allow = [\"127.0.0.0/8\", \"::1\"]",
            "allow = [\"10.0.0.0/7\"]",
            "as one of your people",
        ),
        (
            "allow = [\"127.0.0.0/8\", \"::1\"]",
            "allow = [\"10.1.2.3/8\"]",
            "bits set behind",
        ),
        (
            "allow = [\"127.0.0.0/8\", \"::1\"]",
            "allow = []",
            "at least one entry",
        ),
        (
            "# protocol = \"smtp\"",
            "protocol = \"lmtp\"",
            "not built yet",
        ),
        (
            "# private_key =",
            "private_key =",
            "no use without a certificate",
        ),
        ("# client_authority =", "client_authority =", "need TLS"),
        ("url = \"https://mail", "url = \"http://mail", "in clear"),
        (
            "url = \"https://mail",
            "url = \"https://mail.corp.example/?a",
            "links can begin with",
        ),
        (
            "sender = \"secure-mail@",
            "sender = \"secure-mail",
            "not a mail address",
        ),
        (
            "# expires_after = \"30d\"",
            "expires_after = \"0d\"",
            "opens for nobody",
        ),
        (
            "# expires_after = \"30d\"",
            "expires_after = 30",
            "must be text, not a number",
        ),
        ("# memory = \"128MiB\"", "memory = \"34MiB\"", "ever fit"),
        (
            "# next_hop_final = \"8m\"",
            "next_hop_final = \"9m\"",
            "before the next hop may",
        ),
        ("# tls = \"none\"", "tls = \"maybe\"", "one of \"none\""),
        ("id = \"cb46c030-", "id = \"cb46c030", "not a GUID"),
    ];
    for (from, to, expected) in cases {
        let said = complaint(from, to);
        assert!(said.contains(expected), "{to}: {said}");
    }
}

#[test]
fn nobody_vouches_for_senders_outside() {
    let said = complaint("# private_key", "senders = \"verified\" #");
    assert!(said.contains("nobody vouches"), "{said}");
    let inside = EXAMPLE.replace("# senders = \"claimed\"", "senders = \"verified\"");
    assert!(parse(&inside).is_ok_and(|config| config.listen[0].senders_verified));
}

#[test]
fn a_distant_next_hop_is_reached_in_tls_unless_said_otherwise() {
    let distant = changed(
        "next_hop = \"127.0.0.1:10026\"",
        "next_hop = \"mx.corp.example:25\"",
    );
    let relay = parse(&distant).unwrap().relay;
    assert_eq!(
        (relay.tls, relay.tls_name.as_str()),
        (TlsPolicy::Required, "mx.corp.example")
    );
    let clear = distant.replace("# tls = \"none\"", "tls = \"none\"");
    assert_eq!(parse(&clear).unwrap().relay.tls, TlsPolicy::None);
}

#[test]
fn a_public_inside_listener_is_allowed_with_client_certificates() {
    let text = changed(
        "allow = [\"127.0.0.0/8\", \"::1\"]",
        "allow = [\"0.0.0.0/0\"]\ncertificate = \"c\"\nprivate_key = \"k\"\n\
         client_authority = \"a\"",
    );
    assert_eq!(
        parse(&text).unwrap().listen[0].client_authority,
        Some("/etc/sealgate/a".into())
    );
}

#[test]
fn a_monitor_is_there_when_asked_for_and_may_stand_at_private_addresses() {
    let monitor = |text: &str| parse(text).unwrap().monitor.map(|monitor| monitor.address);
    let shown = "[monitor]\naddress = \"127.0.0.1:9125\"\n";
    assert_eq!(monitor(EXAMPLE), "127.0.0.1:9125".parse().ok());
    assert_eq!(monitor(&changed(shown, "")), None);
    for private in ["10.1.2.3:9125", "[::1]:9125", "[fd00::1]:9125"] {
        let text = changed("127.0.0.1:9125", private);
        assert_eq!(monitor(&text), private.parse().ok());
    }
    for public in [
        "192.0.2.7:9125",
        "0.0.0.0:9125",
        "[::]:9125",
        "[2001:db8::1]:9125",
    ] {
        let said = complaint("127.0.0.1:9125", public);
        assert!(said.contains("it has no login"), "{public}: {said}");
    }
    let said = complaint(shown, "[monitor]\n");
    assert!(said.contains("[monitor] lacks `address`"), "{said}");
}

#[test]
fn a_missing_file_is_said_to_be_missing() {
    let said = Config::load(Path::new("/nowhere/sealgate.toml")).unwrap_err();
    assert!(
        said[0]
            .render()
            .contains("cannot read the configuration file"),
        "{said:?}"
    );
}

#[test]
fn networks_hold_what_they_say() {
    let network: Network = "10.1.0.0/16".parse().unwrap();
    assert!(network.contains("10.1.255.255".parse().unwrap()));
    assert!(network.contains("::ffff:10.1.2.3".parse().unwrap()));
    assert!(!network.contains("10.2.0.0".parse().unwrap()));
    assert!(!network.contains("::1".parse().unwrap()));
    let everyone: Network = "0.0.0.0/0".parse().unwrap();
    assert!(everyone.contains("255.255.255.255".parse().unwrap()) && everyone.is_public());
    assert!(!"fd00::/8".parse::<Network>().unwrap().is_public());
    assert!("2001:db8::/32".parse::<Network>().unwrap().is_public());
    for bad in ["10.0.0.0/33", "::/129", "10.0.0/8", "10.0.0.0/-1", "", "/8"] {
        assert!(bad.parse::<Network>().is_err(), "{bad}");
    }
}
