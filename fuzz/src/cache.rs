//! The cache: any commands give one whole reply each, and any payload is a value or an error. Nothing else.

use bolero::{check, produce};
use plimsoll_cache_server::{
    commands::{Batch, Changes, Keyspace, Ran, Reply, Run, resolve},
    store::{Config, Millis, Policy, Store},
};
use plimsoll_runtime::random::Random;
use plimsoll_wire::resp::{
    Command, CommandDecoder, Limits, Protocol, Value, ValueDecoder, write_command,
};

use crate::near::Corpus;

const SEEDS: &[&str] = &[
    "SET k v EX 10 NX GET\r\n\
     GET k\r\n\
     APPEND k w\r\n\
     GETRANGE k 0 -1\r\n\
     SETRANGE k 3 abc\r\n\
     INCRBYFLOAT n 1.5\r\n",
    "SETBIT b 7 1\r\n\
     BITFIELD b SET u8 #1 255 OVERFLOW SAT INCRBY i5 0 9\r\n\
     BITPOS b 1 0 -1 BIT\r\n\
     BITOP XOR d b k\r\n",
    "HSET h a 1 b 2\r\n\
     HINCRBY h a 5\r\n\
     HRANDFIELD h -3 WITHVALUES\r\n\
     HSCAN h 0 MATCH * COUNT 1\r\n\
     HDEL h a b\r\n",
    "RPUSH l a b c\r\n\
     LPOS l b RANK -1 COUNT 0\r\n\
     LINSERT l BEFORE b x\r\n\
     LMOVE l m LEFT RIGHT\r\n\
     BLPOP l m 0\r\n\
     LTRIM l 1 -2\r\n",
    "SADD s a b c\r\n\
     SADD t b\r\n\
     SINTERCARD 2 s t LIMIT 1\r\n\
     SDIFFSTORE d s t\r\n\
     SRANDMEMBER s -5\r\n\
     SPOP s 2\r\n",
    "ZADD z GT CH 1 a 2 b inf c\r\n\
     ZRANGE z (1 +inf BYSCORE REV LIMIT 0 1 WITHSCORES\r\n\
     ZUNIONSTORE d 2 z s WEIGHTS 2 3 AGGREGATE MAX\r\n\
     ZMPOP 1 z MIN COUNT 2\r\n\
     ZRANGEBYLEX z [a (c\r\n",
    "SET k v\r\n\
     PEXPIRE k 5 GT\r\n\
     OBJECT ENCODING k\r\n\
     RENAME k q\r\n\
     COPY q r REPLACE\r\n\
     SCAN 0 TYPE string\r\n\
     SORT l BY w_* GET # ALPHA DESC STORE d\r\n\
     DUMP q\r\n\
     COMMAND GETKEYS SET a b\r\n",
];

const WORDS: &[&str] = &[
    "\r\n",
    " ",
    "-1",
    "0",
    "-0",
    "inf",
    "-inf",
    "nan",
    "1e308",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551616",
    "4294967295",
    "*",
    "[",
    "(",
    "+",
    "COUNT",
    "LIMIT",
    "STORE",
    "\"\"",
    "{a}",
    "k",
    "h",
    "l",
    "s",
    "z",
    "b",
];

/// So little that eviction runs.
const CAP_BYTES: usize = 1 << 20;
const NOW: Millis = Millis(1_700_000_000_000);

struct Cache {
    keyspace: Keyspace,
    random: Random,
    changes: Changes,
    reply: Reply,
}

impl Cache {
    fn new(protocol: Protocol) -> Cache {
        let policy = Policy::S3_FIFO;
        let store = Store::new(&Config { shards: 2, max_bytes: CAP_BYTES, policy, seed: 1 });
        Cache {
            keyspace: Keyspace::new(store),
            random: Random::seeded(1),
            changes: Changes::default(),
            reply: Reply::new(protocol),
        }
    }

    /// The reply; `None` when the command waits, or is the server's.
    fn run(&mut self, command: Command<'_>) -> Option<Value> {
        let Cache { keyspace, random, changes, reply } = self;
        reply.clear();
        match resolve(command) {
            Err(error) => reply.error(&error),
            Ok(spec) if matches!(spec.run, Run::Keyspace(_)) => {
                let mut batch = Batch::new(keyspace, NOW, random, changes);
                if let Ran::Blocked(_) = batch.run(spec, command, true, reply) {
                    assert!(reply.is_empty(), "{} waits and has replied", spec.name);
                    return None;
                }
            }
            Ok(_) => return None,
        }
        changes.clear();
        let bytes = whole(reply);
        let (taken, value) = ValueDecoder::new(Limits::DEFAULT).decode(&bytes).unwrap();
        assert_eq!(taken, bytes.len(), "more than one reply: {}", bytes.escape_ascii());
        Some(value.unwrap_or_else(|| panic!("half a reply: {}", bytes.escape_ascii())))
    }

    fn ask(&mut self, command: &[&[u8]]) -> Value {
        let mut input = Vec::new();
        write_command(&mut input, command);
        let mut decoder = CommandDecoder::default();
        let (_, command) = decoder.decode(&input).unwrap();
        self.run(command.unwrap()).unwrap()
    }
}

/// With what is sent beside the buffer put in its places.
fn whole(reply: &Reply) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut from = 0;
    for (at, large) in reply.large() {
        bytes.extend_from_slice(&reply.buffer()[from..*at]);
        bytes.extend_from_slice(large);
        from = *at;
    }
    bytes.extend_from_slice(&reply.buffer()[from..]);
    bytes
}

/// That of Redis's payloads, bit by bit.
fn crc64(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |crc: u64, byte| {
        (0..8).fold(crc ^ u64::from(*byte), |crc, _| {
            crc >> 1 ^ if crc & 1 == 1 { 0x95ac_9329_ac4b_c9b5 } else { 0 }
        })
    })
}

#[test]
fn cache_commands() {
    let inputs = (Corpus::of_texts(SEEDS, WORDS).bytes(), produce::<bool>());
    check!().with_generator(inputs).for_each(|(bytes, is_resp3)| {
        let protocol = if *is_resp3 { Protocol::Resp3 } else { Protocol::Resp2 };
        let mut cache = Cache::new(protocol);
        let mut decoder = CommandDecoder::default();
        let mut rest = &bytes.0[..];
        while let Ok((taken, Some(command))) = decoder.decode(rest) {
            cache.run(command);
            rest = &rest[taken..];
        }
    });
}

/// Payloads of all kinds of values, without version and checksum.
fn payloads() -> Vec<Vec<u8>> {
    let long = "x".repeat(70);
    let commands = [
        "SET k hello".to_owned(),
        "SET k -12345".to_owned(),
        "HSET k a 1 b two".to_owned(),
        format!("HSET k a {long}"),
        "RPUSH k a 17 ccc".to_owned(),
        "SADD k 1 2 300000".to_owned(),
        "SADD k a b c".to_owned(),
        format!("SADD k {long}"),
        "ZADD k 1 a 2.5 b".to_owned(),
        format!("ZADD k 1 {long}"),
    ];
    let dump = |command: &String| {
        let mut cache = Cache::new(Protocol::Resp2);
        let words: Vec<&[u8]> = command.split(' ').map(str::as_bytes).collect();
        cache.ask(&words);
        let mut payload = cache.ask(&[b"DUMP", b"k"]).as_bytes().unwrap().to_vec();
        payload.truncate(payload.len() - 10);
        payload
    };
    commands.iter().map(dump).collect()
}

#[test]
fn cache_payloads() {
    let corpus =
        Corpus { seeds: payloads(), words: &["\u{0}", "\u{1}", "\u{7f}", "k", "17", "\u{3f}"] };
    let inputs = (corpus.bytes(), produce::<bool>());
    check!().with_generator(inputs).for_each(|(bytes, is_old)| {
        let mut payload = bytes.0.clone();
        payload.extend_from_slice(if *is_old { &[6, 0] } else { &[11, 0] });
        payload.extend_from_slice(&crc64(&payload).to_le_bytes());
        let mut cache = Cache::new(Protocol::Resp2);
        if let Value::Error(_) = cache.ask(&[b"RESTORE", b"k", b"0", &payload]) {
            return;
        }
        // What was taken can be given, and is the same then.
        let dumped = cache.ask(&[b"DUMP", b"k"]);
        let Some(dumped) = dumped.as_bytes() else { return };
        let again = cache.ask(&[b"RESTORE", b"again", b"0", dumped]);
        assert!(!matches!(again, Value::Error(_)), "{again:?}: {}", dumped.escape_ascii());
        assert_eq!(cache.ask(&[b"DBSIZE"]), Value::Integer(2));
    });
}
