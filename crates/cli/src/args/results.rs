//! Flags of `report`, `encode` and `plot`, which read what `attack` or vegeta wrote.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use plimsoll_outputs::report_page::Format;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  plimsoll report results.bin
  plimsoll report -type=json results.bin | jq .response_time
  plimsoll report -type='hist[0,2ms,4ms,6ms]' a.bin b.bin
  plimsoll attack -duration=1m http://127.0.0.1:8080/ | plimsoll report -every=1s
  plimsoll report ~/.local/state/plimsoll/runs/20261121T112004Z-script.plimsoll
  plimsoll report --html script.js > report.html     # the newest run of that script
  plimsoll report --md before.plimsoll after.plimsoll
  plimsoll report --html search.jsonl > capacity.html   # of plimsoll capacity --state search.jsonl

--html and --md take run records, named as for `plimsoll view`; several are compared. Without one it
is the newest run.

Latencies are response times: they start when a request was due, if the input tells it, and else
when it was sent.

What is damaged or cut is left out and told; the exit code is 0 all the same.")]
pub(crate) struct ReportArgs {
    /// Results of attacks (plimsoll's, or vegeta's gob, JSON or CSV), records of runs, or a stored search
    /// for a capacity; the format is found out. `-` or none: standard input
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    /// The runs as one page of HTML that opens offline
    #[arg(long, conflicts_with_all = ["md", "kind", "every", "buckets"])]
    pub(crate) html: bool,
    /// The runs in Markdown, for a pull request
    #[arg(long, conflicts_with_all = ["kind", "every", "buckets"])]
    pub(crate) md: bool,
    /// text, json, hist[BOUND,...] or hdrplot
    #[arg(long = "type", value_name = "TYPE", default_value = "text")]
    pub(crate) kind: String,
    /// A report so far every so often, e.g. 1s; clears the screen of a terminal
    #[arg(long, value_name = "TIME")]
    pub(crate) every: Option<String>,
    /// Counts between these bounds, in JSON: [0,1ms,10ms]
    #[arg(long, value_name = "[BOUND,...]")]
    pub(crate) buckets: Option<String>,
    /// Where the report goes [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

impl ReportArgs {
    /// What the runs are written as; none for a report of types.
    pub(crate) fn page(&self) -> Option<Format> {
        match (self.html, self.md) {
            (true, _) => Some(Format::Html),
            (_, true) => Some(Format::Markdown),
            _ => None,
        }
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  plimsoll encode results.bin | jq -c 'select(.code != 200) | {url, error}'
  plimsoll encode -to=csv -output=results.csv results.bin
  plimsoll encode -to=binary host-1.bin host-2.bin > all.bin
  plimsoll attack -duration=1m http://127.0.0.1:8080/ | plimsoll encode | jaggr @count=rps

One input keeps its order, which is that of the responses. Several are merged by the time at which
requests were due.

What is damaged or cut is left out and told; the exit code is 0 all the same.")]
pub(crate) struct EncodeArgs {
    /// Results of attacks (plimsoll's, or vegeta's gob, JSON or CSV); the format is found out. `-` or
    /// none: standard input
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    /// The format to write; vegeta reads the last two
    #[arg(long, value_enum, default_value_t = Encoding::Json)]
    pub(crate) to: Encoding,
    /// Where the results go [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  plimsoll plot results.bin > plot.html
  plimsoll plot -title='Checkout' -objective=200ms -output=plot.html before.bin after.bin
  plimsoll attack -rate=100 -duration=30s http://127.0.0.1:8080/ | plimsoll plot > plot.html

The page needs no network. Runs are laid over each other, each from its own start; hits of one file
are one run for each name of an attack (attack -name).")]
pub(crate) struct PlotArgs {
    /// Results of attacks (plimsoll's, or vegeta's gob, JSON or CSV); the format is found out. `-` or
    /// none: standard input
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    /// The page's title
    #[arg(long, value_name = "TEXT", default_value = "Response times")]
    pub(crate) title: String,
    /// A line across the response times, e.g. 200ms
    #[arg(long, value_name = "TIME")]
    pub(crate) objective: Option<String>,
    /// How many single responses of each run are drawn; past it they are thinned out
    #[arg(long, value_name = "N", default_value_t = plimsoll_outputs::plot::DOTS_LIMIT)]
    pub(crate) threshold: usize,
    /// Where the page goes [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// A format that can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Encoding {
    /// Compact, keeps everything
    Binary,
    /// One object per line
    Json,
    /// Twelve columns, without lateness
    Csv,
}
