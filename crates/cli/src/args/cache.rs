//! `plimsoll serve cache`: flags of the cache.

use clap::Args;

#[derive(Debug, Args)]
#[command(
    about = "An in-memory cache that Redis clients work with",
    after_help = "\
Examples:
  plimsoll serve cache --port 6379
  plimsoll serve cache --maxmemory 1gb --policy allkeys-lru
  plimsoll serve cache --host 0.0.0.0 --port 6379 --requirepass SECRET
  plimsoll serve cache --set timeout=300 --set notify-keyspace-events=Ex

Then, with the tools of Redis:
  redis-cli -p 6379
  redis-benchmark -p 6379 -P 16 -t set,get

All of CONFIG's parameters, the commands, and what is not there: docs/cache.md"
)]
pub(crate) struct CacheArgs {
    /// Port; a free one when none is given
    #[arg(short, long, default_value_t = 0, hide_default_value = true)]
    pub(crate) port: u16,
    /// Address to listen on. One that other hosts reach needs --requirepass or --open
    #[arg(long, default_value = "127.0.0.1")]
    pub(crate) host: std::net::IpAddr,
    /// Serves everybody who reaches the address, without a password
    #[arg(long)]
    pub(crate) open: bool,
    /// Threads [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) threads: Option<u16>,
    /// Most bytes of data: 100mb, 2gb; 0 is no limit
    #[arg(long, value_name = "BYTES", default_value = "0", hide_default_value = true)]
    pub(crate) maxmemory: String,
    /// What leaves when they are used up: s3-fifo, sieve, noeviction, or Redis's names (allkeys-lru and the
    /// like mean s3-fifo; volatile-* takes only what has a deadline) [default: noeviction]
    #[arg(long, value_name = "NAME")]
    pub(crate) policy: Option<String>,
    /// Password of the default user
    #[arg(long, value_name = "PASSWORD", env = "PLIMSOLL_CACHE_PASSWORD", hide_env_values = true)]
    pub(crate) requirepass: Option<String>,
    /// Most connections [default: 10000]
    #[arg(long, value_name = "N")]
    pub(crate) maxclients: Option<u32>,
    /// Any parameter of CONFIG SET; may be given several times
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) parameters: Vec<(String, String)>,
    /// Ends by itself after this many seconds
    #[arg(long)]
    pub(crate) seconds: Option<u64>,
    /// Ends when standard input is closed (for parents that start it)
    #[arg(long, hide = true)]
    pub(crate) until_stdin_closes: bool,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write NAME=VALUE".to_owned()),
    }
}
