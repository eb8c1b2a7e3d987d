//! Whole deliveries to receivers of all tempers.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use plimsoll_runtime::{
    fetch::Protocol,
    log::Log,
    tls::{TlsConfig, TlsConnector},
};

use super::{
    testing::{OK, Receiver, Reply, nobody},
    *,
};

/// Each item is a payload as it stands: that many points, `.` each.
struct Dots;

impl Encoder for Dots {
    type Item = usize;

    fn encode(&mut self, item: usize, outbox: &mut Outbox) {
        let body = Bytes::from(".".repeat(item));
        outbox.push(Payload { body, points: item as u64 });
    }

    fn flush(&mut self, _outbox: &mut Outbox) {}
}

struct Http(post::Post);

impl Destination for Http {
    async fn send(&mut self, payload: &Payload) -> Result<Sent, Failure> {
        let answer = self.0.post(payload.body.clone()).await?;
        let rejected = u64::from(answer.status == 206);
        Ok(Sent { rejected, reason: "one too many".to_owned() })
    }
}

/// How a delivery of `items` to `url` ends, and what the log said. `change` changes its settings.
struct Ended {
    line: Result<String, String>,
    log: Vec<String>,
}

fn check(url: &str, items: &[usize], change: impl FnOnce(&mut Settings)) -> Ended {
    let log = Log::memory();
    let mut settings = Settings::new("test".to_owned(), log.clone());
    settings.drain = Duration::from_millis(300);
    settings.random = Random::seeded(1);
    settings.hurry = || false;
    change(&mut settings);
    let url: http::Uri = url.parse().unwrap();
    let tls = TlsConnector::new(&TlsConfig::default()).unwrap();
    let mut delivery = start(settings, Dots, move || {
        Http(post::Post::new(Protocol::Http1, tls.clone(), url.clone(), HeaderMap::new()))
    })
    .unwrap();
    items.iter().for_each(|item| delivery.push(*item, *item as u64));
    let line = delivery.finish().map(Option::unwrap).map_err(|error| error.message);
    Ended { line, log: log.lines() }
}

/// Sums up what it gets, taking its time, until it is told to flush.
struct Slow {
    points: u64,
}

impl Encoder for Slow {
    type Item = u64;

    fn encode(&mut self, item: u64, _outbox: &mut Outbox) {
        let began = Instant::now();
        while began.elapsed() < Duration::from_millis(2) {
            std::hint::spin_loop();
        }
        self.points += item;
    }

    fn flush(&mut self, outbox: &mut Outbox) {
        let points = std::mem::take(&mut self.points);
        outbox.push(Payload { body: Bytes::from_static(b"sum"), points });
    }
}

#[test]
fn intervals_end_also_when_there_is_always_more() {
    let receiver = Receiver::start(|_, _| OK);
    let url: http::Uri = receiver.url().parse().unwrap();
    let tls = TlsConnector::new(&TlsConfig::default()).unwrap();
    let mut settings = Settings::new("test".to_owned(), Log::memory());
    settings.flush_every = Duration::from_millis(1);
    let mut delivery = start(settings, Slow { points: 0 }, move || {
        Http(post::Post::new(Protocol::Http1, tls.clone(), url.clone(), HeaderMap::new()))
    })
    .unwrap();
    (0..20).for_each(|_| delivery.push(1, 1));
    let line = delivery.finish().unwrap();
    assert_eq!(line.as_deref(), Some("test: 20 points delivered"));
    assert!(receiver.received().len() >= 20, "one interval for each item at least");
}

fn delivered(receiver: &Receiver) -> usize {
    receiver.received().iter().map(|request| request.body.len()).sum()
}

#[test]
fn everything_arrives_in_order() {
    let receiver = Receiver::start(|_, _| OK);
    let ended = check(&receiver.url(), &[3, 1, 2], |settings| settings.drain = DRAIN);
    assert_eq!(ended.line, Ok("test: 6 points delivered".to_owned()));
    assert_eq!(ended.log, [""; 0]);
    let bodies: Vec<String> = receiver.received().iter().map(|request| request.text()).collect();
    assert_eq!(bodies, ["...", ".", ".."]);
}

#[test]
fn what_fails_for_a_while_is_tried_again() {
    let receiver = Receiver::start(|at, _| match at {
        0 => Reply::Status("503 Service Unavailable", "later"),
        1 => Reply::Status("500 Internal Server Error", ""),
        2 => Reply::Close,
        _ => OK,
    });
    let ended = check(&receiver.url(), &[5, 6], |settings| settings.drain = DRAIN);
    assert_eq!(ended.line, Ok("test: 11 points delivered".to_owned()));
    assert_eq!(ended.log.len(), 2, "{:?}", ended.log);
    assert!(ended.log[0].contains("503 Service Unavailable: later; it is tried again"));
    assert!(ended.log[1].contains("delivers again, after"));
}

#[test]
fn what_is_refused_is_lost_and_the_rest_is_not() {
    let receiver = Receiver::start(|_, request| match request.body.len() {
        2 => Reply::Status("400 Bad Request", "no"),
        4 => Reply::Status("206 Partial Content", ""),
        _ => OK,
    });
    let ended = check(&receiver.url(), &[1, 2, 3, 4, 2], |settings| settings.drain = DRAIN);
    let line = "test: 7 points delivered, 5 lost: 4 refused (400 Bad Request: no), \
                1 refused (one too many)";
    assert_eq!(ended.line, Err(line.to_owned()));
    assert_eq!(receiver.received().len(), 5);
}

#[test]
fn a_receiver_that_always_fails_gets_a_payload_some_times() {
    let receiver = Receiver::start(|_, request| match request.body.len() {
        1 => Reply::Status("500 Internal Server Error", ""),
        _ => OK,
    });
    // Two at once: the payload that fails holds up only one of them.
    let ended = check(&receiver.url(), &[1, 2, 3], |settings| {
        settings.drain = Duration::from_millis(700);
        settings.concurrency = 2;
    });
    let line = "test: 5 points delivered, 1 lost: 1 not taken by the end of the run \
                (500 Internal Server Error)";
    assert_eq!(ended.line, Err(line.to_owned()));
    let failures = receiver.received().iter().filter(|request| request.body.len() == 1).count();
    assert!((2..=6).contains(&failures), "{failures}");
}

#[test]
fn nobody_there_and_nobody_who_answers_end_in_time() {
    let line = "test: 0 points delivered, 7 lost: 7 not taken by the end of the run";
    let (_socket, address) = nobody();
    let ended = check(&format!("http://{address}"), &[3, 4], |_| {});
    let reason = format!(" ({address}: Connection refused (os error 111))");
    assert_eq!(ended.line, Err(line.to_owned() + &reason));
    assert_eq!(ended.log.len(), 1, "{:?}", ended.log);
    assert!(ended.log[0].contains("Connection refused"), "{:?}", ended.log);

    let hanging = Receiver::start(|_, _| Reply::Hang);
    assert_eq!(check(&hanging.url(), &[3, 4], |_| {}).line, Err(line.to_owned()));
    assert_eq!(hanging.received().len(), 1);

    // Somebody does not want to wait.
    let ended = check(&hanging.url(), &[3, 4], |settings| {
        settings.drain = Duration::from_secs(3_600);
        settings.hurry = || true;
    });
    assert_eq!(ended.line, Err(line.to_owned()));
}

#[test]
fn what_a_dying_receiver_did_not_take_is_counted() {
    let receiver = Receiver::start(|at, _| if at < 2 { OK } else { Reply::Hang });
    let ended = check(&receiver.url(), &[10, 20, 30, 40], |_| {});
    let line = "test: 30 points delivered, 70 lost: 70 not taken by the end of the run";
    assert_eq!(ended.line, Err(line.to_owned()));
    assert_eq!(delivered(&receiver), 60, "the third was sent and not answered");
}

#[test]
fn what_finds_no_room_is_lost_and_the_caller_never_waits() {
    let receiver = Receiver::start(|_, _| Reply::Hang);
    let items = [1_000; 500];
    let ended = check(&receiver.url(), &items, |settings| {
        settings.payload_bytes_limit = 5_000;
        settings.points_limit = 20_000;
    });
    let Err(line) = ended.line else { panic!("{:?}", ended.line) };
    // How much is under way depends on the threads; the sum does not.
    let numbers: Vec<u64> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [0, 500_000, one, other] = numbers[..] else { panic!("{line}") };
    assert_eq!(one + other, 500_000, "{line}");
    assert!(line.contains(" found no room") && line.contains(" not taken by the end"), "{line}");
    assert!(ended.log.iter().any(|line| line.contains("points come faster")), "{:?}", ended.log);
}

#[test]
fn a_delivery_that_is_dropped_or_finished_twice_is_quiet() {
    let receiver = Receiver::start(|_, _| OK);
    let url: http::Uri = receiver.url().parse().unwrap();
    let tls = TlsConnector::new(&TlsConfig::default()).unwrap();
    let begin = || {
        let (url, tls) = (url.clone(), tls.clone());
        start(Settings::new("test".to_owned(), Log::memory()), Dots, move || {
            Http(post::Post::new(Protocol::Http1, tls.clone(), url.clone(), HeaderMap::new()))
        })
        .unwrap()
    };
    drop(begin());
    let mut delivery = begin();
    delivery.close();
    delivery.push(2, 2);
    let line = "test: 0 points delivered, 2 lost: 2 came after the end";
    assert_eq!(delivery.finish().unwrap_err().message, line);
    assert_eq!(delivery.finish().unwrap(), None);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(24))]

    /// Whatever the receiver does: points = delivered + lost, and what is called delivered was
    /// answered so.
    #[test]
    fn every_point_is_accounted_for(
        items in proptest::collection::vec(0_usize..50, 0..40),
        replies in proptest::collection::vec(0_u8..4, 1..8),
        concurrency in 1_usize..5,
    ) {
        let receiver = Receiver::start(move |at, _| match replies[at % replies.len()] {
            0 | 1 => OK,
            2 => Reply::Status("400 Bad Request", ""),
            _ => Reply::Close,
        });
        let ended = check(&receiver.url(), &items, |settings| {
            settings.concurrency = concurrency;
            settings.drain = Duration::from_millis(20);
        });
        let line = match ended.line { Ok(line) | Err(line) => line };
        let mut numbers = line.split_whitespace().filter_map(|word| word.parse::<usize>().ok());
        let delivered = numbers.next().unwrap();
        let lost = numbers.next().unwrap_or(0);
        proptest::prop_assert_eq!(delivered + lost, items.iter().sum::<usize>(), "{}", line);
    }
}
