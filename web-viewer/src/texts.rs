//! Every word a reader sees. A language is one more table like [`ENGLISH`].
//!
//! Placeholders stand in braces and are filled by [`fill`]; no sentence is put together in code.

/// All texts of one language.
#[derive(Debug)]
pub struct Texts {
    pub lang: &'static str,
    pub skip: &'static str,
    pub tagline: &'static str,
    pub help: &'static str,
    pub footer: &'static str,

    pub door_title: &'static str,
    pub door_lead: &'static str,
    pub door_subject_hidden: &'static str,
    pub subject: &'static str,
    pub from: &'static str,
    pub to: &'static str,
    pub cc: &'static str,
    pub date: &'static str,
    pub people_more: &'static str,
    pub opens_until: &'static str,
    pub door_how: &'static str,
    pub door_button: &'static str,
    pub door_doubt: &'static str,
    pub door_doubt_no_help: &'static str,

    pub code_title: &'static str,
    pub code_sent: &'static str,
    pub code_sent_again: &'static str,
    pub code_sent_enough: &'static str,
    pub code_long: &'static str,
    pub code_words_why: &'static str,
    pub code_label: &'static str,
    pub code_hint: &'static str,
    pub code_button: &'static str,
    pub code_from: &'static str,
    pub code_until: [&'static str; 2],
    pub code_missing: &'static str,
    pub code_again: &'static str,
    pub code_again_why: &'static str,
    pub code_wrong_title: &'static str,
    pub code_wrong: [&'static str; 2],
    pub code_malformed: &'static str,
    pub code_longer_title: &'static str,
    pub code_longer: &'static str,
    pub code_locked_title: &'static str,
    pub code_locked: &'static str,
    pub code_expired_title: &'static str,
    pub code_expired: &'static str,
    pub code_new: &'static str,
    pub code_refused_title: &'static str,
    pub code_refused: &'static str,
    pub code_later_title: &'static str,
    pub code_later: &'static str,
    pub code_try_again: &'static str,
    pub code_wait_title: &'static str,
    pub code_wait: [&'static str; 2],
    pub code_wait_why: &'static str,
    pub reference: &'static str,

    pub revoked_title: &'static str,
    pub revoked: &'static str,
    pub expired_title: &'static str,
    pub expired: &'static str,
    pub never_opened_title: &'static str,
    pub never_opened: &'static str,
    pub ended_next: &'static str,

    pub letter_title: &'static str,
    pub no_subject: &'static str,
    pub message: &'static str,
    pub message_part: &'static str,
    pub message_alone: &'static str,
    pub no_body: &'static str,
    pub text_cut: &'static str,
    pub html_too_much: &'static str,
    pub remote_blocked: [&'static str; 2],
    pub remote_why: &'static str,
    pub remote_button: &'static str,
    pub remote_shown: &'static str,
    pub do_not_forward: &'static str,
    pub do_not_forward_why: &'static str,
    pub attachments: [&'static str; 2],
    pub attachment_closed: &'static str,
    pub actions: &'static str,
    pub reply: &'static str,
    pub reply_all: &'static str,
    pub print: &'static str,
    pub download: &'static str,
    pub sign_out: &'static str,
    pub label_is: &'static str,

    pub print_title: &'static str,
    pub print_how: &'static str,
    pub print_back: &'static str,

    pub reply_title: &'static str,
    pub reply_all_title: &'static str,
    pub reply_from: &'static str,
    pub reply_only: &'static str,
    pub reply_text: &'static str,
    pub reply_files: &'static str,
    pub reply_files_hint: &'static str,
    pub reply_button: &'static str,
    pub reply_cancel: &'static str,
    pub reply_empty: &'static str,
    pub reply_refused: &'static str,
    pub reply_later: &'static str,
    pub reply_too_long: &'static str,
    pub reply_files_again: &'static str,
    pub reply_sent_title: &'static str,
    pub reply_sent: &'static str,
    pub reply_waits_title: &'static str,
    pub reply_waits: &'static str,
    pub reply_twice_title: &'static str,
    pub reply_twice: &'static str,
    pub reply_often_title: &'static str,
    pub reply_often: &'static str,
    pub reply_large_title: &'static str,
    pub reply_large: &'static str,
    pub reply_long_title: &'static str,
    pub reply_long: &'static str,
    pub reply_back: &'static str,

    pub signed_out_title: &'static str,
    pub signed_out: &'static str,

    pub not_found_title: &'static str,
    pub not_found: &'static str,
    pub not_found_why: &'static str,
    pub forbidden_title: &'static str,
    pub forbidden: &'static str,
    pub not_granted_title: &'static str,
    pub not_granted: &'static str,
    pub too_large_title: &'static str,
    pub too_large: &'static str,
    pub slow_title: &'static str,
    pub slow: &'static str,
    pub method_title: &'static str,
    pub method: &'static str,
    pub busy_title: &'static str,
    pub busy: &'static str,
    pub busy_downloads: &'static str,
    pub busy_replies: &'static str,
    pub heavy_title: &'static str,
    pub heavy: &'static str,
    pub trouble_title: &'static str,
    pub trouble: &'static str,
    pub back_to_letter: &'static str,

    pub file_unnamed: &'static str,
    pub letter_file: &'static str,
}

/// Fills `{name}` placeholders; what is put in is escaped later, by the template.
pub fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(text.len() + 32);
    let mut rest = text;
    while let Some((before, from)) = rest.split_once('{') {
        out.push_str(before);
        match from.split_once('}') {
            Some((name, after)) => {
                out.push_str(
                    values
                        .iter()
                        .find(|(key, _)| *key == name)
                        .map_or("", |(_, v)| v),
                );
                rest = after;
            }
            None => rest = from,
        }
    }
    out.push_str(rest);
    out
}

/// One or many: picks the form and fills `{n}`.
pub fn count(forms: &[&str; 2], n: usize) -> String {
    fill(forms[usize::from(n != 1)], &[("n", &n.to_string())])
}

/// British English.
pub static ENGLISH: Texts = Texts {
    lang: "en",
    skip: "Skip to the content",
    tagline: "Sealed mail",
    help: "Help",
    footer: "Sent and kept by {organisation}.",

    door_title: "A sealed letter for you",
    door_lead: "{sender} sent you a letter that only your mailbox can open.",
    door_subject_hidden: "Shown once the letter is open",
    subject: "Subject",
    from: "From",
    to: "To",
    cc: "Copy to",
    date: "Date",
    people_more: "and {n} more",
    opens_until: "Opens until",
    door_how: "To show that the mailbox is yours, have a one-time code sent to {address}.",
    door_button: "Send me a code",
    door_doubt: "Not expecting this? Ask {sender} by a way you already know, or write to {help}.",
    door_doubt_no_help: "Not expecting this? Ask {sender} by a way you already know.",

    code_title: "Enter your code",
    code_sent: "We sent a code of {n} digits to {address}.",
    code_sent_again: "We sent the same code once more to {address}.",
    code_sent_enough: "We sent the code to {address} {asks} times, and send it no more. \
        Look for the newest mail, in the junk folder too.",
    code_long: "Many wrong codes were typed for this letter, perhaps by somebody else. \
        For your safety the code is longer than usual today.",
    code_words_why: "The mail with your code carries these same words, and so does the mail with \
        the link.",
    code_label: "One-time code",
    code_hint: "{n} digits. Spaces do not matter.",
    code_button: "Open the letter",
    code_from: "It comes from {sender}.",
    code_until: [
        "The code is good for one more minute.",
        "The code is good for {n} more minutes.",
    ],
    code_missing: "No mail yet?",
    code_again: "Send it again",
    code_again_why: "It may take a few minutes. Look in the junk folder too. \
        Sending again sends the same code and does not make it last longer.",
    code_wrong_title: "That code is not right",
    code_wrong: [
        "Check the digits and try again. You have one more try.",
        "Check the digits and try again. You have {n} more tries.",
    ],
    code_malformed: "The code has {n} digits. This did not count as a try.",
    code_longer_title: "A longer code is needed",
    code_longer: "Many wrong codes were typed for this letter, perhaps by somebody else. \
        The letter is safe, and you need not wait: have a longer code sent and type that one.",
    code_locked_title: "This code is locked",
    code_locked: "It was entered wrongly too often, so it opens nothing any more. \
        The letter is safe: have a new code sent and try again.",
    code_expired_title: "This code has run out",
    code_expired: "A code is good for a short time only. \
        The letter is still there: have a new code sent.",
    code_new: "Send me a new code",
    code_refused_title: "The code could not be delivered",
    code_refused: "The mail system of {address} did not take our mail. Nothing was used up. \
        Ask {sender} whether the address is right, or try again later.",
    code_later_title: "The code could not be sent just now",
    code_later: "Our mail system is busy or out of reach. Nothing was used up. \
        Please try again in a few minutes.",
    code_try_again: "Try again",
    code_wait_title: "Please wait a moment",
    code_wait: [
        "Several codes were asked for this mailbox. Yours can be sent in about one minute.",
        "Several codes were asked for this mailbox. Yours can be sent in about {n} minutes.",
    ],
    code_wait_why: "Your place is kept: nobody can push it further back, and the letter is safe. \
        Come back to this page then and press the button.",
    reference: "Reference",

    revoked_title: "This letter was withdrawn",
    revoked: "The sender or the organisation withdrew it on {time}. It can no longer be opened.",
    expired_title: "This letter has expired",
    expired: "It could be opened until {time}.",
    never_opened_title: "This letter expired unopened",
    never_opened: "It could be opened until {time}, and nobody did.",
    ended_next: "If you still need it, ask {sender} to send it again.",

    letter_title: "Your letter",
    no_subject: "No subject",
    message: "Message",
    message_part: "Message, part {n}",
    message_alone: "Show on a page of its own",
    no_body: "This letter has no text.",
    text_cut: "The text is longer than what can be shown here. \
        The whole of it stands among the attachments.",
    html_too_much: "The layout of this message is too large to show. This is its text.",
    remote_blocked: [
        "One picture from another site was not loaded.",
        "{n} pictures from other sites were not loaded.",
    ],
    remote_why: "Loading them tells those sites when and where you read this.",
    remote_button: "Load pictures",
    remote_shown: "Pictures from other sites are loaded for now.",
    do_not_forward: "Please keep this letter to yourself.",
    do_not_forward_why: "The sender asked that it not be forwarded, copied or printed. \
        No page can prevent a photograph of the screen or the saving of what you can see.",
    attachments: ["1 attachment", "{n} attachments"],
    attachment_closed: "The sender has not allowed attachments to be saved.",
    actions: "What you can do",
    reply: "Reply",
    reply_all: "Reply to all",
    print: "Print",
    download: "Download letter",
    sign_out: "Sign out",
    label_is: "Classification",

    print_title: "Print",
    print_how: "Use your browser's print command. This line is not printed.",
    print_back: "Back to the letter",

    reply_title: "Reply",
    reply_all_title: "Reply to all",
    reply_from: "Your reply is sent by {organisation} in your name; answers come to {address}.",
    reply_only: "Replies from here go to people at {organisation} only. Left out:",
    reply_text: "Your reply",
    reply_files: "Attachments",
    reply_files_hint: "Up to {n} files, {size} in all.",
    reply_button: "Send",
    reply_cancel: "Cancel",
    reply_empty: "Write something or attach a file first.",
    reply_refused: "The organisation's mail system did not accept it. Nothing was sent.",
    reply_later: "The mail system is busy or out of reach. Nothing was sent; please try again.",
    reply_too_long: "The text is too long. Shorten it, or attach it as a file.",
    reply_files_again: "Your text is kept below. Files must be chosen again.",
    reply_sent_title: "Your reply was sent",
    reply_sent: "It was handed to the mail system for {to}.",
    reply_waits_title: "Your reply waits for approval",
    reply_waits: "It is kept safe. Somebody at the organisation looks at it before it goes on to \
                  {to}. You need not send it again.",
    reply_twice_title: "This reply was sent before",
    reply_twice: "The same form arrived twice, so it was not sent again. \
        If you saw no confirmation, write the reply anew.",
    reply_often_title: "Many replies in a short time",
    reply_often: "Please wait a while before you send the next one. Nothing was sent.",
    reply_large_title: "The files are too large",
    reply_large: "A reply may have {n} files and {size} in all. Nothing was sent.",
    reply_long_title: "The text is too long",
    reply_long: "Nothing was sent. Go back with your browser, and shorten the text or attach it \
        as a file.",
    reply_back: "Back to your reply",

    signed_out_title: "You are signed out",
    signed_out: "To read the letter again, open the link in the mail you got.",

    not_found_title: "There is nothing here",
    not_found: "This address opens no letter.",
    not_found_why: "If you came from a mail, open its link again, whole; \
        mail programs sometimes break a long link in two.",
    forbidden_title: "This request came from elsewhere",
    forbidden: "For your safety it was not carried out. Open the link in your mail again.",
    not_granted_title: "Not allowed for this letter",
    not_granted: "The sender has not granted this.",
    too_large_title: "That is too large",
    too_large: "More was sent than this page takes.",
    slow_title: "That took too long",
    slow: "The connection was too slow, so nothing was sent. Go back and try again.",
    method_title: "That does not work here",
    method: "This address does not take such a request.",
    busy_title: "Busy for a moment",
    busy: "Many letters are being opened at once. Please try again shortly.",
    busy_downloads: "Many files are being downloaded at once. \
        Wait for one of yours to finish, or try again shortly.",
    busy_replies: "A reply of yours is still on its way, or many readers are sending theirs. \
        Nothing was sent this time: go back and send it again shortly.",
    heavy_title: "This takes too long",
    heavy: "The letter is large or oddly built, and laying it out was given up. It is still there: \
        please try again in a few minutes. If it happens again, ask its sender for a simpler one.",
    trouble_title: "Something is wrong on our side",
    trouble: "Nothing of yours was lost or used up. Please try again in a few minutes.",
    back_to_letter: "Back to the letter",

    file_unnamed: "attachment-{n}",
    letter_file: "letter.eml",
};

#[cfg(test)]
mod tests {
    use super::*;

    /// One word for each thing, here and in the mails that lead here.
    #[test]
    fn readers_hear_of_sealed_letters_and_codes() {
        let all = format!("{ENGLISH:?}").to_lowercase();
        for other in ["passcode", "password", "protected", "encrypted", "secure "] {
            assert!(!all.contains(other), "{other}");
        }
        assert!(all.contains("sealed letter") && all.contains("one-time code"));
    }

    #[test]
    fn placeholders_are_filled_once_and_never_twice() {
        assert_eq!(fill("a {x} b", &[("x", "{y}"), ("y", "no")]), "a {y} b");
        assert_eq!(fill("a {unknown} b", &[]), "a  b");
        assert_eq!(fill("a { b", &[]), "a  b");
        assert_eq!(count(&["one", "{n} many"], 1), "one");
        assert_eq!(count(&["one", "{n} many"], 0), "0 many");
    }
}
