//! A client that does nothing wrong: every millisecond it asks for a small key, and it must get every reply.

use std::{
    fs::OpenOptions,
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crate::cache::Cache;

const EVERY: Duration = Duration::from_millis(1);

/// Requests whose replies may be due at a time: more than the time that a reply may take is worth.
const OWED_MAX: usize = 100_000;

/// At work until its end.
pub(super) struct Bystander {
    is_over: Arc<AtomicBool>,
    sender: JoinHandle<()>,
    receiver: JoinHandle<Waits>,
}

/// How long it waited for each reply. It asks on time whether or not the replies before have come.
pub(super) struct Waits(Vec<Duration>);

impl Bystander {
    pub(super) fn start(cache: &Cache) -> Bystander {
        let mut stream = cache.connect();
        stream.set_nodelay(true).unwrap();
        stream.write_all(b"SET bystander hello\r\n").unwrap();
        let mut input = BufReader::new(stream.try_clone().unwrap());
        assert_eq!(line(&mut input), "+OK");
        let is_over = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&is_over);
        let (sent, owed) = sync_channel(OWED_MAX);
        let sender = thread::spawn(move || ask(&mut stream, &flag, &sent));
        let receiver = thread::spawn(move || receive(&mut input, &owed));
        Bystander { is_over, sender, receiver }
    }

    pub(super) fn end(self) -> Waits {
        self.is_over.store(true, Relaxed);
        self.sender.join().expect("a bystander can ask");
        self.receiver.join().expect("a bystander gets every reply")
    }
}

fn ask(stream: &mut TcpStream, is_over: &AtomicBool, sent: &SyncSender<Instant>) {
    let mut due = Instant::now();
    for number in 0.. {
        let now = Instant::now();
        // Should this thread have slept longer than it was to, that is not the server's fault.
        if sent.send(now).is_err() {
            return;
        }
        stream.write_all(format!("GET bystander\r\nECHO {number}\r\n").as_bytes()).unwrap();
        due = now.max(due + EVERY);
        thread::sleep(due.saturating_duration_since(Instant::now()));
        if is_over.load(Relaxed) {
            return;
        }
    }
}

fn receive(input: &mut BufReader<TcpStream>, owed: &Receiver<Instant>) -> Waits {
    let waits = owed.iter().enumerate().map(|(number, asked)| {
        let first = line(input);
        if first == "$5" {
            assert_eq!(line(input), "hello");
        } else {
            assert_eq!(first, "$-1", "it may have been evicted");
        }
        assert_eq!(line(input), format!("${}", number.to_string().len()));
        assert_eq!(line(input), number.to_string());
        asked.elapsed()
    });
    Waits(waits.collect())
}

fn line(input: &mut BufReader<TcpStream>) -> String {
    let mut line = String::new();
    input.read_line(&mut line).expect("a reply to a bystander");
    line.trim_end().to_owned()
}

impl Waits {
    /// Writes a line of JSON to the file that `PLIMSOLL_STALLS` names, if any.
    pub(super) fn tell(mut self, name: &str, resident_mb: u64) {
        self.0.sort_unstable();
        let at = |percent: usize| {
            let index = (self.0.len() * percent / 100).min(self.0.len() - 1);
            self.0[index].as_secs_f64() * 1e3
        };
        let row = serde_json::json!({
            "while": name,
            "probes": self.0.len(),
            "p50_ms": at(50),
            "p99_ms": at(99),
            "max_ms": at(100),
            "resident_mb": resident_mb,
        });
        let Some(path) = std::env::var_os("PLIMSOLL_STALLS") else { return };
        let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
        writeln!(file, "{row}").unwrap();
    }
}
