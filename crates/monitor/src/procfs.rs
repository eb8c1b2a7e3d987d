//! Parsers of the kernel's texts under `/proc`, proc(5). Pure: text in, numbers out.

use std::time::Duration;

/// Ticks per second in `/proc`: the kernel's `USER_HZ`, which is 100 on every architecture that
/// Linux and Rust share, whatever its own tick.
const TICKS_PER_SECOND: u64 = 100;

/// Fields of `/proc/PID/stat` behind the name, as far as we look.
const FIELDS: usize = 22;

/// What a text lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no {0}")]
pub struct Missing(pub &'static str);

/// The part of `/proc/PID/stat` that we use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stat {
    pub pid: u32,
    /// Name of the executable, cut by the kernel to 15 bytes.
    pub comm: String,
    /// `R`, `S`, `D`, `Z`, ...
    pub state: char,
    pub parent: u32,
    /// Page faults that had to read a disk.
    pub major_faults: u64,
    pub cpu_user: Duration,
    pub cpu_system: Duration,
    /// CPU time of children that have ended and been waited for, and of theirs.
    pub children_user: Duration,
    pub children_system: Duration,
    pub threads: u64,
    /// Ticks from the boot to the process's start: with the pid it tells processes apart.
    pub start_ticks: u64,
    /// Pages of memory resident now.
    pub rss_pages: u64,
}

impl Stat {
    /// All CPU time of children that have ended and been waited for.
    pub fn children_cpu(&self) -> Duration {
        self.children_user.saturating_add(self.children_system)
    }

    /// Whether the process has ended, though its parent has not asked for its exit code.
    pub fn has_ended(&self) -> bool {
        matches!(self.state, 'Z' | 'X' | 'x')
    }
}

/// Parses `/proc/PID/stat`.
///
/// # Errors
/// When a field is missing or no number.
pub fn parse_stat(text: &str) -> Result<Stat, Missing> {
    // The name is in parentheses and may itself have spaces and parentheses: only the last one counts.
    let (pid, rest) = text.split_once(" (").ok_or(Missing("pid"))?;
    let (comm, rest) = rest.rsplit_once(')').ok_or(Missing("name"))?;
    let mut fields = [""; FIELDS];
    fields.iter_mut().zip(rest.split_ascii_whitespace()).for_each(|(into, field)| *into = field);
    // Numbered as in proc(5), where the field behind the name is the third.
    let field = |number: usize, name| {
        let text = fields.get(number - 3).ok_or(Missing(name))?;
        text.parse::<u64>().map_err(|_| Missing(name))
    };
    let ticks = |number, name| field(number, name).map(from_ticks);
    Ok(Stat {
        pid: pid.trim().parse().map_err(|_| Missing("pid"))?,
        comm: comm.to_owned(),
        state: fields[0].chars().next().ok_or(Missing("state"))?,
        parent: field(4, "parent")?.try_into().map_err(|_| Missing("parent"))?,
        major_faults: field(12, "major faults")?,
        cpu_user: ticks(14, "user time")?,
        cpu_system: ticks(15, "system time")?,
        children_user: ticks(16, "user time of children")?,
        children_system: ticks(17, "system time of children")?,
        threads: field(20, "number of threads")?,
        start_ticks: field(22, "start time")?,
        rss_pages: field(24, "resident pages")?,
    })
}

fn from_ticks(ticks: u64) -> Duration {
    let nanos = (ticks % TICKS_PER_SECOND) * (1_000_000_000 / TICKS_PER_SECOND);
    Duration::from_secs(ticks / TICKS_PER_SECOND).saturating_add(Duration::from_nanos(nanos))
}

/// The part of `/proc/PID/status` that we use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Resident now.
    pub rss_bytes: u64,
    /// The most that was ever resident.
    pub peak_rss_bytes: u64,
}

/// Parses `/proc/PID/status`. Processes without memory of their own (kernel threads, ended ones) have
/// no such lines: zero.
///
/// # Errors
/// When a line is there but its number is not.
pub fn parse_status(text: &str) -> Result<Memory, Missing> {
    let kilobytes = |key: &str, name| {
        let Some(value) = text.lines().find_map(|line| line.strip_prefix(key)) else {
            return Ok(0);
        };
        let number = value.trim().strip_suffix("kB").ok_or(Missing(name))?.trim_end();
        number.parse::<u64>().map(|kb| kb.saturating_mul(1024)).map_err(|_| Missing(name))
    };
    Ok(Memory {
        rss_bytes: kilobytes("VmRSS:", "resident memory")?,
        peak_rss_bytes: kilobytes("VmHWM:", "peak of resident memory")?,
    })
}

/// CPUs of the host, from `/proc/stat`: those that are online, whether or not this process may use them.
pub fn count_cpus(text: &str) -> usize {
    let is_cpu = |line: &&str| {
        line.strip_prefix("cpu").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    text.lines().filter(is_cpu).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Recorded from a web server on Linux 6.1.
    const STAT: &str = "1234 (nginx) S 1200 1200 1200 0 -1 4194368 2345 678 12 3 4567 1289 150 250 \
        20 0 5 0 264686 123456789 3210 18446744073709551615 94734836301824 94734836321705 \
        140732833070320 0 0 0 0 4096 81923 1 0 0 17 1 0 0 0 0 0 94734836337712 94734836339328 \
        94735065149440 140732833073685 140732833073705 140732833073705 140732833075179 0\n";

    const STATUS: &str = "Name:\tnginx\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t1234\nPid:\t1234\n\
        VmPeak:\t   30600 kB\nVmSize:\t   30600 kB\nVmHWM:\t   17404 kB\nVmRSS:\t   12840 kB\n\
        RssAnon:\t     112 kB\nThreads:\t5\n";

    #[test]
    fn a_process() {
        let stat = parse_stat(STAT).unwrap();
        let expected = Stat {
            pid: 1234,
            comm: "nginx".into(),
            state: 'S',
            parent: 1200,
            major_faults: 12,
            cpu_user: Duration::from_millis(45_670),
            cpu_system: Duration::from_millis(12_890),
            children_user: Duration::from_millis(1_500),
            children_system: Duration::from_millis(2_500),
            threads: 5,
            start_ticks: 264_686,
            rss_pages: 3_210,
        };
        assert_eq!(stat, expected);
        assert!(!stat.has_ended());
    }

    #[test]
    fn names_with_spaces_and_parentheses() {
        for name in ["tmux: server", "(sd-pam)", "a) R 1 (b", ") S 9 9 9", "", "())"] {
            let stat = parse_stat(&STAT.replace("nginx", name)).unwrap();
            assert_eq!((stat.comm.as_str(), stat.state, stat.parent), (name, 'S', 1200));
        }
    }

    #[test]
    fn ended_processes() {
        for (state, ended) in [(" Z ", true), (" X ", true), (" D ", false)] {
            assert_eq!(parse_stat(&STAT.replacen(" S ", state, 1)).unwrap().has_ended(), ended);
        }
    }

    #[test]
    fn cut_texts_name_what_they_lack() {
        assert_eq!(parse_stat(""), Err(Missing("pid")));
        assert_eq!(parse_stat("12 (x"), Err(Missing("name")));
        assert_eq!(parse_stat("12 (x)"), Err(Missing("state")));
        assert_eq!(parse_stat("12 (x) S"), Err(Missing("parent")));
        assert_eq!(parse_stat("12 (x) S y"), Err(Missing("parent")));
        let cut = STAT.split(" 264686").next().unwrap();
        assert_eq!(parse_stat(cut), Err(Missing("start time")));
    }

    #[test]
    fn memory() {
        let expected = Memory { rss_bytes: 12_840 * 1024, peak_rss_bytes: 17_404 * 1024 };
        assert_eq!(parse_status(STATUS), Ok(expected));
        assert_eq!(parse_status("Name:\tkthreadd\nThreads:\t1\n"), Ok(Memory::default()));
        assert_eq!(parse_status("VmRSS:\t x kB\n"), Err(Missing("resident memory")));
        assert_eq!(parse_status("VmRSS:\t 12\n"), Err(Missing("resident memory")));
    }

    #[test]
    fn cpus_of_the_host() {
        let text = "cpu  1 2 3\ncpu0 1 2 3\ncpu1 1 2 3\ncpu10 1 2 3\nintr 5\nctxt 6\n";
        assert_eq!(count_cpus(text), 3);
        assert_eq!(count_cpus(""), 0);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[0-9a-zA-Z ():\\n]{0,80}") {
            // A text of this length lacks the later fields.
            prop_assert!(parse_stat(&text).is_err());
            prop_assume!(!text.contains("Vm"));
            prop_assert_eq!(parse_status(&text), Ok(Memory::default()));
        }
    }
}
