//! The secret that a client shows to an agent.

use std::{fmt, hint::black_box};

/// Bytes of a token.
pub const TOKEN_LIMIT: usize = 1024;

/// A secret of an agent. Printed as stars.
#[derive(Clone)]
pub struct Token(String);

/// Why a text is no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("the token is empty")]
    Empty,
    #[error("the token is longer than {TOKEN_LIMIT} bytes")]
    TooLong,
    #[error(
        "the token has characters that cannot stand in a header: use letters, digits and signs"
    )]
    Character,
}

impl Token {
    /// Blanks and line ends around it are dropped, as files have them.
    ///
    /// # Errors
    /// When nothing is left, and when the rest cannot stand in a header.
    pub fn new(text: &str) -> Result<Token, TokenError> {
        let text = text.trim();
        match text.len() {
            0 => return Err(TokenError::Empty),
            TOKEN_LIMIT.. if text.len() > TOKEN_LIMIT => return Err(TokenError::TooLong),
            _ => {}
        }
        if text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Token(text.to_owned()))
        } else {
            Err(TokenError::Character)
        }
    }

    /// The value of the header `Authorization` with it.
    pub fn header(&self) -> String {
        format!("Bearer {}", self.0)
    }

    /// Whether a header's value shows this token. Takes equally long wherever a wrong one of the same length
    /// differs.
    pub fn is_shown_by(&self, header: &[u8]) -> bool {
        let Some((scheme, shown)) = header.split_at_checked("Bearer ".len()) else { return false };
        scheme.eq_ignore_ascii_case(b"Bearer ") && equal(shown, self.0.as_bytes())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(****)")
    }
}

/// Looks at every byte, and lets the compiler know nothing of the sum while it grows.
fn equal(left: &[u8], right: &[u8]) -> bool {
    let differences =
        left.iter().zip(right).fold(0, |sum: u8, (left, right)| black_box(sum | (left ^ right)));
    left.len() == right.len() && differences == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_are_tokens() {
        for (text, expected) in [
            ("secret", Ok("secret")),
            (" s-3_c/r+e=t \n", Ok("s-3_c/r+e=t")),
            (" \n", Err(TokenError::Empty)),
            ("a b", Err(TokenError::Character)),
            ("ge\u{e9}", Err(TokenError::Character)),
        ] {
            let made = Token::new(text);
            assert_eq!(
                made.as_ref().map(|token| token.0.as_str()).map_err(|e| *e),
                expected,
                "{text:?}"
            );
        }
        assert_eq!(Token::new(&"x".repeat(TOKEN_LIMIT + 1)).unwrap_err(), TokenError::TooLong);
    }

    #[test]
    fn only_the_same_token_is_let_in() {
        let token = Token::new("secret").unwrap();
        for (header, expected) in [
            (token.header().as_str(), true),
            ("bearer secret", true),
            ("Bearer secreT", false),
            ("Bearer Secret", false),
            ("Bearer secret ", false),
            ("Bearer secre", false),
            ("Bearer ", false),
            ("Basic secret", false),
            ("secret", false),
            ("", false),
        ] {
            assert_eq!(token.is_shown_by(header.as_bytes()), expected, "{header:?}");
        }
        assert_eq!(format!("{token:?}"), "Token(****)");
    }
}
