//! The functions of a client: which command each sends, what it takes and what it gives.

/// How an argument is read, as Go's types have it in k6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Argument {
    /// Anything as text; nothing, `undefined` and `null` are empty.
    Text,
    /// Anything as a whole number, 0 where it is none.
    Integer,
    /// A string, a number or a boolean.
    Scalar,
    /// The rest as [`Argument::Text`].
    Texts,
    /// The rest as [`Argument::Scalar`].
    Scalars,
    /// Seconds until the key expires; not above 0: never.
    Expiry,
}

/// What the promise is resolved with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gives {
    /// What the reply is; no value rejects.
    Reply,
    /// Whether the reply is 1.
    Boolean,
    /// A list of names and values as an object.
    Fields,
    /// Seconds. A key that never expires or is not there has -1 or -2, in nanoseconds.
    Seconds,
}

#[derive(Debug)]
pub(super) struct Command {
    pub(super) function: &'static str,
    /// `None`: the first argument names it.
    pub(super) name: Option<&'static str>,
    pub(super) takes: &'static [Argument],
    pub(super) gives: Gives,
}

const fn command(
    function: &'static str,
    name: &'static str,
    takes: &'static [Argument],
    gives: Gives,
) -> Command {
    Command { function, name: Some(name), takes, gives }
}

use Argument::{Expiry, Integer, Scalar, Scalars, Text, Texts};
use Gives::{Boolean, Fields, Reply, Seconds};

/// All functions, in the order in which k6 lists them.
pub(super) const COMMANDS: &[Command] = &[
    command("decr", "DECR", &[Text], Reply),
    command("decrBy", "DECRBY", &[Text, Integer], Reply),
    command("del", "DEL", &[Texts], Reply),
    command("exists", "EXISTS", &[Texts], Reply),
    command("expire", "EXPIRE", &[Text, Integer], Boolean),
    command("get", "GET", &[Text], Reply),
    command("getDel", "GETDEL", &[Text], Reply),
    command("getSet", "GETSET", &[Text, Scalar], Reply),
    command("hdel", "HDEL", &[Text, Texts], Reply),
    command("hget", "HGET", &[Text, Text], Reply),
    command("hgetall", "HGETALL", &[Text], Fields),
    command("hincrby", "HINCRBY", &[Text, Text, Integer], Reply),
    command("hkeys", "HKEYS", &[Text], Reply),
    command("hlen", "HLEN", &[Text], Reply),
    command("hset", "HSET", &[Text, Text, Scalar], Reply),
    command("hsetnx", "HSETNX", &[Text, Text, Text], Boolean),
    command("hvals", "HVALS", &[Text], Reply),
    command("incr", "INCR", &[Text], Reply),
    command("incrBy", "INCRBY", &[Text, Integer], Reply),
    command("lindex", "LINDEX", &[Text, Integer], Reply),
    command("llen", "LLEN", &[Text], Reply),
    command("lpop", "LPOP", &[Text], Reply),
    command("lpush", "LPUSH", &[Text, Scalars], Reply),
    command("lrange", "LRANGE", &[Text, Integer, Integer], Reply),
    command("lrem", "LREM", &[Text, Integer, Text], Reply),
    command("lset", "LSET", &[Text, Integer, Text], Reply),
    command("mget", "MGET", &[Texts], Reply),
    command("persist", "PERSIST", &[Text], Boolean),
    command("randomKey", "RANDOMKEY", &[], Reply),
    command("rpop", "RPOP", &[Text], Reply),
    command("rpush", "RPUSH", &[Text, Scalars], Reply),
    command("sadd", "SADD", &[Text, Scalars], Reply),
    Command { function: "sendCommand", name: None, takes: &[Text, Scalars], gives: Reply },
    command("set", "SET", &[Text, Scalar, Expiry], Reply),
    command("sismember", "SISMEMBER", &[Text, Scalar], Boolean),
    command("smembers", "SMEMBERS", &[Text], Reply),
    command("spop", "SPOP", &[Text], Reply),
    command("srandmember", "SRANDMEMBER", &[Text], Reply),
    command("srem", "SREM", &[Text, Scalars], Reply),
    command("ttl", "TTL", &[Text], Seconds),
];
