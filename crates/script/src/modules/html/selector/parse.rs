//! Selector text to [`Selector`].

use regex_lite::Regex;

use super::{Chain, Combinator, Compound, Nth, Operation, Selector, Test};

/// Longest chain of compounds; matching recurses once for each.
const CHAIN_LIMIT: usize = 64;

/// How deep `:not(:has(...))` may nest.
const NESTING_LIMIT: usize = 16;

/// Parses `text`; `None` when it is no selector. Such a one matches nothing, as in k6.
pub(crate) fn parse(text: &str) -> Option<Selector> {
    let mut parser = Parser { rest: text, nesting: 0 };
    let selector = parser.selector()?;
    parser.rest.is_empty().then_some(selector)
}

struct Parser<'a> {
    rest: &'a str,
    nesting: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn take(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let next = chars.next()?;
        self.rest = chars.as_str();
        Some(next)
    }

    fn eat(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, token: &str) -> Option<()> {
        self.eat(token).then_some(())
    }

    /// Skips blanks and comments; whether there were any.
    fn skip_blanks(&mut self) -> bool {
        let before = self.rest.len();
        loop {
            self.rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n', '\x0c']);
            match self.rest.strip_prefix("/*").and_then(|inside| inside.split_once("*/")) {
                Some((_, after)) => self.rest = after,
                None => return self.rest.len() < before,
            }
        }
    }

    fn selector(&mut self) -> Option<Selector> {
        let mut chains = vec![self.chain()?];
        while self.eat(",") {
            chains.push(self.chain()?);
        }
        Some(Selector(chains))
    }

    fn chain(&mut self) -> Option<Chain> {
        self.skip_blanks();
        let mut subject = self.compound()?;
        let mut before = Vec::new();
        loop {
            let blank = self.skip_blanks();
            let combinator = match self.peek() {
                Some('>') => Combinator::Child,
                Some('+') => Combinator::NextSibling,
                Some('~') => Combinator::LaterSibling,
                None | Some(',' | ')') => break,
                Some(_) if blank => Combinator::Descendant,
                Some(_) => return None,
            };
            if combinator != Combinator::Descendant {
                self.take();
                self.skip_blanks();
            }
            let next = self.compound()?;
            before.push((combinator, std::mem::replace(&mut subject, next)));
            if before.len() > CHAIN_LIMIT {
                return None;
            }
        }
        before.reverse();
        Some(Chain { subject, before })
    }

    fn compound(&mut self) -> Option<Compound> {
        let mut tests = Vec::new();
        match self.peek()? {
            '*' => {
                self.take();
                // `*|tag`: any namespace; matched as no prefix at all.
                if self.eat("|") {
                    return None;
                }
            }
            '#' | '.' | '[' | ':' => {}
            _ => tests.push(Test::Tag(self.identifier()?.to_ascii_lowercase())),
        }
        loop {
            let test = match self.peek() {
                Some('#') => {
                    self.take();
                    Test::Id(self.name()?)
                }
                Some('.') => {
                    self.take();
                    Test::Class(self.identifier()?)
                }
                Some('[') => self.attribute()?,
                Some(':') => self.pseudo_class()?,
                _ => return Some(Compound(tests)),
            };
            tests.push(test);
        }
    }

    fn identifier(&mut self) -> Option<String> {
        let dash = if self.eat("-") { "-" } else { "" };
        let first = self.peek()?;
        if !(is_name_start(first) || first == '\\') {
            return None;
        }
        Some(format!("{dash}{}", self.name()?))
    }

    fn name(&mut self) -> Option<String> {
        let mut name = String::new();
        while let Some(next) = self.peek() {
            if is_name_start(next) || next.is_ascii_digit() || next == '-' {
                name.push(next);
                self.take();
            } else if next == '\\' {
                name.push(self.escape()?);
            } else {
                break;
            }
        }
        (!name.is_empty()).then_some(name)
    }

    /// `\` and up to six hex digits with one blank behind, or any other character.
    fn escape(&mut self) -> Option<char> {
        self.expect("\\")?;
        let digits = self.rest.bytes().take(6).take_while(u8::is_ascii_hexdigit).count();
        if digits == 0 {
            return self.take().filter(|next| !matches!(next, '\n' | '\r' | '\x0c'));
        }
        let (digits, rest) = self.rest.split_at(digits);
        self.rest = rest;
        if !self.eat("\r\n")
            && self.peek().is_some_and(|next| matches!(next, ' ' | '\t' | '\r' | '\n' | '\x0c'))
        {
            self.take();
        }
        u32::from_str_radix(digits, 16).ok().and_then(char::from_u32)
    }

    fn quoted(&mut self) -> Option<String> {
        let quote = self.take().filter(|quote| matches!(quote, '"' | '\''))?;
        let mut text = String::new();
        loop {
            match self.peek()? {
                '\\' if self.rest.starts_with("\\\r\n") => self.rest = self.rest.get(3..)?,
                '\\' if self.rest.starts_with("\\\n") => self.rest = self.rest.get(2..)?,
                '\\' => text.push(self.escape()?),
                '\n' | '\r' | '\x0c' => return None,
                next => {
                    self.take();
                    if next == quote {
                        return Some(text);
                    }
                    text.push(next);
                }
            }
        }
    }

    fn attribute(&mut self) -> Option<Test> {
        self.expect("[")?;
        self.skip_blanks();
        let name = self.identifier()?.to_ascii_lowercase();
        self.skip_blanks();
        if self.eat("]") {
            return Some(Test::Attribute {
                name,
                operation: Operation::Exists,
                ignore_case: false,
            });
        }
        let operator = self.take()?;
        if operator != '=' {
            self.expect("=")?;
        }
        self.skip_blanks();
        if operator == '#' {
            let operation = Operation::Pattern(self.pattern(']')?);
            self.expect("]")?;
            return Some(Test::Attribute { name, operation, ignore_case: false });
        }
        let mut value = match self.peek()? {
            '"' | '\'' => self.quoted()?,
            _ => self.identifier()?,
        };
        self.skip_blanks();
        let ignore_case = self.eat("i") || self.eat("I");
        self.skip_blanks();
        self.expect("]")?;
        if ignore_case {
            value = value.to_lowercase();
        }
        let operation = match operator {
            '=' => Operation::Equals(value),
            '!' => Operation::Differs(value),
            '~' => Operation::Word(value),
            '|' => Operation::Dash(value),
            '^' => Operation::Prefix(value),
            '$' => Operation::Suffix(value),
            '*' => Operation::Substring(value),
            _ => return None,
        };
        Some(Test::Attribute { name, operation, ignore_case })
    }

    /// A regular expression up to the unnested `end`, which stays.
    fn pattern(&mut self, end: char) -> Option<Regex> {
        let mut open = 0_usize;
        let mut length = None;
        let mut escaped = false;
        for (at, next) in self.rest.char_indices() {
            if escaped {
                escaped = false;
                continue;
            }
            match next {
                '\\' => escaped = true,
                '(' | '[' => open += 1,
                _ if open == 0 && next == end => {
                    length = Some(at);
                    break;
                }
                ')' | ']' => open = open.checked_sub(1)?,
                _ => {}
            }
        }
        let (pattern, rest) = self.rest.split_at(length?);
        self.rest = rest;
        Regex::new(pattern).ok()
    }

    fn pseudo_class(&mut self) -> Option<Test> {
        self.expect(":")?;
        let name = self.identifier()?.to_ascii_lowercase();
        let nth = |step, offset, from_end, of_type| {
            Some(Test::Nth(Nth { step, offset, from_end, of_type }))
        };
        match name.as_str() {
            "first-child" => nth(0, 1, false, false),
            "last-child" => nth(0, 1, true, false),
            "first-of-type" => nth(0, 1, false, true),
            "last-of-type" => nth(0, 1, true, true),
            "only-child" => Some(Test::OnlyChild { of_type: false }),
            "only-of-type" => Some(Test::OnlyChild { of_type: true }),
            "input" => Some(Test::Input),
            "empty" => Some(Test::Empty),
            "root" => Some(Test::Root),
            "link" => Some(Test::Link),
            "enabled" => Some(Test::Enabled),
            "disabled" => Some(Test::Disabled),
            "checked" => Some(Test::Checked),
            "visited" | "hover" | "active" | "focus" | "target" => Some(Test::Never),
            _ => {
                self.expect("(")?;
                let test = self.function(&name)?;
                self.skip_blanks();
                self.expect(")")?;
                Some(test)
            }
        }
    }

    fn function(&mut self, name: &str) -> Option<Test> {
        match name {
            "not" => self.nested().map(Test::Not),
            "has" => self.nested().map(Test::Has),
            "haschild" => self.nested().map(Test::HasChild),
            "contains" => self.text_argument().map(|text| Test::Contains { text, own: false }),
            "containsown" => self.text_argument().map(|text| Test::Contains { text, own: true }),
            "matches" => self.pattern(')').map(|pattern| Test::Matches { pattern, own: false }),
            "matchesown" => self.pattern(')').map(|pattern| Test::Matches { pattern, own: true }),
            "nth-child" => self.nth(false, false),
            "nth-last-child" => self.nth(true, false),
            "nth-of-type" => self.nth(false, true),
            "nth-last-of-type" => self.nth(true, true),
            "lang" => {
                self.skip_blanks();
                self.identifier().map(Test::Lang)
            }
            _ => None,
        }
    }

    fn nested(&mut self) -> Option<Selector> {
        if self.nesting == NESTING_LIMIT {
            return None;
        }
        self.nesting += 1;
        let selector = self.selector();
        self.nesting -= 1;
        selector
    }

    fn text_argument(&mut self) -> Option<String> {
        self.skip_blanks();
        let text = match self.peek()? {
            '"' | '\'' => self.quoted()?,
            _ => self.identifier()?,
        };
        Some(text.to_lowercase())
    }

    fn nth(&mut self, from_end: bool, of_type: bool) -> Option<Test> {
        let (argument, _) = self.rest.split_once(')')?;
        let length = argument.len();
        let (step, offset) = parse_nth(argument)?;
        self.rest = self.rest.get(length..)?;
        Some(Test::Nth(Nth { step, offset, from_end, of_type }))
    }
}

/// `odd`, `even`, `5`, `2n+1`, `-n + 3`.
fn parse_nth(argument: &str) -> Option<(i64, i64)> {
    let argument = argument.trim().to_ascii_lowercase();
    match argument.as_str() {
        "odd" => return Some((2, 1)),
        "even" => return Some((2, 0)),
        _ => {}
    }
    let Some((step, offset)) = argument.split_once('n') else {
        return Some((0, bounded(&argument)?));
    };
    let step = match step {
        "" | "+" => 1,
        "-" => -1,
        step => bounded(step)?,
    };
    let offset: String = offset.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    match offset.as_str() {
        "" => Some((step, 0)),
        offset if offset.starts_with(['+', '-']) => Some((step, bounded(offset)?)),
        _ => None,
    }
}

/// Small enough for arithmetic on positions not to overflow.
fn bounded(number: &str) -> Option<i64> {
    number.parse::<i32>().ok().map(i64::from)
}

fn is_name_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || !c.is_ascii()
}
