//! The command line as data: every verb, flag, default and example.

mod address;
mod attack;
mod bench;
mod cache;
mod capacity;
mod care;
mod compare;
mod dashes;
mod options;
mod results;
mod run;
mod scale;
mod see;
mod sent;
mod serve;
mod view;
mod watch;

use clap::{Args, Parser, Subcommand};

pub(crate) use attack::{
    Arrivals, AttackArgs, HttpFlags, PaceFlags, RedisFlags, ResultFlags, TargetFlags, TargetFormat,
};
pub(crate) use bench::BenchArgs;
pub(crate) use cache::{CacheArgs, parameter_tip};
pub(crate) use capacity::{CapacityArgs, Dimension};
pub(crate) use care::CareFlags;
pub(crate) use compare::{CompareArgs, CompareFormat};
pub(crate) use dashes::two_dashes;
pub(crate) use options::OptionFlags;
pub(crate) use results::{EncodeArgs, Encoding, PlotArgs, ReportArgs};
pub(crate) use run::{
    ArchiveArgs, CompatibilityMode, InspectArgs, RunArgs, RuntimeFlags, SummaryMode, TestType,
};
pub(crate) use scale::ScaleArgs;
pub(crate) use see::{SeeFlags, WatchFlags, address, dashboard_tip};
pub(crate) use sent::Sent;
pub(crate) use serve::{LimitFlags, Own, ServeArgs, System};
pub(crate) use view::ViewArgs;
pub(crate) use watch::{AgentFlags, WatchArgs};

/// Load testing and capacity for services and distributed systems.
#[derive(Debug, Parser)]
#[command(
    name = "plimsoll",
    version,
    disable_help_subcommand = true,
    propagate_version = true,
    after_help = "Examples:\n  plimsoll demo                          # see what it does, in 20 seconds\n  \
        plimsoll run script.js                 # run a k6 script\n  \
        plimsoll run -u 30 -d 10s script.js    # with 30 virtual users for 10 seconds\n  \
        plimsoll serve web --port 8080         # a service to practise on\n\n\
        `plimsoll help COMMAND` says more about each."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalFlags,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Args)]
pub(crate) struct GlobalFlags {
    /// JSON file with options, below those of the script; for `serve cache`, a file of parameters
    #[arg(
        short,
        long,
        global = true,
        env = "K6_CONFIG",
        value_name = "FILE",
        help_heading = "Global"
    )]
    pub(crate) config: Option<std::path::PathBuf>,

    /// Where log lines go: stderr, stdout, none, file=PATH
    #[arg(
        long,
        global = true,
        env = "K6_LOG_OUTPUT",
        default_value = "stderr",
        help_heading = "Global"
    )]
    pub(crate) log_output: String,

    /// Form of log lines: text, json, raw
    #[arg(
        long,
        global = true,
        env = "K6_LOG_FORMAT",
        default_value = "",
        help_heading = "Global",
        hide_default_value = true
    )]
    pub(crate) log_format: String,

    /// No colors (so does the variable NO_COLOR)
    #[arg(long, global = true, help_heading = "Global")]
    pub(crate) no_color: bool,

    /// No progress display
    #[arg(short, long, global = true, help_heading = "Global")]
    pub(crate) quiet: bool,

    /// Debug messages too
    #[arg(short, long, global = true, help_heading = "Global")]
    pub(crate) verbose: bool,

    /// The REST API of k6: not supported
    #[arg(short, long, global = true, hide = true)]
    pub(crate) address: Option<String>,

    /// Go profiles of k6: not supported
    #[arg(long, global = true, hide = true)]
    pub(crate) profiling_enabled: bool,

    /// Secret sources of k6: not supported
    #[arg(long, global = true, hide = true)]
    pub(crate) secret_source: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a k6 script (JavaScript or TypeScript) or archive
    Run(Box<RunArgs>),
    /// Send requests at a rate, without a script
    Attack(Box<AttackArgs>),
    /// Find the highest rate at which objectives are kept
    Capacity(Box<CapacityArgs>),
    /// Find out how throughput grows with users, connections or nodes
    Scale(Box<ScaleArgs>),
    /// Say what came of attacks, from their results, or of a run, from its record
    Report(ReportArgs),
    /// Look at hosts, processes and services, or serve what is seen to runs on other hosts
    Watch(Box<WatchArgs>),
    /// Turn results of attacks from one format into another
    Encode(EncodeArgs),
    /// A page with the response times of several attacks over each other
    Plot(PlotArgs),
    /// Show the options of a script, consolidated, without running it
    Inspect(Box<InspectArgs>),
    /// Pack a script, its modules and files into one archive that runs anywhere
    Archive(Box<ArchiveArgs>),
    /// Write a new script to start from
    New(NewArgs),
    /// List the records of past runs
    Runs(RunsArgs),
    /// Look at past runs, or one that goes on, in the browser
    View(ViewArgs),
    /// Run variants in turn, several times each, and compare them
    Bench(BenchArgs),
    /// Say whether one group of runs differs from another
    Compare(CompareArgs),
    /// Start a sample service, load it, watch it, and say what was seen
    Demo(DemoArgs),
    /// Run a system to practise on
    Serve(Box<ServeArgs>),
    /// Print the completion script of a shell
    Completion(CompletionArgs),
    /// Print the version
    Version,
    /// Help for a command
    Help(HelpArgs),
    /// Verbs of k6 that need its cloud or its REST API
    #[command(external_subcommand)]
    Unknown(Vec<String>),
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  plimsoll new                      # script.js\n  plimsoll new login.js\n  \
    plimsoll new --template protocol api.js"
)]
pub(crate) struct NewArgs {
    /// The file to write
    #[arg(default_value = "script.js")]
    pub(crate) file: std::path::PathBuf,
    /// Overwrite an existing file
    #[arg(short, long)]
    pub(crate) force: bool,
    /// minimal, protocol, or the path of a file to copy
    #[arg(long, default_value = "minimal")]
    pub(crate) template: String,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  plimsoll runs\n  plimsoll runs --json | jq '.[0]'")]
pub(crate) struct RunsArgs {
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  plimsoll demo")]
pub(crate) struct DemoArgs {
    /// Virtual users
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=1000))]
    pub(crate) vus: u64,
    /// Seconds of load
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(2..=600))]
    pub(crate) seconds: u64,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  plimsoll completion bash > ~/.local/share/bash-completion/completions/plimsoll"
)]
pub(crate) struct CompletionArgs {
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub(crate) struct HelpArgs {
    pub(crate) command: Option<String>,
}
