//! Commands that are long, by their values or by their arguments.

use std::io::{Read, Write};

use super::{check, check_closed, connect, serve};

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

#[test]
fn values_of_megabytes_find_room_among_small_ones() {
    let server = serve(&[("maxmemory", "32mb"), ("maxmemory-policy", "allkeys-lru")]);
    let mut stream = connect(&server);
    let set = |key: &str, value: &str| {
        let (key_len, value_len) = (key.len(), value.len());
        format!("*3\r\n$3\r\nSET\r\n${key_len}\r\n{key}\r\n${value_len}\r\n{value}\r\n")
    };
    let small = "s".repeat(300);
    for start in (0..120_000).step_by(1_000) {
        let batch: String =
            (start..start + 1_000).map(|number| set(&number.to_string(), &small)).collect();
        check(&mut stream, &batch, &"+OK\r\n".repeat(1_000));
    }
    // Who may not store anything has none of them go.
    let mut reader = connect(&server);
    check(&mut stream, "ACL SETUSER ann on >pw ~* +get\r\n", "+OK\r\n");
    check(&mut reader, "AUTH ann pw\r\n", "+OK\r\n");
    let before = server.node().keyspace.store().len();
    let denied = "-NOPERM User ann has no permissions to run the 'set' command\r\n";
    check(&mut reader, &set("denied", &"d".repeat(3 << 20)), denied);
    assert_eq!(server.node().keyspace.store().len(), before);
    // Shards have 4 MB each.
    for round in 0..4 {
        let large = char::from(b'a' + round).to_string().repeat(3 << 20);
        let commands = format!("{}INCR n\r\n", set(&format!("large {round}"), &large));
        let expected = format!("+OK\r\n:{}\r\n", round + 1);
        check(&mut stream, &commands, &expected);
        let reply = format!("${}\r\n{large}\r\n", large.len());
        check(&mut stream, &format!("GET \"large {round}\"\r\n"), &reply);
    }
    let too_large = set("k", &"x".repeat(5 << 20));
    let refusal = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";
    check(&mut stream, &too_large, refusal);
    check(&mut stream, "FLUSHALL\r\nDBSIZE\r\nKEYS *\r\n", "+OK\r\n:0\r\n*0\r\n");
}

/// What a transaction has queued is memory of its connection, which is closed when all keep too much.
#[test]
fn what_is_queued_is_accounted() {
    const VALUE: usize = 20_000;
    let server = serve(&[("maxmemory-clients", "1mb")]);
    let (mut stream, mut other) = (connect(&server), connect(&server));
    check(&mut stream, "MULTI\r\n", "+OK\r\n");
    let value = "v".repeat(VALUE);
    let set = format!("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n${VALUE}\r\n{value}\r\n");
    let reply = "+QUEUED\r\n";
    let mut queued = 0;
    // At the latest it is closed when all that it keeps is queued, and may be while the last one comes.
    while queued < 100 && stream.write_all(set.as_bytes()).is_ok() {
        let mut read = vec![0; reply.len()];
        if stream.read_exact(&mut read).is_err() {
            break;
        }
        assert_eq!(read, reply.as_bytes());
        queued += 1;
    }
    assert!((MB / VALUE - 5..=MB / VALUE + 1).contains(&queued), "{queued}");
    check_closed(stream);
    check(&mut other, "MULTI\r\nSET k v\r\nEXEC\r\n", "+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n");
}
