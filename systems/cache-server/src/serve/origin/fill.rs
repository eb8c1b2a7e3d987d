//! One fill: asks the origin, judges its answer, ends the fill and wakes who waits for it, whatever
//! happens in between.

use std::{
    rc::Rc,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use http::StatusCode;
use plimsoll_runtime::{clock::Instant, timer};

use super::{
    Counts, Rules,
    budget::Permit,
    client::{Answer, Client, Limits},
    freshness::{self, Arrival},
    request::Ask,
    rule::Rule,
    settings::Settings,
};
use crate::{
    commands::{Changes, Failure, Fetched, Validator},
    serve::{node::Node, notify},
    store::Millis,
};

/// What a read has ordered.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) key: Box<[u8]>,
    pub(super) id: u64,
    pub(super) path: String,
    /// Of the value that is there.
    pub(super) validator: Option<Validator>,
    pub(super) rule: Arc<Rule>,
    /// Those that held when it was ordered.
    pub(super) rules: Arc<Rules>,
    pub(super) permit: Permit,
}

/// Ends the fill when it is dropped: with what was fetched, else as given up.
struct Ending {
    node: Arc<Node>,
    key: Box<[u8]>,
    id: u64,
    rule: Arc<Rule>,
    rules: Arc<Rules>,
    /// Given back before anybody is woken, who may need it.
    permit: Option<Permit>,
    fetched: Option<Fetched>,
}

/// `chance` is from 0 to 1.
pub(super) async fn run(node: Arc<Node>, client: Rc<Client>, order: Order, chance: f64) {
    let Order { key, id, path, validator, rule, rules, permit } = order;
    let Rules { settings, trust, headers, .. } = &*Arc::clone(&rules);
    let timeout = Duration::from_millis(rule.timeout(settings));
    let (asked, mut room) = (Arc::clone(&rule), permit.room(settings.bytes_max));
    let permit = Some(permit);
    let mut ending = Ending { node, key, id, rule, rules, permit, fetched: None };
    let begun = Instant::now();
    let deadline = begun + timeout;
    let mut limits = Limits { room: &mut room, body: settings.body_max, deadline, trust };
    let (site, validator) = (&*asked.site, validator.as_ref());
    let ask = Ask { site, own_headers: headers.of(site), validator };
    let answer = client.get(ask, &path, &mut limits);
    let answer = timer::timeout_at(deadline, answer).await.unwrap_or(Err(Failure::Timeout));
    // From here on the store counts what came.
    drop(room);
    let took = begun.elapsed();
    let arrival = Arrival { now: Node::now(), took, chance, validator };
    ending.fetched = Some(judge(answer, &asked, settings, &arrival));
}

/// What an answer means for its key.
fn judge(
    answer: Result<Answer, Failure>,
    rule: &Rule,
    settings: &Settings,
    arrival: &Arrival<'_>,
) -> Fetched {
    let is_conditional = arrival.validator.is_some();
    let why = match answer {
        Ok(Answer { status, headers, body }) if status.is_success() => {
            // What the other version was told by is nothing to this one.
            let arrival = Arrival { validator: None, ..*arrival };
            let terms = freshness::of_value(rule, settings, &headers, &arrival);
            return Fetched::Value { bytes: body, terms };
        }
        Ok(Answer { status: StatusCode::NOT_MODIFIED, headers, .. }) if is_conditional => {
            let terms = freshness::of_value(rule, settings, &headers, arrival);
            return Fetched::Unchanged { terms };
        }
        Ok(Answer { status: StatusCode::NOT_FOUND | StatusCode::GONE, .. }) => {
            return Fetched::Absent { until: freshness::of_absence(rule, settings, arrival) };
        }
        Ok(answer) => Failure::Status(answer.status.as_u16()),
        Err(why) => why,
    };
    Fetched::Failed { until: freshness::of_failure(settings, arrival.now), why }
}

/// What it means for the origin: why it does not work, if it does not.
fn trouble(fetched: &Fetched) -> Option<Failure> {
    match fetched {
        Fetched::Value { .. } | Fetched::Unchanged { .. } | Fetched::Absent { .. } => None,
        Fetched::Failed { why, .. } => match why {
            // It works, but not for this key.
            Failure::Status(status) if *status < 500 && *status != 429 => None,
            Failure::TooLarge | Failure::NoBuffer => None,
            Failure::Elsewhere | Failure::TooManyRedirects => None,
            why => Some(*why),
        },
    }
}

impl Ending {
    /// Has the breaker know, and the log when that changes something.
    fn rate(&self, fetched: &Fetched, now: Millis) {
        let (site, settings) = (&self.rule.site, &self.rules.settings);
        let origin = ("origin", site.name.as_str());
        match trouble(fetched) {
            None => {
                if site.breaker.succeeded() {
                    self.node.journal.info("origin is asked again", &[origin]);
                }
            }
            Some(why) => {
                let (failures, time) = (settings.breaker_failures, settings.breaker_time);
                if site.breaker.failed(now, failures, time) {
                    let why = why.to_string();
                    let fields = [origin, ("last", why.trim_start_matches("ORIGIN "))];
                    self.node.journal.warn("origin fails and is left alone", &fields);
                }
            }
        }
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        let now = Node::now();
        let fetched = self.fetched.take().unwrap_or_else(|| Fetched::Failed {
            until: freshness::of_failure(&self.rules.settings, now),
            why: Failure::GivenUp,
        });
        self.rate(&fetched, now);
        self.node.origin.counts.count(&fetched);
        let mut changes = Changes::wanted_by(Arc::clone(&self.node.wanted));
        self.node.keyspace.finish(&self.key, self.id, fetched, now, &mut changes);
        self.permit = None;
        let is_told = !changes.is_empty();
        notify::tell(&self.node, 0, &mut changes, now);
        // Also those who wait in vain, or begin anew because a client has overtaken the fill.
        if !is_told && self.node.waiting.is_any() {
            self.node.waiting.touched(&self.key);
        }
    }
}

impl Counts {
    fn count(&self, fetched: &Fetched) {
        let place = match fetched {
            Fetched::Value { bytes, .. } => {
                self.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
                &self.values
            }
            Fetched::Unchanged { .. } => &self.unchanged,
            Fetched::Absent { .. } => &self.absent,
            Fetched::Failed { .. } => &self.failed,
        };
        place.fetch_add(1, Ordering::Relaxed);
    }
}
