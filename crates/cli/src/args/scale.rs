//! The flags of `scale`: what is swept, and what is sent as in `attack`.

use std::{path::PathBuf, time::Duration};

use clap::{ArgMatches, Args, Command, Error, FromArgMatches, builder::RangedU64ValueParser};
use plimsoll_script::options::parse_go_duration;

use super::{Sent, WatchFlags, capacity::cores, sent};

/// Of a shorter run, nothing is left after the first second.
const LENGTH_MIN: Duration = Duration::from_secs(2);
const LENGTH_MAX: Duration = Duration::from_secs(3600);
const READY_MAX: Duration = Duration::from_secs(3600);

/// Sizes of one sweep, and the largest.
const SIZES_LIMIT: usize = 64;
const SIZE_MAX: u64 = 100_000;

#[derive(Debug, Args)]
#[command(after_help = "\
Each size is run several times, in mixed order, and the Universal Scalability Law is fitted:
contention, coherency, and the peak if one was seen; beside it a straight line and a line that
ends flat. Load is closed: each virtual user or connection sends when its last request was answered.

Sizes: 1,2,4,8 as they stand; 1..64 doubles from one to the other; of nodes 1..4 is each of them.

Examples:
  plimsoll scale http://127.0.0.1:8080/                       # 1 to 64 connections
  plimsoll scale http://127.0.0.1:8080/ --connections 1,2,4,8,16,32 --repeats 5 --length 10s
  plimsoll scale script.js --vus 1..32 -e BASE=http://127.0.0.1:8080 --report scale.html
  plimsoll scale redis://127.0.0.1:6379 --command 'GET key:{zipf:1000000}' --svg scale.svg
  plimsoll scale http://127.0.0.1:8080/ --nodes 1..4 --start-nodes './up.sh {N}' --per-node 32
  plimsoll scale http://127.0.0.1:8080/ --watch port:8080     # what was in use at each size
  plimsoll scale http://127.0.0.1:8080/ --json | jq .peak

Exit codes: 0 fitted; 111 INVALID, the generator was the limit; 113 no law could be fitted, or none
  fits; 104 bad configuration; 105 interrupted; 255 the target is down")]
pub(crate) struct ScaleArgs {
    #[command(flatten)]
    pub(crate) swept: Swept,
    /// The shell command that starts nodes and stays; {N} in it is their number
    #[arg(long, value_name = "COMMAND", requires = "nodes", help_heading = "Sweep")]
    pub(crate) start_nodes: Option<String>,
    /// Virtual users or connections for each node
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = RangedU64ValueParser::<u64>::new().range(1..=10_000), help_heading = "Sweep")]
    pub(crate) per_node: u64,
    /// The target answers by then, after nodes were started
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = ready, help_heading = "Sweep")]
    pub(crate) ready_within: Duration,
    /// Runs of each size
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100), help_heading = "Sweep")]
    pub(crate) repeats: u32,
    /// How long each run is; its first second at least is left out
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = length, help_heading = "Sweep")]
    pub(crate) length: Duration,
    /// Of the order of runs, and of what is drawn for the intervals
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "Sweep")]
    pub(crate) seed: u64,

    /// CPU that plimsoll itself may use; from 80 % of it on it is the limit [default: all cores]
    #[arg(long, value_name = "CORES", value_parser = cores, help_heading = "Load")]
    pub(crate) generator_cores: Option<f64>,

    /// The curve as a picture
    #[arg(long, value_name = "FILE.svg", value_parser = svg, help_heading = "Results")]
    pub(crate) svg: Option<PathBuf>,
    /// A page with the curve, what it says and all runs; opens offline
    #[arg(long, value_name = "FILE.html", value_parser = html, help_heading = "Results")]
    pub(crate) report: Option<PathBuf>,
    /// The result as JSON on standard output (docs/scale.md)
    #[arg(long, help_heading = "Results")]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) closed: Closed,
}

/// What is swept; one of them.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct Swept {
    /// Virtual users, e.g. 1,2,4,8 [default for a script: 1..64]
    #[arg(long, value_name = "SIZES", value_parser = doubling, help_heading = "Sweep")]
    pub(crate) vus: Option<Sizes>,
    /// Connections, e.g. 1..64 [default for a URL or redis]
    #[arg(id = "swept", long = "connections", value_name = "SIZES", value_parser = doubling, help_heading = "Sweep")]
    pub(crate) connections: Option<Sizes>,
    /// Nodes of the service, e.g. 1..4; needs --start-nodes
    #[arg(long, value_name = "SIZES", value_parser = each, requires = "start_nodes", help_heading = "Sweep")]
    pub(crate) nodes: Option<Sizes>,
}

/// Three at least, ascending, each once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sizes(pub(crate) Vec<u64>);

impl Default for Sizes {
    fn default() -> Sizes {
        Sizes(vec![1, 2, 4, 8, 16, 32, 64])
    }
}

/// What is sent in a closed model: [`Sent`] without what only rates have.
#[derive(Debug)]
pub(crate) struct Closed(pub(crate) Sent);

impl FromArgMatches for Closed {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Closed, Error> {
        let mut sent = sent::read(matches)?;
        sent.attack.see.watched = WatchFlags::from_arg_matches(matches)?;
        Ok(Closed(sent))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Closed::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for Closed {
    fn augment_args(command: Command) -> Command {
        // What is swept says how many connections there are, and has the name of those that are idle.
        let command = WatchFlags::augment_args(sent::augment(command));
        let command = command.mut_arg("connections", |arg| arg.long("idle-connections"));
        let hidden = ["connections", "max_connections"];
        hidden.iter().fold(command, |command, name| command.mut_arg(name, |arg| arg.hide(true)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Closed::augment_args(command)
    }
}

fn doubling(text: &str) -> Result<Sizes, String> {
    sizes(text, |size| size.saturating_mul(2))
}

fn each(text: &str) -> Result<Sizes, String> {
    sizes(text, |size| size.saturating_add(1))
}

/// `1,2,4` or `1..64`, where `next` says what comes between.
fn sizes(text: &str, next: impl Fn(u64) -> u64) -> Result<Sizes, String> {
    let number = |text: &str| {
        let size = text.trim().parse::<u64>().ok().filter(|size| (1..=SIZE_MAX).contains(size));
        size.ok_or_else(|| {
            format!("{text:?} is no size from 1 to {SIZE_MAX}; write 1,2,4,8 or 1..64")
        })
    };
    let mut sizes = match text.split_once("..") {
        Some((first, last)) => {
            let (first, last) = (number(first)?, number(last)?);
            if first >= last {
                return Err(format!("{first}..{last} goes down; write the smaller first"));
            }
            let up = std::iter::successors(Some(first), |size| Some(next(*size)));
            up.take_while(|size| *size < last).take(SIZES_LIMIT).chain([last]).collect()
        }
        None => text.split(',').map(number).collect::<Result<Vec<_>, _>>()?,
    };
    sizes.sort_unstable();
    sizes.dedup();
    match sizes.len() {
        0..3 => {
            Err("three different sizes at least tell a curve from a line; write 1,2,4,8".into())
        }
        count if count > SIZES_LIMIT => Err(format!("there may be {SIZES_LIMIT} sizes at most")),
        _ => Ok(Sizes(sizes)),
    }
}

fn length(text: &str) -> Result<Duration, String> {
    within(text, LENGTH_MIN, LENGTH_MAX)
}

fn ready(text: &str) -> Result<Duration, String> {
    within(text, Duration::from_secs(1), READY_MAX)
}

fn within(text: &str, least: Duration, most: Duration) -> Result<Duration, String> {
    let time = parse_go_duration(text).map_err(|error| error.to_string())?;
    if time.is_negative() || !(least..=most).contains(&time.to_std()) {
        return Err(format!("it must be from {}s to {}s", least.as_secs(), most.as_secs()));
    }
    Ok(time.to_std())
}

fn svg(text: &str) -> Result<PathBuf, String> {
    ending(text, &["svg"])
}

fn html(text: &str) -> Result<PathBuf, String> {
    ending(text, &["html", "htm"])
}

fn ending(text: &str, endings: &[&str]) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let is_known = endings.iter().any(|known| ending.eq_ignore_ascii_case(known));
    is_known.then_some(path).ok_or_else(|| format!("name a file that ends in .{}", endings[0]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_lists_or_ranges() {
        let check = |found: Result<Sizes, String>, expected: &[u64]| {
            assert_eq!(found, Ok(Sizes(expected.to_vec())));
        };
        check(doubling("1,2,4"), &[1, 2, 4]);
        check(doubling("8, 1,2,2"), &[1, 2, 8]);
        check(doubling("1..64"), &Sizes::default().0);
        check(doubling("3..20"), &[3, 6, 12, 20]);
        check(each("1..4"), &[1, 2, 3, 4]);
    }

    #[test]
    fn what_is_no_size_is_named() {
        let check = |text: &str, expected: &str| {
            let error = doubling(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        };
        check("", "\"\" is no size");
        check("1,x,3", "\"x\" is no size");
        check("0..4", "\"0\" is no size");
        check("8..2", "goes down");
        check("1,2", "three different sizes");
        check("1..2", "three different sizes");
        check("1,2,1000000", "from 1 to 100000");
        assert!(each("1..1000").unwrap_err().contains("64 sizes"));
    }

    #[test]
    fn files_have_the_ending_of_what_is_in_them() {
        assert!(svg("a.svg").is_ok() && svg("a.SVG").is_ok() && html("b.html").is_ok());
        assert!(svg("a.png").unwrap_err().contains(".svg"));
        assert!(html("html").unwrap_err().contains(".html"));
    }
}
