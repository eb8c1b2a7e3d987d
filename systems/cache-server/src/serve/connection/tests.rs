//! A server on a loopback port, spoken to by bare sockets.

mod ahead;
mod hot;
mod lane;
mod large;

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use crate::serve::testing::{PATIENCE, check, connect, serve};

/// Nothing more comes: the server has closed the connection.
fn check_closed(mut stream: TcpStream) {
    let mut rest = Vec::new();
    // A reset is an end too.
    stream.read_to_end(&mut rest).ok();
    assert_eq!(String::from_utf8_lossy(&rest), "");
}

#[test]
fn commands_in_any_pieces() {
    let server = serve(&[]);
    let mut stream = connect(&server);
    check(&mut stream, "SET a 1\r\nGET a\r\n", "+OK\r\n$1\r\n1\r\n");
    let command = b"*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$5\r\nhello\r\n";
    for byte in command {
        stream.write_all(&[*byte]).unwrap();
    }
    check(&mut stream, "", "+OK\r\n");
    check(&mut stream, "GET b\r\n", "$5\r\nhello\r\n");
    check(&mut stream, "PING\r\nQUIT\r\n", "+PONG\r\n+OK\r\n");
    check_closed(stream);
}

#[test]
fn a_deep_pipeline_and_large_values() {
    let server = serve(&[]);
    let mut stream = connect(&server);
    let value = "x".repeat(300_000);
    let set = format!("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n${}\r\n{value}\r\n", value.len());
    check(&mut stream, &set, "+OK\r\n");
    let reply = format!("${}\r\n{value}\r\n", value.len());
    check(&mut stream, "GET k\r\n", &reply);
    // More replies than the sockets hold, all asked for before one is read.
    let count = 30;
    stream.write_all("GET k\r\n".repeat(count).as_bytes()).unwrap();
    check(&mut stream, "", &reply.repeat(count));
    let count = 20_000;
    check(&mut stream, "INCR n\r\n", ":1\r\n");
    let expected: String = (2..count + 2).map(|number| format!(":{number}\r\n")).collect();
    let mut writer = stream.try_clone().unwrap();
    let sender = std::thread::spawn(move || {
        writer.write_all("INCR n\r\n".repeat(count).as_bytes()).unwrap();
    });
    check(&mut stream, "", &expected);
    sender.join().unwrap();
}

#[test]
fn what_is_no_command_ends_the_connection() {
    for (sent, error) in [
        ("*1\r\n:1\r\n", "-ERR Protocol error: expected '$', got ':'\r\n"),
        ("*99999999999\r\n", "-ERR Protocol error: invalid multibulk length\r\n"),
        ("*1\r\n$99999999999\r\n", "-ERR Protocol error: invalid bulk length\r\n"),
        ("SET \"a\r\n", "-ERR Protocol error: unbalanced quotes in request\r\n"),
    ] {
        let server = serve(&[]);
        // On either thread nothing of it is left for the next connection.
        for _ in 0..4 {
            let mut stream = connect(&server);
            check(&mut stream, sent, error);
            check_closed(stream);
        }
    }
}

#[test]
fn strangers_may_little() {
    let server = serve(&[("requirepass", "secret")]);
    let mut stream = connect(&server);
    check(&mut stream, "GET a\r\n", "-NOAUTH Authentication required.\r\n");
    let wrong = "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
    check(&mut stream, "AUTH wrong\r\n", wrong);
    check(&mut stream, "AUTH secret\r\nGET a\r\n", "+OK\r\n$-1\r\n");
    let mut stream = connect(&server);
    let long = "-ERR Protocol error: unauthenticated bulk length\r\n";
    check(&mut stream, "*2\r\n$4\r\nAUTH\r\n$20000\r\n", long);
    check_closed(stream);
    let mut stream = connect(&server);
    let many = "-ERR Protocol error: unauthenticated multibulk length\r\n";
    check(&mut stream, "*11\r\n", many);
    check_closed(stream);
}

#[test]
fn no_more_clients_than_allowed() {
    let server = serve(&[("maxclients", "1")]);
    let mut first = connect(&server);
    check(&mut first, "PING\r\n", "+PONG\r\n");
    let mut second = connect(&server);
    check(&mut second, "", "-ERR max number of clients reached\r\n");
    check_closed(second);
    check(&mut first, "PING\r\n", "+PONG\r\n");
}

#[test]
fn transactions() {
    let server = serve(&[]);
    let (mut first, mut second) = (connect(&server), connect(&server));
    let queued = "+OK\r\n+QUEUED\r\n+QUEUED\r\n";
    check(&mut first, "MULTI\r\nSET a 1\r\nINCR a\r\n", queued);
    check(&mut first, "EXEC\r\n", "*2\r\n+OK\r\n:2\r\n");
    check(&mut first, "WATCH a\r\nMULTI\r\nGET a\r\n", "+OK\r\n+OK\r\n+QUEUED\r\n");
    check(&mut second, "SET a 9\r\n", "+OK\r\n");
    check(&mut first, "EXEC\r\n", "*-1\r\n");
    check(&mut first, "EXEC\r\n", "-ERR EXEC without MULTI\r\n");
    check(
        &mut first,
        "MULTI\r\nNOSUCH\r\n",
        "+OK\r\n-ERR unknown command 'NOSUCH', with args beginning with: \r\n",
    );
    let aborted = "-EXECABORT Transaction discarded because of previous errors.\r\n";
    check(&mut first, "EXEC\r\n", aborted);
    check(&mut first, "MULTI\r\nPUBLISH c m\r\nEXEC\r\n", "+OK\r\n+QUEUED\r\n*1\r\n:0\r\n");
}

#[test]
fn messages_reach_those_who_listen() {
    let server = serve(&[]);
    let (mut listener, mut teller) = (connect(&server), connect(&server));
    let subscribed = "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n";
    check(&mut listener, "SUBSCRIBE c\r\n", subscribed);
    check(&mut teller, "PUBLISH c hello\r\n", ":1\r\n");
    check(&mut listener, "", "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$5\r\nhello\r\n");
    let refused = "-ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context\r\n";
    check(&mut listener, "GET a\r\n", refused);
    check(&mut listener, "PING\r\n", "*2\r\n$4\r\npong\r\n$0\r\n\r\n");
    check(&mut listener, "UNSUBSCRIBE\r\n", "*3\r\n$11\r\nunsubscribe\r\n$1\r\nc\r\n:0\r\n");
    check(&mut teller, "PUBLISH c hello\r\n", ":0\r\n");
    check(&mut listener, "GET a\r\n", "$-1\r\n");
}

#[test]
fn notifications_of_keys() {
    let server = serve(&[("notify-keyspace-events", "KEA")]);
    let (mut listener, mut writer) = (connect(&server), connect(&server));
    let subscribed = "*3\r\n$10\r\npsubscribe\r\n$13\r\n__key*__:*\r\n:1\r\n";
    let subscribed = subscribed.replace("$13", "$10");
    check(&mut listener, "PSUBSCRIBE __key*__:*\r\n", &subscribed);
    check(&mut writer, "SET k v\r\n", "+OK\r\n");
    check(
        &mut listener,
        "",
        "*4\r\n$8\r\npmessage\r\n$10\r\n__key*__:*\r\n$16\r\n__keyspace@0__:k\r\n$3\r\nset\r\n\
         *4\r\n$8\r\npmessage\r\n$10\r\n__key*__:*\r\n$18\r\n__keyevent@0__:set\r\n$1\r\nk\r\n",
    );
}

#[test]
fn trackers_hear_of_changes() {
    let server = serve(&[]);
    let (mut reader, mut writer) = (connect(&server), connect(&server));
    reader.write_all(b"HELLO 3\r\n").unwrap();
    let mut text = String::new();
    while !text.ends_with("modules\r\n*0\r\n") {
        let mut some = [0; 512];
        let count = reader.read(&mut some).unwrap();
        text.push_str(&String::from_utf8_lossy(&some[..count]));
    }
    assert!(text.starts_with("%7\r\n"), "{text}");
    check(&mut reader, "CLIENT TRACKING ON\r\nGET k\r\n", "+OK\r\n_\r\n");
    check(&mut writer, "SET k v\r\n", "+OK\r\n");
    let told = ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n";
    check(&mut reader, "", told);
    check(&mut writer, "SET k w\r\n", "+OK\r\n");
    check(&mut reader, "GET k\r\n", "$1\r\nw\r\n");
    check(&mut writer, "FLUSHALL\r\n", "+OK\r\n");
    check(&mut reader, "", ">2\r\n$10\r\ninvalidate\r\n_\r\n");
    check(&mut reader, "CLIENT TRACKING OFF\r\nGET k\r\n", "+OK\r\n_\r\n");
}

#[test]
fn permissions_are_looked_at() {
    let server = serve(&[]);
    let mut stream = connect(&server);
    check(&mut stream, "ACL SETUSER ann on >pw ~a* +get +set\r\n", "+OK\r\n");
    check(&mut stream, "AUTH ann pw\r\nSET a1 v\r\n", "+OK\r\n+OK\r\n");
    check(&mut stream, "SET b1 v\r\n", "-NOPERM No permissions to access a key\r\n");
    let refused = "-NOPERM User ann has no permissions to run the 'del' command\r\n";
    check(&mut stream, "DEL a1\r\n", refused);
    check(&mut stream, "AUTH default x\r\nACL WHOAMI\r\n", "+OK\r\n$7\r\ndefault\r\n");
}

/// Also where nobody has told the connection to close.
#[test]
fn nothing_runs_in_the_name_of_a_user_that_is_gone() {
    let server = serve(&[]);
    let (mut ann, mut other) = (connect(&server), connect(&server));
    check(&mut other, "ACL SETUSER ann on >pw ~* +@all\r\n", "+OK\r\n");
    check(&mut ann, "AUTH ann pw\r\n", "+OK\r\n");
    assert!(server.node().users.remove("ann"));
    check(&mut ann, "SET a 1\r\n", "");
    check_closed(ann);
    check(&mut other, "EXISTS a\r\n", ":0\r\n");
}

#[test]
fn replies_can_be_switched_off() {
    let server = serve(&[]);
    let mut stream = connect(&server);
    check(&mut stream, "CLIENT REPLY SKIP\r\nSET a 1\r\nGET a\r\n", "$1\r\n1\r\n");
    check(
        &mut stream,
        "CLIENT REPLY OFF\r\nSET a 2\r\nCLIENT REPLY ON\r\nGET a\r\n",
        "+OK\r\n$1\r\n2\r\n",
    );
    // Nor has what is no command one, or what had to wait.
    for skipped in ["NOSUCH", "GET", "BLPOP list 0.01"] {
        check(&mut stream, &format!("CLIENT REPLY SKIP\r\n{skipped}\r\nPING\r\n"), "+PONG\r\n");
        check(
            &mut stream,
            &format!("CLIENT REPLY OFF\r\n{skipped}\r\nCLIENT REPLY ON\r\nPING\r\n"),
            "+OK\r\n+PONG\r\n",
        );
    }
}

#[test]
fn stopping_sends_what_is_owed() {
    let server = serve(&[]);
    let mut stream = connect(&server);
    check(&mut stream, "SET a 1\r\n", "+OK\r\n");
    drop(server);
    check_closed(stream);
}

#[test]
fn who_waits_for_a_key_gets_it() {
    let server = serve(&[]);
    let mut waiter = connect(&server);
    check(&mut waiter, "CLIENT ID\r\n", ":1\r\n");
    let mut pusher = connect(&server);
    // What is sent ahead is answered behind.
    waiter.write_all(b"BLPOP list 0\r\nPING\r\n").unwrap();
    blocked(&mut pusher, 1);
    check(&mut pusher, "RPUSH list a\r\n", ":1\r\n");
    check(&mut waiter, "", "*2\r\n$4\r\nlist\r\n$1\r\na\r\n+PONG\r\n");
    check(&mut waiter, "BLPOP list 0.05\r\n", "*-1\r\n");
    check(&mut pusher, "LLEN list\r\n", ":0\r\n");
    for (how, reply) in
        [("TIMEOUT", "*-1\r\n"), ("ERROR", "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n")]
    {
        waiter.write_all(b"BLPOP list 0\r\n").unwrap();
        blocked(&mut pusher, 1);
        check(&mut pusher, &format!("CLIENT UNBLOCK 1 {how}\r\n"), ":1\r\n");
        check(&mut waiter, "", reply);
    }
    // One that leaves while it waits is noticed.
    waiter.write_all(b"BLPOP list 0\r\n").unwrap();
    blocked(&mut pusher, 1);
    drop(waiter);
    blocked(&mut pusher, 0);
}

/// Until so many clients wait.
fn blocked(stream: &mut TcpStream, count: usize) {
    let wanted = format!("blocked_clients:{count}\r\n");
    for _ in 0..1_000 {
        stream.write_all(b"INFO clients\r\n").unwrap();
        let mut text = String::new();
        while !text.contains("peak_clients") || !text.ends_with("\r\n\r\n") {
            let mut some = [0; 2048];
            let length = stream.read(&mut some).unwrap();
            assert_ne!(length, 0, "{text}");
            text.push_str(&String::from_utf8_lossy(&some[..length]));
        }
        if text.contains(&wanted) {
            return;
        }
    }
    panic!("never {wanted}");
}

#[test]
fn a_pause_holds_commands_back() {
    let server = serve(&[]);
    let (mut first, mut second) = (connect(&server), connect(&server));
    check(&mut first, "CLIENT PAUSE 60000 WRITE\r\n", "+OK\r\n");
    check(&mut second, "GET a\r\n", "$-1\r\n");
    second.write_all(b"SET a 1\r\nGET a\r\n").unwrap();
    second.set_read_timeout(Some(Duration::from_millis(60))).unwrap();
    assert!(second.read(&mut [0]).is_err(), "a write was not held back");
    second.set_read_timeout(Some(PATIENCE)).unwrap();
    check(&mut first, "CLIENT UNPAUSE\r\n", "+OK\r\n");
    check(&mut second, "", "+OK\r\n$1\r\n1\r\n");
}

/// Its commands wait, its memory is bounded, and others are served.
#[test]
fn a_reader_that_never_reads() {
    let server = serve(&[]);
    let (mut deaf, mut other) = (connect(&server), connect(&server));
    let value = "x".repeat(100_000);
    let set = format!("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n${}\r\n{value}\r\n", value.len());
    check(&mut other, &set, "+OK\r\n");
    deaf.set_nonblocking(true).unwrap();
    let command = "GET k\r\n";
    let requests = command.repeat(10_000);
    let mut sent = 0;
    for _ in 0..20 {
        // Whatever of it is taken: a gigabyte of replies per round.
        let rest = &requests.as_bytes()[sent % command.len()..];
        sent += deaf.write(rest).unwrap_or(0);
        check(&mut other, "PING\r\n", "+PONG\r\n");
    }
    assert!(sent > 0);
    let kept = server.buffered_bytes();
    assert!(kept < 40 << 20, "{kept}");
    drop(deaf);
    check(&mut other, "PING\r\n", "+PONG\r\n");
}

#[test]
fn a_listener_that_never_reads_is_closed() {
    let server = serve(&[("client-output-buffer-limit", "pubsub 1mb 0 0")]);
    let (mut deaf, mut teller) = (connect(&server), connect(&server));
    check(&mut deaf, "SUBSCRIBE c\r\n", "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n");
    let message = "x".repeat(100_000);
    let publish = format!("*3\r\n$7\r\nPUBLISH\r\n$1\r\nc\r\n${}\r\n{message}\r\n", message.len());
    let mut reply = [0; 4];
    for _ in 0..1_000 {
        teller.write_all(publish.as_bytes()).unwrap();
        teller.read_exact(&mut reply).unwrap();
        if reply == *b":0\r\n" {
            return;
        }
    }
    panic!("it was sent everything");
}

/// What a connection that waits costs: itself, its session and what others see of it. Beside them are its
/// socket's part of the runtime (256 bytes) and a place in the table of clients (10); all of it has to stay
/// within 1 KiB, which the example `idle_connections` measures.
#[test]
fn an_idle_connection_is_small() {
    let connection = size_of::<super::Connection<tokio::net::TcpStream>>();
    let session = size_of::<crate::serve::clients::session::Session>();
    let client = size_of::<crate::serve::clients::Client>();
    // The allocator's places are of 80, 96, 112, 128, 160, 192, 224 and 256 bytes, and it looks for seven more
    // than are needed. A task of more than 256 would take 512: as it is aligned, only a power of two fits.
    assert!(connection <= 152, "{connection}");
    assert!(session + 7 <= 80, "{session}");
    assert!(client + 2 * size_of::<usize>() + 7 <= 192, "{client}");
}

#[test]
fn monitors_see_what_others_do() {
    let server = serve(&[("client-output-buffer-limit", "pubsub 1mb 0 0")]);
    let (mut monitor, mut other) = (connect(&server), connect(&server));
    let mut writer = connect(&server);
    for stream in [&mut other, &mut writer] {
        check(stream, "PING\r\n", "+PONG\r\n");
    }
    let refused = "-ERR Replica can't interact with the keyspace\r\n";
    check(&mut monitor, "MONITOR\r\nGET k\r\n", &format!("+OK\r\n{refused}"));
    check(&mut other, "SET k \"a b\"\r\nAUTH x\r\nCONFIG GET hz\r\nGET k\r\n", "+OK\r\n-ERR AUTH");
    let from = format!(" [0 {}] ", other.local_addr().unwrap());
    let mut seen = String::new();
    while !seen.contains("\"GET\"") {
        let mut some = [0; 512];
        let count = monitor.read(&mut some).unwrap();
        assert_ne!(count, 0, "{seen}");
        seen.push_str(&String::from_utf8_lossy(&some[..count]));
    }
    let shown: Vec<&str> = seen.lines().map(|line| line.split_once(&from).unwrap().1).collect();
    // What administrators do is not shown.
    assert_eq!(shown, ["\"SET\" \"k\" \"a b\"", "\"AUTH\" \"(redacted)\"", "\"GET\" \"k\""]);
    // From now on it does not read, and is closed for it; the other one is served all the while.
    let value = "x".repeat(5_000);
    let set = format!("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n${}\r\n{value}\r\n", value.len());
    for _ in 0..20_000 {
        check(&mut writer, &set, "+OK\r\n");
        if server.connections() < 3 {
            return;
        }
    }
    panic!("it was sent everything");
}

/// Each turn takes a few of the connections that wait, so who is there already is served between them.
#[test]
fn a_storm_of_connections_is_taken() {
    let server = serve(&[("maxclients", "300")]);
    let mut first = connect(&server);
    check(&mut first, "PING\r\n", "+PONG\r\n");
    let mut storm: Vec<TcpStream> = (0..299).map(|_| connect(&server)).collect();
    check(&mut first, "PING\r\n", "+PONG\r\n");
    for stream in &mut storm {
        check(stream, "PING\r\n", "+PONG\r\n");
    }
    assert_eq!(server.connections(), 300);
}
