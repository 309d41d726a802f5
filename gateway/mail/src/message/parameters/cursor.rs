//! Our own walk over the parameters of a field: quotes, escapes and nested comments as in RFC 822.
//!
//! It never goes back, and never decodes.

/// What is left to read of a field on one line.
pub(super) struct Cursor<'a> {
    pub rest: &'a str,
}

impl Cursor<'_> {
    /// Text up to `stop`, without comments and blanks; `stop` itself stays.
    pub fn until(&mut self, stop: char) -> String {
        let mut text = String::new();
        while let Some(c) = self.rest.chars().next() {
            match c {
                _ if c == stop => break,
                '(' => {
                    self.comment();
                    continue;
                }
                _ if c.is_whitespace() || c.is_control() => {}
                _ => text.push(c),
            }
            self.rest = &self.rest[c.len_utf8()..];
        }
        text
    }

    /// The word before the first `;`. Where that is missing the first parameter is no part of it.
    pub fn word(&mut self) -> String {
        let all = self.rest.trim_start();
        let word = self.until(';');
        match all.split_once(char::is_whitespace) {
            Some((first, _)) if word.contains('=') && first.contains('/') => first.to_owned(),
            _ => word,
        }
    }

    /// The first word of the value that follows, if it has no quotes and more than one word.
    pub fn first_word(&self) -> Option<String> {
        let value = self.rest.strip_prefix('=')?.trim_start();
        let value = &value[..value.find(';').unwrap_or(value.len())];
        let (first, _) = value.trim_end().split_once(char::is_whitespace)?;
        (!value.starts_with('"')).then(|| first.to_owned())
    }

    /// RFC 822 §3.1.4: comments nest, and `\` quotes one character.
    fn comment(&mut self) {
        let mut depth = 0usize;
        let mut quoted = false;
        for (at, c) in self.rest.char_indices() {
            match c {
                _ if quoted => quoted = false,
                '\\' => quoted = true,
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                self.rest = &self.rest[at + c.len_utf8()..];
                return;
            }
        }
        self.rest = "";
    }

    /// Goes on to what is neither a blank nor a comment.
    pub fn skip_blanks(&mut self) {
        loop {
            self.rest = self.rest.trim_start();
            if !self.rest.starts_with('(') {
                return;
            }
            self.comment();
        }
    }

    /// Goes to where the next parameter begins, if one does.
    pub fn skip_semicolon(&mut self) -> bool {
        self.skip_blanks();
        // Text after a quoted value that no semicolon follows is passed over.
        let Some(at) = self.rest.find(';') else {
            return false;
        };
        self.rest = self.rest[at..].trim_start_matches([';', ' ', '\t']);
        !self.rest.is_empty()
    }

    /// The name before a `=`; a comment may stand between the two.
    pub fn name(&mut self) -> String {
        self.skip_blanks();
        let end = self.rest.find(['=', ';', '(']).unwrap_or(self.rest.len());
        let name = self.rest[..end].trim().to_owned();
        self.rest = &self.rest[end..];
        self.skip_blanks();
        name
    }

    /// The value behind the `=`.
    pub fn value(&mut self) -> Option<String> {
        self.rest = self.rest.strip_prefix('=')?;
        self.skip_blanks();
        if self.rest.starts_with('"') {
            return Some(self.quoted());
        }
        let end = self.rest.find(';').unwrap_or(self.rest.len());
        let value = self.rest[..end].trim();
        self.rest = &self.rest[end..];
        // A comment may follow a token; a file name with a bracket is no comment.
        let comment = value.ends_with(')').then(|| value.find(" (")).flatten();
        Some(
            comment
                .map_or(value, |at| &value[..at])
                .trim_end()
                .to_owned(),
        )
    }

    fn quoted(&mut self) -> String {
        let mut value = String::new();
        let mut escaped = false;
        for (at, c) in self.rest.char_indices().skip(1) {
            match c {
                _ if escaped => {
                    escaped = false;
                    value.push(c);
                }
                '\\' => escaped = true,
                '"' => {
                    self.rest = &self.rest[at + 1..];
                    return value;
                }
                _ => value.push(c),
            }
        }
        self.rest = "";
        value
    }
}
