//! What the page carries, from the runs that went in.

use plimsoll_metrics::Timestamp;

use super::{DOTS_LIMIT, Page, PlotPoint, PlotRun, series::INTERVALS_LIMIT};

const SECOND: u64 = 1_000_000_000;

fn point(at: u64, response_ms: f64, ok: bool) -> PlotPoint {
    PlotPoint { at: Timestamp(at), response_ms, service_ms: Some(response_ms / 2.0), ok }
}

/// The JSON that the page of `runs` carries.
fn data(runs: Vec<PlotRun>) -> serde_json::Value {
    let page = Page { title: "</script><b>".to_owned(), objective_ms: Some(20.0), runs };
    let mut out = Vec::new();
    page.write(&mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(!text.contains("{{"), "a placeholder is left");
    assert!(!text.contains("</script><b>"), "a title must not end the script");
    assert!(text.contains("Copyright (c) 2022 Leon Sorokin"), "the charts come with their licence");
    let (_, rest) = text.split_once("id=\"data\">").unwrap();
    let (json, _) = rest.split_once("</script>").unwrap();
    serde_json::from_str(json).unwrap()
}

#[test]
fn every_response_is_counted_and_placed() {
    let mut run = PlotRun::new("one");
    for second in 0..10 {
        run.add(&point(5 * SECOND + second * SECOND, 1.0 + second as f64, second != 3));
    }
    let data = data(vec![run]);
    let run = &data["runs"][0];
    assert_eq!(run["requests"], 10);
    assert_eq!(run["failed"], 1);
    assert_eq!(run["seconds"], 9.0);
    assert_eq!(run["dots"][0], serde_json::json!([0.0, 1.0]));
    assert_eq!(run["failures"], serde_json::json!([[3.0, 4.0]]));
    assert_eq!(run["distribution"][0], serde_json::json!([0.0, 1.0]));
    assert_eq!(run["distribution"].as_array().unwrap().len(), 41);
    assert_eq!(run["service"][0], serde_json::json!([0.0, 0.5]));
    assert_eq!(data["title"], "</script><b>");
}

#[test]
fn memory_is_bounded_and_nothing_is_lost_by_it() {
    let mut run = PlotRun::new("long");
    let (hits, spike) = (100_000u64, 54_321u64);
    for hit in 0..hits {
        let response = if hit == spike { 5_000.0 } else { 1.0 };
        run.add(&point(hit * SECOND / 10, response, true));
    }
    assert!(run.slices.len() <= INTERVALS_LIMIT);
    assert!(run.dots.len() <= DOTS_LIMIT);
    assert_eq!(run.slices.iter().map(|slice| slice.response.count()).sum::<u64>(), hits);
    let data = data(vec![run]);
    let dots = data["runs"][0]["dots"].as_array().unwrap();
    let slowest = serde_json::json!([spike as f64 / 10.0, 5_000.0]);
    assert!(dots.contains(&slowest), "the slowest response is always drawn");
}

#[test]
fn an_empty_run_has_a_page() {
    assert_eq!(data(vec![PlotRun::new("none")])["runs"][0]["requests"], 0);
}
