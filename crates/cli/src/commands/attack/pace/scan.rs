//! The words of a pace, with their columns.

use std::time::Duration;

use plimsoll_engine::pace::Rate;
use plimsoll_script::options::parse_go_duration;

/// Where the text is no pace.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {message}")]
pub(in super::super) struct SyntaxError {
    /// In characters, from 1.
    pub(in super::super) column: usize,
    message: String,
}

/// Digits behind the point of a rate that are kept exactly.
const DECIMALS_MAX: u32 = 9;

pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Scanner<'a> {
        Scanner { text, at: 0 }
    }

    /// The next word of letters.
    pub(super) fn word(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        let length = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let word = rest.get(..length).filter(|word| !word.is_empty())?;
        self.at += length;
        Some(word)
    }

    /// Whether `symbol` comes next; it is taken then.
    pub(super) fn has(&mut self, symbol: &str) -> bool {
        let is_next = self.rest().starts_with(symbol);
        if is_next {
            self.at += symbol.len();
        }
        is_next
    }

    pub(super) fn symbol(&mut self, symbol: &str) -> Result<(), SyntaxError> {
        if self.has(symbol) { Ok(()) } else { Err(self.expected(symbol)) }
    }

    pub(super) fn keyword(&mut self, keyword: &str) -> Result<(), SyntaxError> {
        match self.word() {
            Some(word) if word == keyword => Ok(()),
            word => Err(self.at_word(word).expected(keyword)),
        }
    }

    pub(super) fn rate(&mut self, what: &str) -> Result<Rate, SyntaxError> {
        self.skip_blanks();
        let start = self.at;
        let number = self.take(|c| c.is_ascii_digit() || c == '.');
        let refuse =
            |message: &str| SyntaxError { column: self.column(start), message: message.to_owned() };
        if number.is_empty() {
            return Err(self.expected(what));
        }
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let places = u32::try_from(fraction.len()).ok().filter(|places| *places <= DECIMALS_MAX);
        let scale = places.and_then(|places| 10_u32.checked_pow(places));
        let hits = format!("{whole}{fraction}").parse::<u64>().ok();
        let (Some(hits), Some(scale)) = (hits, scale) else {
            return Err(refuse(&format!("{number:?} is no number of hits")));
        };
        let per = match self.has("/") {
            false => Duration::from_secs(1),
            true => self.unit_or_time()?,
        };
        let per = per.checked_mul(scale).filter(|per| !per.is_zero());
        let per = per.ok_or_else(|| SyntaxError {
            column: self.column(start),
            message: "a rate needs a time greater than zero".to_owned(),
        })?;
        Ok(Rate { hits, per })
    }

    /// `s` or `1s`, behind the slash of a rate.
    fn unit_or_time(&mut self) -> Result<Duration, SyntaxError> {
        let what = "a time such as s, 1s or 1m";
        match self.rest().starts_with(|c: char| c.is_ascii_digit()) {
            true => self.time(what),
            false => {
                let start = self.at;
                let unit = self.take(char::is_alphabetic);
                let time = parse_go_duration(&format!("1{unit}"));
                time.map(|time| time.to_std())
                    .map_err(|_| Scanner { text: self.text, at: start }.expected(what))
            }
        }
    }

    pub(super) fn time(&mut self, what: &str) -> Result<Duration, SyntaxError> {
        self.skip_blanks();
        let start = self.at;
        let text = self.take(|c| c.is_alphanumeric() || c == '.');
        let time = parse_go_duration(text).ok().filter(|time| !time.is_negative());
        let time = time.map(|time| time.to_std());
        time.ok_or_else(|| Scanner { text: self.text, at: start }.expected(what))
    }

    pub(super) fn count(&mut self, what: &str) -> Result<u64, SyntaxError> {
        self.skip_blanks();
        let start = self.at;
        let text = self.take(|c| c.is_ascii_digit());
        let count = text.parse().ok().filter(|count| *count > 0);
        count.ok_or_else(|| Scanner { text: self.text, at: start }.expected(what))
    }

    pub(super) fn end(&mut self) -> Result<(), SyntaxError> {
        if self.rest().is_empty() { Ok(()) } else { Err(self.expected("nothing more")) }
    }

    /// The place before `word`, which has been taken.
    pub(super) fn before(&self, word: &str) -> Scanner<'a> {
        Scanner { text: self.text, at: self.at - word.len() }
    }

    pub(super) fn at_word(&self, word: Option<&str>) -> Scanner<'a> {
        self.before(word.unwrap_or_default())
    }

    /// That something else is here.
    pub(super) fn expected(&self, what: &str) -> SyntaxError {
        let mut here = Scanner { text: self.text, at: self.at };
        here.skip_blanks();
        let rest = here.rest();
        let is_part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '/');
        let length = rest.find(|c: char| !is_part(c)).unwrap_or(rest.len());
        let one = rest.chars().next().map_or(0, char::len_utf8);
        let message = match rest.get(..length.max(one)) {
            Some("") | None => format!("expected {what}, found the end"),
            Some(found) => format!("expected {what}, found {found:?}"),
        };
        SyntaxError { column: here.column(here.at), message }
    }

    /// Of the pace as a whole.
    pub(super) fn whole(&self, message: &str) -> SyntaxError {
        SyntaxError { column: 1, message: message.to_owned() }
    }

    fn take(&mut self, is_part: impl Fn(char) -> bool) -> &'a str {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let length = rest.find(|c: char| !is_part(c)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    fn skip_blanks(&mut self) {
        self.take(char::is_whitespace);
    }

    fn rest(&mut self) -> &'a str {
        self.skip_blanks();
        self.text.get(self.at..).unwrap_or_default()
    }

    fn column(&self, at: usize) -> usize {
        self.text.get(..at).map_or(0, |before| before.chars().count()) + 1
    }
}
