//! The `scenarios` option: one workload with its executor's own fields, as written.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    duration::SignedDuration,
    error::Reason,
    stages::{self, StageOptions},
    value::{self, Read},
};

/// k6's executors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExecutorKind {
    SharedIterations,
    #[default]
    PerVuIterations,
    ConstantVus,
    RampingVus,
    ConstantArrivalRate,
    RampingArrivalRate,
    ExternallyControlled,
}

impl ExecutorKind {
    pub const ALL: &[ExecutorKind] = &[
        ExecutorKind::SharedIterations,
        ExecutorKind::PerVuIterations,
        ExecutorKind::ConstantVus,
        ExecutorKind::RampingVus,
        ExecutorKind::ConstantArrivalRate,
        ExecutorKind::RampingArrivalRate,
        ExecutorKind::ExternallyControlled,
    ];

    pub fn name(self) -> &'static str {
        match self {
            ExecutorKind::SharedIterations => "shared-iterations",
            ExecutorKind::PerVuIterations => "per-vu-iterations",
            ExecutorKind::ConstantVus => "constant-vus",
            ExecutorKind::RampingVus => "ramping-vus",
            ExecutorKind::ConstantArrivalRate => "constant-arrival-rate",
            ExecutorKind::RampingArrivalRate => "ramping-arrival-rate",
            ExecutorKind::ExternallyControlled => "externally-controlled",
        }
    }

    /// Its own fields, in k6's order.
    pub(crate) fn fields(self) -> &'static [&'static str] {
        match self {
            ExecutorKind::SharedIterations | ExecutorKind::PerVuIterations => {
                &["vus", "iterations", "maxDuration"]
            }
            ExecutorKind::ConstantVus => &["vus", "duration"],
            ExecutorKind::RampingVus => &["startVUs", "stages", "gracefulRampDown"],
            ExecutorKind::ConstantArrivalRate => {
                &["rate", "timeUnit", "duration", "preAllocatedVUs", "maxVUs"]
            }
            ExecutorKind::RampingArrivalRate => {
                &["startRate", "timeUnit", "stages", "preAllocatedVUs", "maxVUs"]
            }
            ExecutorKind::ExternallyControlled => &["vus", "duration", "maxVUs"],
        }
    }
}

/// Fields of every executor.
const COMMON: &[&str] =
    &["executor", "startTime", "gracefulStop", "env", "exec", "tags", "options"];

/// One scenario; fields that its executor does not have stay `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScenarioOptions {
    pub executor: ExecutorKind,
    pub start_time: Option<SignedDuration>,
    pub graceful_stop: Option<SignedDuration>,
    pub env: Option<BTreeMap<String, String>>,
    pub exec: Option<String>,
    pub tags: Option<BTreeMap<String, String>>,
    /// For k6's browser module only.
    pub options: Option<Value>,
    pub vus: Option<i64>,
    pub iterations: Option<i64>,
    pub duration: Option<SignedDuration>,
    pub max_duration: Option<SignedDuration>,
    pub start_vus: Option<i64>,
    pub stages: Option<Vec<StageOptions>>,
    pub graceful_ramp_down: Option<SignedDuration>,
    pub rate: Option<i64>,
    pub start_rate: Option<i64>,
    pub time_unit: Option<SignedDuration>,
    pub pre_allocated_vus: Option<i64>,
    pub max_vus: Option<i64>,
}

impl ScenarioOptions {
    pub(crate) fn new(executor: ExecutorKind) -> ScenarioOptions {
        ScenarioOptions { executor, ..ScenarioOptions::default() }
    }

    pub(crate) fn to_json(&self) -> Value {
        let mut map = Map::new();
        let shown = |duration: Option<SignedDuration>| json!(duration.map(|d| d.to_string()));
        let mut put = |key: &str, value: Value| map.insert(key.to_owned(), value);
        put("executor", json!(self.executor.name()));
        put("startTime", shown(self.start_time));
        put("gracefulStop", shown(self.graceful_stop));
        put("env", json!(self.env));
        put("exec", json!(self.exec));
        put("tags", json!(self.tags));
        if let Some(options) = &self.options {
            put("options", options.clone());
        }
        for &field in self.executor.fields() {
            let value = match field {
                "vus" => json!(self.vus),
                "iterations" => json!(self.iterations),
                "duration" => shown(self.duration),
                "maxDuration" => shown(self.max_duration),
                "startVUs" => json!(self.start_vus),
                "stages" => self.stages.as_ref().map_or(Value::Null, |stages| {
                    stages.iter().map(|stage| stage.to_json()).collect()
                }),
                "gracefulRampDown" => shown(self.graceful_ramp_down),
                "rate" => json!(self.rate),
                "startRate" => json!(self.start_rate),
                "timeUnit" => shown(self.time_unit),
                "preAllocatedVUs" => json!(self.pre_allocated_vus),
                "maxVUs" => json!(self.max_vus),
                _ => Value::Null,
            };
            put(field, value);
        }
        Value::Object(map)
    }
}

pub(crate) fn scenarios(value: &Value) -> Read<BTreeMap<String, ScenarioOptions>> {
    let hint = "write { name: { executor: \"constant-vus\", vus: 10, duration: \"30s\" } }";
    value::map_of(value, scenario).map_err(|reason| reason.hint(hint))
}

fn scenario(name: &str, value: &Value) -> Read<ScenarioOptions> {
    let empty = Map::new();
    let map = if value.is_null() { &empty } else { value::object(value)? };
    let Some(kind) = value::inner(map, "executor", value::text)?.filter(|kind| !kind.is_empty())
    else {
        return Err(Reason::new(format!(
            "scenario '{name}' doesn't have a specified executor type"
        )));
    };
    let Some(executor) = ExecutorKind::ALL.iter().copied().find(|e| e.name() == kind) else {
        let names: Vec<&str> = ExecutorKind::ALL.iter().map(|e| e.name()).collect();
        return Err(Reason::new(format!(
            "unknown executor type '{kind}' (known: {})",
            names.join(", ")
        )));
    };
    let known =
        |key: &&String| COMMON.contains(&key.as_str()) || executor.fields().contains(&key.as_str());
    if let Some(unknown) = map.keys().find(|key| !known(key)) {
        let fields = executor.fields().join(", ");
        return Err(Reason::new(format!(
            "unknown field \"{unknown}\"; {kind} has {fields}, and every executor {}",
            COMMON.join(", ")
        )));
    }
    let integer = |key| value::inner(map, key, value::integer);
    let duration = |key| value::inner(map, key, value::duration);
    Ok(ScenarioOptions {
        executor,
        start_time: duration("startTime")?,
        graceful_stop: duration("gracefulStop")?,
        env: value::inner(map, "env", value::text_map)?,
        exec: value::inner(map, "exec", value::text)?,
        tags: value::inner(map, "tags", value::text_map)?,
        options: map.get("options").filter(|options| !options.is_null()).cloned(),
        vus: integer("vus")?,
        iterations: integer("iterations")?,
        duration: duration("duration")?,
        max_duration: duration("maxDuration")?,
        start_vus: integer("startVUs")?,
        stages: value::inner(map, "stages", stages::stages)?,
        graceful_ramp_down: duration("gracefulRampDown")?,
        rate: integer("rate")?,
        start_rate: integer("startRate")?,
        time_unit: duration("timeUnit")?,
        pre_allocated_vus: integer("preAllocatedVUs")?,
        max_vus: integer("maxVUs")?,
    })
}
