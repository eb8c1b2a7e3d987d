//! Laws of the codec: any cut gives the same result, what is written is read, nothing panics.

use proptest::{collection::vec, prelude::*};

use super::*;

/// What all readers together say of one stream of replies.
#[derive(Debug, PartialEq)]
enum Said {
    Values(Vec<Value>),
    Failed(ReplyError),
}

fn decode(pieces: &[&[u8]]) -> Said {
    let mut decoder = ValueDecoder::default();
    let (mut buffer, mut values) = (Vec::new(), Vec::new());
    for piece in pieces {
        buffer.extend_from_slice(piece);
        loop {
            match decoder.decode(&buffer) {
                Err(error) => return Said::Failed(error),
                Ok((taken, value)) => {
                    buffer.drain(..taken);
                    match value {
                        Some(value) => values.push(value),
                        None => break,
                    }
                }
            }
        }
    }
    Said::Values(values)
}

/// Outcomes, errors by their text.
fn skip(pieces: &[&[u8]]) -> Result<Vec<(&'static str, Vec<u8>)>, ReplyError> {
    let mut skipper = ReplySkipper::default();
    let (mut buffer, mut outcomes) = (Vec::new(), Vec::new());
    for piece in pieces {
        buffer.extend_from_slice(piece);
        loop {
            let (taken, skip) = skipper.skip(&buffer)?;
            let outcome = match skip {
                Skip::NeedMore => None,
                Skip::Done(Outcome::Value) => Some(("value", Vec::new())),
                Skip::Done(Outcome::Null) => Some(("null", Vec::new())),
                Skip::Done(Outcome::Push) => Some(("push", Vec::new())),
                Skip::Done(Outcome::Error(text)) => Some(("error", text.to_vec())),
            };
            buffer.drain(..taken);
            match outcome {
                Some(outcome) => outcomes.push(outcome),
                None => break,
            }
        }
    }
    Ok(outcomes)
}

fn outcome_of(value: &Value) -> (&'static str, Vec<u8>) {
    match value {
        Value::Null => ("null", Vec::new()),
        Value::Error(text) => ("error", text.clone()),
        Value::Push(_) => ("push", Vec::new()),
        _ => ("value", Vec::new()),
    }
}

fn check(input: &str, expected: &[Value]) {
    let said = decode(&[input.as_bytes()]);
    assert_eq!(said, Said::Values(expected.to_vec()), "{input:?}");
    let outcomes: Vec<_> = expected.iter().map(outcome_of).collect();
    assert_eq!(skip(&[input.as_bytes()]), Ok(outcomes), "{input:?}");
}

fn bulk(text: &str) -> Value {
    Value::Bulk(text.into())
}

#[test]
fn replies_of_the_specification() {
    check("+OK\r\n", &[Value::Simple("OK".into())]);
    check("-ERR no\r\n:-5\r\n", &[Value::Error("ERR no".into()), Value::Integer(-5)]);
    check("$5\r\nhello\r\n$0\r\n\r\n", &[bulk("hello"), bulk("")]);
    check("$-1\r\n*-1\r\n_\r\n", &[Value::Null, Value::Null, Value::Null]);
    check(
        "*2\r\n:1\r\n*1\r\n$1\r\na\r\n*0\r\n",
        &[
            Value::Array(vec![Value::Integer(1), Value::Array(vec![bulk("a")])]),
            Value::Array(vec![]),
        ],
    );
    check(
        "#t\r\n#f\r\n,1.5\r\n,-inf\r\n",
        &[
            Value::Boolean(true),
            Value::Boolean(false),
            Value::Double(1.5),
            Value::Double(f64::NEG_INFINITY),
        ],
    );
    check(
        "(-3492890328409238509324850943850943825024385\r\n",
        &[Value::BigNumber("-3492890328409238509324850943850943825024385".into())],
    );
    check("!8\r\nERR a\r\nb\r\n", &[Value::Error("ERR a\r\nb".into())]);
    check("=7\r\ntxt:abc\r\n", &[Value::Verbatim { format: *b"txt", text: "abc".into() }]);
    check(
        "%1\r\n+a\r\n:1\r\n~1\r\n+b\r\n",
        &[
            Value::Map(vec![(Value::Simple("a".into()), Value::Integer(1))]),
            Value::Set(vec![Value::Simple("b".into())]),
        ],
    );
    check(
        ">2\r\n+message\r\n$-1\r\n+OK\r\n",
        &[
            Value::Push(vec![Value::Simple("message".into()), Value::Null]),
            Value::Simple("OK".into()),
        ],
    );
}

#[test]
fn attributes_are_not_the_reply() {
    check("|1\r\n+ttl\r\n*1\r\n:5\r\n-ERR x\r\n", &[Value::Error("ERR x".into())]);
    check("|0\r\n+OK\r\n", &[Value::Simple("OK".into())]);
    check(
        "*2\r\n|1\r\n+a\r\n+b\r\n:1\r\n:2\r\n",
        &[Value::Array(vec![Value::Integer(1), Value::Integer(2)])],
    );
    check("|1\r\n+a\r\n|1\r\n+b\r\n-ERR\r\n$2\r\nhi\r\n+OK\r\n", &[Value::Simple("OK".into())]);
}

#[test]
fn malformed_replies() {
    for (input, error) in [
        ("GET\r\n", ReplyError::UnknownType(b'G')),
        ("?", ReplyError::UnknownType(b'?')),
        ("+OK\n", ReplyError::LineEnd),
        ("$x\r\n", ReplyError::Length),
        ("$-2\r\n", ReplyError::Length),
        ("!-1\r\n", ReplyError::Length),
        ("$?\r\n", ReplyError::Streamed),
        ("*?\r\n", ReplyError::Streamed),
        ("$1\r\nabc", ReplyError::BulkEnd),
        (":1x\r\n", ReplyError::Scalar("integer")),
        (":9223372036854775808\r\n", ReplyError::Scalar("integer")),
        ("$536870913\r\n", ReplyError::BulkTooLong(536_870_913)),
        ("*99999999999\r\n", ReplyError::TooManyElements),
        ("%9223372036854775807\r\n", ReplyError::TooManyElements),
    ] {
        assert_eq!(decode(&[input.as_bytes()]), Said::Failed(error.clone()), "{input:?}");
        assert_eq!(skip(&[input.as_bytes()]), Err(error), "{input:?}");
    }
    let deep = "*1\r\n".repeat(DEPTH_LIMIT + 1);
    assert_eq!(decode(&[deep.as_bytes()]), Said::Failed(ReplyError::TooDeep));
    let line = vec![b'+'; LINE_LIMIT + 1];
    assert_eq!(decode(&[&line]), Said::Failed(ReplyError::LineTooLong));
    assert_eq!(skip(&[&line]), Err(ReplyError::LineTooLong));
}

#[test]
fn a_long_string_is_skipped_as_it_comes() {
    let mut skipper = ReplySkipper::default();
    assert_eq!(skipper.skip(b"$10\r\nabc").unwrap(), (8, Skip::NeedMore));
    assert!(skipper.is_inside());
    assert_eq!(skipper.skip(b"defghij\r").unwrap(), (8, Skip::NeedMore));
    assert_eq!(skipper.skip(b"\n+OK\r\n").unwrap(), (1, Skip::Done(Outcome::Value)));
    assert!(!skipper.is_inside());
}

fn commands(pieces: &[&[u8]]) -> Result<Vec<Vec<Vec<u8>>>, CommandError> {
    let mut decoder = CommandDecoder::default();
    let (mut buffer, mut all) = (Vec::new(), Vec::new());
    for piece in pieces {
        buffer.extend_from_slice(piece);
        loop {
            let (taken, command) = decoder.decode(&buffer)?;
            let is_whole = command.is_some();
            all.extend(command.map(|command| command.iter().map(<[u8]>::to_vec).collect()));
            buffer.drain(..taken);
            if !is_whole {
                break;
            }
        }
    }
    Ok(all)
}

#[test]
fn commands_of_both_forms() {
    let input = b"\r\n*0\r\nPING\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*-1\r\nSET k \"a b\"\n";
    let words = |words: &[&str]| words.iter().map(|w| w.as_bytes().to_vec()).collect::<Vec<_>>();
    let expected = vec![words(&["PING"]), words(&["GET", "k"]), words(&["SET", "k", "a b"])];
    assert_eq!(commands(&[input]), Ok(expected.clone()));
    let bytes: Vec<&[u8]> = input.chunks(1).collect();
    assert_eq!(commands(&bytes), Ok(expected));
}

#[test]
fn malformed_commands_have_the_text_of_redis() {
    for (input, message) in [
        ("*x\r\n", "Protocol error: invalid multibulk length"),
        ("*99999999\r\n", "Protocol error: invalid multibulk length"),
        ("*1\r\nfoo", "Protocol error: expected '$', got 'f'"),
        ("*1\r\n$x\r\n", "Protocol error: invalid bulk length"),
        ("*1\r\n$-1\r\n", "Protocol error: invalid bulk length"),
        ("*1\r\n$536870913\r\n", "Protocol error: invalid bulk length"),
        ("SET k \"a\r\n", "Protocol error: unbalanced quotes in request"),
    ] {
        let error = commands(&[input.as_bytes()]).unwrap_err();
        assert_eq!(error.to_string(), message, "{input:?}");
    }
    for (first, message) in [
        ("a", "Protocol error: too big inline request"),
        ("*", "Protocol error: too big mbulk count string"),
        ("*1\r\n$", "Protocol error: too big bulk count string"),
    ] {
        let input = first.to_owned() + &"1".repeat(INLINE_LIMIT);
        let error = commands(&[input.as_bytes()]).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}

/// A command that is put back comes again, whatever stands before and behind it, and is not looked through: what
/// has become of its first line does not matter.
#[test]
fn a_command_that_is_put_back_comes_again() {
    let mut decoder = CommandDecoder::default();
    let input = b"\r\n*0\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\nPING\r\n";
    let (taken, command) = decoder.decode(input).unwrap();
    assert_eq!(words(command.unwrap()), ["GET", "k"]);
    let before = decoder.put_back();
    assert_eq!(&input[before..taken], b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");
    let mut input = input[before..].to_vec();
    input[0] = b'?';
    for _ in 0..2 {
        let (again, command) = decoder.decode(&input).unwrap();
        assert_eq!((again, words(command.unwrap())), (taken - before, words_of("GET k")));
        assert_eq!(decoder.put_back(), 0);
    }
    decoder.forget();
    assert_eq!(decoder.decode(b"*1\r\n").unwrap().0, 0, "nothing is left of it");
    let mut decoder = CommandDecoder::default();
    for _ in 0..2 {
        let (taken, command) = decoder.decode(b"GET k\r\n").unwrap();
        assert_eq!((taken, words(command.unwrap())), (7, words_of("GET k")));
        assert_eq!(decoder.put_back(), 0, "an inline one is read anew");
    }
}

fn words(command: Command<'_>) -> Vec<String> {
    command.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect()
}

fn words_of(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

/// Of a command whose second argument is not wanted only the rest is kept, however it comes.
#[test]
fn an_argument_is_passed_over() {
    let value = "v".repeat(1_000);
    let input = format!("*4\r\n$3\r\nSET\r\n$1\r\nk\r\n$1000\r\n{value}\r\n$2\r\nNX\r\nPING\r\n");
    let head = input.find("vv").unwrap();
    for (first, piece) in [(head, 7), (head + 1, 1), (head + 999, 100), (head + 1_001, 5_000)] {
        let mut decoder = CommandDecoder::default();
        let mut kept = input.as_bytes()[..first].to_vec();
        assert!(decoder.decode(&kept).unwrap().1.is_none() && decoder.missing() > 0);
        decoder.forget();
        assert_eq!((decoder.missing(), decoder.pass_over()), (0, None));
        assert!(decoder.decode(&kept).unwrap().1.is_none());
        assert_eq!(words(decoder.begun(&kept).unwrap()), ["SET", "k"]);
        kept.truncate(decoder.pass_over().unwrap());
        let mut commands = Vec::new();
        for new in input.as_bytes()[first..].chunks(piece) {
            kept.extend_from_slice(decoder.skip(new));
            while let (taken, Some(command)) = decoder.decode(&kept).unwrap() {
                commands.push(words(command));
                kept.drain(..taken);
            }
            assert!(kept.len() < head + 30, "{} bytes are kept", kept.len());
        }
        assert_eq!(commands, [vec!["SET", "k", "", "NX"], vec!["PING"]]);
    }
}

fn value() -> impl Strategy<Value = Value> {
    let line = vec(any::<u8>().prop_filter("no line end", |b| !b"\r\n".contains(b)), 0..12);
    let bytes = vec(any::<u8>(), 0..20);
    let message = vec(prop_oneof![Just(b'\n'), any::<u8>()], 0..12);
    let leaf = prop_oneof![
        Just(Value::Null),
        line.prop_map(Value::Simple),
        message.prop_map(Value::Error),
        any::<i64>().prop_map(Value::Integer),
        bytes.clone().prop_map(Value::Bulk),
        any::<bool>().prop_map(Value::Boolean),
        any::<i32>().prop_map(|number| Value::Double(f64::from(number) / 8.0)),
        "-?[0-9]{1,30}".prop_map(|digits| Value::BigNumber(digits.into())),
        bytes.prop_map(|text| Value::Verbatim { format: *b"mkd", text }),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        let values = vec(inner.clone(), 0..5);
        prop_oneof![
            values.clone().prop_map(Value::Array),
            values.clone().prop_map(Value::Set),
            values.prop_map(Value::Push),
            vec((inner.clone(), inner), 0..3).prop_map(Value::Map),
        ]
    })
}

/// The input as written, and in two pieces at every place.
fn cuts(bytes: &[u8]) -> impl Iterator<Item = [&[u8]; 2]> {
    (0..=bytes.len()).map(|at| [&bytes[..at], &bytes[at..]])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn what_is_written_is_read_however_it_is_cut(values in vec(value(), 1..4)) {
        let mut bytes = Vec::new();
        values.iter().for_each(|value| value.write(&mut bytes, Protocol::Resp3));
        let outcomes: Vec<_> = values.iter().map(outcome_of).collect();
        let expected = Said::Values(values);
        for pieces in cuts(&bytes) {
            prop_assert_eq!(decode(&pieces), &expected);
            prop_assert_eq!(skip(&pieces).unwrap(), outcomes.clone());
        }
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        prop_assert_eq!(decode(&single), &expected);
        prop_assert_eq!(skip(&single).unwrap(), outcomes);
    }

    #[test]
    fn commands_are_read_however_they_are_cut(
        all in vec(vec(vec(any::<u8>(), 0..12), 1..5), 1..4)
    ) {
        let mut bytes = Vec::new();
        all.iter().for_each(|arguments| write_command(&mut bytes, arguments));
        for pieces in cuts(&bytes) {
            prop_assert_eq!(commands(&pieces).unwrap(), all.clone());
        }
    }

    /// Near-RESP: every reader gives the same in one piece and in two, and none panics.
    #[test]
    fn anything_is_judged_alike_however_it_is_cut(
        bytes in vec(prop_oneof![
            Just(b'\r'), Just(b'\n'), Just(b'-'), Just(b'1'), Just(b'2'), Just(b'"'), any::<u8>(),
            proptest::sample::select(b"+-:$!=_#,(*%~>|".to_vec()),
        ], 0..40),
        at in 0_usize..40,
    ) {
        let pieces = [&bytes[..at.min(bytes.len())], &bytes[at.min(bytes.len())..]];
        let (whole, cut) = (decode(&[&bytes]), decode(&pieces));
        prop_assert_eq!(whole, cut);
        prop_assert_eq!(skip(&[&bytes]), skip(&pieces));
        prop_assert_eq!(commands(&[&bytes]), commands(&pieces));
    }
}

impl PartialEq<&Said> for Said {
    fn eq(&self, other: &&Said) -> bool {
        self == *other
    }
}
