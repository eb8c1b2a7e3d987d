//! What a batch changed, told to whom it concerns: clients that track, clients that wait, and listeners of
//! keyspace notifications.

pub(crate) mod pubsub;
pub(crate) mod tracking;
pub(crate) mod waiting;

use std::sync::atomic::Ordering;

use self::{
    pubsub::{Delivered, Kind},
    tracking::Post,
};
use super::{clients::limits::ClassLimits, node::Node, telemetry::statistics::Events};
use crate::{
    commands::{Changes, EventClass},
    store::{Gone, Millis},
};

/// `K` of `notify-keyspace-events`: `__keyspace@0__:<key>` says which event.
const BY_KEY: u32 = 1;
/// `E`: `__keyevent@0__:<event>` says which key.
const BY_EVENT: u32 = 2;

/// After a batch, with no shard locked. `by` is the client whose batch it was.
pub(super) fn tell(node: &Node, by: u64, changes: &mut Changes, now: Millis) {
    let count = changes.count();
    if count > 0 {
        node.dirty.fetch_add(count, Ordering::Relaxed);
    }
    if !changes.is_empty() {
        let limits = node.parameters.limits();
        let post = Post { clients: &node.clients, limits: &limits, now };
        if changes.is_flushed() {
            node.hot_keys.reset();
        }
        if changes.is_flushed() && node.tracking.is_any() {
            node.tracking.flushed(post);
        }
        for change in changes.iter() {
            tell_one(node, by, change.key, (change.class, change.event), post);
        }
    }
    if count > 0 || !changes.is_empty() {
        changes.clear();
    }
}

fn tell_one(
    node: &Node,
    by: u64,
    key: &[u8],
    (class, event): (EventClass, &'static str),
    post: Post<'_>,
) {
    if EventClass::MODIFICATIONS.contains(class) {
        if node.tracking.is_any() {
            node.tracking.touched(key, by, post);
        }
        if node.waiting.is_any() {
            node.waiting.touched(key);
        }
    }
    if node.wanted.notified().intersects(class) {
        notify(node, key, event, post.limits, post.now);
    }
}

/// An item left by itself; its shard is locked.
pub(super) fn gone(node: &Node, key: &[u8], why: Gone) {
    let (class, event) = match why {
        Gone::Expired => (EventClass::EXPIRED, "expired"),
        Gone::Evicted => (EventClass::EVICTED, "evicted"),
    };
    if node.keyspace.fills().was_on() {
        let store = node.keyspace.store();
        let key = store.key(key);
        node.keyspace.fills().left(store.shard_of(key.slot()), &key);
    }
    if !node.tracking.is_any() && !node.wanted.notified().intersects(class) {
        return;
    }
    let limits = node.parameters.limits();
    let post = Post { clients: &node.clients, limits: &limits, now: Node::now() };
    tell_one(node, 0, key, (class, event), post);
}

fn notify(node: &Node, key: &[u8], event: &str, limits: &ClassLimits, now: Millis) {
    let channels = node.notified_channels.load(Ordering::Relaxed);
    let publish = |prefix: &[u8], about: &[u8], message: &[u8]| {
        let channel = [prefix, about].concat();
        let told = node.channels.publish(Kind::Global, &channel, message, limits, now);
        count_closed(node, told);
    };
    if channels & BY_KEY != 0 {
        publish(b"__keyspace@0__:", key, event.as_bytes());
    }
    if channels & BY_EVENT != 0 {
        publish(b"__keyevent@0__:", event.as_bytes(), key);
    }
}

/// Those who were sent too much count themselves when they close.
fn count_closed(node: &Node, told: Delivered) {
    if told.closed > 0 {
        Events::count(&node.events.messages_undelivered);
    }
}

/// What the letters of `notify-keyspace-events` mean: the classes and the channels. `None` for a
/// letter that there is not.
fn read(letters: &str) -> Option<(EventClass, u32)> {
    let (mut classes, mut channels) = (EventClass::NONE, 0);
    for letter in letters.chars() {
        match letter {
            'K' => channels |= BY_KEY,
            'E' => channels |= BY_EVENT,
            'A' => classes = classes.and(EventClass::ALL),
            // Streams and modules, which there are none of.
            't' | 'd' => {}
            letter => {
                let known = EventClass::NAMES.iter().find(|(name, _)| name.chars().eq([letter]));
                classes = classes.and(known?.1);
            }
        }
    }
    Some((classes, channels))
}

/// Whether `notify-keyspace-events` may be that.
pub(super) fn is_allowed(letters: &str) -> bool {
    read(letters).is_some()
}

/// Takes over what `notify-keyspace-events` says.
pub(super) fn configure(node: &Node, letters: &str) {
    let Some((classes, channels)) = read(letters) else { return };
    node.notified_channels.store(channels, Ordering::Relaxed);
    // Without a channel nobody is told.
    node.wanted.set_notified(if channels == 0 { EventClass::NONE } else { classes });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters() {
        assert_eq!(read(""), Some((EventClass::NONE, 0)));
        assert_eq!(read("KEA"), Some((EventClass::ALL, BY_KEY | BY_EVENT)));
        assert_eq!(read("Ex$"), Some((EventClass::EXPIRED.and(EventClass::STRING), BY_EVENT)));
        assert_eq!(read("q"), None);
        assert!(is_allowed("Kgd"));
    }
}
