//! From a run to the JSON of pages.

use super::{runs_json, testing::Story};

/// Where to write a run that is worth drawing, for whoever works on pages.
const FIXTURE: &str = "PLIMSOLL_VIEW_FIXTURE";

#[test]
fn a_run_becomes_json() {
    let view = Story::told(90);
    let run: serde_json::Value = serde_json::from_slice(&view.json()).unwrap();
    if let Some(path) = std::env::var_os(FIXTURE) {
        std::fs::write(path, runs_json([&view])).unwrap();
    }
    let column = |pointer: &str| run.pointer(pointer).unwrap().as_array().unwrap();
    assert_eq!(column("/t").len(), 90);
    let sum: f64 = column("/load/done").iter().map(|value| value.as_f64().unwrap()).sum();
    assert_eq!(run.pointer("/totals/requests").unwrap().as_f64(), Some(sum));
}
