//! Flags of `watch`.

use std::{net::SocketAddr, path::PathBuf};

use clap::Args;
use plimsoll_monitor::agent;

use super::WatchFlags;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  plimsoll watch                                     # this host, like top
  plimsoll watch name:nginx port:5432                # processes, with their children
  plimsoll watch postgres://monitor@db1/app redis://cache1
  plimsoll watch --json port:8080 | jq 'select(.metric == \"process_cpu_utilization\")'

On another host, as an agent; then beside a run here:
  app1$ PLIMSOLL_TOKEN=... plimsoll watch --listen 0.0.0.0:9876 name:nginx
  here$ PLIMSOLL_WATCH_TOKEN=... plimsoll run --watch agent:app1:9876 script.js
  here$ curl -H \"Authorization: Bearer $TOKEN\" http://app1:9876/metrics    # what Prometheus gets")]
pub(crate) struct WatchArgs {
    /// What to watch beside this host: port:8080 (whoever listens there), name:nginx, pid:123,
    /// cgroup:/PATH, docker:NAME, agent:HOST:PORT, postgres://.., redis://.., nginx:http://..,
    /// prometheus:http://..
    pub(crate) what: Vec<String>,

    #[command(flatten)]
    pub(crate) watched: WatchFlags,

    /// Ends by itself after this many seconds
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) seconds: Option<u64>,

    /// Every sample as a line of JSON
    #[arg(long, conflicts_with = "listen")]
    pub(crate) json: bool,

    /// What this host is called in the tag `host`; its own name otherwise
    #[arg(long, value_name = "NAME", env = "PLIMSOLL_HOST")]
    pub(crate) name: Option<String>,

    #[command(flatten)]
    pub(crate) agent: AgentFlags,
}

/// Those of an agent.
#[derive(Debug, Args)]
#[command(next_help_heading = "Agent")]
pub(crate) struct AgentFlags {
    /// Serve what is watched at IP:PORT, IP (port 9876) or PORT (of the loopback address)
    #[arg(long, value_name = "ADDR", value_parser = address)]
    pub(crate) listen: Option<SocketAddr>,

    /// What clients must show; on the command line other users of this host can read it
    #[arg(long, value_name = "TOKEN", env = "PLIMSOLL_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,

    /// A file with the token
    #[arg(long, value_name = "FILE", requires = "listen", conflicts_with = "token")]
    pub(crate) token_file: Option<PathBuf>,

    /// Serve /metrics, the page for Prometheus, without a token
    #[arg(long, requires = "listen")]
    pub(crate) open_metrics: bool,

    /// Serve over TLS with this certificate (PEM, leaf first)
    #[arg(long, value_name = "FILE", requires = "listen", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,

    /// The certificate's key (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
}

fn address(text: &str) -> Result<SocketAddr, String> {
    super::address::parse(text, agent::PORT)
}
