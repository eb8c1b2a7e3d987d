//! One dash for two: people know `-rate=100` from vegeta, whose flags are ours for some verbs.
//!
//! There, `-word` is always a long flag, so that a slip of the finger in `-duration=5s` is an unknown
//! flag and not `-d` with a value. Short flags are one letter, several without values (`-qv`), or have
//! a value that is no word in lower case (`-XPOST`).

use std::ffi::OsString;

use clap::{Arg, ArgAction, Command};

/// Verbs whose long flags may have one dash.
const VERBS: [&str; 5] = ["attack", "capacity", "report", "encode", "plot"];

/// Gives long flags with one dash a second one. Values, short flags and everything behind `--` stay
/// as they are. `arguments` begins with the program's name.
pub(crate) fn two_dashes(
    arguments: impl IntoIterator<Item = OsString>,
    cli: &Command,
) -> Vec<OsString> {
    let mut all: Vec<OsString> = arguments.into_iter().collect();
    let Some(verb_at) = positions(&all, &[cli], 1).find(|(_, flag)| flag.is_none()) else {
        return all;
    };
    let verb = all.get(verb_at.0).and_then(|word| word.to_str()).unwrap_or_default().to_owned();
    let Some(command) = cli.find_subcommand(&verb).filter(|_| VERBS.contains(&verb.as_str()))
    else {
        return all;
    };
    let one_dash: Vec<usize> = positions(&all, &[command, cli], verb_at.0 + 1)
        .filter_map(|(at, flag)| flag.is_some_and(|flag| flag.needs_dash).then_some(at))
        .collect();
    for at in one_dash {
        if let Some(argument) = all.get_mut(at) {
            let mut with_dash = OsString::from("-");
            with_dash.push(&*argument);
            *argument = with_dash;
        }
    }
    all
}

/// What an argument that begins with a dash is.
#[derive(Clone, Copy)]
struct Flag {
    /// A long flag's name behind one dash.
    needs_dash: bool,
    /// Its value is the next argument.
    takes_next: bool,
}

/// The places of flags and words from `from` on, without the values of flags.
fn positions<'a>(
    all: &'a [OsString],
    commands: &'a [&'a Command],
    from: usize,
) -> impl Iterator<Item = (usize, Option<Flag>)> + 'a {
    let mut at = from;
    std::iter::from_fn(move || {
        let here = at;
        let text = all.get(here)?.to_str().unwrap_or_default();
        if text == "--" {
            return None;
        }
        let flag = flag(text, commands);
        at += 1 + usize::from(flag.is_some_and(|flag| flag.takes_next));
        Some((here, flag))
    })
}

fn flag(text: &str, commands: &[&Command]) -> Option<Flag> {
    let bare = text.strip_prefix('-').filter(|bare| !bare.is_empty())?;
    let (long, has_two) = match bare.strip_prefix('-') {
        Some(long) => (long, true),
        None => (bare, false),
    };
    let (name, has_value) = match long.split_once('=') {
        Some((name, _)) => (name, true),
        None => (long, false),
    };
    let arguments = || commands.iter().flat_map(|command| command.get_arguments());
    if let Some(known) = arguments().find(|argument| argument.get_long() == Some(name)) {
        return Some(Flag { needs_dash: !has_two, takes_next: !has_value && takes_value(known) });
    }
    let short = |letter| arguments().find(|argument| argument.get_short() == Some(letter));
    if let (Some(letter), false) = (only_letter(bare), has_two) {
        return Some(Flag {
            needs_dash: false,
            takes_next: short(letter).is_some_and(takes_value),
        });
    }
    let are_switches = bare.chars().all(|letter| short(letter).is_some_and(|a| !takes_value(a)));
    let is_word = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    let is_number = name.starts_with(|c: char| c.is_ascii_digit());
    let needs_dash = !has_two && is_word && !is_number && !are_switches;
    Some(Flag { needs_dash, takes_next: false })
}

fn only_letter(text: &str) -> Option<char> {
    let mut letters = text.chars();
    letters.next().filter(|_| letters.next().is_none())
}

/// Whether the flag's value may be an argument of its own.
fn takes_value(argument: &Arg) -> bool {
    matches!(argument.get_action(), ArgAction::Set | ArgAction::Append)
        && !argument.is_require_equals_set()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::two_dashes;
    use crate::args::Cli;

    fn check(line: &str, expected: &str) {
        let arguments = std::iter::once("plimsoll").chain(line.split_whitespace());
        let given = two_dashes(arguments.map(Into::into), &Cli::command());
        let given: Vec<_> =
            given.iter().skip(1).map(|text| text.to_str().unwrap_or_default()).collect();
        assert_eq!(given.join(" "), expected, "{line}");
    }

    #[test]
    fn only_long_flags_of_vegetas_verbs_get_a_dash() {
        check("attack -rate=100 -duration 30s", "attack --rate=100 --duration 30s");
        check(
            "attack --rate=100 -lazy -keepalive=false",
            "attack --rate=100 --lazy --keepalive=false",
        );
        check("-q attack -http2=false -h2c", "-q attack --http2=false --h2c");
        check("--log-output none attack -name x", "--log-output none attack --name x");
        check("attack -redirects -1 -X POST -d -rate", "attack --redirects -1 -X POST -d -rate");
        check("attack -XPOST -H a:b -name -lazy", "attack -XPOST -H a:b --name -lazy");
        check("attack -qv -nosuch -- -rate", "attack -qv --nosuch -- -rate");
        check("attack -duratoin=5s -5 -dA -d", "attack --duratoin=5s -5 -dA -d");
        check("run -e A=b -iterations 3", "run -e A=b -iterations 3");
        check("", "");
    }
}
