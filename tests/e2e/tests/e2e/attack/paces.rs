//! When hits are due.

use plimsoll_e2e::Web;

use super::{attack, due};

/// The number of hits is the integral of the rate.
#[test]
fn shapes_send_what_they_promise() {
    let web = Web::start();
    let targets = format!("GET {}/get\n", web.url);
    for (rate, more, expected) in [
        ("50/1s", "-duration=1s", 50),
        ("3000/1m", "-duration=1s", 50),
        ("linear(10/s -> 110/s, 2s)", "-workers=5", 120),
        ("steps(20/s, +20/s, every 500ms, 3)", "-workers=5", 60),
        ("stages(50/s for 1s, -> 150/s over 1s)", "-workers=5", 150),
        ("sine(100/s, 50/s, 1s)", "-duration=1s", 100),
    ] {
        let attack = attack(&["-rate", rate, more], &targets);
        let said = || format!("{rate}: {}", attack.run.said());
        assert_eq!(attack.hits.len(), expected, "{}", said());
        let report = attack.report();
        assert_eq!(report["requests"], expected, "{}", said());
        assert_eq!(report["success"], 1.0, "{}", said());
        // A unit of time loses its 1.
        let asked = rate.replace("/1", "/");
        assert!(attack.run.stdout.contains(&format!("  {asked}, ")), "{}", said());
    }
}

/// Times between neighbors in nanoseconds: as even as asked, or as random, and then the same for one seed.
#[test]
fn arrivals_are_even_or_random() {
    let web = Web::start();
    let targets = format!("GET {}/get\n", web.url);
    let gaps = |flags: &[&str]| -> Vec<i64> {
        let attack = attack(&[&["-rate=200", "-duration=500ms"], flags].concat(), &targets);
        let all: Vec<i64> = attack.hits.iter().map(due).collect();
        all.windows(2).map(|pair| pair[1] - pair[0]).collect()
    };
    let even = gaps(&[]);
    assert_eq!(even.len(), 99);
    assert!(even.iter().all(|gap| (gap - 5_000_000).abs() < 2_000), "{even:?}");
    let poisson = gaps(&["--arrivals=poisson", "--seed=7"]);
    assert!(poisson.iter().any(|gap| *gap > 8_000_000), "{poisson:?}");
    assert!(poisson.iter().any(|gap| *gap < 2_000_000), "{poisson:?}");
    let again = gaps(&["--arrivals=poisson", "--seed=7"]);
    let same = poisson.iter().zip(&again).all(|(a, b)| (a - b).abs() < 2_000);
    assert!(same && poisson.len() == again.len(), "{poisson:?}\n{again:?}");
}

#[test]
fn as_fast_as_possible() {
    let web = Web::start();
    let targets = format!("GET {}/get\n", web.url);
    let attack = attack(&["-rate=0", "-workers=3", "-duration=300ms"], &targets);
    let said = attack.run.said();
    assert!(attack.hits.len() > 30, "{said}");
    assert!(said.contains("as fast as possible with 3 connections"), "{said}");
    assert!(said.contains("closed model"), "{said}");
    assert_eq!(attack.report()["success"], 1.0, "{said}");
}
