//! Commands that wait for a key.

use super::*;

#[test]
fn a_command_waits_only_when_it_may() {
    let mut node = Node::new(0);
    let mut reply = Reply::default();
    let mut batch = Batch::new(&node.keyspace, NOW, &mut node.random, &mut node.changes);
    for_each("BLPOP l 5", |command| {
        let spec = resolve(command).unwrap();
        let until = Some(Millis(NOW.0 + 5000));
        assert_eq!(batch.run(spec, command, true, &mut reply), Ran::Blocked(Block { until }));
        assert!(reply.is_empty());
        assert_eq!(batch.run(spec, command, false, &mut reply), Ran::Replied);
    });
    assert_eq!(text(&reply), "*-1");
}

#[test]
fn who_waits_goes_on_waiting_when_a_key_comes_to_hold_something_else() {
    for (line, done) in [
        ("BLPOP k 5", "*-1"),
        ("BLMPOP 5 1 k LEFT", "*-1"),
        ("BLMOVE k other LEFT LEFT 5", "*-1"),
        ("BZPOPMIN k 5", "*-1"),
        ("BZMPOP 5 1 k MIN", "*-1"),
    ] {
        let mut node = Node::new(0);
        node.check("SET k string", "+OK");
        let mut batch = Batch::new(&node.keyspace, NOW, &mut node.random, &mut node.changes);
        let mut reply = Reply::default();
        for_each(line, |command| {
            let spec = resolve(command).unwrap();
            let mut ask = |batch: &mut Batch<'_>, may_block| {
                reply.clear();
                let ran = batch.run(spec, command, may_block, &mut reply);
                (ran, text(&reply))
            };
            let (ran, refusal) = ask(&mut batch, true);
            assert!(ran == Ran::Failed && refusal.starts_with("-WRONGTYPE"), "{line}");
            batch.is_retry = true;
            assert!(matches!(ask(&mut batch, true).0, Ran::Blocked(_)), "{line}");
            assert_eq!(ask(&mut batch, false), (Ran::Replied, done.to_owned()), "{line}");
        });
    }
}
