//! From options to the settings of the HTTP clients.

use std::{sync::Arc, time::Duration};

use plimsoll_clients::http::{
    HttpConfig,
    config::{
        HostOverrides, HostPatterns, HttpDebug, IpRanges, LocalIps, Proxies, RateLimit,
        SystemTags as ClientTags,
    },
};
use plimsoll_runtime::{
    dns::{DnsConfig, Policy, Resolver, Select, Ttl},
    log::Log,
};

use crate::options::{DnsOptions, Options, OptionsError, SystemTag, SystemTags, parse_duration};

/// What servers see when a script says nothing else.
const USER_AGENT: &str = concat!("plimsoll/", env!("CARGO_PKG_VERSION"));

/// # Errors
/// TLS settings that cannot be used; everything else was checked when it was read.
pub(crate) fn from_options(options: &Options, log: Log) -> Result<HttpConfig, OptionsError> {
    let tls = options.tls_connector()?;
    let mut config = HttpConfig::new(USER_AGENT, tls, log);
    filters(options, &mut config).map_err(|message| OptionsError { message, hint: None })?;
    config.proxies = Proxies::from_environment();
    config.rate_limit =
        options.rps.filter(|rps| *rps > 0).and_then(|rps| RateLimit::per_second(rps as f64));
    config.resolver = Resolver::new(dns(&options.dns));
    if let Some(agent) = &options.user_agent {
        config.user_agent = Arc::from(agent.as_str());
    }
    if let Some(most) = options.max_redirects {
        config.max_redirects = u32::try_from(most.max(0)).unwrap_or(u32::MAX);
    }
    if let Some(batch) = options.batch {
        config.batch = limit(batch);
    }
    if let Some(batch) = options.batch_per_host {
        config.batch_per_host = limit(batch);
    }
    config.http_debug =
        options.http_debug.as_deref().filter(|text| !text.is_empty()).map(|text| match text {
            "full" => HttpDebug::Full,
            _ => HttpDebug::Headers,
        });
    config.no_connection_reuse = options.no_connection_reuse.unwrap_or(false);
    config.system_tags = system_tags(options.system_tags.unwrap_or_default());
    Ok(config)
}

/// k6 takes 0 and less for "no limit".
fn limit(given: i64) -> usize {
    usize::try_from(given).ok().filter(|limit| *limit > 0).unwrap_or(usize::MAX)
}

fn filters(options: &Options, config: &mut HttpConfig) -> Result<(), String> {
    let hosts: Vec<(String, String)> = options
        .hosts
        .iter()
        .flatten()
        .map(|(name, target)| (name.clone(), target.to_string()))
        .collect();
    config.hosts =
        HostOverrides::parse(hosts.iter().map(|(name, target)| (name.as_str(), target.as_str())))?;
    config.block_hostnames = HostPatterns::parse(options.block_hostnames.iter().flatten())?;
    config.blacklist_ips =
        IpRanges::parse(options.blacklist_ips.iter().flatten().map(ToString::to_string))?;
    if let Some(ips) = &options.local_ips {
        config.local_ips = LocalIps::parse(&ips.text)?;
    }
    Ok(())
}

fn dns(options: &DnsOptions) -> DnsConfig {
    let default = DnsConfig::default();
    let ttl = options.ttl.as_deref().map(|text| match text {
        "inf" => Ttl::Forever,
        text => match parse_duration(text).map(|duration| duration.to_std()) {
            Ok(duration) if !duration.is_zero() => Ttl::For(duration),
            _ => Ttl::For(Duration::ZERO),
        },
    });
    let select = options.select.as_deref().map(|text| match text {
        "first" => Select::First,
        "roundRobin" => Select::RoundRobin,
        _ => Select::Random,
    });
    let policy = options.policy.as_deref().map(|text| match text {
        "preferIPv6" => Policy::PreferIpv6,
        "onlyIPv4" => Policy::OnlyIpv4,
        "onlyIPv6" => Policy::OnlyIpv6,
        "any" => Policy::Any,
        _ => Policy::PreferIpv4,
    });
    DnsConfig {
        ttl: ttl.unwrap_or(default.ttl),
        select: select.unwrap_or(default.select),
        policy: policy.unwrap_or(default.policy),
    }
}

fn system_tags(wanted: SystemTags) -> ClientTags {
    ClientTags {
        proto: wanted.contains(SystemTag::Proto),
        status: wanted.contains(SystemTag::Status),
        method: wanted.contains(SystemTag::Method),
        url: wanted.contains(SystemTag::Url),
        name: wanted.contains(SystemTag::Name),
        error: wanted.contains(SystemTag::Error),
        error_code: wanted.contains(SystemTag::ErrorCode),
        tls_version: wanted.contains(SystemTag::TlsVersion),
        expected_response: wanted.contains(SystemTag::ExpectedResponse),
        ip: wanted.contains(SystemTag::Ip),
    }
}
