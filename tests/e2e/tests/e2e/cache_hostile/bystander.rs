//! A client that does nothing wrong: every millisecond it asks for a small key, and it must get every reply.

use std::{
    fs::OpenOptions,
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crate::cache::Cache;

const EVERY: Duration = Duration::from_millis(1);

/// At work until its end.
pub(super) struct Bystander {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<Waits>,
}

/// How long it waited for each reply, from when it was to be asked for.
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
        let thread = thread::spawn(move || probe(&mut stream, &mut input, &flag));
        Bystander { is_over, thread }
    }

    pub(super) fn end(self) -> Waits {
        self.is_over.store(true, Relaxed);
        self.thread.join().expect("a bystander gets every reply")
    }
}

fn probe(stream: &mut TcpStream, input: &mut BufReader<TcpStream>, is_over: &AtomicBool) -> Waits {
    let mut waits = Vec::new();
    let mut due = Instant::now();
    let mut answered = due;
    while !is_over.load(Relaxed) || waits.is_empty() {
        due += EVERY;
        if answered < due {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            // Should this thread have slept longer, that is not the server's fault.
            due = Instant::now();
        }
        let number = waits.len();
        stream.write_all(format!("GET bystander\r\nECHO {number}\r\n").as_bytes()).unwrap();
        let first = line(input);
        if first == "$5" {
            assert_eq!(line(input), "hello");
        } else {
            assert_eq!(first, "$-1", "it may have been evicted");
        }
        assert_eq!(line(input), format!("${}", number.to_string().len()));
        assert_eq!(line(input), number.to_string());
        answered = Instant::now();
        waits.push(answered - due);
    }
    Waits(waits)
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
