//! vegeta's JSON: one object per line. `lateness` and `service_time` are ours.

use std::{borrow::Cow, io, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use plimsoll_metrics::Timestamp;
use plimsoll_runtime::clock::{format_rfc3339, parse_rfc3339};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Damage, Hit, LINE_LIMIT, Source, Step, input::Input, nanos};

/// A hit as it is on its line. Durations are nanoseconds.
#[derive(Serialize, Deserialize)]
struct Line<'a> {
    #[serde(borrow, default)]
    attack: Cow<'a, str>,
    #[serde(default)]
    seq: u64,
    #[serde(default)]
    code: u16,
    #[serde(borrow)]
    timestamp: Cow<'a, str>,
    latency: u64,
    #[serde(default)]
    bytes_out: u64,
    #[serde(default)]
    bytes_in: u64,
    #[serde(borrow, default)]
    error: Cow<'a, str>,
    #[serde(default)]
    body: Option<String>,
    #[serde(borrow, default)]
    method: Cow<'a, str>,
    #[serde(borrow, default)]
    url: Cow<'a, str>,
    #[serde(default)]
    headers: Option<Map<String, Value>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lateness: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    service_time: Option<u64>,
}

/// Appends `hit` as a line. Headers that are no UTF-8 are written as near to it as can be.
pub fn write(hit: &Hit<'_>, out: &mut Vec<u8>) {
    let mut headers: Map<String, Value> = Map::new();
    for (name, value) in hit.headers.iter() {
        let (name, value) = (String::from_utf8_lossy(name), String::from_utf8_lossy(value));
        let values = headers.entry(name).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(values) = values {
            values.push(value.into());
        }
    }
    let line = Line {
        attack: Cow::Borrowed(&hit.attack),
        seq: hit.seq,
        code: hit.code,
        timestamp: format_rfc3339(hit.scheduled.0, 9).into(),
        latency: nanos(hit.response_time),
        bytes_out: hit.bytes_out,
        bytes_in: hit.bytes_in,
        error: Cow::Borrowed(&hit.error),
        body: Some(STANDARD.encode(&hit.body)).filter(|body| !body.is_empty()),
        method: Cow::Borrowed(&hit.method),
        url: Cow::Borrowed(&hit.url),
        headers: Some(headers).filter(|headers| !headers.is_empty()),
        lateness: hit.lateness.map(nanos),
        service_time: hit.service_time().map(nanos),
    };
    let written = serde_json::to_writer(&mut *out, &line);
    debug_assert!(written.is_ok(), "numbers and texts, written to memory");
    out.push(b'\n');
}

/// Reads one line.
///
/// # Errors
/// What is wrong with it.
pub fn read(line: &[u8]) -> Result<Hit<'static>, String> {
    let line: Line<'_> = serde_json::from_slice(line).map_err(|error| {
        // Lines are counted from the start of the input, not of the line.
        let text = error.to_string();
        text.split(" at line ").next().unwrap_or_default().to_owned()
    })?;
    let scheduled = parse_rfc3339(&line.timestamp);
    let scheduled = scheduled.ok_or("its timestamp is none of RFC 3339 from 1970 to 2262")?;
    let body = line.body.unwrap_or_default();
    let body = STANDARD.decode(body).map_err(|_| "its body is not base64")?;
    let mut headers = Vec::new();
    for (name, values) in line.headers.unwrap_or_default() {
        let Value::Array(values) = values else { return Err("its headers are no lists".into()) };
        for value in &values {
            let value = value.as_str().ok_or("its headers are no texts")?;
            headers.push((name.clone().into_bytes(), value.as_bytes().to_vec()));
        }
    }
    let text = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
    Ok(Hit {
        attack: text(line.attack),
        seq: line.seq,
        code: line.code,
        scheduled: Timestamp(scheduled),
        lateness: line.lateness.map(Duration::from_nanos),
        response_time: Duration::from_nanos(line.latency),
        bytes_out: line.bytes_out,
        bytes_in: line.bytes_in,
        error: text(line.error),
        method: text(line.method),
        url: text(line.url),
        body: Cow::Owned(body),
        headers: Cow::Owned(headers),
    })
}

/// Lines of JSON.
pub(super) struct Json {
    input: Input,
    line: u64,
    hit: Option<Hit<'static>>,
}

impl Json {
    pub(super) fn new(input: Input) -> Json {
        Json { input, line: 0, hit: None }
    }
}

impl Source for Json {
    fn advance(&mut self) -> io::Result<Step> {
        loop {
            let length = self.input.line(0, LINE_LIMIT)?;
            if length == 0 {
                return Ok(Step::Over);
            }
            let offset = self.input.offset();
            let line = self.input.rest().get(..length).unwrap_or_default();
            self.line += u64::from(line.ends_with(b"\n"));
            let is_blank = line.trim_ascii().is_empty();
            let is_cut = !line.ends_with(b"\n");
            let hit = read(line);
            self.input.take(length);
            match hit {
                _ if is_blank => {}
                Ok(hit) => {
                    self.hit = Some(hit);
                    return Ok(Step::Hit);
                }
                Err(why) => {
                    let what = if is_cut {
                        "the last line is cut".into()
                    } else {
                        format!("line {} is no result: {why}", self.line).into()
                    };
                    return Ok(Step::Damage(Damage { what, offset, skipped: length as u64 }));
                }
            }
        }
    }

    fn hit(&self) -> Hit<'_> {
        self.hit.as_ref().map_or_else(Hit::default, Hit::borrowed)
    }
}
