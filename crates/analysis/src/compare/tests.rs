//! Comparisons of made-up runs whose truth is known.

use plimsoll_metrics::{
    Builtin, Recorder, Registry, TagSet, Timestamp,
    record::{Decoder, Encoder, End, Header},
};
use serde_json::json;

use super::*;
use plimsoll_metrics::record::Frame;

/// Evenly spread from 0 to 1, the same for the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// The frames of a run whose requests take about `millis`; each run is a little slower or faster as a
/// whole, by up to `noise`.
fn frames(millis: f64, noise: f64, dice: &mut Dice, end: Option<&str>) -> Vec<Frame> {
    let registry = Registry::new(100);
    let mut bytes = Vec::new();
    let header = Header {
        tool_version: "1".into(),
        started_unix_ms: 0,
        script: "a.js".into(),
        options: json!({"vus": 1}),
    };
    let mut encoder = Encoder::new(registry.clone(), &header, &mut bytes).unwrap();
    let mut recorder = Recorder::new(registry, false, 0);
    let pace = millis * (1.0 + noise * (dice.roll() - 0.5));
    let tags = TagSet::from_pairs([("status", "200")]);
    for _ in 0..200 {
        let value = pace * (0.5 + dice.roll());
        for (metric, value) in [
            (Builtin::HttpReqs, 1.0),
            (Builtin::HttpReqFailed, 0.0),
            (Builtin::HttpReqDuration, value),
        ] {
            let series = recorder.handle(metric.id(), &tags);
            recorder.record(series, value, Timestamp(0));
        }
    }
    encoder.interval(Timestamp(1), &recorder.take_interval(), &mut bytes).unwrap();
    if let Some(reason) = end {
        let end = End { reason: reason.into(), duration_ms: 1e3, thresholds: Vec::new() };
        encoder.end(&end, &mut bytes).unwrap();
    }
    let mut decoder = Decoder::new();
    decoder.feed(&bytes);
    std::iter::from_fn(|| decoder.next_frame().unwrap()).collect()
}

fn runs(count: usize, millis: f64, noise: f64, dice: &mut Dice) -> Vec<Run> {
    let run = |_| Run::read("x", frames(millis, noise, dice, Some("finished"))).unwrap();
    (0..count).map(run).collect()
}

fn verdict_of(rows: &[Row], figure: Figure) -> Verdict {
    rows.iter().find(|row| row.figure == figure).unwrap().verdict
}

#[test]
fn a_record_gives_its_figures() {
    let run = runs(1, 10.0, 0.0, &mut Dice(1)).remove(0);
    assert_eq!(Figure::Rate.of(&run), Some(200.0));
    assert_eq!(Figure::Failed.of(&run), Some(0.0));
    let median = Figure::P50.of(&run).unwrap();
    assert!((9.0..11.0).contains(&median), "{median}");
    assert_eq!(Figure::ResponseP99.of(&run), None);
}

#[test]
fn runs_that_did_not_go_their_way_are_refused() {
    let read = |end| Run::read("x", frames(1.0, 0.0, &mut Dice(1), end)).unwrap_err();
    assert_eq!(read(None), NotComparable::Unfinished);
    assert_eq!(read(Some("interrupted")), NotComparable::Stopped("interrupted".into()));
    assert_eq!(Run::read("x", []).unwrap_err(), NotComparable::Empty);
}

#[test]
fn a_clear_difference_is_found_with_the_runs_that_are_asked_for() {
    let needed = runs_needed(5, 0.05);
    assert_eq!(needed, 5);
    let dice = &mut Dice(7);
    let (old, new) = (runs(needed, 10.0, 0.02, dice), runs(needed, 12.0, 0.02, dice));
    let rows = compare(&old, &new, &Settings::default());
    assert_eq!(verdict_of(&rows, Figure::P50), Verdict::Worse);
    assert_eq!(
        verdict_of(&compare(&new, &old, &Settings::default()), Figure::P50),
        Verdict::Better
    );
    assert_eq!(verdict_of(&rows, Figure::Failed), Verdict::Same);
    assert_eq!(verdict_of(&rows, Figure::Rate), Verdict::Same);
    let change = rows[2].change.unwrap();
    assert!((0.15..0.25).contains(&change.estimate), "{change:?}");
    let interval = change.interval.unwrap();
    assert!(interval.low < change.estimate && change.estimate < interval.high);
}

#[test]
fn three_runs_tell_nothing() {
    let dice = &mut Dice(3);
    let rows = compare(&runs(3, 10.0, 0.0, dice), &runs(3, 50.0, 0.0, dice), &Settings::default());
    assert_eq!(verdict_of(&rows, Figure::P50), Verdict::TooFew { needed: 5 });
    assert_eq!(rows[2].cliffs_delta, 1.0);
}

#[test]
fn noise_leaves_it_open() {
    let dice = &mut Dice(11);
    let rows = compare(&runs(6, 10.0, 0.8, dice), &runs(6, 10.0, 0.8, dice), &Settings::default());
    let verdict = verdict_of(&rows, Figure::P95);
    assert!(matches!(verdict, Verdict::Unclear { detectable } if detectable > 0.05), "{verdict:?}");
}

/// The chance of any finding where there is no difference stays below the level.
#[test]
fn alike_groups_differ_seldom() {
    let dice = &mut Dice(5);
    let found = (0..60).filter(|_| {
        let rows =
            compare(&runs(5, 10.0, 0.3, dice), &runs(5, 10.0, 0.3, dice), &Settings::default());
        rows.iter().any(|row| matches!(row.verdict, Verdict::Better | Verdict::Worse))
    });
    assert!(found.count() <= 6);
}

#[test]
fn differences_of_what_was_asked() {
    let run = runs(1, 1.0, 0.0, &mut Dice(1)).remove(0);
    let mut other = run.clone();
    assert!(differences(&run, &other).is_empty());
    other.header.script = "b.js".into();
    other.header.tool_version = "2".into();
    other.header.options = json!({"vus": 2, "tags": {"v": "new"}, "duration": null});
    let found: Vec<(String, bool)> =
        differences(&run, &other).into_iter().map(|d| (d.what, d.is_harmless)).collect();
    let expected =
        [("script", false), ("tool version", true), ("options.vus", false), ("options.tags", true)];
    assert_eq!(found, expected.map(|(what, harmless)| (what.to_owned(), harmless)));
}

#[test]
fn other_files_and_other_budgets_are_other_runs() {
    let mut run = runs(1, 1.0, 0.0, &mut Dice(1)).remove(0);
    run.header.options =
        json!({"files": {"name.js": "a", "data.csv": "b"}, "environment": {"URL": "x"}});
    run.limits.insert("cgroup_cpu_quota".into(), vec![0.25]);
    let found = |other: &Run| -> Vec<(String, bool)> {
        differences(&run, other).into_iter().map(|d| (d.what, d.is_harmless)).collect()
    };
    let check = |change: &dyn Fn(&mut Run), expected: &[(&str, bool)]| {
        let mut other = run.clone();
        change(&mut other);
        let expected: Vec<_> =
            expected.iter().map(|(what, harmless)| ((*what).to_owned(), *harmless)).collect();
        assert_eq!(found(&other), expected);
    };
    check(&|other| other.header.script = "elsewhere/a.js".into(), &[("script", true)]);
    check(
        &|other| other.header.options["files"]["name.js"] = json!("changed"),
        &[("file name.js", false)],
    );
    check(
        &|other| other.header.options["environment"] = json!({"URL": "y", "NEW": "z"}),
        &[("environment URL", true), ("environment NEW", true)],
    );
    check(
        &|other| drop(other.limits.insert("cgroup_cpu_quota".into(), vec![0.5])),
        &[("cgroup_cpu_quota", false)],
    );
    // Who did not watch cannot tell.
    check(&|other| other.limits.clear(), &[]);
}

#[test]
fn rules_name_what_must_not_be() {
    for text in ["p99", "p98 worse 5%", "p99 better 5%", "p99 worse 5", "any unclear 5%", "a b c d"]
    {
        assert!(text.parse::<Rule>().is_err(), "{text}");
    }
    let dice = &mut Dice(7);
    let (old, new) = (runs(5, 10.0, 0.02, dice), runs(5, 12.0, 0.02, dice));
    let rows = compare(&old, &new, &Settings::default());
    let broken = |text: &str| text.parse::<Rule>().unwrap().broken_by(&rows).len();
    assert_eq!((broken("p50 worse 5%"), broken("p50 worse 90%"), broken("rate worse")), (1, 0, 0));
    assert_eq!(broken("any worse"), 3);
    assert_eq!(broken("any unclear"), 0);
}
