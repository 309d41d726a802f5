//! What a letter says whose original had to be attached, in the languages of its readers.
//!
//! It never speaks of why: the texts above it do, or need not.

/// Tags (RFC 5646) and the sentence; the first is for readers whose language is not known.
const SENTENCES: [(&str, &str); 16] = [
    ("en", "The original message is attached unchanged."),
    ("cs", "Původní zpráva je přiložena beze změny."),
    ("da", "Den oprindelige meddelelse er vedhæftet uændret."),
    (
        "de",
        "Die ursprüngliche Nachricht ist unverändert angehängt.",
    ),
    ("es", "El mensaje original se adjunta sin cambios."),
    ("fi", "Alkuperäinen viesti on liitteenä muuttamattomana."),
    ("fr", "Le message d’origine est joint sans modification."),
    ("it", "Il messaggio originale è allegato senza modifiche."),
    ("ja", "元のメッセージは変更せずに添付されています。"),
    ("nb", "Den opprinnelige meldingen er vedlagt uendret."),
    (
        "nl",
        "Het oorspronkelijke bericht is ongewijzigd bijgevoegd.",
    ),
    ("pl", "Oryginalna wiadomość jest załączona bez zmian."),
    ("pt", "A mensagem original segue em anexo, sem alterações."),
    ("ru", "Исходное сообщение приложено без изменений."),
    ("sv", "Det ursprungliga meddelandet bifogas oförändrat."),
    ("zh", "原始邮件已原样附上。"),
];

/// That the original is attached, for readers of a language: of the whole tag only the language
/// counts. English where it is not known, or not one of ours.
pub fn original_attached(language: Option<&str>) -> &'static str {
    let language = language
        .and_then(|tag| tag.split('-').next())
        .unwrap_or("en");
    let same = |(tag, _): &&(&str, &str)| tag.eq_ignore_ascii_case(language);
    SENTENCES.iter().find(same).unwrap_or(&SENTENCES[0]).1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_are_told_in_their_language() {
        let english = "The original message is attached unchanged.";
        assert_eq!(original_attached(None), english);
        assert_eq!(original_attached(Some("tlh")), english);
        assert!(original_attached(Some("de-AT")).starts_with("Die ursprüngliche"));
        assert!(original_attached(Some("PT-br")).contains("em anexo"));
        let tags: Vec<&str> = SENTENCES[1..].iter().map(|(tag, _)| *tag).collect();
        assert!(tags.is_sorted(), "one sentence a language");
    }
}
