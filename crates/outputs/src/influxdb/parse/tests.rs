//! What can be said, and what cannot.

use super::*;

fn parse(argument: Option<&str>, env: &[(&str, &str)], is_v2: bool) -> Result<InfluxdbConfig> {
    let pairs = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    InfluxdbConfig::parse(argument, &pairs.collect(), is_v2)
}

fn check(argument: Option<&str>, env: &[(&str, &str)]) -> String {
    match parse(argument, env, false) {
        Ok(config) => format!("{config:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn the_defaults_are_those_of_k6() {
    insta::assert_snapshot!(check(None, &[]), @r#"InfluxdbConfig { transport: Http { address: http://localhost:8086/, gzip: false }, api: V1 { database: "k6", retention: "", consistency: "", user: None, .. }, insecure_skip_verify: false, push_interval: 1s, concurrent_writes: 4, precision: Nanos, tags_as_fields: [TagAsField { tag: "vu", kind: String }, TagAsField { tag: "iter", kind: String }, TagAsField { tag: "url", kind: String }], points_per_second: Some(50000) }"#);
    assert_eq!(check(None, &[]), check(Some(""), &[("K6_INFLUXDB_TAGS_AS_FIELDS", "")]));
}

#[test]
fn a_url_wins_over_the_environment() {
    let url = "http://u:p%20w@h.example:1/a/b?precision=ms&retention=rr&consistency=any\
               &pushInterval=2s&concurrentWrites=2&tagsAsFields=n:int&tagsAsFields=v&insecure=true";
    let env = [
        ("K6_INFLUXDB_DB", "other"),
        ("K6_INFLUXDB_ADDR", "http://other"),
        ("K6_INFLUXDB_USERNAME", "other"),
        ("K6_INFLUXDB_TAGS_AS_FIELDS", "other"),
    ];
    insta::assert_snapshot!(check(Some(url), &env), @r#"InfluxdbConfig { transport: Http { address: http://h.example:1/, gzip: true }, api: V1 { database: "a/b", retention: "rr", consistency: "any", user: Some("u"), .. }, insecure_skip_verify: true, push_interval: 2s, concurrent_writes: 2, precision: Millis, tags_as_fields: [TagAsField { tag: "n", kind: Int }, TagAsField { tag: "v", kind: String }], points_per_second: Some(50000) }"#);
    let Api::V1 { user, .. } = parse(Some(url), &env, false).unwrap().api else { panic!() };
    assert_eq!(user, Some(("u".to_owned(), "p w".to_owned())));
    assert_eq!(parse(Some(url), &env, false).unwrap().shown_address(), "http://h.example:1");
}

#[test]
fn a_token_means_version_2() {
    let env = [("K6_INFLUXDB_TOKEN", "secret"), ("K6_INFLUXDB_ORGANIZATION", "o")];
    let config = parse(Some("https://h/bucket"), &env, false).unwrap();
    let api = |bucket: &str, organization: &str, token: &str| Api::V2 {
        organization: organization.to_owned(),
        bucket: bucket.to_owned(),
        token: token.to_owned(),
    };
    assert_eq!(config.api, api("bucket", "o", "secret"));
    assert!(!format!("{config:?}").contains("secret"));
    assert_eq!(config.tags_as_fields[0].kind, FieldKind::Int);
    // The variable of InfluxDB's own client alone says nothing.
    let env = [("INFLUX_TOKEN", "secret")];
    assert!(matches!(parse(None, &env, false).unwrap().api, Api::V1 { .. }));
    assert_eq!(parse(None, &env, true).unwrap().api, api("k6", "", "secret"));
}

#[test]
fn singles_have_a_limit() {
    for (text, limit) in [("", Some(50_000)), ("7", Some(7)), ("0", None)] {
        let env = [("PLIMSOLL_INFLUXDB_POINTS_PER_SECOND", text)];
        assert_eq!(parse(None, &env, false).unwrap().points_per_second, limit);
    }
}

#[test]
fn datagrams() {
    let config = parse(Some("udp://[::1]:8089/db?payload_size=1400"), &[], false).unwrap();
    let transport = Transport::Udp { host: "::1".to_owned(), port: 8089, payload_size: 1_400 };
    assert_eq!(config.transport, transport);
    assert_eq!(config.shown_address(), "udp://[::1]:8089");
}

#[test]
fn what_makes_no_sense_is_named() {
    for (argument, variable, message) in [
        (
            "h:8086/db",
            ("", ""),
            "Unsupported protocol scheme: , your address must start with http:// or https://",
        ),
        (
            "ftp://h/db",
            ("", ""),
            "Unsupported protocol scheme: ftp, your address must start with http:// or https://",
        ),
        ("http://h/db?foo=1", ("", ""), "unknown query parameter: foo"),
        (
            "http://h/db?precision=x",
            ("", ""),
            "invalid precision \"x\", it is one of ns, us, ms, s",
        ),
        (
            "http://h/db?tagsAsFields=a:x",
            ("", ""),
            "an invalid type (x) is specified for an InfluxDB field (a)",
        ),
        ("http://h/db?insecure=x", ("", ""), "insecure must be true or false, not x"),
        ("udp://h/db", ("", ""), "udp://h: no port"),
        (
            "",
            ("K6_INFLUXDB_CONCURRENT_WRITES", "0"),
            "influxdb's ConcurrentWrites must be a positive number, at most 64",
        ),
        ("", ("K6_INFLUXDB_PUSH_INTERVAL", "0"), "invalid push interval \"0\""),
        ("", ("K6_INFLUXDB_PROXY", "http://p"), "K6_INFLUXDB_PROXY: proxies are not supported"),
        (
            "",
            ("PLIMSOLL_INFLUXDB_POINTS_PER_SECOND", "-1"),
            "PLIMSOLL_INFLUXDB_POINTS_PER_SECOND must be a whole number, 0 for no limit, not -1",
        ),
    ] {
        let expected = format!("could not create the 'influxdb' output: {message}");
        assert_eq!(check(Some(argument), &[variable]), expected);
    }
}
