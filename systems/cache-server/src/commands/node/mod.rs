//! What concerns the node as a whole, and what needs nothing at all.

use super::{
    call::Call,
    error::{Error, Outcome},
    key_rule::KeyRule,
    spec::{Flags, Group, Spec},
};

const NONE: KeyRule = KeyRule::None;
const EASY: Flags = Flags::LOADING.and(Flags::STALE).and(Flags::FAST);
const FLUSH: Flags = Flags::WRITE.and(Flags::WHOLE).and(Flags::KEYSPACE).and(Flags::DANGEROUS);

#[rustfmt::skip]
pub(super) const TABLE: &[Spec] = &[
    Spec::new("ping", -1, Flags::FAST.and(Flags::LISTENING), NONE, Group::Connection, "Gives PONG, or what it was given.", ping),
    Spec::new("echo", 2, EASY, NONE, Group::Connection, "Gives what it was given.", echo),
    Spec::new("select", 2, EASY, NONE, Group::Connection, "Takes database 0, the only one.", select),
    Spec::new("swapdb", 3, Flags::WRITE_FAST.and(Flags::DANGEROUS).and(Flags::KEYSPACE), NONE, Group::Server, "Refused: there is one database.", swapdb).since("4.0.0"),
    Spec::new("move", 3, Flags::WRITE_FAST, KeyRule::ONE, Group::Generic, "Refused: there is one database.", move_key),
    Spec::new("time", 1, EASY, NONE, Group::Server, "Gives the time of the server.", time).since("2.6.0"),
    Spec::new("dbsize", 1, Flags::READ_FAST.and(Flags::WHOLE).and(Flags::KEYSPACE), NONE, Group::Server, "Counts all keys.", dbsize),
    Spec::new("flushall", -1, FLUSH, NONE, Group::Server, "Removes all keys.", flush).complexity("O(N)"),
    Spec::new("flushdb", -1, FLUSH, NONE, Group::Server, "Removes all keys.", flush).complexity("O(N)"),
];

const OTHER_DATABASE: Error = Error::text("ERR DB index is out of range");

fn ping(call: &mut Call<'_, '_>) -> Outcome {
    match call.arguments.len() {
        1 => call.out.simple("PONG"),
        2 => call.out.bulk(call.argument(1)?),
        _ => return Err(Error::Arity(call.spec.name)),
    }
    Ok(())
}

fn echo(call: &mut Call<'_, '_>) -> Outcome {
    call.out.bulk(call.argument(1)?);
    Ok(())
}

fn select(call: &mut Call<'_, '_>) -> Outcome {
    let database = call.integer(1)?;
    if database != 0 {
        return Err(OTHER_DATABASE);
    }
    call.out.ok();
    Ok(())
}

fn swapdb(call: &mut Call<'_, '_>) -> Outcome {
    let first = call.integer(1).map_err(|_| Error::text("ERR invalid first DB index"))?;
    let second = call.integer(2).map_err(|_| Error::text("ERR invalid second DB index"))?;
    if first != 0 || second != 0 {
        return Err(OTHER_DATABASE);
    }
    call.out.ok();
    Ok(())
}

fn move_key(call: &mut Call<'_, '_>) -> Outcome {
    Err(match call.integer(2)? {
        0 => Error::text("ERR source and destination objects are the same"),
        _ => OTHER_DATABASE,
    })
}

fn time(call: &mut Call<'_, '_>) -> Outcome {
    let millis = call.now.0;
    call.out.array(2);
    call.out.bulk(itoa::Buffer::new().format(millis / 1000).as_bytes());
    call.out.bulk(itoa::Buffer::new().format(millis % 1000 * 1000).as_bytes());
    Ok(())
}

fn dbsize(call: &mut Call<'_, '_>) -> Outcome {
    let mut count = 0;
    call.shards.each(|_, shard| count += shard.len());
    call.out.count(count);
    Ok(())
}

/// Shard after shard, so that no one waits for all of them.
fn flush(call: &mut Call<'_, '_>) -> Outcome {
    let mut words = call.words(1);
    let is_known = words.peek().is_none() || words.take("sync") || words.take("async");
    if !is_known || words.peek().is_some() {
        return Err(Error::Syntax);
    }
    // Who watches a key that was there finds at EXEC that it is not.
    // Before: what is fetched from now on is not older than this.
    call.shards.fills().flushed();
    call.shards.each(|_, shard| shard.clear());
    call.changes.record_flush();
    call.out.ok();
    Ok(())
}
