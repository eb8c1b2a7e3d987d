//! Whole command families by redis-rs: its typed calls, pipelines, transactions, channels, both protocols,
//! one connection at a time and many requests in flight on one.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
    thread,
};

use redis::{
    AsyncCommands, Client, Commands, Connection, ErrorKind, ExistenceCheck, LposOptions,
    RedisResult, SetExpiry, SetOptions, TlsCertificates, Value,
};

use super::{secure::SecureCache, url};
use crate::cache::Cache;

#[expect(clippy::needless_pass_by_value, reason = "written at the place of the call")]
fn same<T: PartialEq + Debug>(found: RedisResult<T>, expected: T) {
    assert_eq!(found.unwrap(), expected);
}

fn texts<const N: usize>(items: [&str; N]) -> Vec<String> {
    items.map(str::to_owned).to_vec()
}

fn strings(con: &mut Connection) {
    same(con.set("a", 1), "OK".to_owned());
    same(con.get("a"), Some(1));
    same(con.get("none"), None::<i64>);
    let options = SetOptions::default()
        .conditional_set(ExistenceCheck::NX)
        .with_expiration(SetExpiry::EX(100));
    same(con.set_options("a", 2, options), None::<String>);
    same(con.incr("a", 41), 42);
    same(con.incr("a", 0.5), 42.5);
    same(con.append("b", "xyz"), 3);
    same(con.getrange("b", 1, -1), "yz".to_owned());
    same(con.mset(&[("c", 1), ("d", 2)]), "OK".to_owned());
    same(con.mget(&["c", "d", "none"]), vec![Some(1), Some(2), None]);
    same(con.get_del("c"), Some(1));
    same(con.set_ex("e", "v", 100), "OK".to_owned());
    same(con.expire("e", 200), true);
    same(con.persist("e"), true);
    same(con.ttl("e"), -1);
    same(con.setbit("bits", 9, true), false);
    same(con.bitcount("bits"), 1);
    same(con.set("bytes", b"\x00\r\n\xff".to_vec()), "OK".to_owned());
    same(con.get("bytes"), b"\x00\r\n\xff".to_vec());
    let large = vec![b'v'; 2 << 20];
    same(con.set("large", large.clone()), "OK".to_owned());
    same(con.get("large"), large);
}

fn keys(con: &mut Connection) {
    for number in 0..200 {
        same(con.set(format!("key:{number}"), number), "OK".to_owned());
    }
    let found: BTreeSet<String> =
        con.scan_match("key:1*").unwrap().map(|key| key.unwrap()).collect();
    assert_eq!(found.len(), 111);
    same(con.exists("key:1"), true);
    same(con.rename("key:1", "moved"), "OK".to_owned());
    same(con.del(&["moved", "none"]), 1);
    same(con.unlink("key:2"), 1);
    same(con.key_type("key:3"), "string".to_owned());
    same(redis::cmd("DBSIZE").query(con), 198);
}

fn hashes(con: &mut Connection) {
    same(con.hset_multiple("h", &[("a", 1), ("b", 2)]), "OK".to_owned());
    same(con.hset("h", "c", 3), 1);
    same(con.hget("h", "a"), Some(1));
    same(con.hincr("h", "a", 4), 5);
    same(con.hexists("h", "none"), false);
    let all = [("a", 5), ("b", 2), ("c", 3)].map(|(field, value)| (field.to_owned(), value));
    same(con.hgetall("h"), BTreeMap::from(all));
    same(con.hdel("h", "a"), 1);
    same(con.hlen("h"), 2);
    same(con.hkeys("h"), BTreeSet::from(["b".to_owned(), "c".to_owned()]));
}

fn lists(con: &mut Connection) {
    same(con.rpush("l", &["a", "b", "c"]), 3);
    same(con.lpush("l", "z"), 4);
    same(con.lrange("l", 0, -1), texts(["z", "a", "b", "c"]));
    same(con.lpos("l", "b", LposOptions::default()), Some(2));
    same(con.lpop("l", None), Some("z".to_owned()));
    same(con.rpop("l", std::num::NonZeroUsize::new(2)), texts(["c", "b"]));
    same(con.blpop("l", 1.0), Some(("l".to_owned(), "a".to_owned())));
    same(con.blpop("l", 0.02), None::<(String, String)>);
    same(con.llen("l"), 0);
}

fn sets(con: &mut Connection) {
    same(con.sadd("s", &["a", "b", "c"]), 3);
    same(con.sadd("t", &["b", "c", "d"]), 3);
    same(con.sinter(&["s", "t"]), BTreeSet::from(["b".to_owned(), "c".to_owned()]));
    same(con.sdiffstore("u", &["s", "t"]), 1);
    same(con.smembers("u"), BTreeSet::from(["a".to_owned()]));
    same(con.sismember("s", "a"), true);
    same(con.smove("s", "t", "a"), true);
    same(con.scard("t"), 4);
    same(con.srem("t", "a"), 1);
}

fn sorted_sets(con: &mut Connection) {
    same(con.zadd_multiple("z", &[(1, "a"), (2, "b"), (3, "c")]), 3);
    same(con.zincr("z", "a", 0.5), 1.5);
    same(con.zscore("z", "a"), Some(1.5));
    same(con.zrank("z", "c"), Some(2));
    same(con.zrange_withscores("z", 0, 1), vec![("a".to_owned(), 1.5), ("b".to_owned(), 2.0)]);
    same(con.zrangebyscore("z", "(1.5", "+inf"), texts(["b", "c"]));
    same(con.zrevrange("z", 0, 0), texts(["c"]));
    same(con.zcount("z", 2, 3), 2);
    same(con.zpopmin("z", 1), vec![("a".to_owned(), 1.5)]);
    same(con.zrem("z", "none"), 0);
    same(con.zcard("z"), 2);
}

fn transactions(con: &mut Connection) {
    let found: (i64, Vec<String>) = redis::pipe()
        .atomic()
        .set("a", 1)
        .ignore()
        .incr("a", 1)
        .rpush("l", "x")
        .ignore()
        .lrange("l", 0, -1)
        .query(con)
        .unwrap();
    assert_eq!(found, (2, texts(["x"])));
    let doubled: Vec<i64> = redis::transaction(con, &["a"], |con, pipe| {
        let old: i64 = con.get("a")?;
        pipe.set("a", old * 2).ignore().get("a").query(con)
    })
    .unwrap();
    assert_eq!(doubled, [4]);
    let mut pipe = redis::pipe();
    (0..5_000).for_each(|number| {
        pipe.incr("n", number).ignore();
    });
    pipe.query::<()>(con).unwrap();
    same(con.get("n"), (0..5_000).sum::<i64>());
}

fn errors(con: &mut Connection) {
    same(con.set("text", "abc"), "OK".to_owned());
    let error = con.lpush::<_, _, i64>("text", "x").unwrap_err();
    assert_eq!(error.code(), Some("WRONGTYPE"), "{error}");
    let error = con.incr::<_, _, i64>("text", 1).unwrap_err();
    assert!(error.to_string().contains("not an integer"), "{error}");
    let error = redis::cmd("XADD").arg("s").query::<Value>(con).unwrap_err();
    assert!(error.to_string().contains("unknown command"), "{error}");
}

fn channels(client: &Client, con: &mut Connection) {
    let mut listening = client.get_connection().unwrap();
    let mut listener = listening.as_pubsub();
    listener.subscribe("news").unwrap();
    listener.psubscribe("n*").unwrap();
    same(con.publish("news", "hello"), 2);
    for pattern in [false, true] {
        let message = listener.get_message().unwrap();
        assert_eq!(message.from_pattern(), pattern);
        assert_eq!(message.get_payload::<String>().unwrap(), "hello");
    }
    listener.unsubscribe("news").unwrap();
}

fn waiting(client: &Client, con: &mut Connection) {
    let mut other = client.get_connection().unwrap();
    let waiter = thread::spawn(move || other.blpop::<_, (String, String)>("queue", 20.0));
    loop {
        let info: redis::InfoDict = redis::cmd("INFO").arg("clients").query(con).unwrap();
        if info.get::<u64>("blocked_clients") == Some(1) {
            break;
        }
    }
    same(con.rpush("queue", "job"), 1);
    same(waiter.join().unwrap(), ("queue".to_owned(), "job".to_owned()));
}

fn check(client: &Client) {
    let mut con = client.get_connection().unwrap();
    let families: [fn(&mut Connection); 8] =
        [strings, keys, hashes, lists, sets, sorted_sets, transactions, errors];
    for family in families {
        redis::cmd("FLUSHALL").exec(&mut con).unwrap();
        family(&mut con);
    }
    channels(client, &mut con);
    waiting(client, &mut con);
    in_flight(client);
}

/// Requests of many tasks on one connection.
fn in_flight(client: &Client) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let connection = client.get_multiplexed_async_connection().await.unwrap();
        let tasks = (0..500_u64).map(|number| {
            let mut connection = connection.clone();
            tokio::spawn(async move {
                let key = format!("task:{number}");
                connection.set::<_, _, ()>(&key, number).await.unwrap();
                connection.get::<_, u64>(&key).await.unwrap()
            })
        });
        for (number, task) in (0..).zip(tasks.collect::<Vec<_>>()) {
            assert_eq!(task.await.unwrap(), number);
        }
    });
}

#[test]
fn it_works_with_redis_rs() {
    let cache = Cache::start(&["--threads", "2"]);
    for protocol in ["resp2", "resp3"] {
        check(&Client::open(format!("{}/?protocol={protocol}", url(&cache))).unwrap());
    }
}

#[test]
fn it_works_with_redis_rs_over_tls() {
    // The one that rustls shall use, as there may be several in one program.
    drop(rustls::crypto::ring::default_provider().install_default());
    let cache = SecureCache::start(&["--threads", "2"]);
    let read = |name: &str| std::fs::read(cache.file(name)).unwrap();
    let client_tls = Some(redis::ClientTlsConfig {
        client_cert: read("client.pem"),
        client_key: read("client-key.pem"),
    });
    let root_cert = Some(read("ca.pem"));
    let certificates = TlsCertificates { client_tls, root_cert };
    let url = format!("{}/?protocol=resp3", cache.url());
    check(&Client::build_with_tls(url.as_str(), certificates).unwrap());
    // Without a certificate nobody is served, unless told so.
    let certificates = TlsCertificates { client_tls: None, root_cert: Some(read("ca.pem")) };
    let stranger = Client::build_with_tls(url.as_str(), certificates).unwrap();
    let refused = stranger.get_connection().err().unwrap();
    assert!(refused.is_io_error() || refused.kind() == ErrorKind::Io, "{refused}");
}
