//! An agent and its client in one process.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
};

use plimsoll_metrics::{
    Contains, Event, MetricKind, Observation, RawSample, Registry, Sink, TagSet, Timestamp,
};
use plimsoll_runtime::{clock::Instant, log::Log, workers};

use super::*;
use crate::{
    probe::{Probe, Subject},
    readings::Readings,
};

const LOOPBACK: &str = "127.0.0.1:0";

/// An agent with the registry of its monitor.
struct Host {
    agent: Agent,
    registry: Registry,
    log: Log,
}

impl Host {
    fn start(address: &str, token: Option<&str>) -> Host {
        let settings = AgentSettings {
            address: address.parse().unwrap(),
            token: token.map(|text| Token::new(text).unwrap()),
            open_metrics: false,
            tls: None,
            host: "app1".to_owned(),
        };
        Host::start_with(settings)
    }

    fn start_with(settings: AgentSettings) -> Host {
        let (registry, log) = (Registry::new(1_000), Log::memory());
        let agent = start(settings, &registry, &log).unwrap();
        Host { agent, registry, log }
    }

    /// Pushes one tick.
    fn tick(&self, at: Timestamp, values: &[(&str, MetricKind, f64)]) {
        let tags = TagSet::from_pairs([("host", "app1"), ("quote", "a\"b")]);
        let sample = |(name, kind, value): &(&str, MetricKind, f64)| {
            let metric = self.registry.watched_metric(name, *kind, Contains::Default).unwrap();
            let series = self.registry.series(metric, &tags);
            RawSample { series, at, value: *value, metadata: None }
        };
        let samples = values.iter().map(sample).collect();
        (self.agent.sink())(Observation { samples, ..Observation::default() });
    }

    fn event(&self, at: Timestamp, text: &str) {
        let event = Event { at, kind: "probe".into(), text: text.into() };
        (self.agent.sink())(Observation { events: vec![event], ..Observation::default() });
    }

    fn address(&self) -> SocketAddr {
        self.agent.address()
    }

    fn get(&self, head: &str) -> String {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        stream
            .write_all(format!("GET {head}\r\nHost: a\r\nConnection: close\r\n\r\n").as_bytes())
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

fn now() -> Timestamp {
    Timestamp(Instant::now().unix_nanos())
}

/// One who follows an agent.
struct Client {
    registry: Registry,
    readings: Readings,
    probe: Box<dyn Probe>,
}

impl Client {
    fn new(address: SocketAddr, token: Option<&str>) -> Client {
        Client::called("here", address, token)
    }

    /// On a machine of that name.
    fn called(name: &str, address: SocketAddr, token: Option<&str>) -> Client {
        let registry = Registry::new(1_000);
        let readings = Readings::new(registry.clone(), name, true);
        let mut subject = AgentSubject::parse(&address.to_string()).unwrap();
        if let Some(token) = token {
            subject.set_token(&Token::new(token).unwrap());
        }
        Client { registry, readings, probe: Box::new(subject).probe().unwrap() }
    }

    async fn read(&mut self) -> Result<(), String> {
        self.probe.read(&self.readings).await.map_err(|error| error.to_string())
    }

    /// Everything read since the last call: `name{host} value` and texts of events.
    fn seen(&self) -> Vec<String> {
        let observation = self.readings.take();
        let describe = |sample: &RawSample| {
            let def = self.registry.series_def(sample.series);
            let host = def.tags.get("host").unwrap_or_default().to_owned();
            format!("{}{{{host}}} {}", self.registry.def(def.metric).name, sample.value)
        };
        let samples = observation.samples.iter().map(describe);
        samples.chain(observation.events.into_iter().map(|event| event.text)).collect()
    }
}

#[test]
fn readings_arrive_with_their_tags_and_times() {
    let host = Host::start(LOOPBACK, Some("secret"));
    host.tick(now(), &[("before", MetricKind::Trend, 1.0)]);
    let mut client = Client::new(host.address(), Some("secret"));
    workers::block_on(async {
        client.read().await.unwrap();
        assert_eq!(client.seen(), <[&str; 0]>::default(), "what was before is not ours");
        let at = now();
        host.tick(
            at,
            &[("test_level", MetricKind::Trend, 0.5), ("test_amount", MetricKind::Counter, 3.0)],
        );
        host.tick(Timestamp(at.0 + 1), &[("test_level", MetricKind::Trend, 0.75)]);
        host.event(Timestamp(at.0 + 2), "something");
        client.read().await.unwrap();
        let observation = client.readings.take();
        let times: Vec<_> = observation.samples.iter().map(|sample| sample.at.0).collect();
        // One clock has both ends here, so that what is left is the error of the estimate.
        assert!(times.iter().all(|time| time.abs_diff(at.0) < 1_000_000_000), "{times:?} {at:?}");
        assert!(times[0] <= times[2], "{times:?}");
        let values: Vec<_> = observation.samples.iter().map(|sample| sample.value).collect();
        assert_eq!(values, [0.5, 3.0, 0.75]);
        let [(series, Sink::Trend(level)), (_, Sink::Counter { sum })] =
            &observation.interval.sinks[..]
        else {
            panic!("{observation:?}");
        };
        assert_eq!((level.count(), *sum), (2, 3.0));
        let tags = client.registry.series_def(*series).tags;
        assert_eq!((tags.get("host"), tags.get("quote")), (Some("app1"), Some("a\"b")));
        let name = format!("agent {}: something", host.address());
        assert_eq!(observation.events[0].text, name);
        client.read().await.unwrap();
        assert_eq!(client.seen(), <[&str; 0]>::default(), "nothing comes twice");
    })
    .unwrap();
}

#[test]
fn a_wrong_token_is_refused() {
    let host = Host::start(LOOPBACK, Some("secret"));
    workers::block_on(async {
        let mut client = Client::new(host.address(), Some("other"));
        let error = client.read().await.unwrap_err();
        assert_eq!(error, "it refuses the token: it is not the agent's (status 401)");
        let error = Client::new(host.address(), None).read().await.unwrap_err();
        assert!(error.starts_with("it wants a token"), "{error}");
        Client::new(host.address(), Some("secret")).read().await.unwrap();
    })
    .unwrap();
    let told = host.log.lines();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains("refused 127.0.0.1: its token is wrong or missing"), "{told:?}");
    assert!(!told.join("").contains("other"), "{told:?}");
}

#[test]
fn an_agent_that_is_lost_and_started_anew() {
    let registry = Registry::new(10);
    let history = |session| history::History::new(Registry::new(10), session);
    // Answers of two agents, one after the other, as a client sees them.
    let (first, second) = (history("app1"), history("app1"));
    let readings = Readings::new(registry, "here", true);
    let mut follower = follow::Follower::new("agent a:1", "a:1");
    let mut ask = |history: &history::History| {
        let question = follower.question();
        let fields: Vec<&str> = question.split(['=', '&']).collect();
        let question = history::Question {
            session: fields[1].to_owned(),
            after: fields[3].parse().unwrap(),
            series: fields[5].parse().unwrap(),
        };
        let body = history.answer(&question, now().0);
        let answer: answer::Answer<'_> = serde_json::from_slice(&body).unwrap();
        let at = now().0;
        let exchange = Exchange { sent: at, arrived: at, answered: at, returned: at };
        follower.follow(&answer, exchange, &readings).unwrap();
    };
    ask(&first);
    ask(&first);
    ask(&second);
    ask(&second);
    let events: Vec<_> = readings.take().events.into_iter().map(|event| event.text).collect();
    assert_eq!(events, ["agent a:1 was started anew"]);
}

/// Whatever an agent's clock shows, its readings are of now.
#[test]
fn a_clock_that_is_wrong() {
    const HOUR: i64 = 3_600_000_000_000;
    for ahead in [HOUR, -HOUR] {
        let readings = Readings::new(Registry::new(10), "here", true);
        let mut follower = Follower::new("agent a:1", "a:1");
        let ours = now().0;
        let theirs = ours.saturating_add_signed(ahead);
        let exchange = Exchange { sent: ours, arrived: theirs, answered: theirs, returned: ours };
        for text in [
            r#"{"session":"s","host":"a","received":1,"sent":1,"first_series":0,"series":[],"newest":0,"missed":0,
                "ticks":[]}"#.to_owned(),
            format!(
                r#"{{"session":"s","host":"a","received":1,"sent":1,"first_series":0,
                "series":[{{"metric":"test_level","kind":"trend","tags":{{}}}}],"newest":1,"missed":0,
                "ticks":[{{"number":1,"at":{theirs},"values":[[0,1.0]],"events":[{{"at":{theirs},"kind":"k","text":"t"}}]}}]}}"#
            ),
        ] {
            let answer: answer::Answer<'_> = serde_json::from_str(&text).unwrap();
            follower.follow(&answer, exchange, &readings).unwrap();
        }
        let seen = readings.take();
        for at in [seen.samples[0].at, seen.events[0].at] {
            assert!(at.0.abs_diff(ours) < 1_000_000, "{at:?} {ours}");
        }
    }
}

#[test]
fn an_agent_that_is_called_as_we_are() {
    let host = Host::start(LOOPBACK, None);
    let mut client = Client::called("app1", host.address(), None);
    workers::block_on(async {
        client.read().await.unwrap();
        host.tick(now(), &[("test_level", MetricKind::Trend, 0.5)]);
        client.read().await.unwrap();
    })
    .unwrap();
    let address = host.address();
    let told = format!(
        "agent {address} is called app1, as this machine: its host tag is {address} (hint: --name)"
    );
    assert_eq!(client.seen(), [format!("test_level{{{address}}} 0.5"), told]);
}

#[test]
fn a_client_that_comes_late() {
    let host = Host::start(LOOPBACK, None);
    let mut client = Client::new(host.address(), None);
    workers::block_on(async {
        client.read().await.unwrap();
        for at in 0..history::TICKS_LIMIT + 3 {
            host.tick(now(), &[("test_level", MetricKind::Trend, at as f64)]);
        }
        client.read().await.unwrap();
    })
    .unwrap();
    let seen = client.seen();
    assert_eq!(seen.len(), history::TICKS_LIMIT + 1);
    assert_eq!(seen[0], "test_level{app1} 3");
    let told = format!("agent {}: 3 of its readings came too late", host.address());
    assert_eq!(seen.last(), Some(&told));
}

#[test]
fn nobody_there() {
    let address = Host::start(LOOPBACK, None).address();
    let closed: SocketAddr = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    workers::block_on(async {
        let mut client = Client::new(closed, None);
        let error = client.read().await.unwrap_err();
        assert!(error.contains("refused"), "{error}");
        assert_eq!(client.read().await.unwrap_err(), error, "not asked again at once");
        Client::new(address, None).read().await.unwrap();
    })
    .unwrap();
}

#[test]
fn a_page_for_prometheus() {
    let host = Host::start(LOOPBACK, Some("secret"));
    for value in [1.5, 2.5] {
        host.tick(
            now(),
            &[
                ("test_level", MetricKind::Trend, value),
                ("test_amount", MetricKind::Counter, value),
            ],
        );
    }
    host.tick(Timestamp(1), &[("old_level", MetricKind::Trend, 1.0)]);
    let page = host.get("/metrics HTTP/1.1\r\nAuthorization: Bearer secret");
    let (head, body) = page.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(head.contains("text/plain; version=0.0.4"), "{head}");
    let labels = "{host=\"app1\",quote=\"a\\\"b\"}";
    let expected = format!(
        "# TYPE test_level gauge\ntest_level{labels} 2.5\n# TYPE test_amount_total counter\n\
         test_amount_total{labels} 4\n"
    );
    assert_eq!(body, expected);
    let mut read = 0;
    crate::services::prometheus::text::parse(body, |_| read += 1).unwrap();
    assert_eq!(read, 2, "our own parser reads it");
}

#[test]
fn requests_that_get_nothing() {
    let host = Host::start(LOOPBACK, Some("secret"));
    let check = |head: &str, expected: &str| {
        let answer = host.get(head);
        assert!(answer.starts_with(&format!("HTTP/1.1 {expected}")), "{head}: {answer}");
    };
    check("/metrics HTTP/1.1", "401");
    check("/v1/observations HTTP/1.1\r\nAuthorization: Bearer secre", "401");
    check("/x HTTP/1.1\r\nAuthorization: Bearer secret", "404");
    check(&format!("/{} HTTP/1.1", "x".repeat(70_000)), "4");
    let settings = AgentSettings {
        address: "127.0.0.1:0".parse().unwrap(),
        token: Some(Token::new("secret").unwrap()),
        open_metrics: true,
        tls: None,
        host: "app1".to_owned(),
    };
    let open = Host::start_with(settings);
    assert!(open.get("/metrics HTTP/1.1").starts_with("HTTP/1.1 200"));
    assert!(open.get("/v1/observations HTTP/1.1").starts_with("HTTP/1.1 401"));
}

#[test]
fn connections_have_a_limit() {
    let host = Host::start(LOOPBACK, None);
    // Whether there was an answer; the connection stays.
    let connect = || {
        let mut stream = TcpStream::connect(host.address()).unwrap();
        stream.write_all(b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n").ok();
        let read = stream.read(&mut [0; 1024]).unwrap_or(0);
        (stream, read > 0)
    };
    let mut held: Vec<_> = (0..serve::CONNECTIONS_LIMIT).map(|_| connect()).collect();
    assert!(held.iter().all(|(_, answered)| *answered));
    assert!(!connect().1, "one too many");
    held.clear();
    // Places are given back when the server notices.
    assert!((0..1_000).any(|_| connect().1));
}

#[test]
fn places_where_no_agent_can_be() {
    let settings = |address: &str| AgentSettings {
        address: address.parse().unwrap(),
        token: None,
        open_metrics: false,
        tls: None,
        host: "app1".to_owned(),
    };
    let (registry, log) = (Registry::new(10), Log::memory());
    let error =
        |address: &str| start(settings(address), &registry, &log).err().unwrap().to_string();
    assert_eq!(
        error("0.0.0.0:0"),
        "without a token only a loopback address can be listened on, not 0.0.0.0:0"
    );
    let taken = Host::start(LOOPBACK, None).address().to_string();
    assert!(error(&taken).contains("in use"), "{}", error(&taken));
}

#[test]
fn names_of_agents() {
    let check = |place: &str, expected: Result<&str, &str>| {
        let parsed = AgentSubject::parse(place).map(|subject| subject.name().to_owned());
        assert_eq!(parsed.as_deref().map_err(String::as_str), expected, "{place}");
    };
    check("app1:9876", Ok("agent app1:9876"));
    check("app1", Ok("agent app1:9876"));
    check("app1:80", Ok("agent app1:80"));
    check("https://app1:443/", Ok("agent app1:443"));
    check("[::1]:1", Ok("agent [::1]:1"));
    check("", Err("not a URL: empty host"));
    check("ftp://app1", Err("agent:HOST:PORT or agent:https://HOST:PORT is needed"));
    check("u:secret@app1:1", Err("the token is given by --watch-token or PLIMSOLL_WATCH_TOKEN"));
}
