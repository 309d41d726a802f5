//! Parameters as real mail writes them.

use super::*;

fn get(text: &str, name: &str) -> Option<String> {
    Parameterised::parse(text.as_bytes())
        .get(name)
        .map(str::to_owned)
}

#[test]
fn forms_of_real_mail() {
    let parsed = Parameterised::parse(b"Text/Plain (c); charset=\"utf-8\"; format = flowed ;x");
    assert_eq!(parsed.value, "text/plain");
    assert_eq!(parsed.get("charset"), Some("utf-8"));
    assert_eq!(parsed.get("format"), Some("flowed"));
    assert_eq!(
        get("a; name=\"a;b\\\"c\"; d=e", "name").as_deref(),
        Some("a;b\"c")
    );
    assert_eq!(
        get("a; name=\"=?utf-8?q?=C3=A9?=\"", "name").as_deref(),
        Some("é")
    );
    assert_eq!(
        get("a; charset=us-ascii (Plain text)", "charset").as_deref(),
        Some("us-ascii")
    );
    assert_eq!(get("a; name=\"open", "name").as_deref(), Some("open"));
    assert_eq!(
        get("a; name=a (1).txt", "name").as_deref(),
        Some("a (1).txt")
    );
}

#[test]
fn extended_forms() {
    let cut = "a; filename*1*=%A9.txt; filename*0*=utf-8'en'%C3";
    assert_eq!(get(cut, "filename").as_deref(), Some("é.txt"));
    assert_eq!(
        get("a; filename*0=\"a.\"; filename*1=exe", "filename").as_deref(),
        Some("a.exe")
    );
    let both = "a; filename=\"a.txt\"; filename*=utf-8''evil.exe";
    assert_eq!(get(both, "filename").as_deref(), Some("evil.exe"));
    assert_eq!(
        Parameterised::parse(both.as_bytes())
            .all("filename")
            .count(),
        2
    );
}

#[test]
fn one_parameter_is_set_and_the_rest_kept() {
    let set = |raw: &str| String::from_utf8(replace(raw.as_bytes(), "charset", "utf-8")).unwrap();
    assert_eq!(set("text/plain"), "text/plain; charset=utf-8");
    assert_eq!(
        set("Text/Plain;\r\n Charset=\"a;b\";\r\n format=flowed (charset=x;) ;"),
        "Text/Plain;\r\n format=flowed (charset=x;); charset=utf-8"
    );
}

#[test]
fn names_come_back() {
    for name in [
        "a.txt",
        "a b.txt",
        "é.pdf",
        "a\"b.txt",
        &"ü".repeat(100),
        "=?utf-8?q?x?=",
    ] {
        let coded = [b"a".to_vec(), encode("filename", name, b"\r\n")].concat();
        assert_eq!(Parameterised::parse(&coded).get("filename"), Some(name));
        assert!(coded.split(|b| *b == b'\n').all(|line| line.len() < 79));
    }
    let evil = encode("filename", "a\r\nX: y\0", b"\r\n");
    assert_eq!(evil, b";\r\n filename=\"aX: y\"");
}

#[test]
fn a_million_parameters_are_bounded() {
    let text = format!("a{}", "; b*1=c".repeat(1_000_000));
    let parsed = Parameterised::parse(text.as_bytes());
    assert!(parsed.too_many && parsed.parameters.len() <= PARAMETERS_MAX);
    assert!(!Parameterised::parse("a; b=c".repeat(9).as_bytes()).too_many);
}
