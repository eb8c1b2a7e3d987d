//! Pipelines over a store so large that commands are decoded ahead: each reply is what it is over a small
//! one.

use std::io::{Read, Write};

use crate::serve::{
    Running,
    testing::{connect, serve},
};

/// Commands as lines of words, in the form that clients send them in.
fn encode(lines: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for line in lines.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        plimsoll_wire::resp::write_command(&mut out, words);
    }
    out
}

/// All that comes back, to the end of the connection.
fn replies(server: &Running, sent: &[u8]) -> String {
    let mut stream = connect(server);
    stream.write_all(sent).unwrap();
    let mut replies = Vec::new();
    stream.read_to_end(&mut replies).unwrap();
    String::from_utf8_lossy(&replies).into_owned()
}

/// A server whose store is larger than the caches of a core, and knows it.
fn large() -> Running {
    let server = serve(&[]);
    let value = "x".repeat(10_000);
    let fill: String = (0..150).map(|index| format!("SET fill{index} {value}\n")).collect();
    assert_eq!(replies(&server, &encode(&(fill + "QUIT"))), "+OK\r\n".repeat(151));
    let store = server.node().keyspace.store();
    store.weigh();
    assert!(store.is_large());
    server
}

fn check(lines: &str, behind: &[u8], expected: &str) {
    let mut sent = encode(lines);
    sent.extend_from_slice(behind);
    for server in [serve(&[]), large()] {
        assert_eq!(replies(&server, &sent).replace("\r\n", " "), expected, "{lines}");
    }
}

#[test]
fn commands_in_order() {
    let both = |index| format!("SET k{index} {index}\nINCR k{index}\n");
    let lines: String = (0..100).map(both).collect();
    let expected: String = (1..=100).map(|number| format!("+OK :{number} ")).collect();
    check(&(lines + "QUIT"), b"", &(expected + "+OK "));
}

#[test]
fn what_changes_the_session() {
    check(
        "SET a 1\nMULTI\nINCR a\nGET a\nEXEC\nGET a\nCLIENT REPLY SKIP\nGET a\nGET a\nRESET\n\
         GET b\nQUIT\nGET a",
        b"",
        "+OK +OK +QUEUED +QUEUED *2 :2 $1 2 $1 2 $1 2 +RESET $-1 +OK ",
    );
}

#[test]
fn what_cannot_go_on() {
    let error = "-ERR Protocol error: expected '$', got ':' ";
    check("GET a\nGET b\nGET c", b"*1\r\n:1\r\n", &format!("$-1 $-1 $-1 {error}"));
    check("GET a\nBLPOP l 0.01\nGET a\nGET b\nQUIT", b"", "$-1 *-1 $-1 $-1 +OK ");
    let inline = b"GET b\r\nPING x\r\nQUIT\r\n";
    check("GET a\nSET b 1\nGET b", inline, "$-1 +OK $1 1 $1 1 $1 x +OK ");
    let arity = "-ERR wrong number of arguments for 'get' command ";
    check("GET a\nECHO b\nGET\nQUIT", b"", &format!("$-1 $1 b {arity}+OK "));
}
