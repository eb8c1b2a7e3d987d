//! Selectors in the dialect of k6: CSS level 3 plus jQuery's `[a!=b]`, `:contains`, `:has` and
//! others, and regular expressions.

mod matching;
mod parse;

use regex_lite::Regex;

pub(crate) use parse::parse;

/// Alternatives, as written with commas.
#[derive(Debug)]
pub(crate) struct Selector(Vec<Chain>);

/// Compounds joined by combinators; the last one is what the selector is about.
#[derive(Debug)]
struct Chain {
    subject: Compound,
    /// What must stand before the subject, nearest first.
    before: Vec<(Combinator, Compound)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Combinator {
    Descendant,
    Child,
    NextSibling,
    LaterSibling,
}

/// Tests that all must hold of one node. No tests: any element.
#[derive(Debug, Default)]
struct Compound(Vec<Test>);

#[derive(Debug)]
enum Test {
    Tag(String),
    Id(String),
    Class(String),
    Attribute {
        name: String,
        operation: Operation,
        ignore_case: bool,
    },
    Not(Selector),
    Has(Selector),
    HasChild(Selector),
    /// Text in lower case; `own` leaves the children's text out.
    Contains {
        text: String,
        own: bool,
    },
    Matches {
        pattern: Regex,
        own: bool,
    },
    Nth(Nth),
    OnlyChild {
        of_type: bool,
    },
    Input,
    Empty,
    Root,
    Link,
    Lang(String),
    Enabled,
    Disabled,
    Checked,
    /// States that a document at rest never has, such as `:hover`.
    Never,
}

#[derive(Debug)]
enum Operation {
    Exists,
    Equals(String),
    Differs(String),
    Word(String),
    Dash(String),
    Prefix(String),
    Suffix(String),
    Substring(String),
    Pattern(Regex),
}

/// `step * n + offset` for n = 0, 1, ...
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Nth {
    step: i64,
    offset: i64,
    from_end: bool,
    of_type: bool,
}

#[cfg(test)]
mod tests;
