//! The arguments of a command as COMMAND DOCS tells them, made of its [`syntax`](super::syntax).

use super::syntax::syntax;
use crate::commands::reply::Reply;

/// Arguments that are whole numbers, by name.
const INTEGERS: &[&str] = &[
    "bit",
    "bits",
    "client-id",
    "count",
    "cursor",
    "db",
    "decrement",
    "destination-db",
    "frequency",
    "index",
    "index1",
    "index2",
    "len",
    "limit",
    "maxage",
    "milliseconds",
    "min-match-len",
    "num-matches",
    "numkeys",
    "numreplicas",
    "offset",
    "protover",
    "rank",
    "seconds",
    "version",
];

/// One argument, or several that belong together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Argument {
    name: String,
    /// As COMMAND DOCS names it: `key`, `integer`, `oneof`, `block` ...
    kind: &'static str,
    /// What is written before it, or in its place.
    token: Option<&'static str>,
    is_optional: bool,
    is_repeated: bool,
    /// Whether the token is repeated too.
    repeats_token: bool,
    /// Those of which it is one, or that make it up.
    inner: Vec<Argument>,
}

impl Argument {
    fn flags(&self) -> Vec<&'static str> {
        let flags = [
            ("optional", self.is_optional),
            ("multiple", self.is_repeated),
            ("multiple_token", self.repeats_token),
        ];
        flags.into_iter().filter_map(|(flag, is_set)| is_set.then_some(flag)).collect()
    }
}

/// The arguments of the command of that name.
pub(super) fn of(name: &str) -> Vec<Argument> {
    let mut ways = Reader { rest: syntax(name) }.ways();
    // There is always one.
    ways.pop().unwrap_or_default()
}

/// Reads a syntax from the left to the right.
struct Reader {
    rest: &'static str,
}

impl Reader {
    /// A word, or a sign.
    fn next(&mut self) -> Option<&'static str> {
        let rest = self.rest.trim_start();
        let is_sign = |c: char| matches!(c, '[' | ']' | '(' | ')' | '|');
        let length = match rest.find(|c| is_sign(c) || c == ' ') {
            Some(0) => 1,
            Some(length) => length,
            None => rest.len(),
        };
        let (word, rest) = rest.split_at(length);
        self.rest = rest;
        (!word.is_empty()).then_some(word)
    }

    /// Until the end, or the bracket that closes: what stands between the bars.
    fn ways(&mut self) -> Vec<Vec<Argument>> {
        let mut ways: Vec<Vec<Argument>> = vec![Vec::new()];
        while let Some(word) = self.next() {
            let argument = match word {
                "]" | ")" => break,
                "|" => {
                    ways.push(Vec::new());
                    continue;
                }
                "..." => {
                    if let Some(last) = ways.last_mut().and_then(|way| way.last_mut()) {
                        last.is_repeated = true;
                        last.repeats_token = last.token.is_some();
                    }
                    continue;
                }
                "[" => Argument { is_optional: true, ..one_of(self.ways()) },
                "(" => one_of(self.ways()),
                word => single(word),
            };
            if let Some(way) = ways.last_mut() {
                way.push(argument);
            }
        }
        ways
    }
}

fn single(word: &'static str) -> Argument {
    if word.starts_with(|c: char| c.is_ascii_uppercase() || c.is_ascii_digit()) {
        let name = word.to_ascii_lowercase();
        return Argument { name, kind: "pure-token", token: Some(word), ..Argument::default() };
    }
    let kind = match word {
        "destination" | "destkey" | "dst" | "key" | "key1" | "key2" | "newkey" | "source"
        | "sourcekey" | "src" => "key",
        "pattern" => "pattern",
        "unix-time-seconds" | "unix-time-milliseconds" => "unix-time",
        "score" | "weight" => "double",
        word if INTEGERS.contains(&word) => "integer",
        _ => "string",
    };
    Argument { name: word.to_owned(), kind, ..Argument::default() }
}

fn one_of(ways: Vec<Vec<Argument>>) -> Argument {
    let mut inner: Vec<Argument> = ways.into_iter().map(together).collect();
    match inner.len() {
        1 => inner.pop().unwrap_or_default(),
        _ => Argument { name: name_of(&inner), kind: "oneof", inner, ..Argument::default() },
    }
}

fn together(mut way: Vec<Argument>) -> Argument {
    match way.as_slice() {
        [_] => way.pop().unwrap_or_default(),
        // A word before a single argument is its token.
        [word, argument]
            if word.kind == "pure-token" && argument.token.is_none() && !argument.is_optional =>
        {
            Argument { token: word.token, ..argument.clone() }
        }
        _ => Argument { name: name_of(&way), kind: "block", inner: way, ..Argument::default() },
    }
}

/// Several are called as the first of them.
fn name_of(inner: &[Argument]) -> String {
    inner.first().map(|first| first.name.clone()).unwrap_or_default()
}

pub(super) fn write(out: &mut Reply, arguments: &[Argument]) {
    out.array(arguments.len());
    for argument in arguments {
        let Argument { name, kind, token, inner, .. } = argument;
        let flags = argument.flags();
        let fields = 2
            + usize::from(token.is_some())
            + usize::from(!flags.is_empty())
            + usize::from(!inner.is_empty());
        out.map(fields);
        for (field, text) in [("name", name.as_str()), ("type", kind)] {
            out.bulk(field.as_bytes());
            out.bulk(text.as_bytes());
        }
        if let Some(token) = token {
            out.bulk(b"token");
            out.bulk(token.as_bytes());
        }
        if !flags.is_empty() {
            out.bulk(b"flags");
            out.set(flags.len());
            flags.iter().for_each(|flag| out.simple(flag));
        }
        if !inner.is_empty() {
            out.bulk(b"arguments");
            write(out, inner);
        }
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_wire::resp::Protocol;

    use super::*;
    use crate::commands::{Run, introspect::syntax::SYNTAX, numbered};

    /// As redis-cli writes it.
    fn shown(arguments: &[Argument], between: &str) -> String {
        let texts: Vec<String> = arguments.iter().map(one).collect();
        texts.join(between)
    }

    fn one(argument: &Argument) -> String {
        let own = match argument.kind {
            "pure-token" => String::new(),
            "oneof" => shown(&argument.inner, "|"),
            "block" => shown(&argument.inner, " "),
            _ => argument.name.clone(),
        };
        let token = argument.token.unwrap_or_default();
        let text = [token, &own].into_iter().filter(|text| !text.is_empty());
        let text = text.collect::<Vec<_>>().join(" ");
        let again = if argument.repeats_token { &text } else { &own };
        let text =
            if argument.is_repeated { format!("{text} [{again} ...]") } else { text.clone() };
        if argument.is_optional { format!("[{text}]") } else { text }
    }

    #[test]
    fn what_is_shown_while_one_types() {
        for (name, expected) in [
            ("get", "key"),
            ("dbsize", ""),
            (
                "set",
                "key value [NX|XX|IFEQ expected|IFNE unexpected] [GET] [EX seconds|PX milliseconds|\
                 EXAT unix-time-seconds|PXAT unix-time-milliseconds|KEEPTTL]",
            ),
            ("mset", "key value [key value ...]"),
            ("lmpop", "numkeys key [key ...] LEFT|RIGHT [COUNT count]"),
            (
                "zunionstore",
                "destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE SUM|MIN|MAX]",
            ),
            ("bitcount", "key [start end [BYTE|BIT]]"),
            ("client|list", "[TYPE NORMAL|MASTER|REPLICA|PUBSUB|ID client-id [client-id ...]]"),
        ] {
            assert_eq!(shown(&of(name), " "), expected, "{name}");
        }
        let sort = shown(&of("sort_ro"), " ");
        assert!(sort.contains("[GET pattern [GET pattern ...]]"), "{sort}");
    }

    /// The fewest words that are written for it.
    fn fewest(argument: &Argument) -> usize {
        let own = match argument.kind {
            _ if argument.is_optional => return 0,
            "pure-token" => return 1,
            "oneof" => argument.inner.iter().map(fewest).min().unwrap_or(0),
            "block" => argument.inner.iter().map(fewest).sum(),
            _ => 1,
        };
        own + usize::from(argument.token.is_some())
    }

    #[test]
    fn the_syntax_agrees_with_the_arity() {
        assert!(SYNTAX.is_sorted_by_key(|(name, _)| name));
        let mut found = 0;
        for spec in numbered() {
            let is_container = !spec.subcommands.is_empty() && matches!(spec.run, Run::Server);
            if is_container || spec.name == "object" {
                continue;
            }
            let arguments = of(spec.name);
            found += usize::from(!arguments.is_empty());
            let words = 1 + usize::from(spec.name.contains('|'));
            let fewest = words + arguments.iter().map(fewest).sum::<usize>();
            assert_eq!(fewest, usize::from(spec.arity.unsigned_abs()), "{}", spec.name);
            let is_open = arguments.iter().any(|one| one.is_optional || one.is_repeated);
            let varies = is_open || arguments.iter().any(|one| one.kind == "oneof");
            assert!(varies || spec.arity > 0 || arguments.is_empty(), "{}", spec.name);
            assert!(!is_open || spec.arity < 0, "{}", spec.name);
        }
        assert_eq!(found, SYNTAX.len(), "a line is of no command");
    }

    #[test]
    fn arguments_are_told_as_maps() {
        let mut out = Reply::new(Protocol::Resp2);
        write(&mut out, &of("zmscore"));
        let text = String::from_utf8_lossy(out.buffer()).replace("\r\n", " ");
        let expected = "*2 *4 $4 name $3 key $4 type $3 key *6 $4 name $6 member $4 type $6 string \
                        $5 flags *1 +multiple ";
        assert_eq!(text, expected);
    }
}
