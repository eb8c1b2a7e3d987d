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
    freshness,
    rule::{Rule, Settings},
};
use crate::{
    commands::{Changes, Failure, Fetched},
    serve::{node::Node, notify},
    store::Millis,
};

/// What a read has ordered.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) key: Box<[u8]>,
    pub(super) id: u64,
    pub(super) path: String,
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
    let Order { key, id, path, rule, rules, permit } = order;
    let settings = &Arc::clone(&rules).settings;
    let mut room = permit.room(settings.bytes_max);
    let timeout = Duration::from_millis(rule.timeout(settings));
    let rule_asked = Arc::clone(&rule);
    let permit = Some(permit);
    let mut ending = Ending { node, key, id, rule, rules, permit, fetched: None };
    let deadline = Instant::now() + timeout;
    let mut limits = Limits { room: &mut room, body: settings.body_max, deadline };
    let asked = client.get(&rule_asked.site, &path, &mut limits);
    let answer = timer::timeout_at(deadline, asked).await.unwrap_or(Err(Failure::Timeout));
    ending.fetched = Some(judge(answer, &rule_asked, settings, Node::now(), chance));
}

fn judge(
    answer: Result<Answer, Failure>,
    rule: &Rule,
    settings: &Settings,
    now: Millis,
    chance: f64,
) -> Fetched {
    let breaker = &rule.site.breaker;
    let why = match answer {
        Ok(answer) if answer.status.is_success() => {
            breaker.succeeded();
            let (fresh, deadline) =
                freshness::of_value(rule, settings, &answer.headers, now, chance);
            return Fetched::Value { bytes: answer.body, fresh, deadline };
        }
        Ok(Answer { status: StatusCode::NOT_FOUND | StatusCode::GONE, .. }) => {
            breaker.succeeded();
            let until = freshness::of_absence(rule, settings, now, chance);
            return Fetched::Absent { until };
        }
        Ok(answer) => Failure::Status(answer.status.as_u16()),
        Err(why) => why,
    };
    match why {
        // It works, but not for this key.
        Failure::Status(status) if status < 500 && status != 429 => breaker.succeeded(),
        Failure::TooLarge | Failure::NoBuffer => breaker.succeeded(),
        _ => breaker.failed(now, settings.breaker_failures, settings.breaker_time),
    }
    Fetched::Failed { until: freshness::of_failure(settings, now), why }
}

impl Drop for Ending {
    fn drop(&mut self) {
        let now = Node::now();
        let settings = &self.rules.settings;
        let fetched = self.fetched.take().unwrap_or_else(|| {
            let breaker = &self.rule.site.breaker;
            breaker.failed(now, settings.breaker_failures, settings.breaker_time);
            let until = freshness::of_failure(settings, now);
            Fetched::Failed { until, why: Failure::GivenUp }
        });
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
            Fetched::Absent { .. } => &self.absent,
            Fetched::Failed { .. } => &self.failed,
        };
        place.fetch_add(1, Ordering::Relaxed);
    }
}
