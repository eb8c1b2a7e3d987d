//! `plimsoll serve cache` over restarts: what was saved is there again, whatever happened meanwhile.

mod home;

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
    time::Duration,
};

use home::{Cache, FILE, Home};
use plimsoll_e2e::Tool;

#[test]
fn cache_saves_and_loads() {
    let home = Home::new();
    let mut cache = home.start(&[]);
    let started: u64 = cache.ask("LASTSAVE").trim_start_matches(':').parse().unwrap();
    for (command, reply) in [
        ("SET string value", "+OK"),
        ("SET soon gone PX 1", "+OK"),
        ("SET later gone EX 1000", "+OK"),
        ("RPUSH list a b c", ":3"),
        ("SADD set 1 2 x", ":3"),
        ("HSET hash field value", ":1"),
        ("ZADD zset 1.5 member", ":1"),
        ("SAVE", "+OK"),
        ("SAVE x", "-ERR wrong number of arguments for 'save' command"),
        ("BGSAVE x", "-ERR syntax error"),
        // Only PING has a reply.
        ("CLIENT REPLY SKIP\r\nSAVE\r\nPING", "+PONG"),
        ("SET unsaved value", "+OK"),
    ] {
        assert_eq!(cache.ask(command), reply, "{command}");
    }
    assert!(cache.ask("LASTSAVE").trim_start_matches(':').parse::<u64>().unwrap() >= started);
    assert_eq!(cache.info("rdb_changes_since_last_save"), "1");
    assert_eq!(cache.info("rdb_saves"), "2");
    assert_eq!(home.names(), [FILE]);
    cache.kill();

    let mut cache = home.start(&[]);
    for (command, reply) in [
        ("GET string", "value"),
        ("GET soon", "$-1"),
        ("GET later", "gone"),
        ("GET unsaved", "$-1"),
        ("LINDEX list -1", "c"),
        ("SCARD set", ":3"),
        ("HGET hash field", "value"),
        ("ZSCORE zset member", "1.5"),
        ("DBSIZE", ":6"),
        ("BGSAVE", "+Background saving started"),
    ] {
        assert_eq!(cache.ask(command), reply, "{command}");
    }
    assert!(cache.ask("TTL later").trim_start_matches(':').parse::<i32>().unwrap() > 900);
    cache.await_save();
    assert_eq!(cache.info("rdb_last_bgsave_status"), "ok");
    assert_eq!(cache.info("last_save_keys"), "6");
}

#[test]
fn cache_is_saved_at_the_end_when_it_is_set() {
    let home = Home::new();
    for (more, end, expected) in [
        (&[][..], "", "$-1"),
        (&["--save", "stop"], "", "1"),
        (&["--save", "3600 1000"], "SHUTDOWN NOSAVE", "1"),
        (&["--save", "3600 1000"], "SHUTDOWN", "2"),
        (&[], "SHUTDOWN SAVE", "3"),
        (&[], "SHUTDOWN", "3"),
    ] {
        let mut cache = home.start(more);
        cache.ask("INCR rounds");
        if end.is_empty() {
            assert_eq!(cache.end(), Some(0));
        } else {
            cache.send(&format!("{end}\r\n"));
            assert_eq!(cache.ended(), Some(0));
        }
        let mut cache = home.start(&[]);
        assert_eq!(cache.ask("GET rounds"), expected, "{more:?} {end}");
    }
}

#[test]
fn cache_saves_by_itself_when_a_point_is_due() {
    let home = Home::new();
    let mut cache = home.start(&["--save", "1 3"]);
    cache.ask("SET a 1");
    cache.ask("SET b 1");
    cache.ask("SET c 1");
    while cache.info("rdb_saves") == "0" {
        std::thread::sleep(Duration::from_millis(20));
    }
    cache.await_save();
    cache.kill();
    assert_eq!(home.start(&[]).ask("DBSIZE"), ":3");
}

/// Killed at any moment of a save, there is the whole old file or the whole new one.
#[test]
fn cache_killed_during_a_save_has_one_file_or_the_other() {
    const KEYS: usize = 40_000;
    let home = Home::new();
    let mut cache = home.start(&[]);
    cache.fill(KEYS, "0");
    assert_eq!(cache.ask("SAVE"), "+OK");
    for round in 1..=8_u64 {
        let (old, new) = ((round - 1).to_string(), round.to_string());
        cache.fill(KEYS, &new);
        assert_eq!(cache.ask("BGSAVE"), "+Background saving started");
        std::thread::sleep(Duration::from_millis(round * round * 3));
        cache.kill();
        cache = home.start(&[]);
        assert_eq!(cache.ask("DBSIZE"), format!(":{KEYS}"));
        let value = cache.ask("GET key:0");
        assert!(value == old || value == new, "{value} in round {round}");
        for number in (0..KEYS).step_by(997) {
            assert_eq!(cache.ask(&format!("GET key:{number}")), value, "round {round}");
        }
        // So that the next round knows what is old.
        cache.fill(KEYS, &new);
        assert_eq!(cache.ask("SAVE"), "+OK");
    }
    assert!(home.names().iter().all(|name| name.starts_with(FILE)), "{:?}", home.names());
}

#[test]
fn cache_on_a_full_disk_serves_on_and_keeps_the_old_file() {
    let home = Home::new();
    let mut cache = home.start(&[]);
    cache.ask("SET old value");
    assert_eq!(cache.ask("SAVE"), "+OK");
    cache.kill();
    let file = fs::read(home.file()).unwrap();

    let mut cache = home.start_with_little_room(64, &["--save", "3600 1000000"]);
    cache.fill(2_000, &"x".repeat(50));
    let error = cache.ask("SAVE");
    assert!(error.starts_with("-ERR ") && error.contains(FILE), "{error}");
    assert_eq!(cache.info("rdb_last_bgsave_status"), "err");
    assert!(cache.info("last_save_error").contains(FILE));
    assert_eq!(cache.ask("SHUTDOWN"), "-ERR Errors trying to SHUTDOWN. Check logs.");
    assert_eq!(cache.ask("SET still writable"), "+OK");
    assert_eq!(cache.ask("DBSIZE"), ":2002");
    assert_eq!(home.names(), [FILE]);
    // It has to end, and says that it has not saved.
    assert_eq!(cache.end(), Some(255));
    assert!(fs::read(home.file()).unwrap() == file);
    assert_eq!(home.start(&[]).ask("GET old"), "value");
}

/// Those who write wait for the save, and go on when the end is called off.
#[test]
fn cache_that_is_told_to_end_can_be_told_otherwise() {
    let home = Home::new();
    let mut cache = home.start(&[]);
    cache.fill(40_000, "value");
    let (mut writer, mut other) = (cache.connect_again(), cache.connect_again());
    cache.send("SHUTDOWN SAVE\r\n");
    writer.send("SET key:0 other\r\n");
    while other.ask("SHUTDOWN ABORT") != "+OK" {}
    assert_eq!(cache.reply(), "-ERR Errors trying to SHUTDOWN. Check logs.");
    assert_eq!(writer.reply(), "+OK");
    assert_eq!(other.ask("SHUTDOWN ABORT"), "-ERR No shutdown in progress.");
    cache.send("SHUTDOWN SAVE\r\n");
    assert_eq!(cache.ended(), Some(0));
    assert_eq!(home.start(&[]).ask("GET key:0"), "other");
}

#[test]
fn cache_with_a_damaged_file_does_not_start() {
    let home = Home::new();
    let mut cache = home.start(&[]);
    cache.fill(100, "value");
    assert_eq!(cache.ask("SAVE"), "+OK");
    cache.kill();
    let whole = fs::read(home.file()).unwrap();
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 1;
    let cut = &whole[..whole.len() - 1];
    for (bytes, expected) in [
        (&changed[..], "it is damaged at byte 24: a block's checksum is wrong"),
        (cut, "it ends within its end mark"),
        (b"REDIS0011\xfa\x09redis-ver\x057.0.15", "it is no file of a cache"),
    ] {
        fs::write(home.file(), bytes).unwrap();
        check_refused(&home.fail(&["--save", "stop"]), &home.file(), expected);
        assert!(fs::read(home.file()).unwrap() == bytes, "overwritten");
    }
    fs::write(home.file(), &whole).unwrap();
    assert_eq!(home.start(&[]).ask("DBSIZE"), ":100");
    let small = home.fail(&["--maxmemory", "10kb"]);
    check_refused(&small, &home.file(), "its items do not fit under maxmemory");
}

fn check_refused(output: &Output, file: &Path, expected: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_ne!(output.status.code(), Some(0), "{said}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{said}");
    assert!(said.contains(expected) && said.contains(file.to_str().unwrap()), "{said}");
}

#[test]
fn cache_without_a_file_does_not_save() {
    let mut command = Command::new(Tool::Plimsoll.binary());
    command.args(["serve", "cache", "--seconds", "120"]).stdin(Stdio::null());
    let mut cache = Cache::start(command);
    let nowhere = "-ERR there is no file to save to: dbfilename is empty";
    for (command, reply) in [
        ("SAVE", nowhere),
        ("BGSAVE", nowhere),
        ("SHUTDOWN SAVE", nowhere),
        ("SHUTDOWN ABORT", "-ERR No shutdown in progress."),
        ("SHUTDOWN NOW x", "-ERR syntax error"),
        ("CONFIG SET save \"\"", "+OK"),
        (
            "CONFIG SET dir /",
            "-ERR CONFIG SET failed (possibly related to argument 'dir') - can't set immutable config",
        ),
    ] {
        assert_eq!(cache.ask(command), reply, "{command}");
    }
    assert!(cache.ask("CONFIG SET save \"60 1\"").contains("there is no dbfilename"));
    cache.send("SHUTDOWN\r\n");
    assert_eq!(cache.ended(), Some(0));
}
