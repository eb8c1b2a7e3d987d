//! Stages of a ramp, as objects in a script and as `10s:5,20s:10` on the command line.

use serde_json::{Value, json};

use super::{
    duration::SignedDuration,
    error::Reason,
    value::{self, Read},
};

/// More stages than this are refused, so that bad input cannot fill the memory.
pub const STAGE_LIMIT: usize = 100_000;

/// A stage as written; k6 refuses a missing part only when it makes a plan of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StageOptions {
    pub duration: Option<SignedDuration>,
    pub target: Option<i64>,
}

impl StageOptions {
    pub(crate) fn to_json(self) -> Value {
        json!({ "duration": self.duration.map(|d| d.to_string()), "target": self.target })
    }
}

/// `30s:10,1m:20,10s:0`; a stage without `:target` has none.
pub fn parse_stages(text: &str) -> Result<Vec<StageOptions>, super::error::OptionsError> {
    stages_text(text).map_err(|reason| reason.at_flag("stage", text))
}

pub(crate) fn stages_text(text: &str) -> Read<Vec<StageOptions>> {
    let stages = text.split(',').enumerate().map(|(index, stage)| {
        stage_text(stage.trim()).map_err(|reason| reason.under(&format!(", stage {}", index + 1)))
    });
    stages.take(STAGE_LIMIT + 1).collect::<Read<Vec<_>>>().and_then(limited)
}

fn stage_text(text: &str) -> Read<StageOptions> {
    let (duration, target) = match text.split_once(':') {
        Some((duration, target)) => (duration, Some(target)),
        None => (text, None),
    };
    let hint = "a stage is DURATION:TARGET, such as 30s:10";
    let duration = match duration {
        "" => None,
        text => Some(value::duration_text(text).map_err(|reason| reason.hint(hint))?),
    };
    let target = target.filter(|t| !t.is_empty()).map(value::integer_text).transpose();
    Ok(StageOptions { duration, target: target.map_err(|reason| reason.hint(hint))? })
}

pub(crate) fn stages(value: &Value) -> Read<Vec<StageOptions>> {
    let stage = |value: &Value| {
        let map = value::object(value)?;
        let duration = value::inner(map, "duration", value::duration)?;
        let target = value::inner(map, "target", value::integer)?;
        Ok(StageOptions { duration, target })
    };
    let hint = "stages are [{ duration: \"30s\", target: 10 }, ...]";
    value::list(value, stage).map_err(|reason| reason.hint(hint)).and_then(limited)
}

fn limited(stages: Vec<StageOptions>) -> Read<Vec<StageOptions>> {
    if stages.len() > STAGE_LIMIT {
        return Err(Reason::new(format!("more than {STAGE_LIMIT} stages")));
    }
    Ok(stages)
}

/// Everything wrong with the stages of a scenario, in k6's words.
pub(crate) fn problems(stages: &[StageOptions]) -> Vec<String> {
    if stages.is_empty() {
        return vec!["at least one stage has to be specified".to_owned()];
    }
    let mut problems = Vec::new();
    for (index, stage) in stages.iter().enumerate() {
        let number = index + 1;
        match stage.duration {
            None => problems.push(format!("stage {number} doesn't have a duration")),
            Some(d) if d.is_negative() => {
                problems.push(format!("the duration for stage {number} can't be negative"));
            }
            Some(_) => {}
        }
        match stage.target {
            None => problems.push(format!("stage {number} doesn't have a target")),
            Some(target) if target < 0 => {
                problems.push(format!("the target for stage {number} can't be negative"));
            }
            Some(_) => {}
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{parse_stages, problems};

    fn check(text: &str, expected: &str) {
        let shown = match parse_stages(text) {
            Ok(stages) => {
                let stage = |s: &super::StageOptions| s.to_json().to_string();
                stages.iter().map(stage).collect::<Vec<_>>().join(" ")
            }
            Err(error) => error.message,
        };
        assert_eq!(shown, expected, "{text}");
    }

    #[test]
    fn flag_form() {
        check("5s:3,1s:2", r#"{"duration":"5s","target":3} {"duration":"1s","target":2}"#);
        check("5s", r#"{"duration":"5s","target":null}"#);
        check(
            "foo",
            "invalid argument \"foo\" for \"--stage\" flag, stage 1: time: invalid duration \"foo\"",
        );
        check(
            "5s:1,5s:a",
            "invalid argument \"5s:1,5s:a\" for \"--stage\" flag, stage 2: expected a whole number, found \"a\"",
        );
    }

    #[test]
    fn problems_are_k6s() {
        let stages = parse_stages("5s,-1s:-1,:3").expect("syntax is right");
        let expected = [
            "stage 1 doesn't have a target",
            "the duration for stage 2 can't be negative",
            "the target for stage 2 can't be negative",
            "stage 3 doesn't have a duration",
        ];
        assert_eq!(problems(&stages), expected);
    }

    proptest! {
        #[test]
        fn any_text_ends(text in "[-0-9smh:,. ]{0,30}") {
            let _ignored = parse_stages(&text).is_ok();
        }
    }
}
