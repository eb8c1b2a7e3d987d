//! Redis targets, against real redis-server.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    process::Stdio,
};

use plimsoll_e2e::{Tool, redis::Redis};

use super::{Attack, attack_with};

fn attack(arguments: &[&str]) -> Attack {
    let attack = attack_with(arguments, None);
    assert_eq!(attack.run.code, Some(0), "{}", attack.run.said());
    attack
}

/// Hits by method and error.
fn outcomes(attack: &Attack) -> BTreeMap<(String, String), usize> {
    let mut outcomes = BTreeMap::new();
    for hit in 0..attack.hits.len() {
        let text = |key| attack.text_of(hit, key).to_owned();
        *outcomes.entry((text("method"), text("error"))).or_default() += 1;
    }
    outcomes
}

fn entry(method: &str, error: &str, count: usize) -> ((String, String), usize) {
    ((method.to_owned(), error.to_owned()), count)
}

#[test]
fn commands_keys_and_pipelines() {
    let redis = Redis::start(&[]);
    let url = format!("{}/3", redis.url());
    let set = ["--command", "SET key:{seq:40} {bytes:8}"];
    let load = ["-rate=100", "-duration=500ms", "--pipeline=2"];
    let filled = attack(&[&url, "--tag=a=b", load[0], load[1], load[2], set[0], set[1]]);
    assert_eq!(outcomes(&filled), [entry("SET", "", 50)].into());
    let rate = &filled.report()["rate"];
    assert!((90.0..115.0).contains(&rate.as_f64().unwrap()), "a rate counts commands: {rate}");
    let url_of_hit = filled.text_of(0, "url");
    assert_eq!(url_of_hit, url);
    assert_eq!(redis.ask("SELECT 3\r\nDBSIZE"), "+OK\r\n:40\r\n");

    let get = ["--command", "GET key:{zipf:40}", "--command", "LPUSH key:{uniform:40} x"];
    let mixed = attack(&[
        &url,
        "-rate=200",
        "-duration=500ms",
        "--ratio=1:1",
        "--seed=5",
        get[0],
        get[1],
        get[2],
        get[3],
    ]);
    let outcomes = outcomes(&mixed);
    let wrong = "WRONGTYPE Operation against a key holding the wrong kind of value";
    let gets = outcomes.get(&("GET".to_owned(), String::new())).copied().unwrap_or(0);
    let pushes = outcomes.get(&("LPUSH".to_owned(), wrong.to_owned())).copied().unwrap_or(0);
    assert_eq!(gets + pushes, 100, "{outcomes:?}");
    assert!((25..75).contains(&gets), "{outcomes:?}");
}

#[test]
fn connections_have_a_limit() {
    let redis = Redis::start(&[]);
    let url = redis.url();
    let load = ["-rate=0", "-workers=8", "-duration=300ms", "-max-connections=2"];
    let attacked = attack(&[&*url, load[0], load[1], load[2], load[3], "--command", "PING"]);
    assert!(attacked.hits.len() > 8, "{}", attacked.run.said());
    assert_eq!(outcomes(&attacked).len(), 1, "{:?}", outcomes(&attacked));
    // The one that found it listening, two of the attack, and the one that asks.
    let stats = redis.ask("INFO stats");
    assert!(stats.contains("total_connections_received:4\r\n"), "{stats}");
}

#[test]
fn sockets_passwords_and_tls() {
    let redis = Redis::start(&["--requirepass", "secret"]);
    let load = ["-rate=50", "-duration=200ms", "--command", "PING"];
    let check = |url: &str, more: &[&str], error: &str| {
        let arguments: Vec<&str> = [&[url], &load[..], more].concat();
        let attack = attack(&arguments);
        assert_eq!(outcomes(&attack), [entry("PING", error, 10)].into(), "{url}");
        assert!(!attack.run.said().contains("secret"), "{url}");
    };
    check(&format!("unix://:secret@{}", redis.socket().display()), &[], "");
    let authority = format!("-root-certs={}", redis.certificate().display());
    let secure = format!("rediss://default:secret@localhost:{}", redis.tls_port());
    check(&secure, &[&authority], "");
    check(&redis.url(), &[], "NOAUTH Authentication required.");
    check("redis://127.0.0.1:1", &[], "dial tcp 127.0.0.1:1: connect: connection refused");
}

/// A slot is on its way from one node to the other: keys that are there already are asked for there.
#[test]
fn a_cluster_whose_slots_move() {
    let nodes = Redis::cluster();
    let id = |node: &Redis| {
        let id = node.ask("CLUSTER MYID");
        id.split("\r\n").nth(1).unwrap().to_owned()
    };
    // Slot 15495, of the second node.
    let (first, second) = (id(&nodes[0]), id(&nodes[1]));
    assert_eq!(nodes[0].ask(&format!("CLUSTER SETSLOT 15495 IMPORTING {second}")), "+OK\r\n");
    assert_eq!(nodes[1].ask(&format!("CLUSTER SETSLOT 15495 MIGRATING {first}")), "+OK\r\n");
    let url = nodes[0].url();
    let commands = ["--command", "SET {a}:{seq:10} x", "--command", "SET other:{seq:50} x"];
    let load = ["-rate=200", "-duration=1s", "--pipeline=2", "--cluster", "--ratio=1:1"];
    let arguments: Vec<&str> = [&[&*url], &load[..], &commands[..]].concat();
    let asked = attack(&arguments);
    assert_eq!(outcomes(&asked), [entry("SET", "", 200)].into());

    for node in &nodes {
        let settled = node.ask(&format!("CLUSTER SETSLOT 15495 NODE {first}"));
        assert_eq!(settled, "+OK\r\n");
    }
    let moved = attack(&arguments);
    assert_eq!(outcomes(&moved), [entry("SET", "", 200)].into());
    let keys = |node: &Redis| node.ask("CLUSTER COUNTKEYSINSLOT 15495");
    assert_eq!((keys(&nodes[0]), keys(&nodes[1])), (":10\r\n".into(), ":0\r\n".into()));
}

#[test]
fn what_is_wrong_is_said() {
    let check = |arguments: &[&str], message: &str| {
        let attack = plimsoll_e2e::command(plimsoll_e2e::Tool::Plimsoll, &std::env::temp_dir())
            .arg("attack")
            .args(arguments)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&attack.stderr).into_owned();
        assert_eq!(attack.status.code(), Some(104), "{arguments:?}: {said}");
        assert!(said.contains(message), "{arguments:?}: {said}");
    };
    check(&["redis://h"], "no command is given");
    check(&["redis://h", "--command", "GET {zipf:0}"], "{zipf:0}: expected zipf:N");
    check(&["redis://h/x", "--command", "PING"], "invalid database number");
    check(&["redis://h", "--command", "PING", "--ratio=1:2"], "2 parts for 1 commands");
    check(&["redis://h", "--command", "PING", "--pipeline=0"], "--pipeline");
}

/// Whatever it is asked, and in either version of the protocol.
#[test]
fn a_target_that_answers_at_once() {
    let noop = Noop::start();
    let url = format!("redis://captain:secret@{}/3", noop.address);
    let commands = ["--command", "SET key:{seq:40} {bytes:8}", "--command", "GET key:{seq:40}"];
    let load = ["-rate=200", "-duration=500ms", "--pipeline=5"];
    let attack = attack(&[&[url.as_str()], &load[..], &commands].concat());
    let answered: usize = outcomes(&attack).values().sum();
    let is_good = |(_, error): &(String, String)| error.is_empty();
    assert!(outcomes(&attack).keys().all(is_good), "{:?}", outcomes(&attack));
    assert_eq!(answered, 100);
}

/// `serve noop`; ends with the value.
struct Noop {
    child: std::process::Child,
    address: String,
}

impl Noop {
    fn start() -> Noop {
        let mut command = std::process::Command::new(Tool::Plimsoll.binary());
        command.args(["serve", "noop", "--seconds", "60"]).stdin(Stdio::null());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().rsplit("//").next().unwrap().to_owned();
        Noop { child, address }
    }
}

impl Drop for Noop {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
