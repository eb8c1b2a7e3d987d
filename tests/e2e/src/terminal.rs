//! A program on a terminal of its own: what it draws, and keys that are pressed.

use std::{
    fs::File,
    io::{Read, Write},
    os::fd::OwnedFd,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread::{JoinHandle, sleep},
    time::{Duration, Instant},
};

use nix::{
    pty::{Winsize, openpty},
    sys::termios::{LocalFlags, tcgetattr},
};

/// What is waited for on a terminal comes within this time.
const WAIT_LIMIT: Duration = Duration::from_secs(30);

/// A running program; killed with the value.
pub struct Terminal {
    child: Child,
    keyboard: File,
    /// Kept open, so that the terminal's modes can be asked for when the program has ended.
    screen: OwnedFd,
    shown: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Terminal {
    /// Starts `command` as the only program of a terminal of that size.
    pub fn start(command: &Command, columns: u16, rows: u16) -> Terminal {
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        let pair = openpty(&size, None).expect("open a terminal");
        let end = || Stdio::from(pair.slave.try_clone().expect("duplicate a descriptor"));
        // A terminal has a foreground only in a session that it controls.
        let mut session = Command::new("setsid");
        session.args(["--ctty", "--wait"]).arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => session.env(name, value),
                None => session.env_remove(name),
            };
        }
        session.current_dir(command.get_current_dir().expect("the command has a folder"));
        let child = session.stdin(end()).stdout(end()).stderr(end()).spawn().expect("start it");
        let mut output = File::from(pair.master.try_clone().expect("duplicate a descriptor"));
        let shown = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&shown);
        let reader = std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // The last reader of a terminal gets an error where others get the end.
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                let mut sink = sink.lock().unwrap_or_else(PoisonError::into_inner);
                sink.extend_from_slice(bytes.get(..count).unwrap_or_default());
            }
        });
        Terminal {
            child,
            keyboard: File::from(pair.master),
            screen: pair.slave,
            shown,
            reader: Some(reader),
        }
    }

    /// Everything that was written to it so far.
    pub fn shown(&self) -> String {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&shown).into_owned()
    }

    /// Waits until `text` was written.
    pub fn wait_for(&self, text: &str) {
        let started = Instant::now();
        while !self.shown().contains(text) {
            assert!(started.elapsed() < WAIT_LIMIT, "no {text:?} in:\n{}", self.shown());
            sleep(Duration::from_millis(20));
        }
    }

    /// Presses keys; `\x03` is Ctrl-C.
    pub fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).expect("write to the terminal");
    }

    /// Whether keys are shown and lines are edited, as shells and people expect it.
    pub fn is_as_usual(&self) -> bool {
        let usual = LocalFlags::ICANON | LocalFlags::ECHO | LocalFlags::ISIG;
        tcgetattr(&self.screen).expect("ask for the terminal's modes").local_flags.contains(usual)
    }

    /// Waits for the end; the exit code.
    pub fn end(&mut self) -> Option<i32> {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("wait for the program") {
                return status.code();
            }
            assert!(started.elapsed() < WAIT_LIMIT, "it does not end:\n{}", self.shown());
            sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It has ended already, or is ended by the loss of its terminal.
        drop(self.child.kill());
        drop(self.child.wait());
        // The reader ends with the terminal's last other end, which is dropped after this.
        drop(self.reader.take());
    }
}
