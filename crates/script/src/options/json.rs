//! Options from and to JSON: a script's exported object, a config file, `inspect`, `exec.test.options`.

use serde_json::{Map, Value, json};

use super::{
    Options, SignedDuration,
    error::{OptionsError, Source, Warning},
    network, scenario, stages, system_tags,
    text::segment_text,
    thresholds, tls,
    value::{self, Fields},
};

/// Every key that [`Options::from_json`] reads.
const KEYS: &[&str] = &[
    "paused",
    "vus",
    "duration",
    "iterations",
    "stages",
    "scenarios",
    "executionSegment",
    "executionSegmentSequence",
    "noSetup",
    "setupTimeout",
    "noTeardown",
    "teardownTimeout",
    "handleSummaryTimeout",
    "rps",
    "dns",
    "maxRedirects",
    "userAgent",
    "batch",
    "batchPerHost",
    "httpDebug",
    "insecureSkipTLSVerify",
    "tlsCipherSuites",
    "tlsVersion",
    "tlsAuth",
    "throw",
    "thresholds",
    "blacklistIPs",
    "blockHostnames",
    "hosts",
    "noConnectionReuse",
    "noVUConnectionReuse",
    "minIterationDuration",
    "cloud",
    "ext",
    "summaryTrendStats",
    "summaryTimeUnit",
    "systemTags",
    "tags",
    "metricSamplesBufferSize",
    "noCookiesReset",
    "discardResponseBodies",
];

/// Who looks at the options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// `inspect`: with the shortcuts, without what only flags set.
    Inspect,
    /// `exec.test.options` and `options` in VUs.
    Script,
}

impl Options {
    /// A layer from a script's `options` or a config file's object, and what to log about it.
    ///
    /// # Errors
    /// A value of the wrong type or shape, with its key.
    pub fn from_json(
        value: &Value,
        source: Source,
    ) -> Result<(Options, Vec<Warning>), OptionsError> {
        let map = match value {
            Value::Null => return Ok((Options::default(), Vec::new())),
            Value::Object(map) => map,
            other => {
                let message = format!("the exported `options` must be an object, found {other}");
                return Err(OptionsError::new(message));
            }
        };
        let fields = Fields { map, source };
        let mut options = Options::default();
        options.read_schedule(&fields)?;
        options.read_requests(&fields)?;
        options.read_output(&fields)?;
        Ok((options, unknown_keys(map, source)))
    }

    fn read_schedule(&mut self, fields: &Fields<'_>) -> Result<(), OptionsError> {
        self.paused = fields.get("paused", value::boolean)?;
        self.vus = fields.get("vus", value::integer)?;
        self.duration = fields.get("duration", value::duration)?;
        self.iterations = fields.get("iterations", value::integer)?;
        self.stages = fields.get("stages", stages::stages)?;
        self.scenarios = fields.get("scenarios", scenario::scenarios)?;
        self.execution_segment =
            fields.get("executionSegment", |v| segment_text(&value::text(v)?))?;
        self.execution_segment_sequence = fields.get("executionSegmentSequence", value::text)?;
        self.no_setup = fields.get("noSetup", value::boolean)?;
        self.setup_timeout = fields.get("setupTimeout", value::duration)?;
        self.no_teardown = fields.get("noTeardown", value::boolean)?;
        self.teardown_timeout = fields.get("teardownTimeout", value::duration)?;
        self.handle_summary_timeout = fields.get("handleSummaryTimeout", value::duration)?;
        self.min_iteration_duration = fields.get("minIterationDuration", value::duration)?;
        Ok(())
    }

    fn read_requests(&mut self, fields: &Fields<'_>) -> Result<(), OptionsError> {
        self.rps = fields.get("rps", value::integer)?;
        self.dns = fields.get("dns", network::dns)?.unwrap_or_default();
        self.max_redirects = fields.get("maxRedirects", value::integer)?;
        self.user_agent = fields.get("userAgent", value::text)?;
        self.batch = fields.get("batch", value::integer)?;
        self.batch_per_host = fields.get("batchPerHost", value::integer)?;
        self.http_debug = fields.get("httpDebug", value::text)?;
        self.insecure_skip_tls_verify = fields.get("insecureSkipTLSVerify", value::boolean)?;
        self.tls_cipher_suites =
            fields.get("tlsCipherSuites", |v| value::list(v, tls::cipher_suite))?;
        self.tls_version = fields.get("tlsVersion", tls::tls_versions)?;
        self.tls_auth = fields.get("tlsAuth", |v| value::list(v, tls::tls_auth))?;
        self.throw = fields.get("throw", value::boolean)?;
        self.blacklist_ips = fields
            .get("blacklistIPs", |v| value::list(v, |ip| network::ip_block(&value::text(ip)?)))?;
        self.block_hostnames = fields.get("blockHostnames", |v| {
            value::list(v, |h| network::host_pattern(&value::text(h)?))
        })?;
        self.hosts = fields.get("hosts", network::hosts)?;
        self.no_connection_reuse = fields.get("noConnectionReuse", value::boolean)?;
        self.no_vu_connection_reuse = fields.get("noVUConnectionReuse", value::boolean)?;
        self.no_cookies_reset = fields.get("noCookiesReset", value::boolean)?;
        self.discard_response_bodies = fields.get("discardResponseBodies", value::boolean)?;
        Ok(())
    }

    fn read_output(&mut self, fields: &Fields<'_>) -> Result<(), OptionsError> {
        let any = |value: &Value| Ok(value.clone());
        self.thresholds = fields.get("thresholds", thresholds::thresholds)?;
        self.cloud = fields.get("cloud", any)?;
        self.ext = fields.get("ext", |v| value::object(v).map(|_| v.clone()))?;
        self.summary_trend_stats = fields.get("summaryTrendStats", value::texts)?;
        self.summary_time_unit = fields.get("summaryTimeUnit", value::text)?;
        self.system_tags = fields.get("systemTags", system_tags::system_tags)?;
        self.tags = fields.get("tags", value::text_map)?;
        self.metric_samples_buffer_size = fields.get("metricSamplesBufferSize", value::integer)?;
        Ok(())
    }

    /// All options with k6's keys in k6's order, null where unset.
    pub fn to_json(&self, view: View) -> Value {
        let mut map = Map::new();
        let mut put = |key: &str, value: Value| {
            map.insert(key.to_owned(), value);
        };
        let list = |items: Option<Vec<Value>>| items.map_or(Value::Null, Value::Array);
        put("paused", json!(self.paused));
        if view == View::Inspect {
            put("vus", json!(self.vus));
            put("duration", shown(self.duration));
            put("iterations", json!(self.iterations));
            put(
                "stages",
                list(self.stages.as_ref().map(|s| s.iter().map(|stage| stage.to_json()).collect())),
            );
        }
        put("scenarios", object(self.scenarios.as_ref(), super::ScenarioOptions::to_json));
        put("executionSegment", json!(self.execution_segment));
        put("executionSegmentSequence", json!(self.execution_segment_sequence));
        put("noSetup", json!(self.no_setup));
        put("setupTimeout", shown(self.setup_timeout));
        put("noTeardown", json!(self.no_teardown));
        put("teardownTimeout", shown(self.teardown_timeout));
        if self.handle_summary_timeout.is_some() {
            put("handleSummaryTimeout", shown(self.handle_summary_timeout));
        }
        self.put_requests(&mut put);
        self.put_output(&mut put);
        if view == View::Script {
            put("consoleOutput", json!(self.console_output));
            put("localIPs", json!(self.local_ips.as_ref().map(|ips| &ips.text)));
        }
        Value::Object(map)
    }

    fn put_requests(&self, put: &mut impl FnMut(&str, Value)) {
        put("rps", json!(self.rps));
        put("dns", self.dns.to_json());
        put("maxRedirects", json!(self.max_redirects));
        put("userAgent", json!(self.user_agent));
        put("batch", json!(self.batch));
        put("batchPerHost", json!(self.batch_per_host));
        put("httpDebug", json!(self.http_debug));
        put("insecureSkipTLSVerify", json!(self.insecure_skip_tls_verify));
        put("tlsCipherSuites", json!(self.tls_cipher_suites));
        let versions = self.tls_version.as_ref().map(|v| json!({ "min": v.min, "max": v.max }));
        put("tlsVersion", versions.unwrap_or_default());
        let auth =
            self.tls_auth.as_ref().map(|auth| auth.iter().map(|auth| auth.to_json()).collect());
        put("tlsAuth", auth.unwrap_or_default());
        put("throw", json!(self.throw));
        let expressions =
            |list: &Vec<super::ThresholdOptions>| list.iter().map(|t| t.to_json()).collect();
        put("thresholds", object(self.thresholds.as_ref(), expressions));
        let blocks = self
            .blacklist_ips
            .as_ref()
            .map(|ips| ips.iter().map(|ip| json!(ip.to_string())).collect());
        put("blacklistIPs", blocks.unwrap_or_default());
        put("blockHostnames", json!(self.block_hostnames));
        put("hosts", object(self.hosts.as_ref(), |target| json!(target.to_string())));
        put("noConnectionReuse", json!(self.no_connection_reuse));
        put("noVUConnectionReuse", json!(self.no_vu_connection_reuse));
        put("minIterationDuration", shown(self.min_iteration_duration));
    }

    fn put_output(&self, put: &mut impl FnMut(&str, Value)) {
        if let Some(cloud) = &self.cloud {
            put("cloud", cloud.clone());
        }
        put("ext", json!(self.ext));
        put("summaryTrendStats", json!(self.summary_trend_stats));
        put("summaryTimeUnit", json!(self.summary_time_unit));
        put("systemTags", self.system_tags.map_or(Value::Null, super::SystemTags::to_json));
        put("tags", json!(self.tags));
        put("metricSamplesBufferSize", json!(self.metric_samples_buffer_size));
        put("noCookiesReset", json!(self.no_cookies_reset));
        put("discardResponseBodies", json!(self.discard_response_bodies));
    }
}

fn shown(duration: Option<SignedDuration>) -> Value {
    duration.map_or(Value::Null, |duration| Value::String(duration.to_string()))
}

fn object<T>(
    map: Option<&std::collections::BTreeMap<String, T>>,
    to_json: impl Fn(&T) -> Value,
) -> Value {
    let entry = |(key, value): (&String, &T)| (key.clone(), to_json(value));
    map.map_or(Value::Null, |map| Value::Object(map.iter().map(entry).collect()))
}

/// k6 warns of keys that it does not know and goes on.
fn unknown_keys(map: &Map<String, Value>, source: Source) -> Vec<Warning> {
    let unknown: Vec<String> = map
        .keys()
        .filter(|key| !KEYS.contains(&key.as_str()))
        .map(|key| format!("{key:?}"))
        .collect();
    if unknown.is_empty() || source != Source::Script {
        return Vec::new();
    }
    let mut warning =
        Warning::new("There were unknown fields in the options exported in the script");
    warning.fields.push(("error", format!("json: unknown field {}", unknown.join(", "))));
    vec![warning]
}

/// `value` as `inspect` prints it: two spaces deep, with `<`, `>` and `&` escaped as Go does.
pub fn go_pretty(value: &Value) -> String {
    let plain = format!("{value:#}");
    let mut out = String::with_capacity(plain.len());
    for c in plain.chars() {
        match c {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
