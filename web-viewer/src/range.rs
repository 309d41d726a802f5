//! Byte ranges of a download (RFC 9110 §14), so that a broken one resumes.
//!
//! Only single ranges; never more bytes than there are.

use std::ops::Range;

/// What to answer to a `Range` field.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// 200 with everything.
    Whole,
    /// 206 with these bytes.
    Part(Range<u64>),
    /// 416; `Content-Range: bytes */length`.
    Unsatisfiable,
}

/// Judges the fields `Range` and `If-Range` for content of `length` bytes with this strong ETag.
///
/// RFC 9110 §14.2: a range that is not understood is ignored; several ranges may be answered with
/// the whole. §13.1.5: an `If-Range` that does not match makes the answer whole; we send no
/// Last-Modified, so a date never matches.
pub fn judge(range: Option<&str>, if_range: Option<&str>, etag: &str, length: u64) -> Answer {
    let Some(range) = range else {
        return Answer::Whole;
    };
    if if_range.is_some_and(|tag| tag.trim() != etag) {
        return Answer::Whole;
    }
    let Some((unit, set)) = range.split_once('=') else {
        return Answer::Whole;
    };
    if !unit.trim().eq_ignore_ascii_case("bytes") || set.contains(',') {
        return Answer::Whole;
    }
    single(set.trim(), length)
}

fn single(spec: &str, length: u64) -> Answer {
    let Some((first, last)) = spec.split_once('-') else {
        return Answer::Whole;
    };
    match (number(first), number(last)) {
        (Number::Value(first), Number::Absent) if first < length => Answer::Part(first..length),
        (Number::Value(first), Number::Value(last)) if last < first => Answer::Whole,
        (Number::Value(first), Number::Value(last)) if first < length => {
            Answer::Part(first..last.saturating_add(1).min(length))
        }
        (Number::Absent, Number::Value(suffix)) if suffix > 0 && length > 0 => {
            Answer::Part(length.saturating_sub(suffix)..length)
        }
        (Number::Absent, Number::Absent) | (Number::Bad, _) | (_, Number::Bad) => Answer::Whole,
        _ => Answer::Unsatisfiable,
    }
}

enum Number {
    Value(u64),
    Absent,
    Bad,
}

fn number(text: &str) -> Number {
    let text = text.trim();
    if text.is_empty() {
        Number::Absent
    } else if text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit are beyond any content.
        Number::Value(text.parse().unwrap_or(u64::MAX))
    } else {
        Number::Bad
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_judged_as_rfc_9110_says() {
        let table = [
            (None, Answer::Whole),
            (Some("bytes=0-0"), Answer::Part(0..1)),
            (Some("bytes=0-"), Answer::Part(0..100)),
            (Some("Bytes = 10-19"), Answer::Part(10..20)),
            (
                Some("bytes=90-999999999999999999999999"),
                Answer::Part(90..100),
            ),
            (Some("bytes=-5"), Answer::Part(95..100)),
            (Some("bytes=-500"), Answer::Part(0..100)),
            (Some("bytes=-0"), Answer::Unsatisfiable),
            (Some("bytes=100-"), Answer::Unsatisfiable),
            (Some("bytes=100-200"), Answer::Unsatisfiable),
            (
                Some("bytes=999999999999999999999999-"),
                Answer::Unsatisfiable,
            ),
            (Some("bytes=5-4"), Answer::Whole),
            (Some("bytes=-"), Answer::Whole),
            (Some("bytes=a-b"), Answer::Whole),
            (Some("bytes=+1-2"), Answer::Whole),
            (Some("bytes=0-1,5-6"), Answer::Whole),
            (Some("lines=0-1"), Answer::Whole),
            (Some("bytes 0-1"), Answer::Whole),
        ];
        for (range, expected) in table {
            assert_eq!(judge(range, None, "\"e\"", 100), expected, "{range:?}");
        }
        assert_eq!(
            judge(Some("bytes=-1"), None, "\"e\"", 0),
            Answer::Unsatisfiable
        );
    }

    #[test]
    fn if_range_counts_only_with_our_strong_tag() {
        let part = Answer::Part(1..3);
        assert_eq!(judge(Some("bytes=1-2"), Some("\"e\""), "\"e\"", 9), part);
        for other in ["\"f\"", "W/\"e\"", "Tue, 15 Nov 1994 08:12:31 GMT"] {
            assert_eq!(
                judge(Some("bytes=1-2"), Some(other), "\"e\"", 9),
                Answer::Whole
            );
        }
    }
}
