//! What is told and kept of commands: of those that come alone, in a transaction, and in steps.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
};

use plimsoll_runtime::random::Random;
use plimsoll_wire::resp::CommandDecoder;

use super::{Dispatch, Flow};
use crate::{
    commands::{self, Batch, Changes, Reply, Walk},
    serve::{
        Running,
        clients::session::{Replies, Session, TrackingMode},
        hot::HotKeys,
        node::Node,
        telemetry::statistics::{CommandCounters, WorkerCounters},
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

/// A client without a connection, and a server with a set `s` that is read in several steps.
struct Alone {
    server: Running,
    session: Session,
    counters: WorkerCounters,
    reply: Reply,
    walk: Option<Box<Walk>>,
    spent: u64,
}

impl Alone {
    fn new() -> Alone {
        let server = serve(&[]);
        let members: String = (0..9_000).map(|number| format!(" m:{number}")).collect();
        check(&mut connect(&server), &format!("SADD s{members}\r\n"), ":9000\r\n");
        let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
        let node = server.node();
        let client = node.clients.enter(addr, addr, 10, Node::now()).unwrap();
        Alone {
            session: Session::new(node, client),
            counters: WorkerCounters::new(node.index.len()),
            reply: Reply::default(),
            walk: None,
            spent: 0,
            server,
        }
    }

    /// A command, or a step of it; of those that take constant time none is timed by chance.
    fn step(&mut self, line: &str) -> Flow {
        let node = self.server.node();
        let (mut random, mut changes) = (Random::seeded(1), Changes::default());
        let (mut hot, mut tick) = (HotKeys::default(), 0);
        let mut decoder = CommandDecoder::default();
        let (bytes, command) = decoder.decode(line.as_bytes()).unwrap();
        let mut batch = Batch::new(&node.keyspace, Node::now(), &mut random, &mut changes);
        (batch.is_patient, batch.walk) = (true, self.walk.take());
        let mut dispatch = Dispatch {
            node,
            session: &mut self.session,
            batch,
            out: &mut self.reply,
            counters: Some(&self.counters),
            hot: &mut hot,
            tick: &mut tick,
            is_paused: false,
            is_monitored: false,
            spent: self.spent,
            last: u32::MAX,
            count: 0,
        };
        let flow = dispatch.run(command.unwrap(), bytes);
        assert_eq!(dispatch.count, u64::from(flow == Flow::Next));
        (self.walk, self.spent) = (dispatch.batch.walk.take(), dispatch.spent);
        flow
    }

    /// All steps but the last, after each of which it is looked at; how many those were.
    fn run_to_end(&mut self, line: &str, mut look: impl FnMut(&Alone)) -> u32 {
        let mut steps = 0;
        loop {
            match self.step(line) {
                Flow::Later => steps += 1,
                flow => {
                    assert_eq!(flow, Flow::Next);
                    return steps;
                }
            }
            look(self);
        }
    }

    fn of(&self, name: &str) -> &CommandCounters {
        let number = commands::number_of(name).unwrap();
        &self.counters.by_command[usize::try_from(number).unwrap()]
    }

    fn timed(&self, name: &str) -> u64 {
        self.of(name).timed.get()
    }

    fn nanos(&self, name: &str) -> u64 {
        self.of(name).nanos.get()
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        self.session.end(self.server.node());
    }
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
    let mut alone = Alone::new();
    let mut spent = 0;
    let steps = alone.run_to_end("SMEMBERS s\r\n", |alone| {
        assert!(alone.spent > spent, "a step took no time");
        spent = alone.spent;
    });
    assert!(steps > 2, "{steps}");
    assert_eq!((alone.spent, alone.timed("smembers")), (0, 1));
    assert!(alone.nanos("smembers") > spent);
}

/// Also where not each of its kind is timed, and never as that of the next one.
#[test]
fn what_was_spent_is_the_time_of_the_command_that_comes_back() {
    const SPENT: u64 = 5_000_000_000;
    let mut alone = Alone::new();
    alone.spent = SPENT;
    alone.run_to_end("SET k v\r\n", |_| {});
    assert_eq!((alone.spent, alone.timed("set")), (0, 1));
    assert!(alone.nanos("set") >= SPENT);
    alone.run_to_end("GET k\r\n", |_| {});
    assert_eq!(alone.timed("get"), 0);
}

/// What a client says of the next command is said of all of its steps.
#[test]
fn what_is_said_of_a_command_holds_to_its_end() {
    let mut alone = Alone::new();
    let opted = TrackingMode { is_opt_in: true, caching: Some(true), ..TrackingMode::default() };
    alone.session.tracking = Some(Box::new(opted));
    alone.session.replies = Replies::SkipNext;
    alone.session.settle();
    let remembers = |alone: &Alone| alone.session.tracking.as_ref().unwrap().remembers();
    let steps = alone.run_to_end("SMEMBERS s\r\n", |alone| {
        assert!(remembers(alone));
        assert_eq!(alone.session.replies, Replies::Skip);
    });
    assert!(steps > 2, "{steps}");
    assert!(!remembers(&alone));
    alone.session.tracking = None;
    alone.session.settle();
    assert!(alone.reply.is_empty());
    alone.run_to_end("PING\r\n", |_| {});
    assert_eq!(alone.reply.buffer(), b"+PONG\r\n");
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
