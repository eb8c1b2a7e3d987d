//! Values that have not changed, and those that are fetched before their time.

use super::*;

impl Node {
    /// The only fill that was ordered since the last look, and the validator that came with it.
    fn only_conditional(&self, key: &str) -> (u64, Option<String>) {
        let validator = self.orders.validator.lock().unwrap().take();
        let text = |validator: Validator| String::from_utf8(validator.bytes().to_vec()).unwrap();
        (self.only(key), validator.map(text))
    }
}

/// The origin need not send again what is there.
#[test]
fn what_has_not_changed_is_kept() {
    let mut node = Node::new();
    node.check("GET k", "waits");
    let (id, validator) = node.only_conditional("k");
    assert_eq!(validator, None);
    let terms = node.terms(Some("v1"));
    assert!(node.finish("k", id, Fetched::Value { bytes: Bytes::from("1"), terms }));
    node.check("PTTL k", ":40000");
    for _ in 0..3 {
        // Too old to be served at once.
        node.now += 30_000;
        node.check("GET k", "waits");
        let (id, validator) = node.only_conditional("k");
        assert_eq!(validator.as_deref(), Some("v1"));
        let terms = node.terms(Some("v1"));
        assert!(node.finish("k", id, Fetched::Unchanged { terms }));
        node.check("GET k", "$1 1");
        node.check("PTTL k", ":40000");
        assert_eq!(node.begun(), []);
    }
    // It is kept for that only, and not for errors.
    node.now += 30_000;
    node.check("GET k", "waits");
    let (id, _) = node.only_conditional("k");
    assert!(node.finish("k", id, node.failed()));
    node.check("GET k", "-ORIGIN answered with status 503");
    // What is asked for anew is wanted whole.
    node.check("FETCH k", ":1");
    let (id, validator) = node.only_conditional("k");
    assert_eq!(validator, None);
    assert!(node.finish("k", id, node.value("2")));
    node.check("GET k", "$1 2");
}

/// What is there no more cannot be what the origin still has.
#[test]
fn what_has_left_meanwhile_is_fetched_whole() {
    let mut node = Node::new();
    node.check("GET k", "waits");
    let terms = node.terms(Some("v1"));
    let id = node.only("k");
    assert!(node.finish("k", id, Fetched::Value { bytes: Bytes::from("1"), terms }));
    node.now += 39_999;
    node.check("GET k", "waits");
    let (id, validator) = node.only_conditional("k");
    assert!(validator.is_some());
    node.now += 1;
    let terms = node.terms(Some("v1"));
    assert!(node.finish("k", id, Fetched::Unchanged { terms }));
    node.check("GET k", "waits");
    let (id, validator) = node.only_conditional("k");
    assert_eq!(validator, None);
    assert!(node.finish("k", id, node.value("2")));
    // A client's own value has none either.
    node.check("SET k mine", "+OK");
    node.check("FETCH k", ":1");
    assert_eq!(node.only_conditional("k").1, None);
}

/// A read of what is still fresh is answered at once, and may have it fetched.
#[test]
fn what_is_read_is_fetched_before_its_time() {
    let mut node = Node::new();
    node.check("GET k", "waits");
    let early = |node: &Node| {
        let at = Millis(node.now + 10_000);
        let fresh =
            Fresh { until: at, served_until: at, kept_for_errors_until: at, early_millis: 1_000 };
        let terms = Terms { fresh, deadline: at, validator: Validator::new(b"v") };
        Fetched::Value { bytes: Bytes::from("1"), terms }
    };
    assert!(node.finish("k", node.only("k"), early(&node)));
    node.check("GET k", "$1 1");
    assert_eq!(node.begun(), []);
    // Whatever chance says, at the very end it is time.
    node.now += 9_999;
    for _ in 0..100 {
        node.check("GET k", "$1 1");
    }
    let (id, validator) = node.only_conditional("k");
    assert_eq!(validator.as_deref(), Some("v"));
    assert_eq!(node.keyspace.fills().counts.early.load(Ordering::Relaxed), 1);
    assert!(node.finish("k", id, node.failed()));
    node.check("GET k", "$1 1");
    assert_eq!(node.begun(), [], "it has just failed");
}
