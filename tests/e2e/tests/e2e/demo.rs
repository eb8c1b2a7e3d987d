//! `plimsoll demo`: what a person with nothing sees.

use plimsoll_e2e::plimsoll;

#[test]
fn runs_and_says_what_was_seen() {
    let run = plimsoll(&["demo", "--seconds", "3"]);
    assert_eq!(run.code, Some(0), "{}", run.said());
    assert!(run.stdout.contains("http_req_duration"), "{}", run.said());
    let verdict = run.stdout.trim_end().rsplit("\n\n").next().unwrap_or_default();
    assert!(verdict.contains("requests per second"), "{}", run.said());
    assert!(verdict.contains("plimsoll "), "the next command is named\n{}", run.said());
    assert!(run.stdout.contains("CPU"), "the service's CPU is shown\n{}", run.said());
}
