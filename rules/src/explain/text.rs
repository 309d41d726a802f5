//! An explanation as text for people.

use super::{CopyExplanation, Effect, Explanation, RuleTrace, Trace};

impl Explanation {
    /// One paragraph for each copy: what happens, then every rule and why.
    pub fn to_text(&self) -> String {
        let mut out = match self.labels.is_empty() {
            true => String::new(),
            false => self.labels.to_text(),
        };
        for one in &self.judgement.ambiguities {
            let place = match one.path.to_string() {
                root if root.is_empty() => String::new(),
                path => format!(" (part {path})"),
            };
            let (kind, sentence) = (one.kind.as_str(), one.kind.sentence());
            out.push_str(&format!("ambiguous: {kind}: {sentence}{place}\n"));
        }
        for copy in &self.copies {
            if !out.is_empty() {
                out.push('\n');
            }
            out.push_str(&headline(copy));
            let seal = copy.seal.iter();
            seal.for_each(|seal| out.push_str(&seal.to_text()));
            if copy.receipt {
                out.push_str("  receipt  for the sender\n");
            }
            let edited = copy.bytes.iter().filter(|_| copy.edits > 0);
            edited.for_each(|bytes| out.push_str(&bytes.to_text()));
            copy.label_changes
                .iter()
                .for_each(|step| out.push_str(&step.to_text()));
            copy.label_refusals
                .iter()
                .for_each(|one| out.push_str(&one.to_text()));
            let files = copy.attachments.iter();
            files.for_each(|file| out.push_str(&file.to_text()));
            for rule in &copy.rules {
                out.push_str(&paragraph(rule));
            }
        }
        for sent in &self.judgement.notifications {
            let to: Vec<&str> = sent.to.iter().map(mail::Address::as_str).collect();
            out.push_str(&format!(
                "\nnotify {}: by \"{}\"\n",
                to.join(", "),
                sent.rule
            ));
        }
        out
    }
}

fn headline(copy: &CopyExplanation) -> String {
    let mut line = format!("{} ({}): {}", copy.recipient, copy.side, copy.outcome);
    for (before, detail) in [
        (" ", &copy.code),
        (" ", &copy.rights),
        (", label ", &copy.label),
    ] {
        if let Some(detail) = detail {
            line.push_str(before);
            line.push_str(detail);
        }
    }
    if let Some(text) = &copy.text {
        line.push_str(&format!(": {text}"));
    }
    if let Some(rule) = &copy.added_by {
        line.push_str(&format!(" [added by \"{rule}\"]"));
    }
    if copy.ambiguous {
        line.push_str(" [because the message is ambiguous and a rule asked about its content]");
    }
    line.push('\n');
    line
}

fn paragraph(rule: &RuleTrace) -> String {
    let place = format!("\"{}\" ({}:{})", rule.rule, rule.file, rule.line);
    match &rule.trace {
        Trace::Fired {
            when,
            unknown,
            then,
            effect,
        } => {
            let word = match effect {
                Effect::Done => "fired   ",
                Effect::Nothing => "moot    ",
                Effect::OnlyLowers => "unsure  ",
                Effect::Would => "would   ",
            };
            let when = if when.is_empty() {
                "every message"
            } else {
                when
            };
            let mut text = format!("  {word} {place}\n             when {when}\n");
            for condition in unknown {
                text.push_str(&format!("             not known: {condition}\n"));
            }
            text.push_str(&format!("             {}\n", then_line(then, *effect)));
            text
        }
        Trace::NotFired { because } => {
            format!(
                "  no       {place}\n             does not hold: {}\n",
                because.join("; ")
            )
        }
        Trace::Excused { by } => {
            format!(
                "  excused  {place}\n             by {}\n",
                by.join(" and by ")
            )
        }
        Trace::Asleep => format!("  asleep   {place}\n             it is not active now\n"),
        Trace::Stopped { by } => format!("  skipped  {place}\n             \"{by}\" stopped\n"),
        Trace::Unheard => String::new(),
    }
}

fn then_line(then: &[String], effect: Effect) -> String {
    let then = if then.is_empty() {
        "nothing".to_owned()
    } else {
        then.join("; ")
    };
    match effect {
        Effect::Done => format!("then {then}"),
        Effect::Nothing => format!("then {then}, which changed nothing"),
        Effect::OnlyLowers => {
            format!("not done, since what is not known must not make things milder: {then}")
        }
        Effect::Would => format!("would {then}"),
    }
}
