//! Sources of parameters together, and what is said of those that cannot be.

use std::{net::Ipv4Addr, path::PathBuf};

use super::*;

fn config(environment: &[(&str, &str)], parameters: &[(&str, &str)]) -> Config {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let mut config = Config::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    config.environment = environment.iter().map(owned).collect();
    config.parameters = parameters.iter().map(owned).collect();
    config
}

fn with_file(text: &str, mut config: Config) -> Result<Settings, SettingError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.conf");
    std::fs::write(&path, text).unwrap();
    config.file = Some(path);
    Settings::gather(&config)
}

#[test]
fn the_later_source_is_stronger() {
    let file = "hz 20\ntimeout 20\nmaxclients 20\nmaxclients 21\n";
    let environment =
        [("PLIMSOLL_CACHE_TIMEOUT", "30"), ("PLIMSOLL_CACHE_SLOWLOG_MAX_LEN", "30"), ("PATH", "x")];
    let flags = [("slowlog-max-len", "40"), ("PORT", "7000")];
    let settings = with_file(file, config(&environment, &flags)).unwrap();
    for (name, expected) in
        [("hz", 20), ("timeout", 30), ("maxclients", 21), ("slowlog-max-len", 40), ("port", 7_000)]
    {
        assert_eq!(settings.parameters.number(name), expected, "{name}");
    }
    let mut given = settings.given.clone();
    given.sort_unstable();
    assert_eq!(given, ["hz", "maxclients", "port", "slowlog-max-len", "timeout"]);
    let addr = settings.addr("bind", "port").unwrap();
    assert_eq!(addr, SocketAddr::from((Ipv4Addr::LOCALHOST, 7_000)));
}

#[test]
fn some_lines_add_up() {
    let file = "client-output-buffer-limit normal 1 2 3\nclient-output-buffer-limit pubsub 4 5 6\n";
    let settings = with_file(file, config(&[], &[])).unwrap();
    let limits = settings.parameters.limits();
    assert_eq!((limits.normal.hard, limits.pubsub.hard), (1, 4));
    let save = |text| with_file(text, config(&[], &[])).unwrap().parameters.text("save");
    assert_eq!(save("save 900 1\nsave 300 10\n"), "900 1 300 10");
    assert_eq!(save("save 900 1\nsave \"\"\n"), "");
    assert_eq!(save("save \"\"\nsave 300 10\n"), "300 10");
}

/// Their values have blanks, and are secret.
#[test]
fn headers_add_up_line_by_line() {
    let file = "origin-header http://h A: b c\norigin-header \"https://h A:  d\"\n";
    let gather = |variable| config(&[("PLIMSOLL_CACHE_ORIGIN_HEADER", variable)], &[]);
    let settings = with_file(file, gather("")).unwrap();
    assert_eq!(settings.parameters.text("origin-header"), "http://h a: b c\nhttps://h a: d");
    let settings = with_file(file, gather("http://g A: e\nhttp://g B: f")).unwrap();
    assert_eq!(settings.parameters.text("origin-header"), "http://g a: e\nhttp://g b: f");
    assert_eq!(settings.parameters.shown("origin-header"), "http://g a: ***\nhttp://g b: ***");
    let error = with_file("origin-header http://h A sesame\n", gather("")).unwrap_err();
    let error = error.to_string();
    assert!(
        error.ends_with("cache.conf:1: origin-header: header 1: write 'URL NAME: VALUE'"),
        "{error}"
    );
}

#[test]
fn an_empty_variable_is_none() {
    let settings = Settings::gather(&config(&[("PLIMSOLL_CACHE_MAXMEMORY", "")], &[])).unwrap();
    assert!(settings.given.is_empty());
}

#[test]
fn what_cannot_be_is_told_with_its_place() {
    for (environment, parameters, expected) in [
        (
            &[("PLIMSOLL_CACHE_MAXMEMROY", "1")][..],
            &[][..],
            "PLIMSOLL_CACHE_MAXMEMROY: there is no such parameter; did you mean 'maxmemory'?",
        ),
        (&[], &[("nosuchthing", "1")], "nosuchthing: there is no such parameter"),
        (&[], &[("maxmemory", "x")], "maxmemory: argument must be a memory value"),
        (&[], &[("appendonly", "yes")], "appendonly: it is always 'no' here"),
        (&[], &[("bind", "localhost")], "bind: argument must be one IP address"),
    ] {
        let error = Settings::gather(&config(environment, parameters)).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
    let error = with_file("\nmaxclient 5\n", config(&[], &[])).unwrap_err().to_string();
    let expected =
        "cache.conf:2: maxclient: there is no such parameter; did you mean 'maxclients'?";
    assert!(error.ends_with(expected), "{error}");
    let error =
        with_file("maxclient 5\nhz 10\nlogfile x\n", config(&[("PLIMSOLL_CACHE_HZ", "x")], &[]));
    let error = error.unwrap_err().to_string();
    for expected in [
        "cache.conf:1: maxclient: ",
        "; PLIMSOLL_CACHE_HZ: argument",
        "cache.conf:3: logfile: --log-output",
    ] {
        assert!(error.contains(expected), "{error}");
    }
    let mut config = config(&[], &[]);
    config.file = Some(PathBuf::from("/nonexistent/cache.conf"));
    let error = Settings::gather(&config).unwrap_err().to_string();
    assert!(error.starts_with("/nonexistent/cache.conf: "), "{error}");
}

/// What a file of Redis's says and is so here anyway does no harm.
#[test]
fn the_only_value_may_be_given() {
    let settings = with_file("appendonly no\ndaemonize no\n", config(&[], &[])).unwrap();
    assert!(settings.given.is_empty());
}

#[test]
fn users_stand_in_one_file() {
    let error = with_file("user a on\naclfile users.acl\n", config(&[], &[])).unwrap_err();
    assert!(error.to_string().starts_with("aclfile: "), "{error}");
}
