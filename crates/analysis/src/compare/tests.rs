//! Comparisons of made-up runs whose truth is known.

use serde_json::json;

use super::*;
use crate::simulated::{Dice, Made};

/// Runs whose requests take about `median` milliseconds; `luck` is that of whole runs.
fn runs(count: usize, median: f64, luck: f64, dice: &mut Dice) -> Vec<Run> {
    (0..count).map(|_| made(median, luck).run(dice)).collect()
}

fn made(median: f64, luck: f64) -> Made {
    Made { requests: 200, seconds: 1.0, median, spread: 0.3, luck, fails: 0.0 }
}

fn verdict_of(rows: &[Row], figure: Figure) -> Verdict {
    rows.iter().find(|row| row.figure == figure).unwrap().verdict
}

#[test]
fn a_record_gives_its_figures() {
    let run = runs(1, 10.0, 0.0, &mut Dice::new(1)).remove(0);
    let is_about = |figure: Figure, value: f64| {
        let found = figure.of(&run).unwrap();
        assert!((found / value - 1.0).abs() < 0.1, "{figure:?}: {found}, not {value}");
    };
    is_about(Figure::Rate, 200.0);
    is_about(Figure::P50, 10.0);
    assert_eq!(Figure::Failed.of(&run), Some(0.0));
    let [service, response] = [Figure::P99, Figure::ResponseP99].map(|it| it.of(&run).unwrap());
    assert!(response >= service, "{response}, {service}");
    let closed = Run { load: Load { response: Default::default(), ..run.load.clone() }, ..run };
    assert_eq!(Figure::ResponseP99.of(&closed), None);
}

#[test]
fn runs_that_did_not_go_their_way_are_refused() {
    let read = |end| Run::read("x", made(1.0, 0.0).frames(&mut Dice::new(1), end)).unwrap_err();
    assert_eq!(read(None), NotComparable::Unfinished);
    assert_eq!(read(Some("interrupted")), NotComparable::Stopped("interrupted".into()));
    assert_eq!(Run::read("x", []).unwrap_err(), NotComparable::Empty);
}

#[test]
fn a_clear_difference_is_found_with_the_runs_that_are_asked_for() {
    let needed = runs_needed(Figure::ALL.len(), 0.05);
    assert_eq!(needed, 5);
    let dice = &mut Dice::new(7);
    let (old, new) = (runs(needed, 10.0, 0.01, dice), runs(needed, 12.0, 0.01, dice));
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
    let dice = &mut Dice::new(3);
    let rows = compare(&runs(3, 10.0, 0.0, dice), &runs(3, 50.0, 0.0, dice), &Settings::default());
    assert_eq!(verdict_of(&rows, Figure::P50), Verdict::TooFew { needed: 5 });
    assert_eq!(rows[2].cliffs_delta, 1.0);
}

#[test]
fn noise_leaves_it_open() {
    let dice = &mut Dice::new(11);
    let rows =
        compare(&runs(6, 10.0, 0.25, dice), &runs(6, 10.0, 0.25, dice), &Settings::default());
    let verdict = verdict_of(&rows, Figure::P95);
    assert!(matches!(verdict, Verdict::Unclear { detectable } if detectable > 0.05), "{verdict:?}");
}

/// The chance of any finding where there is no difference stays below the level.
#[test]
fn alike_groups_differ_seldom() {
    let dice = &mut Dice::new(5);
    let found = (0..60).filter(|_| {
        let rows =
            compare(&runs(5, 10.0, 0.1, dice), &runs(5, 10.0, 0.1, dice), &Settings::default());
        rows.iter().any(|row| matches!(row.verdict, Verdict::Better | Verdict::Worse))
    });
    assert!(found.count() <= 6);
}

#[test]
fn differences_of_what_was_asked() {
    let run = runs(1, 1.0, 0.0, &mut Dice::new(1)).remove(0);
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
    let mut run = runs(1, 1.0, 0.0, &mut Dice::new(1)).remove(0);
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
    let dice = &mut Dice::new(7);
    let (old, new) = (runs(5, 10.0, 0.01, dice), runs(5, 12.0, 0.01, dice));
    let rows = compare(&old, &new, &Settings::default());
    let broken = |text: &str| text.parse::<Rule>().unwrap().broken_by(&rows).len();
    assert_eq!((broken("p50 worse 5%"), broken("p50 worse 90%"), broken("rate worse")), (1, 0, 0));
    assert_eq!(broken("any worse"), 4, "of the service and of the response");
    assert_eq!(broken("any unclear"), 0);
}
