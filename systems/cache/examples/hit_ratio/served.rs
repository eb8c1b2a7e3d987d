//! A trace replayed against a server, whose cap is set so that it has as many bytes for items as the others.

use std::{
    error::Error,
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpStream,
};

use plimsoll_wire::resp::write_command;

use crate::{VALUE, key};

/// Requests that are sent together: what is missing is stored after the last of them.
const TOGETHER: usize = 64;

pub(crate) struct Served {
    pub(crate) name: String,
    output: TcpStream,
    input: BufReader<TcpStream>,
    /// Of a server without items.
    empty_bytes: usize,
    out: Vec<u8>,
    line: Vec<u8>,
}

impl Served {
    /// A server on a loopback port, whose items are lost.
    pub(crate) fn connect(name: &str, port: u16) -> Result<Served, Box<dyn Error>> {
        let output = TcpStream::connect(("127.0.0.1", port))?;
        output.set_nodelay(true)?;
        let input = BufReader::new(output.try_clone()?);
        let (out, line) = (Vec::new(), Vec::new());
        let mut served = Served { name: name.to_owned(), output, input, empty_bytes: 0, out, line };
        served.ask(&["FLUSHALL"])?;
        served.empty_bytes = served.used_bytes()?;
        Ok(served)
    }

    /// Empties it and gives it so many bytes for items.
    pub(crate) fn begin(&mut self, max_bytes: usize) -> Result<(), Box<dyn Error>> {
        let cap = (self.empty_bytes + max_bytes).to_string();
        for command in [&["CONFIG", "SET", "maxmemory", &cap][..], &["FLUSHALL"]] {
            let said = self.ask(command)?;
            if said != "+OK" {
                return Err(format!("{} says {said} to {command:?}", self.name).into());
            }
        }
        Ok(())
    }

    /// Hits among the second half of the requests.
    pub(crate) fn hit_ratio(&mut self, trace: &[u64]) -> Result<f64, Box<dyn Error>> {
        let (first, second) = trace.split_at(trace.len() / 2);
        self.replay(first)?;
        Ok(self.replay(second)? as f64 / second.len() as f64)
    }

    /// How many were there.
    fn replay(&mut self, trace: &[u64]) -> Result<usize, Box<dyn Error>> {
        let mut hits = 0;
        for objects in trace.chunks(TOGETHER) {
            self.out.clear();
            for object in objects {
                write_command(&mut self.out, ["GET", &key(*object)]);
            }
            self.output.write_all(&self.out)?;
            self.out.clear();
            let mut missing = 0;
            for object in objects {
                if self.is_value()? {
                    hits += 1;
                } else {
                    let name = key(*object);
                    write_command(&mut self.out, [b"SET", name.as_bytes(), &VALUE]);
                    missing += 1;
                }
            }
            self.output.write_all(&self.out)?;
            for _ in 0..missing {
                self.read_line()?;
            }
        }
        Ok(hits)
    }

    pub(crate) fn items(&mut self) -> Result<usize, Box<dyn Error>> {
        let said = self.ask(&["DBSIZE"])?;
        Ok(said.trim_start_matches(':').parse()?)
    }

    /// As INFO tells it.
    fn used_bytes(&mut self) -> Result<usize, Box<dyn Error>> {
        let head = self.ask(&["INFO", "memory"])?;
        let length: u64 = head.trim_start_matches('$').parse()?;
        let mut text = String::new();
        self.input.by_ref().take(length + 2).read_to_string(&mut text)?;
        let used = text.lines().find_map(|line| line.strip_prefix("used_memory:"));
        Ok(used.ok_or("INFO has no used_memory")?.parse()?)
    }

    /// The first line of the reply.
    fn ask(&mut self, command: &[&str]) -> io::Result<String> {
        self.out.clear();
        write_command(&mut self.out, command);
        self.output.write_all(&self.out)?;
        self.read_line()?;
        Ok(String::from_utf8_lossy(self.line.trim_ascii_end()).into_owned())
    }

    fn read_line(&mut self) -> io::Result<()> {
        self.line.clear();
        match self.input.read_until(b'\n', &mut self.line)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    /// Whether the reply is a value, which is passed over, or nothing.
    fn is_value(&mut self) -> io::Result<bool> {
        self.read_line()?;
        match self.line.as_slice() {
            [b'$', b'-', ..] => Ok(false),
            [b'$', ..] => {
                let length = VALUE.len() as u64 + 2;
                io::copy(&mut self.input.by_ref().take(length), &mut io::sink())?;
                Ok(true)
            }
            other => Err(io::Error::other(String::from_utf8_lossy(other).into_owned())),
        }
    }
}
