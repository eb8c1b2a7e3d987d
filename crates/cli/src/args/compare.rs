//! The flags of `compare`.

use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
#[command(
    after_help = "A group is one run or several, separated by commas, or a folder of run records; NAME= before it \
    names it.\nThe first is what the others are compared with. One run of each shows the numbers; it \
    takes five of each to tell a difference from chance.\n\nExamples:\n  \
    plimsoll compare old1,old2,old3,old4,old5 new1,new2,new3,new4,new5\n  \
    plimsoll compare main=runs/main branch=runs/branch --format markdown\n  \
    plimsoll compare runs/main runs/branch --fail-if 'p99 worse 5%' --fail-if 'failed worse'"
)]
pub(crate) struct CompareArgs {
    /// Groups of runs: files of run records, names as `plimsoll runs` lists them, folders
    #[arg(value_name = "GROUP", num_args = 2.., required = true)]
    pub(crate) groups: Vec<String>,
    /// Exit with 114 when it is so: 'FIGURE worse [N%]' or 'FIGURE unclear'; `any` is every figure (repeatable)
    #[arg(long, value_name = "RULE")]
    pub(crate) fail_if: Vec<String>,
    /// Groups that differ by less are the same
    #[arg(long, value_name = "PERCENT", default_value = "3%")]
    pub(crate) margin: String,
    /// How it is printed
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub(crate) format: CompareFormat,
    /// Compare runs that were asked different things, or whose generator was the limit
    #[arg(long)]
    pub(crate) anyway: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CompareFormat {
    Text,
    Json,
    /// For a pull request
    Markdown,
}
