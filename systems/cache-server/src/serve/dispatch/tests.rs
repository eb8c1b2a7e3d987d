//! What is told and kept of commands: of those that come alone, in a transaction, and in steps.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
};

use plimsoll_runtime::random::Random;
use plimsoll_wire::resp::CommandDecoder;

use super::{Dispatch, Flow};
use crate::{
    commands::{self, Batch, Changes, Reply},
    serve::{
        clients::session::Session,
        hot::HotKeys,
        node::Node,
        telemetry::statistics::WorkerCounters,
        testing::{check, connect, serve},
    },
};

/// Sends lines of commands and reads until the reply ends like this; all that came.
fn ask(stream: &mut TcpStream, commands: &str, end: &str) -> String {
    stream.write_all(commands.as_bytes()).unwrap();
    let mut reply = Vec::new();
    while !reply.ends_with(end.as_bytes()) {
        let mut some = [0; 4096];
        let count = stream.read(&mut some).unwrap();
        assert_ne!(count, 0, "{}", String::from_utf8_lossy(&reply));
        reply.extend_from_slice(&some[..count]);
    }
    String::from_utf8(reply).unwrap()
}

/// What INFO tells of a command's calls: those made, refused, failed.
fn calls(stream: &mut TcpStream, name: &str) -> Option<[String; 3]> {
    let text = ask(stream, "INFO commandstats\r\nECHO end-of-info\r\n", "end-of-info\r\n");
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("cmdstat_{name}:")))?;
    let field = |name: &str| {
        let found = line.split(',').find_map(|field| field.strip_prefix(name)?.strip_prefix('='));
        found.unwrap().to_owned()
    };
    Some(["calls", "rejected_calls", "failed_calls"].map(field))
}

fn check_calls(stream: &mut TcpStream, name: &str, expected: Option<[&str; 3]>) {
    assert_eq!(calls(stream, name), expected.map(|counts| counts.map(str::to_owned)), "{name}");
}

#[test]
fn commands_of_a_transaction_are_counted_when_they_run() {
    let server = serve(&[]);
    let mut stream = connect(&server);
    check(&mut stream, "MULTI\r\nSET a x\r\nDISCARD\r\n", "+OK\r\n+QUEUED\r\n+OK\r\n");
    check_calls(&mut stream, "set", None);
    let wrong = "-ERR value is not an integer or out of range\r\n";
    check(
        &mut stream,
        "MULTI\r\nSET a x\r\nINCR a\r\nEXEC\r\n",
        &format!("+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n{wrong}"),
    );
    check_calls(&mut stream, "set", Some(["1", "0", "0"]));
    check_calls(&mut stream, "incr", Some(["1", "0", "1"]));
    check_calls(&mut stream, "exec", Some(["1", "0", "0"]));
    let errors = ask(&mut stream, "INFO errorstats\r\nECHO end-of-info\r\n", "end-of-info\r\n");
    assert!(errors.contains("errorstat_ERR:count=1"), "{errors}");
}

#[test]
fn what_must_not_run_is_not_counted_as_run() {
    let server = serve(&[]);
    let (mut stream, mut ann) = (connect(&server), connect(&server));
    check(&mut stream, "ACL SETUSER ann on >pw ~a* +get\r\n", "+OK\r\n");
    let refused = "-NOPERM User ann has no permissions to run the 'set' command\r\n";
    check(&mut ann, "AUTH ann pw\r\nSET a 1\r\n", &format!("+OK\r\n{refused}"));
    check_calls(&mut stream, "set", Some(["0", "1", "0"]));
    check(&mut stream, "GET\r\n", "-ERR wrong number of arguments for 'get' command\r\n");
    check_calls(&mut stream, "get", Some(["0", "1", "0"]));
}

#[test]
fn a_user_that_is_allowed_less_meanwhile_may_not_at_exec() {
    let server = serve(&[]);
    let (mut admin, mut ann) = (connect(&server), connect(&server));
    check(&mut admin, "ACL SETUSER ann on >pw ~* +@all\r\n", "+OK\r\n");
    let queued = "+OK\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n";
    check(&mut ann, "AUTH ann pw\r\nMULTI\r\nSET a 1\r\nGET a\r\n", queued);
    check(&mut admin, "ACL SETUSER ann -set\r\n", "+OK\r\n");
    let refused = "-NOPERM ACLs rules changed between the moment the transaction was accumulated \
                   and the EXEC call. This command is no longer allowed for the following reason: \
                   no permission to execute the command or subcommand\r\n";
    check(&mut ann, "EXEC\r\n", &format!("*2\r\n{refused}$-1\r\n"));
    check(&mut admin, "EXISTS a\r\n", ":0\r\n");
}

#[test]
fn monitors_see_a_transaction_when_it_runs() {
    let server = serve(&[]);
    let (mut monitor, mut other) = (connect(&server), connect(&server));
    check(&mut monitor, "MONITOR\r\n", "+OK\r\n");
    check(&mut other, "MULTI\r\nSET a 1\r\nDISCARD\r\n", "+OK\r\n+QUEUED\r\n+OK\r\n");
    check(&mut other, "MULTI\r\nSET a 2\r\nGET a\r\n", "+OK\r\n+QUEUED\r\n+QUEUED\r\n");
    check(&mut other, "PING\r\nEXEC\r\n", "+QUEUED\r\n*3\r\n+OK\r\n$1\r\n2\r\n+PONG\r\n");
    check(&mut other, "ECHO last\r\n", "$4\r\nlast\r\n");
    let seen = ask(&mut monitor, "", "\"ECHO\" \"last\"\r\n");
    let shown: Vec<&str> = seen.lines().map(|line| line.split_once("] ").unwrap().1).collect();
    let expected = [
        "\"MULTI\"",
        "\"DISCARD\"",
        "\"MULTI\"",
        "\"SET\" \"a\" \"2\"",
        "\"GET\" \"a\"",
        "\"PING\"",
        "\"EXEC\"",
        "\"ECHO\" \"last\"",
    ];
    assert_eq!(shown, expected);
}

#[test]
fn reads_of_a_transaction_are_tracked() {
    let server = serve(&[]);
    let (mut reader, mut writer) = (connect(&server), connect(&server));
    ask(&mut reader, "HELLO 3\r\nCLIENT TRACKING ON\r\n", "+OK\r\n");
    check(&mut reader, "MULTI\r\nGET k\r\nEXEC\r\n", "+OK\r\n+QUEUED\r\n*1\r\n_\r\n");
    check(&mut writer, "SET k v\r\n", "+OK\r\n");
    check(&mut reader, "", ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n");
}

/// A read that comes in steps is one call and one entry, with its command.
#[test]
fn a_divided_read_is_one_slow_command() {
    let server = serve(&[]);
    let mut stream = connect(&server);
    let members: String = (0..9_000).map(|number| format!(" m:{number}")).collect();
    check(&mut stream, &format!("SADD s{members}\r\n"), ":9000\r\n");
    check(
        &mut stream,
        "CONFIG SET slowlog-log-slower-than 0\r\nSLOWLOG RESET\r\n",
        "+OK\r\n+OK\r\n",
    );
    let reply = ask(&mut stream, "SMEMBERS s\r\nECHO end-of-set\r\n", "end-of-set\r\n");
    assert!(reply.starts_with("*9000\r\n"));
    let entries = ask(&mut stream, "SLOWLOG GET 10\r\nECHO end-of-log\r\n", "end-of-log\r\n");
    assert_eq!(entries.matches("SMEMBERS").count(), 1, "{entries}");
    check_calls(&mut stream, "smembers", Some(["1", "0", "0"]));
}

/// What a command took is what all of its steps took.
#[test]
fn the_times_of_steps_add_up() {
    let server = serve(&[]);
    let members: String = (0..9_000).map(|number| format!(" m:{number}")).collect();
    check(&mut connect(&server), &format!("SADD s{members}\r\n"), ":9000\r\n");
    let node = server.node();
    let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
    let mut session = Session::new(node, node.clients.enter(addr, addr, 10, Node::now()).unwrap());
    let counters = WorkerCounters::new(node.index.len());
    let (mut random, mut changes) = (Random::seeded(1), Changes::default());
    let (mut reply, mut hot, mut tick) = (Reply::default(), HotKeys::default(), 0);
    let mut decoder = CommandDecoder::default();
    let (bytes, command) = decoder.decode(b"SMEMBERS s\r\n").unwrap();
    let (mut steps, mut walk, mut spent) = (0, None, 0);
    loop {
        let mut batch = Batch::new(&node.keyspace, Node::now(), &mut random, &mut changes);
        (batch.is_patient, batch.walk) = (true, walk);
        let mut dispatch = Dispatch {
            node,
            session: &mut session,
            batch,
            out: &mut reply,
            counters: Some(&counters),
            hot: &mut hot,
            tick: &mut tick,
            is_paused: false,
            is_monitored: false,
            spent,
            last: u32::MAX,
            count: 0,
        };
        match dispatch.run(command.unwrap(), bytes) {
            Flow::Later => steps += 1,
            flow => {
                assert_eq!((flow, dispatch.spent, dispatch.count), (Flow::Next, 0, 1));
                break;
            }
        }
        assert!(dispatch.spent > spent, "a step took no time");
        (walk, spent) = (dispatch.batch.walk.take(), dispatch.spent);
    }
    assert!(steps > 2, "{steps}");
    let number = commands::number_of("smembers").unwrap();
    let counters = &counters.by_command[usize::try_from(number).unwrap()];
    assert_eq!((counters.calls.get(), counters.timed.get()), (1, 1));
    assert!(counters.nanos.get() > spent);
    session.end(node);
}

#[test]
fn slow_commands_of_a_transaction_are_kept_one_by_one_and_passwords_are_not() {
    let server = serve(&[("requirepass", "hush"), ("slowlog-log-slower-than", "0")]);
    let mut stream = connect(&server);
    check(&mut stream, "AUTH hush\r\nMULTI\r\n", "+OK\r\n+OK\r\n");
    check(&mut stream, "SET a 1\r\nEXEC\r\n", "+QUEUED\r\n*1\r\n+OK\r\n");
    let entries = ask(&mut stream, "SLOWLOG GET 10\r\nECHO end-of-log\r\n", "end-of-log\r\n");
    assert!(entries.contains("$3\r\nSET\r\n") && !entries.contains("EXEC"), "{entries}");
    assert!(!entries.contains("hush"), "{entries}");
}
