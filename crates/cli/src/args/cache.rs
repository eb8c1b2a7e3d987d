//! `plimsoll serve cache`: flags of the cache. Each is a short name of a parameter.

use std::{ffi::OsString, net::IpAddr};

use clap::{
    Args,
    error::{ContextKind, ContextValue, ErrorKind},
};

#[derive(Debug, Args)]
#[command(
    about = "An in-memory cache that Redis clients work with",
    after_help = "\
Examples:
  plimsoll serve cache --port 6379
  plimsoll serve cache --maxmemory 1gb --policy allkeys-lru
  plimsoll serve cache --host 0.0.0.0 --port 6379 --requirepass SECRET
  plimsoll serve cache --set timeout=300 --set notify-keyspace-events=Ex
  plimsoll serve cache --config cache.conf --admin-port 9121
  plimsoll serve cache --port 6379 --origin 'user:*=http://127.0.0.1:9000/users/{1}'

Then, with the tools of Redis:
  redis-cli -p 6379
  redis-benchmark -p 6379 -P 16 -t set,get

A parameter can stand in the file of --config or PLIMSOLL_CACHE_CONFIG (`maxmemory 1gb`), in the
environment (PLIMSOLL_CACHE_MAXMEMORY=1gb) and among the flags; the later ones are stronger.

All parameters, the commands, and what is not there: docs/cache.md"
)]
pub(crate) struct CacheArgs {
    /// Port; a free one when none is given
    #[arg(short, long, value_name = "N")]
    pub(crate) port: Option<u16>,
    /// Address to listen on, 127.0.0.1 unless given. One that other hosts reach needs --requirepass or --open
    #[arg(long, visible_alias = "bind", value_name = "ADDRESS")]
    pub(crate) host: Option<IpAddr>,
    /// Serves everybody who reaches the address, without a password
    #[arg(long)]
    pub(crate) open: bool,
    /// Threads [default: one per core]
    #[arg(long, visible_alias = "io-threads", value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) threads: Option<u16>,
    /// Most bytes of data: 100mb, 2gb; 0 is no limit
    #[arg(long, value_name = "BYTES")]
    pub(crate) maxmemory: Option<String>,
    /// What leaves when they are used up: s3-fifo, sieve, noeviction, or Redis's names (allkeys-lru and the
    /// like mean s3-fifo; volatile-* takes only what has a deadline) [default: noeviction]
    #[arg(long, visible_alias = "maxmemory-policy", value_name = "NAME")]
    pub(crate) policy: Option<String>,
    /// Password of the default user; better given as PLIMSOLL_CACHE_REQUIREPASS
    #[arg(long, value_name = "PASSWORD")]
    pub(crate) requirepass: Option<String>,
    /// File of users, for ACL LOAD and ACL SAVE
    #[arg(long, value_name = "FILE")]
    pub(crate) aclfile: Option<String>,
    /// Most connections [default: 10000]
    #[arg(long, value_name = "N")]
    pub(crate) maxclients: Option<u32>,
    /// Serves /metrics, /health and /ready there; 0 takes a free port [default: not served]
    #[arg(long, value_name = "N", help_heading = "Operation")]
    pub(crate) admin_port: Option<u16>,
    /// Address of --admin-port, 127.0.0.1 unless given. Everybody who reaches it may ask
    #[arg(long, visible_alias = "admin-bind", value_name = "ADDRESS", help_heading = "Operation")]
    pub(crate) admin_host: Option<IpAddr>,
    /// Port for TLS; alone, there is no other one. Needs --tls-cert-file and --tls-key-file
    #[arg(long, value_name = "N", help_heading = "TLS")]
    pub(crate) tls_port: Option<u16>,
    /// The certificate and those between it and an authority, as PEM
    #[arg(long, value_name = "FILE", help_heading = "TLS")]
    pub(crate) tls_cert_file: Option<String>,
    /// Its key, as PEM
    #[arg(long, value_name = "FILE", help_heading = "TLS")]
    pub(crate) tls_key_file: Option<String>,
    /// The authority of clients' certificates, as PEM
    #[arg(long, value_name = "FILE", help_heading = "TLS")]
    pub(crate) tls_ca_cert_file: Option<String>,
    /// Whether clients have to show a certificate: yes, optional or no [default: yes]
    #[arg(long, value_name = "WORD", help_heading = "TLS")]
    pub(crate) tls_auth_clients: Option<String>,
    /// File that items are loaded from at the start and saved to, in the folder of --dir [default: none]
    #[arg(long, value_name = "NAME", help_heading = "Warm restart")]
    pub(crate) dbfilename: Option<String>,
    /// Folder of that file [default: where the server is started]
    #[arg(long, value_name = "FOLDER", help_heading = "Warm restart")]
    pub(crate) dir: Option<String>,
    /// When to save, besides SAVE and BGSAVE: 'SECONDS CHANGES ...' (so many changes, so long after the last
    /// time) and at the end; or 'stop', only at the end [default: never]
    #[arg(long, value_name = "POINTS", help_heading = "Warm restart")]
    pub(crate) save: Option<String>,
    /// Where keys come from that are not there: 'user:*=http://127.0.0.1:9000/users/{1}', with options behind
    /// it (;ttl=60s;stale-if-error=1h). May be given several times
    #[arg(long, value_name = "RULE", help_heading = "Read-through")]
    pub(crate) origin: Vec<String>,
    /// A header that an origin is sent: 'http://127.0.0.1:9000 Authorization: Bearer sesame'. May be given several
    /// times; what is secret is better said in the configuration file, as flags can be seen
    #[arg(long, value_name = "HEADER", help_heading = "Read-through")]
    pub(crate) origin_header: Vec<String>,
    /// Seconds for which a value is fresh, where neither rule nor origin says [default: 60]
    #[arg(long, value_name = "SECONDS", help_heading = "Read-through")]
    pub(crate) origin_ttl: Option<u32>,
    /// Milliseconds that an origin has for an answer [default: 2000]
    #[arg(long, value_name = "MILLISECONDS", help_heading = "Read-through")]
    pub(crate) origin_timeout: Option<u32>,
    /// Any parameter; may be given several times
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) set: Vec<(String, String)>,
    /// Ends by itself after this many seconds
    #[arg(long, value_name = "N")]
    pub(crate) seconds: Option<u64>,
    /// Ends when standard input is closed (for parents that start it)
    #[arg(long, hide = true)]
    pub(crate) until_stdin_closes: bool,
}

impl CacheArgs {
    /// The flags as parameters and their values. `--set` says the same as a flag does, and comes last.
    pub(crate) fn parameters(&self) -> Vec<(String, String)> {
        let flags = [
            ("port", self.port.map(|port| port.to_string())),
            ("bind", self.host.map(|host| host.to_string())),
            ("protected-mode", self.open.then(|| "no".to_owned())),
            ("io-threads", self.threads.map(|threads| threads.to_string())),
            ("maxmemory", self.maxmemory.clone()),
            ("maxmemory-policy", self.policy.clone()),
            ("requirepass", self.requirepass.clone()),
            ("aclfile", self.aclfile.clone()),
            ("maxclients", self.maxclients.map(|count| count.to_string())),
            ("dbfilename", self.dbfilename.clone()),
            ("dir", self.dir.clone()),
            ("save", self.save.clone()),
            ("admin-port", self.admin_port.map(|port| port.to_string())),
            ("admin-bind", self.admin_host.map(|host| host.to_string())),
            ("tls-port", self.tls_port.map(|port| port.to_string())),
            ("tls-cert-file", self.tls_cert_file.clone()),
            ("tls-key-file", self.tls_key_file.clone()),
            ("tls-ca-cert-file", self.tls_ca_cert_file.clone()),
            ("tls-auth-clients", self.tls_auth_clients.clone()),
            ("origin-ttl", self.origin_ttl.map(|seconds| seconds.to_string())),
            ("origin-timeout", self.origin_timeout.map(|millis| millis.to_string())),
        ];
        let given = flags.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        let origins = self.origin.iter().map(|rule| ("origin".to_owned(), rule.clone()));
        let header = |header: &String| ("origin-header".to_owned(), header.clone());
        let headers = self.origin_header.iter().map(header);
        given.chain(origins).chain(headers).chain(self.set.iter().cloned()).collect()
    }
}

/// What to write for a flag that there is not: who comes from Redis expects one for each parameter.
pub(crate) fn parameter_tip(arguments: &[OsString], error: &clap::Error) -> Option<String> {
    let is_ours = arguments.iter().skip(1).take(2).eq(["serve", "cache"]);
    if !is_ours || error.kind() != ErrorKind::UnknownArgument {
        return None;
    }
    let Some(ContextValue::String(flag)) = error.get(ContextKind::InvalidArg) else { return None };
    let name = flag.strip_prefix("--")?;
    Some(format!("a parameter that has no flag of its own is given by '--set {name}=VALUE'"))
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write NAME=VALUE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;
    use crate::args::Cli;

    #[test]
    fn a_parameter_given_as_a_flag_is_told_how_to_be_given() {
        for (line, expected) in [
            ("plimsoll serve cache --timeout 300", Some("'--set timeout=VALUE'")),
            ("plimsoll serve cache --port x", None),
            ("plimsoll serve cache file", None),
            ("plimsoll serve web --timeout 300", None),
        ] {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let error = Cli::try_parse_from(&words).unwrap_err();
            let tip = parameter_tip(&words, &error);
            assert_eq!(tip.is_some(), expected.is_some(), "{line}");
            assert!(tip.unwrap_or_default().ends_with(expected.unwrap_or_default()), "{line}");
        }
    }

    /// A flag that nobody is told of is none.
    #[test]
    fn the_documentation_has_all_flags() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/cache.md");
        let text = std::fs::read_to_string(path).unwrap();
        let mut cli = Cli::command();
        let serve = cli.find_subcommand_mut("serve").unwrap();
        let cache = serve.find_subcommand_mut("cache").unwrap();
        for flag in cache.get_arguments().filter(|flag| !flag.is_hide_set()) {
            let name = flag.get_long().unwrap();
            assert!(text.contains(&format!("`--{name}")), "docs/cache.md does not have --{name}");
        }
    }
}
