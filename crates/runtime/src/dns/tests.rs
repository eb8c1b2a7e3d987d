//! The resolver with a look-up of its own, and once with the system's.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicUsize, Ordering},
};

use super::*;

const TTL: Ttl = Ttl::For(Duration::from_secs(60));

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// Both families, two addresses each; names that start with `no` do not exist.
fn fixed(host: &str) -> Answer {
    if host.starts_with("no") {
        return Err(DnsError::NoSuchHost(host.to_owned()));
    }
    Ok([ip("::1"), ip("10.0.0.1"), ip("::2"), ip("10.0.0.2")].into())
}

fn only_ipv6(_: &str) -> Answer {
    Ok([ip("::1")].into())
}

async fn check(lookup: fn(&str) -> Answer, select: Select, policy: Policy, expected: &[&str]) {
    let resolver = Resolver::with_lookup(DnsConfig { ttl: TTL, select, policy }, lookup);
    for expected in expected {
        assert_eq!(resolver.lookup("host").await, Ok(ip(expected)));
    }
}

#[tokio::test]
async fn policies_choose_the_family() {
    check(fixed, Select::First, Policy::PreferIpv4, &["10.0.0.1", "10.0.0.1"]).await;
    check(fixed, Select::First, Policy::PreferIpv6, &["::1"]).await;
    check(fixed, Select::First, Policy::OnlyIpv4, &["10.0.0.1"]).await;
    check(fixed, Select::First, Policy::OnlyIpv6, &["::1"]).await;
    check(fixed, Select::First, Policy::Any, &["::1"]).await;
    check(only_ipv6, Select::First, Policy::PreferIpv4, &["::1"]).await;
    check(only_ipv6, Select::Random, Policy::PreferIpv4, &["::1"]).await;
}

#[tokio::test]
async fn a_family_without_addresses_is_no_such_host() {
    let config = DnsConfig { policy: Policy::OnlyIpv4, ..DnsConfig::default() };
    let resolver = Resolver::with_lookup(config, only_ipv6);
    assert_eq!(resolver.lookup("host").await, Err(DnsError::NoSuchHost("host".into())));
}

#[tokio::test]
async fn round_robin_takes_turns() {
    let any = ["::1", "10.0.0.1", "::2", "10.0.0.2", "::1"];
    check(fixed, Select::RoundRobin, Policy::Any, &any).await;
    let ipv4 = ["10.0.0.1", "10.0.0.2", "10.0.0.1"];
    check(fixed, Select::RoundRobin, Policy::PreferIpv4, &ipv4).await;
}

#[tokio::test]
async fn random_reaches_all() {
    let config = DnsConfig { policy: Policy::Any, ..DnsConfig::default() };
    let resolver = Resolver::with_lookup(config, fixed);
    let mut seen = BTreeSet::new();
    for _ in 0..200 {
        seen.insert(resolver.lookup("host").await.unwrap());
    }
    assert_eq!(seen.len(), 4);
}

#[tokio::test]
async fn answers_are_kept_and_failures_are_not() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    fn counting(host: &str) -> Answer {
        ASKED.fetch_add(1, Ordering::SeqCst);
        fixed(host)
    }
    async fn asked(ttl: Ttl, host: &str) -> usize {
        let before = ASKED.load(Ordering::SeqCst);
        let resolver = Resolver::with_lookup(DnsConfig { ttl, ..DnsConfig::default() }, counting);
        for _ in 0..3 {
            drop(resolver.lookup(host).await);
        }
        ASKED.load(Ordering::SeqCst) - before
    }
    assert_eq!(asked(TTL, "host").await, 1);
    assert_eq!(asked(Ttl::Forever, "host").await, 1);
    assert_eq!(asked(Ttl::For(Duration::ZERO), "host").await, 3);
    assert_eq!(asked(Ttl::For(Duration::from_nanos(1)), "host").await, 3);
    assert_eq!(asked(TTL, "nowhere").await, 3);
}

#[tokio::test]
async fn many_questions_for_one_name_are_one() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    static GATE: Mutex<()> = Mutex::new(());
    fn gated(host: &str) -> Answer {
        ASKED.fetch_add(1, Ordering::SeqCst);
        drop(lock(&GATE));
        fixed(host)
    }
    let resolver = Resolver::with_lookup(DnsConfig::default(), gated);
    let mut lookups = Vec::new();
    let gate = lock(&GATE);
    for _ in 0..50 {
        let mut lookup = Box::pin(async {
            let resolver = resolver.clone();
            resolver.lookup("host").await
        });
        let context = &mut std::task::Context::from_waker(std::task::Waker::noop());
        assert!(lookup.as_mut().poll(context).is_pending());
        lookups.push(lookup);
    }
    drop(gate);
    for lookup in lookups {
        assert!(lookup.await.is_ok());
    }
    assert_eq!(ASKED.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn the_system_knows_localhost() {
    let resolver = Resolver::new(DnsConfig::default());
    assert!(resolver.lookup("localhost").await.unwrap().is_loopback());
}
