//! Commands with placeholders, parsed once and rendered without allocating.
//!
//! Words and quotes are those of `redis-cli`. A placeholder is `{uniform:N}`, `{zipf:N}`,
//! `{zipf:N:EXPONENT}`, `{seq:N}` (or `{sequential:N}`), each a number from 0 to N-1, or
//! `{bytes:N}`, so many random letters and digits. Other braces are text, such as those of a hash
//! tag; `{{uniform:9}}` is a hash tag with a number in it.

use std::{rc::Rc, sync::Arc};

use plimsoll_clients::redis::{
    Pipeline, first_key, slot, split_words, write_bulk, write_command_header,
};

use super::{
    dice::Dice,
    placeholder::{PARTS_LIMIT, Part, parts},
};

/// Why a text is no command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    #[error("an empty command")]
    Empty,
    #[error("a quote that does not end, or that something other than a blank follows")]
    Quotes,
    #[error("{{{0}}}: expected {1}")]
    Placeholder(String, &'static str),
    #[error("more than {PARTS_LIMIT} placeholders in one argument")]
    TooManyParts,
}

/// A parsed command; a clone counts `{seq:N}` together with it.
#[derive(Clone, Debug)]
pub(super) struct Template {
    name: String,
    pieces: Arc<[Piece]>,
}

#[derive(Debug)]
enum Piece {
    /// Whole arguments in their wire form.
    Fixed(Vec<u8>),
    Argument {
        parts: Vec<Part>,
        /// Bytes of all parts but the numbers.
        length: usize,
        is_key: bool,
    },
}

impl Template {
    /// # Errors
    /// See [`TemplateError`].
    pub(super) fn parse(text: &str) -> Result<Template, TemplateError> {
        let (mut bytes, mut words) = (Vec::new(), Vec::new());
        split_words(text.as_bytes(), &mut bytes, &mut words).map_err(|_| TemplateError::Quotes)?;
        let words: Vec<&[u8]> =
            words.into_iter().map(|word| bytes.get(word).unwrap_or_default()).collect();
        let name = words.first().filter(|name| !name.is_empty()).ok_or(TemplateError::Empty)?;
        let name = String::from_utf8_lossy(name).to_uppercase();
        let key = first_key(&words);
        let mut pieces = Vec::new();
        let mut fixed = Vec::new();
        write_command_header(&mut fixed, words.len());
        for (index, word) in words.iter().enumerate() {
            let parts = parts(word)?;
            let is_key = key == Some(index);
            let is_fixed = parts.iter().all(|part| matches!(part, Part::Text(_)));
            if is_fixed && !is_key {
                write_bulk(&mut fixed, word);
                continue;
            }
            let length = parts.iter().map(|part| match part {
                Part::Text(text) => text.len(),
                Part::Payload(length) => *length,
                Part::Number(_) => 0,
            });
            let length = length.sum();
            pieces.push(Piece::Fixed(std::mem::take(&mut fixed)));
            pieces.push(Piece::Argument { parts, length, is_key });
        }
        pieces.push(Piece::Fixed(fixed));
        Ok(Template { name, pieces: pieces.into() })
    }

    /// The command's name in upper case.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Adds the command to a pipeline.
    pub(super) fn render(&self, name: &Rc<str>, pipeline: &mut Pipeline, dice: &mut Dice) {
        pipeline.push_with(name.clone(), |out| {
            let mut key_slot = None;
            for piece in self.pieces.iter() {
                match piece {
                    Piece::Fixed(bytes) => out.extend_from_slice(bytes),
                    Piece::Argument { parts, length, is_key } => {
                        let start = argument(out, parts, *length, dice);
                        if *is_key && dice.wants_slots {
                            let key = out.get(start..out.len() - 2).unwrap_or_default();
                            key_slot = Some(slot(key));
                        }
                    }
                }
            }
            key_slot
        });
    }
}

/// Appends one argument; where its content begins.
fn argument(out: &mut Vec<u8>, parts: &[Part], length: usize, dice: &mut Dice) -> usize {
    // The length goes before the numbers, so they are drawn first.
    let mut numbers = [0; PARTS_LIMIT];
    let mut total = length;
    for (number, part) in numbers.iter_mut().zip(parts) {
        if let Part::Number(kind) = part {
            *number = kind.draw(&mut dice.random);
            total += digits(*number);
        }
    }
    let mut decimal = itoa::Buffer::new();
    out.push(b'$');
    out.extend_from_slice(decimal.format(total).as_bytes());
    out.extend_from_slice(b"\r\n");
    let start = out.len();
    for (number, part) in numbers.iter().zip(parts) {
        match part {
            Part::Text(text) => out.extend_from_slice(text),
            Part::Number(_) => out.extend_from_slice(decimal.format(*number).as_bytes()),
            Part::Payload(length) => dice.payload(out, *length),
        }
    }
    out.extend_from_slice(b"\r\n");
    start
}

fn digits(number: u64) -> usize {
    number.checked_ilog10().map_or(1, |log| log as usize + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(text: &str, times: usize) -> Vec<String> {
        let template = Template::parse(text).unwrap();
        let name: Rc<str> = template.name().into();
        let mut dice = Dice::new(3, true);
        let render = |_| {
            let mut pipeline = Pipeline::default();
            template.render(&name, &mut pipeline, &mut dice);
            String::from_utf8(pipeline.bytes().to_vec()).unwrap()
        };
        (0..times).map(render).collect()
    }

    #[test]
    fn fixed_commands() {
        assert_eq!(render("get k", 1), ["*2\r\n$3\r\nget\r\n$1\r\nk\r\n"]);
        assert_eq!(render("PING", 1), ["*1\r\n$4\r\nPING\r\n"]);
        assert_eq!(
            render("SET \"a b\" '' {tag}", 1),
            ["*4\r\n$3\r\nSET\r\n$3\r\na b\r\n$0\r\n\r\n$5\r\n{tag}\r\n"]
        );
        assert_eq!(Template::parse("set a b").unwrap().name(), "SET");
    }

    #[test]
    fn sequences_go_round() {
        let keys = render("GET {k{seq:3}}-{sequential:2}", 4);
        let key = |text: &str| format!("*2\r\n$3\r\nGET\r\n$6\r\n{text}\r\n");
        assert_eq!(keys, ["{k0}-0", "{k1}-1", "{k2}-0", "{k0}-1"].map(key));
    }

    #[test]
    fn lengths_are_those_of_the_content() {
        for text in
            ["SET key:{uniform:1000000} {bytes:64}", "GET {zipf:12}{zipf:99999:1.2}{bytes:0}"]
        {
            for command in render(text, 200) {
                let lines: Vec<&str> = command.trim_end_matches("\r\n").split("\r\n").collect();
                for pair in lines[1..].chunks(2) {
                    let length: usize = pair[0].strip_prefix('$').unwrap().parse().unwrap();
                    assert_eq!(
                        length,
                        pair.get(1).map_or(0, |content| content.len()),
                        "{command:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_long_payload_is_whole() {
        let command = &render("SET k {bytes:200000}", 1)[0];
        assert_eq!(command.len(), "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$200000\r\n\r\n".len() + 200_000);
    }

    #[test]
    fn a_seed_decides_the_commands() {
        assert_eq!(render("GET {uniform:1000}", 5), render("GET {uniform:1000}", 5));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, message) in [
            ("", "an empty command"),
            ("  ", "an empty command"),
            ("GET 'k", "a quote that does not end, or that something other than a blank follows"),
            ("GET {uniform}", "{uniform}: expected uniform:N"),
            ("GET {uniform:0}", "{uniform:0}: expected uniform:N"),
            ("GET {uniform:1:2}", "{uniform:1:2}: expected uniform:N"),
            ("GET {zipf:10:-1}", "{zipf:10:-1}: expected zipf:N or zipf:N:EXPONENT, above 0"),
            ("GET {seq:x}", "{seq:x}: expected seq:N"),
            ("SET k {bytes:999999999}", "{bytes:999999999}: expected bytes:N, 536870912 at most"),
        ] {
            assert_eq!(Template::parse(text).unwrap_err().to_string(), message, "{text}");
        }
        let many = format!("GET {}", "{uniform:9}".repeat(PARTS_LIMIT + 1));
        assert_eq!(Template::parse(&many).unwrap_err(), TemplateError::TooManyParts);
    }
}
