//! The client against servers that say what the test wants.

use std::{cell::RefCell, net::SocketAddr, rc::Rc, sync::Arc, time::Duration};

use plimsoll_metrics::{Recorder, Registry, Sink, TagSet};
use plimsoll_runtime::{
    clock::Instant,
    listen::{self, ListenOptions},
    log::Log,
    timer,
    tls::{TlsConfig, TlsConnector},
};
use plimsoll_wire::resp::{CommandDecoder, Protocol};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::LocalSet,
};

use super::{
    Address, Answer, Client, Pipeline, RedisConfig, RedisMetrics, Scope, Target, Value, Worker,
};
use crate::http::HttpConfig;

/// What a server says to a command; `None` closes the connection.
type Script = Rc<dyn Fn(&str) -> Option<String>>;

/// A server whose every command is noted and answered.
struct Server {
    address: SocketAddr,
    heard: Rc<RefCell<Vec<String>>>,
    connections: Rc<RefCell<usize>>,
}

impl Server {
    /// `cut`: replies are sent in pieces of so many bytes.
    fn start(cut: usize, script: impl Fn(&str) -> Option<String> + 'static) -> Server {
        let any = "127.0.0.1:0".parse().unwrap();
        let listener = listen::tcp(any, ListenOptions::default()).unwrap();
        let address = listener.local_addr().unwrap();
        let server = Server { address, heard: Rc::default(), connections: Rc::default() };
        let (heard, connections) = (server.heard.clone(), server.connections.clone());
        let script: Script = Rc::new(script);
        tokio::task::spawn_local(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *connections.borrow_mut() += 1;
                tokio::task::spawn_local(serve(stream, cut, script.clone(), heard.clone()));
            }
        });
        server
    }

    fn heard(&self) -> Vec<String> {
        self.heard.borrow().clone()
    }

    fn target(&self) -> Target {
        Target::parse(&format!("redis://{}", self.address)).unwrap()
    }
}

async fn serve(mut stream: TcpStream, cut: usize, script: Script, heard: Rc<RefCell<Vec<String>>>) {
    stream.set_nodelay(true).unwrap();
    let (mut decoder, mut input) = (CommandDecoder::default(), Vec::new());
    while stream.read_buf(&mut input).await.is_ok_and(|read| read > 0) {
        loop {
            let (taken, command) = decoder.decode(&input).unwrap();
            let words: Option<Vec<_>> = command.map(|command| {
                command.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect()
            });
            input.drain(..taken);
            let Some(words) = words else { break };
            let line = words.join(" ");
            heard.borrow_mut().push(line.clone());
            let Some(reply) = script(&line) else { return };
            for piece in reply.as_bytes().chunks(cut) {
                if stream.write_all(piece).await.is_err() {
                    return;
                }
            }
        }
    }
}

fn network() -> Arc<HttpConfig> {
    let tls = TlsConnector::new(&TlsConfig::default()).unwrap();
    Arc::new(HttpConfig::new("test", tls, Log::memory()))
}

fn client(targets: Vec<Target>, change: impl FnOnce(&mut RedisConfig)) -> (Client, Registry) {
    let registry = Registry::new(100);
    let mut config = RedisConfig::of(network(), targets);
    config.timeout = Duration::from_secs(5);
    config.metrics = Some(RedisMetrics::register(&registry).unwrap());
    change(&mut config);
    let recorder = Rc::new(RefCell::new(Recorder::new(registry.clone(), false, 0)));
    (Client::new(Worker::new(config, recorder), 0), registry)
}

/// Runs commands as one pipeline; the answers as text.
async fn run(client: &Client, values: bool, commands: &[&str]) -> Vec<String> {
    let mut pipeline = if values { Pipeline::with_values() } else { Pipeline::default() };
    for command in commands {
        let words: Vec<&str> = command.split(' ').collect();
        pipeline.push(words[0].into(), &words);
    }
    client.run(&mut pipeline, Instant::now(), &Scope::default()).await;
    pipeline.commands().iter().map(|command| show(&command.answer)).collect()
}

fn show(answer: &Answer) -> String {
    match answer {
        Answer::Error(message) => format!("error {message}"),
        Answer::Lost(error) => format!("lost {:?} {}", error.kind, error.message),
        Answer::Value(Value::Bulk(bytes)) => String::from_utf8_lossy(bytes).into_owned(),
        other => format!("{other:?}"),
    }
}

async fn in_local_set<T>(test: impl Future<Output = T>) -> T {
    LocalSet::new().run_until(test).await
}

fn standard(line: &str) -> Option<String> {
    Some(match line.split(' ').next()? {
        "GET" if line.ends_with("none") => "$-1\r\n".into(),
        "GET" => format!("${}\r\n{line}\r\n", line.len()),
        "LPUSH" => "-WRONGTYPE Operation against a key\r\n".into(),
        "CLOSE" => return None,
        "HANG" => String::new(),
        "NONSENSE" => "hello\r\n".into(),
        "NEWS" => ">2\r\n+message\r\n+x\r\n+OK\r\n".into(),
        _ => "+OK\r\n".into(),
    })
}

#[tokio::test]
async fn each_command_has_its_answer_however_replies_are_cut() {
    in_local_set(async {
        for cut in [1, 3, 1000] {
            let server = Server::start(cut, standard);
            let (client, _) = client(vec![server.target()], |_| {});
            let commands = ["SET a 1", "GET a", "GET none", "LPUSH a 1", "NEWS"];
            let error = "error WRONGTYPE Operation against a key";
            let skipped = run(&client, false, &commands).await;
            assert_eq!(skipped, ["Ok", "Ok", "Null", error, "Ok"]);
            let values = run(&client, true, &commands).await;
            let ok = "Value(Simple([79, 75]))";
            assert_eq!(values, [ok, "GET a", "Value(Null)", error, ok]);
            assert_eq!(*server.connections.borrow(), 1, "used again");
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_said_first() {
    in_local_set(async {
        let check = async |url: &str, protocol, expected: &[&str]| {
            let server = Server::start(100, standard);
            let mut target = Target::parse(url).unwrap();
            target.address = server.target().address;
            let (client, _) = client(vec![target], |config| config.protocol = protocol);
            assert_eq!(run(&client, false, &["GET k"]).await, ["Ok"]);
            assert_eq!(server.heard(), expected, "{url}");
        };
        check("redis://h", Protocol::Resp2, &["GET k"]).await;
        check("redis://:p@h/3", Protocol::Resp2, &["AUTH p", "SELECT 3", "GET k"]).await;
        check("redis://u:p@h", Protocol::Resp2, &["AUTH u p", "GET k"]).await;
        check("redis://:p@h", Protocol::Resp3, &["HELLO 3 AUTH default p", "GET k"]).await;

        let refuse = |line: &str| {
            let refused = line.starts_with("AUTH");
            Some(if refused { "-WRONGPASS no\r\n" } else { "+OK\r\n" }.to_owned())
        };
        let server = Server::start(100, refuse);
        let mut target = server.target();
        target.password = "x".into();
        let (client, _) = client(vec![target], |_| {});
        assert_eq!(run(&client, false, &["GET k"]).await, ["lost Login WRONGPASS no"]);
    })
    .await;
}

#[tokio::test]
async fn failures_are_answers() {
    in_local_set(async {
        let server = Server::start(100, standard);
        let (one, _) = client(vec![server.target()], |config| {
            config.timeout = Duration::from_millis(100);
        });
        let answers = run(&one, false, &["GET a", "CLOSE", "GET b"]).await;
        assert_eq!(answers, ["Ok", "lost Connection EOF", "lost Connection EOF"]);
        let answers = run(&one, false, &["GET a", "HANG"]).await;
        assert_eq!(answers, ["Ok", "lost Timeout i/o timeout"]);
        let answers = run(&one, false, &["NONSENSE"]).await;
        assert_eq!(answers, ["lost Protocol unknown RESP type 'h'"]);
        assert_eq!(run(&one, false, &["GET a"]).await, ["Ok"]);
        assert_eq!(*server.connections.borrow(), 4, "none is used after a failure");

        let closed = Target::new(Address::Tcp { host: "127.0.0.1".into(), port: 1 });
        let (two, _) = client(vec![closed], |_| {});
        let answers = run(&two, false, &["GET a"]).await;
        assert_eq!(answers, ["lost Connect dial: connection refused"]);
    })
    .await;
}

#[tokio::test]
async fn a_long_pipeline_cannot_block_both_ends() {
    in_local_set(async {
        let big = "x".repeat(1 << 20);
        let server = Server::start(1 << 16, move |_| Some(format!("${}\r\n{big}\r\n", big.len())));
        let (client, _) = client(vec![server.target()], |_| {});
        let command = format!("SET k {}", "y".repeat(1 << 20));
        let answers = run(&client, false, &[&*command; 8]).await;
        assert!(answers.iter().all(|answer| answer == "Ok"), "{answers:?}");
    })
    .await;
}

#[tokio::test]
async fn samples_are_recorded_per_command() {
    in_local_set(async {
        let server = Server::start(100, standard);
        let (client, registry) = client(vec![server.target()], |_| {});
        run(&client, false, &["GET a", "GET b", "LPUSH a"]).await;
        client.emit_traffic(&Scope::default());
        let interval = client.worker().recorder.borrow_mut().take_interval();
        let find = |name: &str, tags: &[(&str, &str)]| {
            let tags = TagSet::from_pairs(tags.iter().copied());
            interval.sinks.iter().find_map(|(id, sink)| {
                let def = registry.series_def(*id);
                let is_it = *registry.def(def.metric).name == *name && def.tags == tags;
                is_it.then(|| sink.clone())
            })
        };
        let get = [("command", "GET")];
        let lpush = [("command", "LPUSH"), ("error", "WRONGTYPE")];
        let counter = |sink| match sink {
            Some(Sink::Counter { sum }) => sum,
            other => panic!("{other:?}"),
        };
        assert_eq!(counter(find("redis_reqs", &get)), 2.0);
        assert_eq!(counter(find("redis_reqs", &lpush)), 1.0);
        assert!(counter(find("data_sent", &[])) > 50.0);
        match find("redis_req_duration", &get) {
            Some(Sink::Trend(histogram)) => assert_eq!(histogram.count(), 2),
            other => panic!("{other:?}"),
        }
        match find("redis_req_failed", &lpush) {
            Some(Sink::Rate { .. }) => {}
            other => panic!("{other:?}"),
        }
    })
    .await;
}

/// `CLUSTER SLOTS` of two nodes, each with half of the slots.
fn layout(first: u16, second: u16) -> String {
    let range = |from: u16, to: u16, port: u16| {
        format!("*3\r\n:{from}\r\n:{to}\r\n*3\r\n$9\r\n127.0.0.1\r\n:{port}\r\n$2\r\nid\r\n")
    };
    format!("*2\r\n{}{}", range(0, 8191, first), range(8192, 16383, second))
}

/// Two nodes of a cluster that answer their layout, and `script` by node and command otherwise.
fn cluster(script: impl Fn(usize, &str) -> Option<String> + 'static) -> [Server; 2] {
    let ports = Rc::new(RefCell::new((0, 0)));
    let script = Rc::new(script);
    let node = |index: usize| {
        let (ports, script) = (ports.clone(), script.clone());
        Server::start(1000, move |line| {
            let (first, second) = *ports.borrow();
            match line {
                "CLUSTER SLOTS" => Some(layout(first, second)),
                _ => script(index, line).map(|reply| {
                    reply.replace("NODE0", &first.to_string()).replace("NODE1", &second.to_string())
                }),
            }
        })
    };
    let nodes = [node(0), node(1)];
    *ports.borrow_mut() = (nodes[0].address.port(), nodes[1].address.port());
    nodes
}

#[tokio::test]
async fn commands_go_to_the_owners_of_their_slots() {
    in_local_set(async {
        let nodes = cluster(|_, line| standard(line));
        let (client, _) = client(vec![nodes[0].target()], |config| config.cluster = true);
        // Slots 15495 and 3300 of a and b, 7365 of c.
        let answers = run(&client, true, &["GET a", "GET b", "GET c", "GET none"]).await;
        assert_eq!(answers, ["GET a", "GET b", "GET c", "Value(Null)"]);
        assert_eq!(nodes[0].heard()[..3], ["CLUSTER SLOTS", "GET b", "GET c"]);
        assert_eq!(nodes[1].heard()[..1], ["GET a"]);
        assert_eq!(run(&client, false, &["GET a"]).await, ["Ok"]);
        assert_eq!(nodes[1].heard().last().map(String::as_str), Some("GET a"));
    })
    .await;
}

#[tokio::test]
async fn redirects_are_followed() {
    in_local_set(async {
        // The key moved to node 0 for good, or this once.
        let moved = |at: usize, line: &str| match (at, line) {
            (1, "GET a") => Some("-MOVED 15495 127.0.0.1:NODE0\r\n".into()),
            (0, "GET {a}ask") => Some("-ASK 15495 :NODE1\r\n".into()),
            (_, line) => standard(line),
        };
        let nodes = cluster(moved);
        let (client, _) = client(vec![nodes[0].target()], |config| config.cluster = true);
        assert_eq!(run(&client, true, &["GET a", "GET b"]).await, ["GET a", "GET b"]);
        assert_eq!(nodes[1].heard(), ["GET a"]);
        assert_eq!(run(&client, true, &["GET a"]).await, ["GET a"]);
        assert_eq!(nodes[1].heard(), ["GET a"], "the slot's new owner is remembered");
        assert_eq!(run(&client, true, &["GET {a}ask"]).await, ["GET {a}ask"]);
        assert_eq!(nodes[1].heard()[1..], ["ASKING", "GET {a}ask"]);
        assert_eq!(run(&client, true, &["GET a"]).await, ["GET a"]);
        assert_eq!(nodes[1].heard().len(), 3, "a slot on its way stays where it is");
    })
    .await;
}

#[tokio::test]
async fn redirects_have_a_limit() {
    in_local_set(async {
        let circle = |at: usize, line: &str| {
            let node = if at == 0 { "NODE1" } else { "NODE0" };
            line.starts_with("GET").then(|| format!("-MOVED 15495 127.0.0.1:{node}\r\n"))
        };
        let nodes = cluster(circle);
        let (client, _) = client(vec![nodes[0].target()], |config| config.cluster = true);
        let answers = run(&client, false, &["GET a"]).await;
        assert!(answers[0].starts_with("error MOVED 15495"), "{answers:?}");
        let gets = |node: &Server| node.heard().iter().filter(|line| *line == "GET a").count();
        assert_eq!(gets(&nodes[0]) + gets(&nodes[1]), 1 + 1 + 5);
        let layouts = |node: &Server| node.heard().len() - gets(node);
        assert_eq!(layouts(&nodes[0]) + layouts(&nodes[1]), 1, "asked for at most once a second");
    })
    .await;
}

#[tokio::test]
async fn a_server_without_a_cluster_is_told() {
    in_local_set(async {
        let refuse = |_: &str| Some("-ERR This instance has cluster support disabled\r\n".into());
        let server = Server::start(100, refuse);
        let (client, _) = client(vec![server.target()], |config| config.cluster = true);
        let answers = run(&client, false, &["GET a"]).await;
        let expected = "lost Cluster ERR This instance has cluster support disabled";
        assert_eq!(answers, [expected]);
    })
    .await;
}

#[tokio::test]
async fn pipelines_at_a_time_have_a_limit() {
    in_local_set(async {
        let server = Server::start(100, standard);
        let (client, _) = client(vec![server.target()], |config| config.connections = 2);
        let client = Rc::new(client);
        let tasks: Vec<_> = (0..10)
            .map(|_| {
                let client = client.clone();
                tokio::task::spawn_local(async move { run(&client, false, &["GET a"]).await })
            })
            .collect();
        for task in tasks {
            assert_eq!(task.await.unwrap(), ["Ok"]);
        }
        assert!(*server.connections.borrow() <= 2);
        timer::sleep(Duration::from_millis(1)).await;
    })
    .await;
}

#[tokio::test]
async fn unix_sockets() {
    in_local_set(async {
        let path = std::env::temp_dir().join(format!("plimsoll-redis-{}", std::process::id()));
        let listener = tokio::net::UnixListener::bind(&path).unwrap();
        tokio::task::spawn_local(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut input = [0; 100];
            let read = stream.read(&mut input).await.unwrap();
            assert!(read > 0);
            stream.write_all(b"+PONG\r\n").await.unwrap();
        });
        let target = Target::parse(&format!("unix://{}", path.display())).unwrap();
        let (client, _) = client(vec![target], |_| {});
        assert_eq!(run(&client, false, &["PING"]).await, ["Ok"]);
        std::fs::remove_file(path).unwrap();
    })
    .await;
}

/// Futures are moved before they are polled: what is rare must not make the usual one large.
#[tokio::test]
async fn the_future_of_a_pipeline_is_small() {
    let target = Target::new(Address::Tcp { host: "h".into(), port: 1 });
    let (client, _) = client(vec![target], |_| {});
    let (mut pipeline, scope) = (Pipeline::default(), Scope::default());
    let running = client.run(&mut pipeline, Instant::now(), &scope);
    let size = size_of_val(&running);
    assert!(size <= 1024, "{size}");
}
