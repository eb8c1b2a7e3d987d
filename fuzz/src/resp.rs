//! RESP replies and commands: any bytes, cut anywhere, give what they give in one piece.

use bolero::{check, produce};
use plimsoll_wire::resp::{
    CommandDecoder, CommandError, Limits, Outcome, Protocol, Redirect, ReplyError, ReplySkipper,
    Skip, Value, ValueDecoder, first_key, slot,
};

use crate::near::{Corpus, Split};

const SEEDS: &[&str] = &[
    "+OK\r\n-ERR unknown command\r\n:-42\r\n$5\r\nhello\r\n$-1\r\n*-1\r\n",
    "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2\r\nvv\r\n",
    "%2\r\n+a\r\n:1\r\n+b\r\n*2\r\n#t\r\n_\r\n",
    ">2\r\n+message\r\n$2\r\nhi\r\n~1\r\n,1.5\r\n(123456789012345678901234567890\r\n",
    "|1\r\n+ttl\r\n:5\r\n=7\r\ntxt:abc\r\n!8\r\nERR a\r\nb\r\n",
    "SET key \"a b\\x41\\n\" 'c\\'d'\r\nPING\r\n\r\n",
    "-MOVED 3999 127.0.0.1:6381\r\n-ASK 1 ::1:7000\r\n",
];

const WORDS: &[&str] = &[
    "\r\n",
    "\n",
    "\r",
    "-1",
    "0",
    "$?",
    "*?",
    "*1\r\n",
    "*2\r\n",
    "%1\r\n",
    "|1\r\n",
    ">1\r\n",
    "$4\r\n",
    "+x\r\n",
    "_\r\n",
    "#f\r\n",
    ",nan\r\n",
    "9223372036854775807",
    "9223372036854775808",
    "\"",
    "'",
    "\\x",
    "\\",
    "{",
    "}",
    "EVAL",
    "2",
];

/// Small enough that inputs reach them.
const LIMITS: Limits = Limits { bulk: 64, elements: 24, depth: 4 };

fn values(pieces: &[&[u8]]) -> (Vec<Value>, Option<ReplyError>) {
    let mut decoder = ValueDecoder::new(LIMITS);
    let (mut waiting, mut values) = (Vec::new(), Vec::new());
    for piece in pieces {
        waiting.extend_from_slice(piece);
        loop {
            match decoder.decode(&waiting) {
                Err(error) => return (values, Some(error)),
                Ok((taken, value)) => {
                    waiting.drain(..taken);
                    match value {
                        Some(value) => values.push(value),
                        None => break,
                    }
                }
            }
        }
    }
    (values, None)
}

/// The outcomes as text, since they borrow.
fn outcomes(pieces: &[&[u8]]) -> (Vec<String>, Option<ReplyError>) {
    let mut skipper = ReplySkipper::new(LIMITS);
    let (mut waiting, mut outcomes) = (Vec::new(), Vec::new());
    for piece in pieces {
        waiting.extend_from_slice(piece);
        loop {
            let (taken, outcome) = match skipper.skip(&waiting) {
                Err(error) => return (outcomes, Some(error)),
                Ok((taken, Skip::NeedMore)) => (taken, None),
                Ok((taken, Skip::Done(outcome))) => {
                    if let Outcome::Error(message) = outcome {
                        Redirect::parse(message);
                    }
                    (taken, Some(format!("{outcome:?}")))
                }
            };
            waiting.drain(..taken);
            match outcome {
                Some(outcome) => outcomes.push(outcome),
                None => break,
            }
        }
    }
    (outcomes, None)
}

type Commands = Vec<Vec<Vec<u8>>>;

fn commands(pieces: &[&[u8]]) -> (Commands, Option<CommandError>) {
    let mut decoder = CommandDecoder::new(LIMITS);
    let (mut waiting, mut all) = (Vec::new(), Vec::new());
    for piece in pieces {
        waiting.extend_from_slice(piece);
        loop {
            match decoder.decode(&waiting) {
                Err(error) => return (all, Some(error)),
                Ok((taken, None)) => {
                    waiting.drain(..taken);
                    break;
                }
                Ok((taken, Some(command))) => {
                    let arguments: Vec<Vec<u8>> = command.iter().map(<[u8]>::to_vec).collect();
                    waiting.drain(..taken);
                    assert!(!arguments.is_empty());
                    all.push(arguments);
                }
            }
        }
    }
    (all, None)
}

#[test]
fn resp_replies() {
    let inputs = (Corpus::of_texts(SEEDS, WORDS).bytes(), produce::<Split>());
    check!().with_generator(inputs).for_each(|(bytes, split)| {
        let pieces = split.pieces(&bytes.0);
        let whole = values(&[&bytes.0]);
        let skipped = outcomes(&[&bytes.0]);
        assert_eq!(format!("{:?}", values(&pieces)), format!("{whole:?}"));
        assert_eq!(outcomes(&pieces), skipped);
        let mut written = Vec::new();
        for value in &whole.0 {
            value.write(&mut written, Protocol::Resp3);
        }
        // NaN is not equal to itself; its text is.
        assert_eq!(format!("{:?}", values(&[&written]).0), format!("{:?}", whole.0));
    });
}

#[test]
fn resp_commands() {
    let inputs = (Corpus::of_texts(SEEDS, WORDS).bytes(), produce::<Split>());
    check!().with_generator(inputs).for_each(|(bytes, split)| {
        let whole = commands(&[&bytes.0]);
        assert_eq!(commands(&split.pieces(&bytes.0)), whole);
        for arguments in &whole.0 {
            let key = first_key(arguments).and_then(|at| arguments.get(at));
            assert!(key.is_none_or(|key| slot(key) < plimsoll_wire::resp::SLOTS));
        }
    });
}
