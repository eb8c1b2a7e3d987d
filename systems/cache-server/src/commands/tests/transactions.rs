//! Transactions: between two clients, and as a server sees them.

use plimsoll_wire::resp::Command;

use super::*;

/// A server that keeps what it hears of, and forbids commands of one name.
#[derive(Default)]
struct Server {
    forbidden: &'static str,
    heard: Vec<String>,
}

impl Execution for Server {
    fn begin(&mut self, spec: &'static Spec, _: Command<'_>) -> Outcome {
        self.heard.push(format!("begin {}", spec.name));
        if spec.name == self.forbidden { Err(Error::text("NOPERM no")) } else { Ok(()) }
    }

    fn serve(
        &mut self,
        spec: &'static Spec,
        _: Command<'_>,
        _: &mut Held<'_>,
        out: &mut Reply,
    ) -> Outcome {
        self.heard.push(format!("serve {}", spec.name));
        out.ok();
        Ok(())
    }

    fn end(&mut self, spec: &'static Spec, _: Command<'_>, ran: Ran, reply: &[u8]) {
        let reply = String::from_utf8_lossy(reply).trim_end().to_owned();
        self.heard.push(format!("end {} {ran:?} {reply}", spec.name));
    }
}

/// Queues lines of commands and runs them: the reply of EXEC.
fn exec(node: &mut Node, server: &mut Server, lines: &str) -> String {
    let mut transaction = Transaction::default();
    let mut reply = Reply::default();
    transaction.begin(&mut reply).unwrap();
    for_each(lines, |command| {
        transaction.queue(resolve(command).unwrap(), command, &mut reply).unwrap();
    });
    reply.clear();
    let mut batch = Batch::new(&node.keyspace, NOW, &mut node.random, &mut node.changes);
    transaction.exec(&mut batch, server, &mut reply).unwrap();
    text(&reply)
}

#[test]
fn a_server_hears_of_each_command() {
    let mut server = Server { forbidden: "del", ..Server::default() };
    let reply = exec(&mut Node::new(0), &mut server, "SET a x\nDEL a\nPUBLISH c m\nINCR a\nGET a");
    let wrong = "-ERR value is not an integer or out of range";
    assert_eq!(reply, format!("*5 +OK -NOPERM no +OK {wrong} $1 x"));
    assert_eq!(
        server.heard,
        [
            "begin set",
            "end set Replied +OK",
            "begin del",
            "end del Failed -NOPERM no",
            "begin publish",
            "serve publish",
            "end publish Replied +OK",
            "begin incr",
            &format!("end incr Failed {wrong}"),
            "begin get",
            "end get Replied $1\r\nx",
        ]
    );
}

#[test]
fn another_client_breaks_a_transaction() {
    for (change, is_broken) in [("SET a 2", true), ("SET b 2", false), ("GET a", false)] {
        let mut node = Node::new(0);
        let mut transaction = Transaction::default();
        node.check("SET a 1", "+OK");
        let mut reply = Reply::default();
        for_each("WATCH a", |command| {
            let mut batch = Batch::new(&node.keyspace, NOW, &mut node.random, &mut node.changes);
            let spec = resolve(command).unwrap();
            transaction.watch(&mut batch, spec, command, &mut reply).unwrap();
        });
        transaction.begin(&mut reply).unwrap();
        for_each("INCR a\nSET c 1", |command| {
            transaction.queue(resolve(command).unwrap(), command, &mut reply).unwrap();
        });
        let mut other = Batch::new(&node.keyspace, NOW, &mut node.random, &mut node.changes);
        for_each(change, |command| {
            other.run(resolve(command).unwrap(), command, true, &mut Reply::default());
        });
        drop(other);
        let mut batch = Batch::new(&node.keyspace, NOW, &mut node.random, &mut node.changes);
        reply.clear();
        let mut server = Server::default();
        transaction.exec(&mut batch, &mut server, &mut reply).unwrap();
        assert_eq!(text(&reply), if is_broken { "*-1" } else { "*2 :2 +OK" }, "{change}");
        assert_eq!(server.heard.is_empty(), is_broken, "{change}");
        assert!(!transaction.is_open() && !transaction.is_watching());
    }
}

/// Of the words of a SORT, some only look like its options.
#[test]
fn a_sort_has_locked_what_it_stores_to() {
    let mut node = Node::new(0);
    node.check("RPUSH l 2 1", ":2");
    for destination in 0..16 {
        let sort = format!("SORT l STORE d:{destination} GET store ASC");
        let reply = exec(&mut node, &mut Server::default(), &format!("{sort}\nGET a"));
        assert_eq!(reply, "*2 :2 $-1", "{sort}");
    }
    for (sort, keys) in [
        ("SORT l STORE d GET store ASC", "*2 $1 l $1 d"),
        ("SORT l BY store STORE d", "*2 $1 l $1 d"),
        ("SORT l STORE d STORE e", "*2 $1 l $1 e"),
        ("SORT l LIMIT store 1 ASC", "*1 $1 l"),
        ("SORT l GET store ASC", "*1 $1 l"),
        ("SORT l STORE", "*1 $1 l"),
    ] {
        node.check(&format!("COMMAND GETKEYS {sort}"), keys);
    }
}
