//! Whether a text is JSON, and if not, why and where in the words of Go, which k6's users know.

/// How deep values may nest, as in Go.
const DEPTH_LIMIT: usize = 10_000;

/// The first mistake.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SyntaxError {
    message: String,
    /// Bytes read up to the mistake, as Go counts them.
    offset: usize,
}

impl SyntaxError {
    /// k6's whole message, with line and character.
    pub(super) fn describe(&self, text: &[u8]) -> String {
        let (mut line, mut character) = (1, 0);
        for (at, c) in String::from_utf8_lossy(text).char_indices() {
            if c == '\n' {
                line += 1;
                character = 0;
            }
            character += 1;
            if at == self.offset {
                break;
            }
        }
        let message = &self.message;
        format!(
            "cannot parse json due to an error at line {line}, character {character} , error: {message}"
        )
    }
}

type Check<T = ()> = Result<T, SyntaxError>;

/// One walk over the text, no recursion.
pub(super) fn check(text: &[u8]) -> Check {
    let mut walk = Walk { text, at: 0, open: Vec::new() };
    walk.value("looking for beginning of value")?;
    walk.skip_space();
    match walk.text.get(walk.at) {
        None => Ok(()),
        Some(_) => Err(walk.unexpected("after top-level value")),
    }
}

struct Walk<'t> {
    text: &'t [u8],
    at: usize,
    /// Open brackets: true for an object.
    open: Vec<bool>,
}

impl Walk<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// The error at the current byte, or at the end of the text.
    fn unexpected(&self, context: &str) -> SyntaxError {
        let Some(byte) = self.peek() else {
            return SyntaxError {
                message: "unexpected end of JSON input".to_owned(),
                offset: self.text.len(),
            };
        };
        SyntaxError {
            message: format!("invalid character {} {context}", quoted(byte)),
            offset: self.at + 1,
        }
    }

    /// One value with everything inside it.
    fn value(&mut self, context: &str) -> Check {
        let mut context = context;
        loop {
            self.skip_space();
            match self.peek() {
                Some(b'{') => {
                    self.open(true)?;
                    if !self.closes(b'}') {
                        self.key("looking for beginning of object key string")?;
                        context = "looking for beginning of value";
                        continue;
                    }
                }
                Some(b'[') => {
                    self.open(false)?;
                    if !self.closes(b']') {
                        context = "looking for beginning of value";
                        continue;
                    }
                }
                Some(b'"') => self.string()?,
                Some(b'-' | b'0'..=b'9') => self.number()?,
                Some(b't') => self.literal("true")?,
                Some(b'f') => self.literal("false")?,
                Some(b'n') => self.literal("null")?,
                _ => return Err(self.unexpected(context)),
            }
            if !self.next_sibling()? {
                return Ok(());
            }
            context = "looking for beginning of value";
        }
    }

    fn open(&mut self, object: bool) -> Check {
        self.at += 1;
        self.open.push(object);
        if self.open.len() > DEPTH_LIMIT {
            return Err(SyntaxError { message: "exceeded max depth".to_owned(), offset: self.at });
        }
        Ok(())
    }

    /// Whether the bracket just opened closes at once.
    fn closes(&mut self, bracket: u8) -> bool {
        self.skip_space();
        let closes = self.peek() == Some(bracket);
        if closes {
            self.at += 1;
            self.open.pop();
        }
        closes
    }

    /// After a value: closes brackets; true when another value follows.
    fn next_sibling(&mut self) -> Check<bool> {
        while let Some(&object) = self.open.last() {
            self.skip_space();
            match (self.peek(), object) {
                (Some(b','), true) => {
                    self.at += 1;
                    self.key("looking for beginning of object key string")?;
                    return Ok(true);
                }
                (Some(b','), false) => {
                    self.at += 1;
                    return Ok(true);
                }
                (Some(b'}'), true) | (Some(b']'), false) => {
                    self.at += 1;
                    self.open.pop();
                }
                (_, true) => return Err(self.unexpected("after object key:value pair")),
                (_, false) => return Err(self.unexpected("after array element")),
            }
        }
        Ok(false)
    }

    /// A key and its colon.
    fn key(&mut self, context: &str) -> Check {
        self.skip_space();
        if self.peek() != Some(b'"') {
            return Err(self.unexpected(context));
        }
        self.string()?;
        self.skip_space();
        if self.peek() != Some(b':') {
            return Err(self.unexpected("after object key"));
        }
        self.at += 1;
        Ok(())
    }

    fn string(&mut self) -> Check {
        self.at += 1;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => {
                    self.at += 1;
                    self.escape()?;
                }
                None | Some(0..0x20) => return Err(self.unexpected("in string literal")),
                Some(_) => self.at += 1,
            }
        }
    }

    fn escape(&mut self) -> Check {
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') => {
                self.at += 1;
                for _ in 0..4 {
                    if !self.peek().is_some_and(|b| b.is_ascii_hexdigit()) {
                        return Err(self.unexpected("in \\u hexadecimal character escape"));
                    }
                    self.at += 1;
                }
            }
            _ => return Err(self.unexpected("in string escape code")),
        }
        Ok(())
    }

    fn number(&mut self) -> Check {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            _ => self.digits("in numeric literal")?,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits("after decimal point in numeric literal")?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits("in exponent of numeric literal")?;
        }
        Ok(())
    }

    fn digits(&mut self, context: &str) -> Check {
        if !self.peek().is_some_and(|b| b.is_ascii_digit()) {
            return Err(self.cut_short(context));
        }
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        Ok(())
    }

    fn literal(&mut self, word: &str) -> Check {
        for wanted in word.bytes() {
            if self.peek() != Some(wanted) {
                let wanted = quoted(wanted);
                return Err(self.cut_short(&format!("in literal {word} (expecting {wanted})")));
            }
            self.at += 1;
        }
        Ok(())
    }

    /// Go ends a text inside a number or a literal with a space and complains about that.
    fn cut_short(&self, context: &str) -> SyntaxError {
        match self.peek() {
            Some(_) => self.unexpected(context),
            None => SyntaxError {
                message: format!("invalid character ' ' {context}"),
                offset: self.text.len(),
            },
        }
    }
}

/// A byte as Go shows it.
fn quoted(byte: u8) -> String {
    match byte {
        b'\'' => r"'\''".to_owned(),
        b'"' => "'\"'".to_owned(),
        b'\n' => r"'\n'".to_owned(),
        b'\r' => r"'\r'".to_owned(),
        b'\t' => r"'\t'".to_owned(),
        b'\\' => r"'\\'".to_owned(),
        0..0x20 | 0x7f => format!("'\\x{byte:02x}'"),
        _ => format!("'{}'", char::from(byte)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::check;

    fn describe(text: &str) -> String {
        match check(text.as_bytes()) {
            Ok(()) => "fine".to_owned(),
            Err(error) => error.describe(text.as_bytes()),
        }
    }

    #[track_caller]
    fn wrong(text: &str, line: usize, character: usize, message: &str) {
        let expected = format!(
            "cannot parse json due to an error at line {line}, character {character} , error: {message}"
        );
        assert_eq!(describe(text), expected, "{text}");
    }

    #[test]
    fn mistakes_are_where_k6_sees_them() {
        wrong("{bad", 1, 3, "invalid character 'b' looking for beginning of object key string");
        wrong("", 1, 0, "unexpected end of JSON input");
        wrong("nul", 1, 3, "invalid character ' ' in literal null (expecting 'l')");
        wrong("{\"a\":1", 1, 6, "unexpected end of JSON input");
        wrong("[1,2,]", 1, 6, "invalid character ']' looking for beginning of value");
        wrong("{\"a\":1}}", 1, 8, "invalid character '}' after top-level value");
        wrong("\n\n  x", 3, 4, "invalid character 'x' looking for beginning of value");
        wrong("1 2", 1, 3, "invalid character '2' after top-level value");
        wrong("\"abc", 1, 4, "unexpected end of JSON input");
        wrong("{\"a\":tru}", 1, 9, "invalid character '}' in literal true (expecting 'e')");
        wrong("<html></html>", 1, 2, "invalid character '<' looking for beginning of value");
        wrong(
            "{\"a\"\n:\n1,\n}",
            4,
            2,
            "invalid character '}' looking for beginning of object key string",
        );
        wrong("[1 2]", 1, 5, "invalid character '2' after array element");
        wrong("{\"a\" 1}", 1, 7, "invalid character '1' after object key");
        wrong("-", 1, 1, "invalid character ' ' in numeric literal");
        wrong("01", 1, 2, "invalid character '1' after top-level value");
        wrong("1.", 1, 2, "invalid character ' ' after decimal point in numeric literal");
        wrong("1e", 1, 2, "invalid character ' ' in exponent of numeric literal");
        wrong("\"\\x\"", 1, 4, "invalid character 'x' in string escape code");
        wrong("\"a\nb\"", 2, 2, "invalid character '\\n' in string literal");
    }

    #[test]
    fn what_is_json() {
        for text in ["1", " {\"a\": [1, -0.5e+3, true, null, \"\\ud800\"]} ", "[]", "{}", "\"\""] {
            assert_eq!(describe(text), "fine", "{text}");
        }
    }

    proptest! {
        #[test]
        fn agrees_with_serde(text in r#"[\[\]{}",:\\a0-9eE+.tn -]{0,12}"#) {
            let serde = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
            prop_assert_eq!(check(text.as_bytes()).is_ok(), serde, "{}", text);
        }
    }
}
