//! Commands that are long, by their values or by their arguments.

use std::io::Write;

use super::{check, connect, serve};

const MB: usize = 1 << 20;

/// A value for which there is no memory is not kept while it comes.
#[test]
fn values_without_room_are_passed_over() {
    let server = serve(&[("maxmemory", "16mb"), ("maxmemory-policy", "allkeys-lru")]);
    let (mut stream, mut other) = (connect(&server), connect(&server));
    check(&mut stream, "SET small v\r\n", "+OK\r\n");
    let refused = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";
    let value = "v".repeat(8 * MB);
    for (head, tail, said) in [
        ("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n", "", refused),
        ("*5\r\n$3\r\nset\r\n$1\r\nk\r\n", "$2\r\nEX\r\n$2\r\n10\r\n", refused),
        ("*3\r\n$4\r\nSADD\r\n$1\r\nk\r\n", "PING\r\n", &format!("{refused}+PONG\r\n")),
        // These need no memory, or nobody knows yet whether they do.
        ("*3\r\n$4\r\nSREM\r\n$1\r\nk\r\n", "", ":0\r\n"),
        ("*2\r\n$3\r\nGET\r\n", "", "$-1\r\n"),
        ("MULTI\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n", "DISCARD\r\n", "+OK\r\n+QUEUED\r\n+OK\r\n"),
    ] {
        let cut = value.len() - MB;
        stream.write_all(format!("{head}${}\r\n", value.len()).as_bytes()).unwrap();
        stream.write_all(&value.as_bytes()[..cut]).unwrap();
        check(&mut other, "PING\r\n", "+PONG\r\n");
        stream.write_all(&value.as_bytes()[cut..]).unwrap();
        check(&mut stream, &format!("\r\n{tail}"), said);
        check(&mut stream, "EXISTS small k\r\nSET a b\r\n", ":1\r\n+OK\r\n");
    }
}

/// Decoded once, and run in steps.
#[test]
fn very_many_arguments() {
    let server = serve(&[]);
    let mut stream = connect(&server);
    let words = |name: &str, count: usize| {
        let mut command = Vec::new();
        let arguments = (1..count).map(|number| format!("{number}"));
        plimsoll_wire::resp::write_command(
            &mut command,
            [name.to_owned()].into_iter().chain(arguments).collect::<Vec<_>>(),
        );
        String::from_utf8(command).unwrap()
    };
    let added = format!("{}PING\r\n", words("SADD", 150_001));
    check(&mut stream, &added, ":149999\r\n+PONG\r\n");
    check(&mut stream, "SCARD 1\r\nSET 7 x\r\n", ":149999\r\n+OK\r\n");
    check(&mut stream, &words("DEL", 150_001), ":2\r\n");
    check(&mut stream, "DBSIZE\r\n", ":0\r\n");
}
