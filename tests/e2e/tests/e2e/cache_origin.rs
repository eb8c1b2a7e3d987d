//! `plimsoll serve cache --origin`: in front of `serve web`, and in front of an origin that gives trouble while
//! very many ask.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use nix::sys::resource::{Resource, getrlimit};
use plimsoll_e2e::{Tool, untested::not_tested};

use crate::cache::Cache;

const MANY: usize = 10_000;

/// `serve web` on a free port; ends with the value.
struct Web {
    child: Child,
    url: String,
}

impl Web {
    fn start(more: &[&str]) -> Web {
        let mut command = Command::new(Tool::Plimsoll.binary());
        command.args(["serve", "web", "--seconds", "120"]).args(more);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.split_whitespace().find(|word| word.starts_with("http"));
        let url = url.unwrap_or_else(|| panic!("no URL in {line:?}"));
        Web { child, url: url.trim_end_matches('/').to_owned() }
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop((self.child.kill(), self.child.wait()));
    }
}

/// One line of a reply.
fn line(stream: &mut TcpStream) -> String {
    let mut line = Vec::new();
    let mut byte = [0];
    while !line.ends_with(b"\r\n") {
        stream.read_exact(&mut byte).unwrap();
        line.push(byte[0]);
    }
    String::from_utf8(line).unwrap().trim_end().to_owned()
}

/// The string that a command gives, or the line of another reply.
fn ask(stream: &mut TcpStream, command: &str) -> String {
    stream.write_all(format!("{command}\r\n").as_bytes()).unwrap();
    reply(stream)
}

fn reply(stream: &mut TcpStream) -> String {
    let head = line(stream);
    let Some(length) = head.strip_prefix('$').and_then(|length| length.parse().ok()) else {
        return head;
    };
    let mut bytes: Vec<u8> = vec![0; length];
    stream.read_exact(&mut bytes).unwrap();
    line(stream);
    String::from_utf8(bytes).unwrap()
}

fn info(stream: &mut TcpStream, name: &str) -> u64 {
    let text = ask(stream, "INFO origin");
    let value = text.lines().find_map(|line| line.strip_prefix(&format!("{name}:")));
    value.unwrap_or_else(|| panic!("no {name} in {text}")).trim().parse().unwrap()
}

/// What the guide in docs/cache.md tells people to do.
#[test]
fn in_front_of_a_web_server() {
    let web = Web::start(&[]);
    let users = format!("user:*={}/anything/users/{{1}};ttl=60s", web.url);
    let pages = format!("page:*={}/cache/{{1}}", web.url);
    let broken = format!("broken:*={}/status/{{1}}", web.url);
    let cache = Cache::start(&["--origin", &users, "--origin", &pages, "--origin", &broken]);
    let mut client = cache.connect();
    let user = ask(&mut client, "GET user:7");
    assert!(user.contains("/anything/users/7"), "{user}");
    assert_eq!(ask(&mut client, "GET user:7"), user);
    let ttl: u64 = ask(&mut client, "TTL user:7").trim_start_matches(':').parse().unwrap();
    assert!((50..=60).contains(&ttl), "{ttl}");
    ask(&mut client, "GET page:1000");
    let ttl: u64 = ask(&mut client, "TTL page:1000").trim_start_matches(':').parse().unwrap();
    assert!((890..=1_000).contains(&ttl), "{ttl}");
    assert_eq!(ask(&mut client, "GET broken:503"), "-ORIGIN answered with status 503");
    assert_eq!(ask(&mut client, "GET broken:404"), "$-1");
    assert_eq!(ask(&mut client, "GET other"), "$-1");
    assert_eq!(info(&mut client, "origin_fills_begun"), 4);
    assert_eq!(ask(&mut client, "SET user:7 mine"), "+OK");
    assert_eq!(ask(&mut client, "GET user:7"), "mine");
    assert_eq!(ask(&mut client, "FETCH user:7"), ":1");
}

/// Values that do not change, values that are elsewhere, and a header that the origin wants.
#[test]
fn with_etags_redirects_and_a_header() {
    let web = Web::start(&[]);
    let docs = format!("doc:*={}/etag/{{1}};ttl=1s;jitter=0;revalidate=1h", web.url);
    let hops = format!("hop:*={}/relative-redirect/{{1}}", web.url);
    let heads = format!("head:*={}/headers?{{1}}", web.url);
    let header = format!("{} Authorization: Bearer sesame", web.url);
    let flags =
        ["--origin", &docs, "--origin", &hops, "--origin", &heads, "--origin-header", &header];
    let cache = Cache::start(&flags);
    let mut client = cache.connect();
    let doc = ask(&mut client, "GET doc:7");
    assert!(doc.contains("/etag/7"), "{doc}");
    thread::sleep(Duration::from_secs(1));
    assert_eq!(ask(&mut client, "GET doc:7"), doc);
    assert_eq!(info(&mut client, "origin_fills_unchanged"), 1);
    assert_eq!(info(&mut client, "origin_fills_stored"), 1);
    let hop = ask(&mut client, "GET hop:3");
    assert!(hop.contains("/get"), "{hop}");
    assert_eq!(ask(&mut client, "GET hop:4"), "-ORIGIN redirects more often than is followed");
    let head = ask(&mut client, "GET head:1");
    assert!(head.contains("Bearer sesame"), "{head}");
    client.write_all(b"CONFIG GET origin-header\r\n").unwrap();
    assert_eq!(line(&mut client), "*2");
    assert_eq!(reply(&mut client), "origin-header");
    assert_eq!(reply(&mut client), format!("{} authorization: ***", web.url));
}

#[test]
fn in_front_of_a_secure_web_server() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = folder.path().join("certificate.pem");
    let web = Web::start(&[&format!("--tls={}", certificate.display())]);
    assert!(web.url.starts_with("https://"), "{}", web.url);
    let rule = format!("k:*={}/anything/{{1}};timeout=20s", web.url);
    let cache = Cache::start(&["--origin", &rule]);
    let mut client = cache.connect();
    assert_eq!(ask(&mut client, "GET k:1"), "-ORIGIN cannot be reached");
    let set = format!("CONFIG SET origin-ca-cert-file {}", certificate.display());
    assert_eq!(ask(&mut client, &set), "+OK");
    let value = ask(&mut client, "GET k:2");
    assert!(value.contains("/anything/2"), "{value}");
    let wrong = ask(&mut client, "CONFIG SET origin-ca-cert-file /nothing");
    assert!(wrong.contains("No such file"), "{wrong}");
}

/// An origin that answers when it is told to, and counts the requests.
struct Slow {
    rule: String,
    requests: Arc<AtomicUsize>,
    answer: mpsc::Sender<()>,
}

impl Slow {
    fn start() -> Slow {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let rule = format!("k:*=http://{}/{{1}};timeout=60s", listener.local_addr().unwrap());
        let requests = Arc::new(AtomicUsize::new(0));
        let (answer, told) = mpsc::channel();
        let counted = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = BufReader::new(stream.unwrap());
                let mut head = String::new();
                while stream.read_line(&mut head).unwrap() > 2 {}
                counted.fetch_add(1, Ordering::SeqCst);
                if told.recv().is_err() {
                    return;
                }
                let answer =
                    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nvalue";
                stream.get_mut().write_all(answer).unwrap();
            }
        });
        Slow { rule, requests, answer }
    }
}

#[test]
fn ten_thousand_misses_on_one_key_make_one_request() {
    let files = getrlimit(Resource::RLIMIT_NOFILE).unwrap().0;
    if files < MANY as u64 + 1_000 {
        not_tested(&format!("10,000 connections need more than {files} open files"));
        return;
    }
    let slow = Slow::start();
    let cache = Cache::start(&["--threads", "2", "--maxclients", "11000", "--origin", &slow.rule]);
    let mut clients: Vec<TcpStream> = (0..MANY)
        .map(|_| {
            let mut client = cache.connect();
            client.write_all(b"GET k:1\r\n").unwrap();
            client
        })
        .collect();
    let mut other = cache.connect();
    while info(&mut other, "origin_waiting_reads") < MANY as u64 {
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(ask(&mut other, "SET x 1"), "+OK");
    // Those that leave do not matter.
    drop(clients.drain(..100));
    slow.answer.send(()).unwrap();
    for client in &mut clients {
        assert_eq!(reply(client), "value");
    }
    assert_eq!(slow.requests.load(Ordering::SeqCst), 1);
    for (name, expected) in
        [("origin_fills_begun", 1), ("origin_fills_stored", 1), ("origin_fills_running", 0)]
    {
        assert_eq!(info(&mut other, name), expected, "{name}");
    }
}

fn resident_kb(cache: &Cache) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", cache.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// One that takes requests and never answers: what waits for it is bounded, and so is what is remembered.
#[test]
fn a_dead_origin_makes_nothing_grow() {
    let slow = Slow::start();
    let rule = slow.rule.replace("timeout=60s", "timeout=100ms");
    let cache = Cache::start(&["--origin", &rule, "--set", "origin-max-fills=16"]);
    let mut client = cache.connect();
    let round = |client: &mut TcpStream, round: usize| {
        for number in 0..20_000 {
            let said = ask(client, &format!("GET k:{round}-{number}"));
            assert!(said.starts_with("-ORIGIN "), "{said}");
        }
    };
    round(&mut client, 0);
    let before = resident_kb(&cache);
    round(&mut client, 1);
    round(&mut client, 2);
    let after = resident_kb(&cache);
    assert!(after < before + 4_096, "{before} KB, then {after} KB");
    assert_eq!(info(&mut client, "origin_fills_running"), 0);
    assert_eq!(info(&mut client, "origin_open_breakers"), 1);
    assert_eq!(ask(&mut client, "DBSIZE"), ":0");
}
