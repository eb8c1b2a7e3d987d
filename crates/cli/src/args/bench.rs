//! The flags of `bench`.

use std::path::PathBuf;

use clap::Args;

use super::CompareFormat;

#[derive(Debug, Args)]
#[command(
    after_help = "A variant is what stands behind `plimsoll`, in quotes; NAME= before it names it. Variants are run in turn\n\
    (old, new, new, old, ...), since machines drift; the first is what the others are compared with.\n\nExamples:\n  \
    plimsoll bench -n 5 'old=run -e URL=http://127.0.0.1:8080 s.js' 'new=run -e URL=http://127.0.0.1:8081 s.js'\n  \
    plimsoll bench -n 5 --before ./restart.sh 'attack -rate=500 -duration=30s http://127.0.0.1:8080/'\n  \
    plimsoll bench -n 10 --folder runs/today -- run script.js"
)]
pub(crate) struct BenchArgs {
    /// Runs of each variant
    #[arg(short = 'n', long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) runs: u32,
    /// What is run, in quotes: `[NAME=]run ...` or `[NAME=]attack ...`
    #[arg(value_name = "VARIANT", required_unless_present = "command")]
    pub(crate) variants: Vec<String>,
    /// One variant, as it stands
    #[arg(last = true, value_name = "COMMAND", conflicts_with = "variants")]
    pub(crate) command: Vec<String>,
    /// Where the run records go, a folder for each variant [default: a folder beside the user's run records]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) folder: Option<PathBuf>,
    /// A command for the shell before each run, such as a restart of the service
    #[arg(long, value_name = "COMMAND")]
    pub(crate) before: Option<String>,
    /// Pause before each run
    #[arg(long, value_name = "TIME", default_value = "1s")]
    pub(crate) pause: String,
    /// Exit with 114 when it is so, as for `compare` (repeatable)
    #[arg(long, value_name = "RULE")]
    pub(crate) fail_if: Vec<String>,
    /// Groups that differ by less are the same
    #[arg(long, value_name = "PERCENT", default_value = "3%")]
    pub(crate) margin: String,
    /// How the comparison is printed
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub(crate) format: CompareFormat,
}
