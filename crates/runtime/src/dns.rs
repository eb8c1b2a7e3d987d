//! Names to addresses: `getaddrinfo` on a few threads of its own, behind a cache with k6's policy.

mod cache;
mod pool;
mod query;

use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::oneshot;

use crate::{clock::Instant, random::Random};
use cache::{Cache, Found};
use pool::Pool;

/// How long an answer is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ttl {
    /// To the end of the run (`inf`).
    Forever,
    /// Zero asks anew for each connection.
    For(Duration),
}

/// Which of several addresses is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Select {
    First,
    Random,
    RoundRobin,
}

/// Which of the two address families is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    PreferIpv4,
    PreferIpv6,
    OnlyIpv4,
    OnlyIpv6,
    Any,
}

/// k6's `dns` option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DnsConfig {
    pub ttl: Ttl,
    pub select: Select,
    pub policy: Policy,
}

impl Default for DnsConfig {
    fn default() -> DnsConfig {
        DnsConfig {
            ttl: Ttl::For(Duration::from_secs(300)),
            select: Select::Random,
            policy: Policy::PreferIpv4,
        }
    }
}

/// Why a name has no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DnsError {
    /// The name does not exist, or has no address of the wanted family.
    #[error("lookup {0}: no such host")]
    NoSuchHost(String),
    /// The question could not be answered.
    #[error("lookup {host}: {reason}")]
    Failed { host: String, reason: String },
}

/// Looks names up; a clone is a handle to the same cache. Shared by all workers, which lock it only
/// for the moment of an access, once per new connection.
#[derive(Clone)]
pub struct Resolver(Arc<Inner>);

struct Inner {
    config: DnsConfig,
    cache: Mutex<Cache>,
    random: Mutex<Random>,
    pool: Pool,
}

/// All addresses of a name, in the system's order.
type Answer = Result<Arc<[IpAddr]>, DnsError>;

impl Resolver {
    /// Its threads start with the first question.
    pub fn new(config: DnsConfig) -> Resolver {
        Resolver::with_lookup(config, pool::getaddrinfo)
    }

    /// As [`Resolver::new`], but these name servers are asked, one after the other, instead of the
    /// system. They get questions for addresses only; the hosts file is not looked at.
    pub fn with_servers(config: DnsConfig, servers: Vec<SocketAddr>) -> Resolver {
        Resolver::with_lookup(config, move |host| query::lookup(&servers, host))
    }

    fn with_lookup(
        config: DnsConfig,
        lookup: impl Fn(&str) -> Answer + Send + Sync + 'static,
    ) -> Resolver {
        Resolver(Arc::new(Inner {
            config,
            cache: Mutex::new(Cache::new(config.ttl)),
            random: Mutex::new(Random::from_entropy()),
            pool: Pool::new(lookup),
        }))
    }

    /// One address of `host`, chosen by the configuration. Literal addresses and fixed ones
    /// (`hosts`) are the caller's to handle first. Questions for a name that is being looked up
    /// wait for that answer; failures are not kept.
    ///
    /// # Errors
    /// See [`DnsError`].
    pub async fn lookup(&self, host: &str) -> Result<IpAddr, DnsError> {
        let inner = &*self.0;
        let found = lock(&inner.cache).find(host, Instant::now());
        let (addresses, turn) = match found {
            Found::Known { addresses, turn } => (addresses, turn),
            Found::Waiting(receiver) => (received(host, receiver).await?, 0),
            Found::Unknown(token) => {
                let shared = Arc::clone(&self.0);
                let name = host.to_owned();
                let (sender, receiver) = oneshot::channel();
                let asked = inner.pool.ask(host, move |answer| {
                    let waiting = lock(&shared.cache).store(&name, token, &answer, Instant::now());
                    for waiting in waiting.into_iter().chain([sender]) {
                        // Whoever gave up waiting does not need it.
                        waiting.send(answer.clone()).ok();
                    }
                });
                if let Err(error) = asked {
                    lock(&inner.cache).forget(host, token);
                    return Err(error);
                }
                (received(host, receiver).await?, 0)
            }
        };
        self.choose(&addresses, turn).ok_or_else(|| DnsError::NoSuchHost(host.to_owned()))
    }

    fn choose(&self, addresses: &[IpAddr], turn: usize) -> Option<IpAddr> {
        let candidates = by_policy(addresses, self.0.config.policy);
        let index = match self.0.config.select {
            Select::First => 0,
            Select::Random if candidates.len() == 1 => 0,
            Select::Random => lock(&self.0.random).below(candidates.len()),
            Select::RoundRobin => turn.checked_rem(candidates.len())?,
        };
        candidates.get(index).copied()
    }
}

async fn received(host: &str, receiver: oneshot::Receiver<Answer>) -> Answer {
    receiver.await.unwrap_or_else(|_| {
        Err(DnsError::Failed { host: host.to_owned(), reason: "the look-up was given up".into() })
    })
}

fn by_policy(addresses: &[IpAddr], policy: Policy) -> Vec<IpAddr> {
    let family = |ipv4: bool| addresses.iter().copied().filter(move |ip| ip.is_ipv4() == ipv4);
    let prefer = |ipv4: bool| {
        let preferred: Vec<_> = family(ipv4).collect();
        if preferred.is_empty() { family(!ipv4).collect() } else { preferred }
    };
    match policy {
        Policy::PreferIpv4 => prefer(true),
        Policy::PreferIpv6 => prefer(false),
        Policy::OnlyIpv4 => family(true).collect(),
        Policy::OnlyIpv6 => family(false).collect(),
        Policy::Any => addresses.to_vec(),
    }
}

/// What the locks guard stays whole even if a holder panicked.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
