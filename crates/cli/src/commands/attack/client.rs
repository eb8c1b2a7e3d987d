//! From the flags of HTTP to the settings of the clients.

use std::{
    fs,
    net::{IpAddr, SocketAddr},
    path::Path,
    sync::Arc,
    time::Duration,
};

use plimsoll_attack::http::{Config, Redirects, Targets};
use plimsoll_clients::http::{
    HttpConfig,
    config::{ConnectTo, LocalIps, Protocol, Proxies, SystemTags},
};
use plimsoll_runtime::{
    dns::{DnsConfig, Resolver, Ttl},
    log::Log,
    tls::{ClientCertificate, TlsConfig, TlsConnector},
};
use plimsoll_script::options::parse_go_duration;

use super::{load::timeout, targets};
use crate::{
    args::{AttackArgs, HttpFlags},
    exit::{Exit, Failure},
};

/// More targets than this have no time series of their own: their samples carry no URL.
const TAGGED_TARGETS_MAX: usize = 100;

/// What the hits of the attack have in common.
pub(super) fn config(args: &AttackArgs, log: &Log) -> Result<Config, Failure> {
    let flags = &args.http;
    let targets = targets::open(args)?;
    let tagged = match &targets {
        Targets::List(list) => list.len() <= TAGGED_TARGETS_MAX,
        Targets::Stream(_) => false,
    };
    let mut client = http(flags, log)?;
    client.system_tags = SystemTags { url: tagged, name: tagged, ..SystemTags::default() };
    Ok(Config {
        client: Arc::new(client),
        targets,
        redirects: match u32::try_from(flags.redirects) {
            Ok(most) => Redirects::Follow(most),
            Err(_) => Redirects::Succeed,
        },
        timeout: timeout(flags)?,
        keep_body: flags.max_body.as_deref().map(max_body).transpose()?,
        chunked: flags.chunked,
        hold: args.pace.hold_connections.is_some(),
        opens_first: false,
        connections_max: flags.max_connections,
    })
}

/// Settings of the network, of HTTP and of TLS.
pub(super) fn http(flags: &HttpFlags, log: &Log) -> Result<HttpConfig, Failure> {
    let agent = concat!("plimsoll/", env!("CARGO_PKG_VERSION"));
    let mut config = HttpConfig::new(agent, tls(flags)?, log.clone());
    config.protocol = match (flags.h2c, flags.http2) {
        (true, _) => Protocol::Http2Cleartext,
        (false, true) => Protocol::Negotiated,
        (false, false) => Protocol::Http1,
    };
    config.connect_to = ConnectTo::parse(flags.connect_to.iter().map(String::as_str))
        .map_err(|error| bad("-connect-to", &error))?;
    if let Some(local) = &flags.laddr {
        config.local_ips = local_ips(local)?;
    }
    config.resolver = resolver(flags)?;
    config.unix_socket.clone_from(&flags.unix_socket);
    config.proxies = Proxies::from_environment();
    config.proxy_headers = targets::headers("-proxy-header", &flags.proxy_headers)?;
    config.no_connection_reuse = !flags.keepalive;
    config.idle_per_host = flags.connections;
    Ok(config)
}

fn local_ips(list: &str) -> Result<LocalIps, Failure> {
    let ips = LocalIps::parse(list).map_err(|error| bad("-laddr", &error))?;
    match ips.first_foreign() {
        Some(ip) => Err(bad("-laddr", &format!("{ip} is no address of this machine"))
            .with_hint("see `ip address`; all of 127.0.0.0/8 can be used towards this machine")),
        None => Ok(ips),
    }
}

fn tls(flags: &HttpFlags) -> Result<TlsConnector, Failure> {
    let mut client_certificates = Vec::new();
    if let (Some(certificate), Some(key)) = (&flags.cert, &flags.key) {
        client_certificates.push(ClientCertificate {
            certificate_pem: read("-cert", certificate)?,
            key_pem: read("-key", key)?,
            ..ClientCertificate::default()
        });
    }
    let roots = flags.root_certs.iter().map(|path| read("-root-certs", path));
    let config = TlsConfig {
        insecure_skip_verify: flags.insecure,
        client_certificates,
        extra_roots_pem: roots.collect::<Result<_, _>>()?,
        resume_sessions: flags.session_tickets,
        ..TlsConfig::default()
    };
    TlsConnector::new(&config).map_err(|error| {
        Failure::new(Exit::BadConfiguration, error.to_string())
            .with_hint("see -cert, -key and -root-certs")
    })
}

fn read(flag: &str, path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path)
        .map_err(|error| bad(flag, &format!("{} cannot be read: {error}", path.display())))
}

fn resolver(flags: &HttpFlags) -> Result<Resolver, Failure> {
    const PORT: u16 = 53;
    let config = DnsConfig { ttl: ttl(&flags.dns_ttl)?, ..DnsConfig::default() };
    if flags.resolvers.is_empty() {
        return Ok(Resolver::new(config));
    }
    let server = |text: &String| {
        let bare = text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, PORT));
        bare.or_else(|_| text.parse()).map_err(|_| {
            bad("-resolvers", &format!("{text:?} is no address")).with_hint("write IP or IP:PORT")
        })
    };
    let servers = flags.resolvers.iter().map(server).collect::<Result<_, _>>()?;
    Ok(Resolver::with_servers(config, servers))
}

/// As vegeta has it: 0 keeps answers to the end, a negative time keeps none.
fn ttl(text: &str) -> Result<Ttl, Failure> {
    let parsed = if text == "-1" { parse_go_duration("-1s") } else { parse_go_duration(text) };
    let parsed = parsed.map_err(|error| bad("-dns-ttl", &error.to_string()))?;
    Ok(match parsed.to_std() {
        _ if parsed.is_negative() => Ttl::For(Duration::ZERO),
        Duration::ZERO => Ttl::Forever,
        ttl => Ttl::For(ttl),
    })
}

/// Bytes, with a unit or without; -1 is without limit.
fn max_body(text: &str) -> Result<usize, Failure> {
    const UNITS: [(&str, u32); 5] = [("kb", 10), ("mb", 20), ("gb", 30), ("tb", 40), ("b", 0)];
    if text == "-1" {
        return Ok(usize::MAX);
    }
    let lower = text.to_ascii_lowercase();
    let unit = UNITS.iter().find_map(|(unit, shift)| Some((lower.strip_suffix(unit)?, *shift)));
    let (number, shift) = unit.unwrap_or((&lower, 0));
    let bytes = number.trim().parse::<usize>().ok().and_then(|n| n.checked_mul(1 << shift));
    bytes.ok_or_else(|| {
        bad("-max-body", &format!("{text:?} is no number of bytes")).with_hint("write 4096 or 4KB")
    })
}

fn bad(flag: &str, message: &str) -> Failure {
    Failure::new(Exit::BadConfiguration, format!("{flag}: {message}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_units() {
        let check =
            |text, expected: Option<usize>| assert_eq!(max_body(text).ok(), expected, "{text}");
        check("-1", Some(usize::MAX));
        check("0", Some(0));
        check("12", Some(12));
        check("4KB", Some(4096));
        check("1 mb", Some(1 << 20));
        check("7B", Some(7));
        for text in ["", "x", "-2", "1.5KB", "99999999999999999999", "20000000000GB"] {
            check(text, None);
        }
    }

    #[test]
    fn answers_of_the_dns_last_as_in_vegeta() {
        let check = |text, expected| assert_eq!(ttl(text).ok(), expected, "{text}");
        check("0s", Some(Ttl::Forever));
        check("0", Some(Ttl::Forever));
        check("-1", Some(Ttl::For(Duration::ZERO)));
        check("-5s", Some(Ttl::For(Duration::ZERO)));
        check("1m", Some(Ttl::For(Duration::from_secs(60))));
        check("soon", None);
    }
}
