//! The flags of `view`.

use std::net::SocketAddr;

use clap::Args;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  plimsoll view                                # the newest run\n  \
    plimsoll view before.plimsoll after.plimsoll # two runs over each other\n  \
    plimsoll view checkout.js --open             # the newest run of that script, in the browser"
)]
pub(crate) struct ViewArgs {
    /// Runs: files of run records, names as `plimsoll runs` lists them, or `latest`
    #[arg(value_name = "RUN", default_value = "latest")]
    pub(crate) runs: Vec<String>,
    /// Address or port of the page; 127.0.0.1:5665, or another port when that is taken
    #[arg(short, long, value_name = "ADDR", value_parser = super::see::address)]
    pub(crate) listen: Option<SocketAddr>,
    /// Open the page in the browser
    #[arg(short, long)]
    pub(crate) open: bool,
}
