//! Read-through: keys that rules name are fetched from HTTP origins when they are not there.
//!
//! A read that finds nothing orders a fill ([`Source`]) and waits as a blocking command does. Fills run on
//! a thread of their own, so that no connection's thread shakes hands with an origin or reads a
//! large answer. How many there are and what their answers take is bounded by [`budget`]; an
//! origin that fails is left alone by its [`breaker`].

mod breaker;
mod budget;
mod client;
mod condition;
mod figures;
mod fill;
mod freshness;
mod own_headers;
mod pattern;
mod redirect;
mod request;
mod rule;
mod settings;
#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the origin's threads may wait as they like")]
mod tests;
mod trust;

use std::{
    io,
    rc::Rc,
    sync::{
        Arc, Mutex, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    thread::JoinHandle,
};

use plimsoll_runtime::{random::Random, workers};
use tokio::{
    sync::mpsc::{self, Receiver, Sender},
    task::spawn_local,
};

pub(crate) use self::figures::Figures;
use self::{
    budget::{Budget, Permit},
    client::Client,
    fill::Order,
    own_headers::OwnHeaders,
    rule::{Rule, Site},
    settings::Settings,
    trust::Trust,
};
use super::{exclusive, locked, node::Node, parameters::Parameters, shared};
use crate::{
    commands::{Begun, Failure, FillRequest, Source, Urgency},
    store::Millis,
};
pub(super) use own_headers::{check_headers, veil_headers};
pub(super) use rule::EARLY_REFRESH_MAX;
pub(super) use trust::check_authorities;

/// Most that `origin-max-fills` may be.
pub(super) const FILLS_LIMIT: usize = 100_000;
/// What a fill may take beyond its timeout before it counts as lost: the machine may be busy.
const GRACE_MILLIS: u64 = 5_000;

/// The rules and what holds for all of them.
#[derive(Debug)]
pub(super) struct Rules {
    all: Vec<Arc<Rule>>,
    settings: Settings,
    headers: OwnHeaders,
    trust: Trust,
}

/// What fills have done since the start.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) begun: AtomicU64,
    pub(crate) values: AtomicU64,
    /// Values that were there and still are the origin's.
    pub(crate) unchanged: AtomicU64,
    pub(crate) absent: AtomicU64,
    pub(crate) failed: AtomicU64,
    /// Not begun though urgent, because too many were under way or the origin had failed.
    pub(crate) refused: AtomicU64,
    /// Reads that had to wait.
    pub(crate) waited: AtomicU64,
    /// Of the values.
    pub(crate) bytes: AtomicU64,
}

impl Counts {
    pub(crate) fn reset(&self) {
        let Counts { begun, values, unchanged, absent, failed, refused, waited, bytes } = self;
        for count in [begun, values, unchanged, absent, failed, refused, waited, bytes] {
            count.store(0, Ordering::Relaxed);
        }
    }
}

/// The origins of a node.
#[derive(Debug)]
pub(crate) struct Origin {
    rules: RwLock<Arc<Rules>>,
    /// As many are in it as have a [`Permit`].
    orders: RwLock<Option<Sender<Order>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    budget: Arc<Budget>,
    pub(crate) counts: Counts,
}

impl Origin {
    /// None, until [`configure`].
    pub(crate) fn new(parameters: &Parameters) -> Origin {
        let settings = Settings::of(parameters);
        let (all, headers, trust) = (Vec::new(), OwnHeaders::default(), Trust::default());
        let rules = Rules { all, settings, headers, trust };
        Origin {
            rules: RwLock::new(Arc::new(rules)),
            orders: RwLock::new(None),
            thread: Mutex::new(None),
            budget: Arc::default(),
            counts: Counts::default(),
        }
    }

    /// No fill is begun from now on, and those that run are given up. Returns when they are.
    pub(crate) fn stop(&self) {
        *exclusive(&self.orders) = None;
        let thread = locked(&self.thread).take();
        if let Some(thread) = thread {
            // What a fill left behind is given up by then.
            drop(thread.join());
        }
    }

    /// Counted when somebody is told.
    fn refuse(&self, why: Failure, urgency: Urgency) -> Begun {
        if urgency == Urgency::Now {
            self.counts.refused.fetch_add(1, Ordering::Relaxed);
        }
        Begun::Refused(why)
    }

    fn rules(&self) -> Arc<Rules> {
        Arc::clone(&shared(&self.rules))
    }

    fn start(&self, node: &Arc<Node>) -> io::Result<()> {
        let mut thread = locked(&self.thread);
        if thread.is_some() {
            return Ok(());
        }
        let (sender, receiver) = mpsc::channel(FILLS_LIMIT);
        let (node, receiver) = (Arc::clone(node), Mutex::new(Some(receiver)));
        let mut threads = workers::spawn(1, "cache-origin", move |_| {
            let (node, receiver) = (Arc::clone(&node), locked(&receiver).take());
            async move {
                if let Some(receiver) = receiver {
                    serve(node, receiver).await;
                }
            }
        })?;
        *thread = threads.pop();
        *exclusive(&self.orders) = Some(sender);
        Ok(())
    }
}

/// Runs orders until there can be no more.
async fn serve(node: Arc<Node>, mut orders: Receiver<Order>) {
    let client = Rc::new(Client::new());
    let mut random = Random::from_entropy();
    while let Some(order) = orders.recv().await {
        let (node, client) = (Arc::clone(&node), Rc::clone(&client));
        drop(spawn_local(fill::run(node, client, order, random.unit())));
    }
}

impl Source for Origin {
    fn begin(&self, request: &FillRequest<'_>, now: Millis) -> Begun {
        let FillRequest { key, id, urgency, validator } = *request;
        let rules = self.rules();
        let found = rules.all.iter().find_map(|rule| Some((rule, rule.path_of(key)?)));
        let Some((rule, path)) = found else { return Begun::NoRule };
        let settings = &rules.settings;
        let permit = Permit::take(&self.budget, rule, settings.fills_max, urgency);
        let Some(permit) = permit else {
            return self.refuse(Failure::Busy, urgency);
        };
        if !rule.site.breaker.allows(now) {
            return self.refuse(Failure::Open, urgency);
        }
        let until =
            Millis(now.0.saturating_add(rule.timeout(settings)).saturating_add(GRACE_MILLIS));
        let (rule, site, rules) = (Arc::clone(rule), &rule.site, Arc::clone(&rules));
        let validator = validator.cloned();
        let order = Order { key: key.into(), id, path, validator, rule, rules, permit };
        let orders = shared(&self.orders);
        if orders.as_ref().is_none_or(|orders| orders.try_send(order).is_err()) {
            // It may have been the one request that an open breaker lets through.
            site.breaker.failed(now, settings.breaker_failures, settings.breaker_time);
            return Begun::Refused(Failure::GivenUp);
        }
        self.counts.begun.fetch_add(1, Ordering::Relaxed);
        Begun::Until(until)
    }
}

impl Rule {
    /// In milliseconds.
    fn timeout(&self, settings: &Settings) -> u64 {
        self.options.timeout.unwrap_or(settings.timeout)
    }
}

/// Whether the parameter `origin` may be that; rules with one blank between them.
pub(super) fn check(text: &str) -> Result<String, String> {
    rule::read_all(text, Vec::new())?;
    Ok(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Takes over what the parameters say, of which `changed` is another one than before. Fills that run end as
/// they were begun.
pub(super) fn configure(node: &Arc<Node>, changed: &str) {
    let origin = &node.origin;
    let known: Vec<Arc<Site>> =
        origin.rules().all.iter().map(|rule| Arc::clone(&rule.site)).collect();
    // They were checked when the parameters were set.
    let all = rule::read_all(&node.parameters.text("origin"), known).unwrap_or_default();
    let headers = OwnHeaders::read(&node.parameters.text("origin-header")).unwrap_or_default();
    if changed == "origin-header" {
        let has_rule = |name: &&str| all.iter().any(|rule| rule.site.name == **name);
        for site in headers.sites().filter(|name| !has_rule(name)) {
            node.journal.warn("no rule leads to the origin of a header", &[("origin", site)]);
        }
    }
    // Without a thread each read says so.
    let is_on = !all.is_empty() && origin.start(node).is_ok();
    let settings = Settings::of(&node.parameters);
    let trust = Trust::new(node.parameters.text("origin-ca-cert-file"));
    node.keyspace.fills().set_bytes_max(settings.remembered_max);
    let rules = Arc::new(Rules { all, settings, headers, trust });
    *exclusive(&origin.rules) = rules;
    let source: Arc<dyn Source> = Arc::<Origin>::clone(origin);
    node.keyspace.fills().set_source(is_on.then_some(source));
}
