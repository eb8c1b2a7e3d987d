//! Durations and stages as texts.

use bolero::check;
use plimsoll_script::options::{SignedDuration, parse_duration, parse_go_duration, parse_stages};

use crate::near::Corpus;

const DURATIONS: &[&str] =
    &["1m30s", "1d2h3.5s", "1500", "1.5e3", "-5s", "100\u{b5}s", "0", "2562047h47m16.854775807s"];

const STAGES: &[&str] = &["30s:10,1m:20,10s:0", "1h", ":5", "1m30s : 3", "10s:-1,0:0"];

const WORDS: &[&str] = &[
    "ns",
    "us",
    "\u{b5}s",
    "\u{3bc}s",
    "ms",
    "s",
    "m",
    "h",
    "d",
    ".",
    "-",
    "+",
    "e",
    "E",
    "e308",
    "_",
    " ",
    ",",
    ":",
    "9223372036854775807",
    "9223372036854775808",
    "0.0000000000000000001",
    "inf",
    "nan",
    "\u{663}",
];

fn check_printed(duration: SignedDuration) {
    let printed = duration.to_string();
    assert_eq!(parse_go_duration(&printed), Ok(duration), "{printed}");
    assert_eq!(parse_duration(&printed), Ok(duration), "{printed}");
}

#[test]
fn durations() {
    check!().with_generator(Corpus::of_texts(DURATIONS, WORDS).text()).for_each(|text| {
        let go = parse_go_duration(text);
        if let Ok(duration) = go {
            check_printed(duration);
        }
        if let Ok(duration) = parse_duration(text) {
            check_printed(duration);
            assert!(
                duration.is_negative() || duration.to_std().as_nanos() > 0 || duration.nanos() == 0
            );
        }
    });
}

#[test]
fn stages() {
    check!().with_generator(Corpus::of_texts(STAGES, WORDS).text()).for_each(|text| {
        if let Ok(stages) = parse_stages(text) {
            assert_eq!(stages.len(), text.split(',').count());
            stages.iter().filter_map(|stage| stage.duration).for_each(check_printed);
        }
    });
}
