//! Batches: both limits, order, failures among successes.

use plimsoll_clients::http::Request;
use plimsoll_runtime::clock::Instant;

use crate::support::{
    Subject, config, get,
    raw::{Reply, Server, Then, ok},
    run, text,
};

#[test]
fn responses_come_in_the_order_of_requests() {
    run(async {
        let server = Server::start(|seen| Some(ok(seen.path())));
        let subject = Subject::new(config());
        let mut requests: Vec<Request> =
            (0..50).map(|at| get(&server.url(&format!("/{at}")))).collect();
        requests.insert(7, get("http://127.0.0.1:1/"));
        let responses = subject.client.batch(requests, &subject.scope).await;
        assert_eq!(responses.len(), 51);
        for (at, response) in responses.iter().enumerate() {
            let expected = match at {
                7 => None,
                _ => Some(format!("/{}", if at < 7 { at } else { at - 1 })),
            };
            assert_eq!(text(response), expected);
        }
        assert_eq!(subject.samples().len(), 51 * 9);
    });
}

/// The most requests that were under way at a time.
fn check_limits(batch: usize, per_host: usize, hosts: usize, expected: usize) {
    run(async {
        let mut settings = config();
        (settings.batch, settings.batch_per_host) = (batch, per_host);
        let subject = Subject::new(settings);
        let servers: Vec<Server> = (0..hosts)
            .map(|_| {
                // In two pieces, with a pause between.
                let whole = ok("x").pieces.concat();
                let (first, second) = whole.split_at(5);
                let pieces = vec![first.to_vec(), second.to_vec()];
                Server::always(Reply { pieces, then: Then::KeepOpen })
            })
            .collect();
        let requests =
            (0..24).map(|at| get(&servers[at % hosts].url("/"))).collect::<Vec<Request>>();
        let responses = subject.client.batch(requests, &subject.scope).await;
        assert!(responses.iter().all(|response| response.status == 200));
        let under_way = |at: Instant| {
            let spans = responses.iter().map(|response| response.timings);
            spans.filter(|span| span.started <= at && at < span.finished).count()
        };
        let most = responses.iter().map(|response| under_way(response.timings.started)).max();
        assert!(most.is_some_and(|most| most <= expected), "{most:?}, {expected} allowed");
        let limit = |option| if option == 0 { usize::MAX } else { option };
        for server in &servers {
            let connections = server.seen().iter().map(|seen| seen.connection + 1).max().unwrap();
            assert!(connections <= limit(batch).min(limit(per_host)), "{connections} connections");
        }
    });
}

#[test]
fn limits_hold() {
    check_limits(20, 6, 1, 6);
    check_limits(4, 6, 2, 4);
    check_limits(20, 2, 3, 6);
    check_limits(1, 1, 2, 1 + 1);
    check_limits(0, 0, 1, 24);
}

#[test]
fn an_empty_batch() {
    run(async {
        let subject = Subject::new(config());
        assert!(subject.client.batch(Vec::new(), &subject.scope).await.is_empty());
    });
}
