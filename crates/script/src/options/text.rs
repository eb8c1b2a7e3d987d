//! Options written as text: `K6_*` environment variables and flags, in one table.

use std::collections::BTreeMap;

use plimsoll_engine::segment::Segment;

use super::{
    Options, SignedDuration,
    duration::parse_go_duration,
    error::{OptionsError, Reason},
    network, stages, system_tags,
    value::{self, Read},
};

/// Where the text stands: k6 reads a few options differently in the two places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Flag,
    Variable,
}

/// One option that can be given as text.
struct TextOption {
    flag: Option<&'static str>,
    variable: Option<&'static str>,
    /// Sets it, or adds to it where a flag may be repeated.
    set: fn(&mut Options, &str, Form) -> Read<()>,
}

macro_rules! text_options {
    ($($flag:literal $variable:literal $field:ident $read:expr;)*) => {
        const TABLE: &[TextOption] = &[$(TextOption {
            flag: named($flag),
            variable: named($variable),
            set: |options, text, form| {
                let read: fn(&str, Form, &Options) -> Read<_> = $read;
                options.$field = read(text, form, options)?;
                Ok(())
            },
        },)*];
    };
}

const fn named(name: &'static str) -> Option<&'static str> {
    if name.is_empty() { None } else { Some(name) }
}

fn boolean(text: &str, _: Form, _: &Options) -> Read<Option<bool>> {
    value::boolean_text(text).map(Some)
}

fn integer(text: &str, _: Form, _: &Options) -> Read<Option<i64>> {
    value::integer_text(text).map(Some)
}

fn string(text: &str, _: Form, _: &Options) -> Read<Option<String>> {
    Ok(Some(text.to_owned()))
}

fn duration(text: &str, form: Form, _: &Options) -> Read<Option<SignedDuration>> {
    match form {
        Form::Variable => value::duration_text(text).map(Some),
        Form::Flag => parse_go_duration(text)
            .map(Some)
            .map_err(|error| Reason::new(error.to_string()).hint("write it as 30s, 1m30s or 1h")),
    }
}

/// What was given before, and then `more`.
fn joined<T: Clone>(before: Option<&Vec<T>>, more: Read<Vec<T>>) -> Read<Option<Vec<T>>> {
    let mut all = before.cloned().unwrap_or_default();
    all.extend(more?);
    Ok(Some(all))
}

fn tags(text: &str, form: Form, options: &Options) -> Read<Option<BTreeMap<String, String>>> {
    let mut tags = options.tags.clone().unwrap_or_default();
    let (pairs, separator): (Vec<&str>, char) = match form {
        Form::Flag => (vec![text], '='),
        Form::Variable => (text.split(',').collect(), ':'),
    };
    for pair in pairs {
        let invalid = |why| Reason::new(format!("error parsing tag '{pair}': invalid tag, {why}"));
        let (name, value) = pair.split_once(separator).unwrap_or((pair, ""));
        if name.is_empty() {
            return Err(invalid("empty name"));
        }
        if value.is_empty() {
            return Err(invalid("empty value").hint(match form {
                Form::Flag => "write --tag name=value",
                Form::Variable => "write name:value,name:value",
            }));
        }
        tags.insert(name.to_owned(), value.to_owned());
    }
    Ok(Some(tags))
}

fn trend_stat_list(text: &str, _: Form, _: &Options) -> Read<Option<Vec<String>>> {
    // What the names mean is checked with those of all layers.
    value::comma_list(text, |stat| Ok(stat.to_owned())).map(Some)
}

fn time_unit(text: &str, _: Form, _: &Options) -> Read<Option<String>> {
    match text {
        "s" | "ms" | "us" => Ok(Some(text.to_owned())),
        _ => Err(Reason::new(format!("invalid summary time unit '{text}', use 's', 'ms' or 'us'"))),
    }
}

fn segment(text: &str, _: Form, _: &Options) -> Read<Option<String>> {
    segment_text(text).map(Some)
}

/// In k6's normal form: `50%` is `0:1/2`.
pub(crate) fn segment_text(text: &str) -> Read<String> {
    let segment = Segment::parse(text, "").map_err(|error| {
        Reason::new(error.to_string()).hint("write a part of the test as 0:1/3, 25%:50% or 0.5")
    })?;
    Ok(segment.to_string())
}

text_options! {
    "vus" "K6_VUS" vus integer;
    "duration" "K6_DURATION" duration duration;
    "iterations" "K6_ITERATIONS" iterations integer;
    "stage" "K6_STAGES" stages |text, _, options| joined(options.stages.as_ref(), stages::stages_text(text));
    "paused" "K6_PAUSED" paused boolean;
    "execution-segment" "" execution_segment segment;
    "execution-segment-sequence" "" execution_segment_sequence string;
    "no-setup" "K6_NO_SETUP" no_setup boolean;
    "no-teardown" "K6_NO_TEARDOWN" no_teardown boolean;
    "" "K6_SETUP_TIMEOUT" setup_timeout duration;
    "" "K6_TEARDOWN_TIMEOUT" teardown_timeout duration;
    "" "K6_HANDLE_SUMMARY_TIMEOUT" handle_summary_timeout duration;
    "min-iteration-duration" "K6_MIN_ITERATION_DURATION" min_iteration_duration duration;
    "rps" "K6_RPS" rps integer;
    "dns" "K6_DNS" dns |text, _, _| network::dns_text(text);
    "max-redirects" "K6_MAX_REDIRECTS" max_redirects integer;
    "user-agent" "K6_USER_AGENT" user_agent string;
    "batch" "K6_BATCH" batch integer;
    "batch-per-host" "K6_BATCH_PER_HOST" batch_per_host integer;
    "http-debug" "K6_HTTP_DEBUG" http_debug string;
    "insecure-skip-tls-verify" "K6_INSECURE_SKIP_TLS_VERIFY" insecure_skip_tls_verify boolean;
    "throw" "K6_THROW" throw boolean;
    "blacklist-ip" "K6_BLACKLIST_IPS" blacklist_ips
        |text, _, options| joined(options.blacklist_ips.as_ref(), value::comma_list(text, network::ip_block));
    "block-hostnames" "K6_BLOCK_HOSTNAMES" block_hostnames
        |text, _, options| joined(options.block_hostnames.as_ref(), value::comma_list(text, network::host_pattern));
    "no-connection-reuse" "K6_NO_CONNECTION_REUSE" no_connection_reuse boolean;
    "no-vu-connection-reuse" "K6_NO_VU_CONNECTION_REUSE" no_vu_connection_reuse boolean;
    "summary-trend-stats" "K6_SUMMARY_TREND_STATS" summary_trend_stats trend_stat_list;
    "summary-time-unit" "K6_SUMMARY_TIME_UNIT" summary_time_unit time_unit;
    "system-tags" "K6_SYSTEM_TAGS" system_tags |text, _, _| system_tags::system_tags_text(text).map(Some);
    "tag" "K6_TAGS" tags tags;
    "" "K6_METRIC_SAMPLES_BUFFER_SIZE" metric_samples_buffer_size integer;
    "no-cookies-reset" "K6_NO_COOKIES_RESET" no_cookies_reset boolean;
    "discard-response-bodies" "K6_DISCARD_RESPONSE_BODIES" discard_response_bodies boolean;
    "console-output" "K6_CONSOLE_OUTPUT" console_output string;
    "local-ips" "K6_LOCAL_IPS" local_ips |text, _, _| network::local_ips(text).map(Some);
}

impl Options {
    /// The layer of the environment; an empty variable is one not set, as in k6.
    ///
    /// # Errors
    /// A value that cannot be read, with its variable.
    pub fn from_environment(
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Options, OptionsError> {
        let mut options = Options::default();
        for entry in TABLE {
            let Some(name) = entry.variable else { continue };
            let Some(text) = variable(name).filter(|text| !text.is_empty()) else { continue };
            (entry.set)(&mut options, &text, Form::Variable)
                .map_err(|reason| reason.at_variable(name))?;
        }
        Ok(options)
    }

    /// Sets an option by its flag (without dashes), or adds to it where the flag may be repeated:
    /// `stage`, `tag`, `blacklist-ip`, `block-hostnames`. `false` when no option has that flag.
    ///
    /// # Errors
    /// A value that cannot be read, with its flag.
    pub fn set_flag(&mut self, flag: &str, text: &str) -> Result<bool, OptionsError> {
        let Some(entry) = TABLE.iter().find(|entry| entry.flag == Some(flag)) else {
            return Ok(false);
        };
        (entry.set)(self, text, Form::Flag).map_err(|reason| reason.at_flag(flag, text))?;
        Ok(true)
    }

    /// Flags that [`Options::set_flag`] knows.
    pub fn flags() -> impl Iterator<Item = &'static str> {
        TABLE.iter().filter_map(|entry| entry.flag)
    }
}

#[cfg(test)]
mod tests {
    use super::Options;
    use crate::options::View;

    fn shown(options: &Options) -> String {
        let json = options.to_json(View::Inspect);
        let set = json
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(key, value)| !value.is_null() && *key != "dns");
        set.map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ")
    }

    fn check_variable(name: &str, text: &str, expected: &str) {
        let options = Options::from_environment(|asked| (asked == name).then(|| text.to_owned()));
        assert_eq!(
            options.as_ref().map_or_else(|e| e.message.clone(), shown),
            expected,
            "{name}={text}"
        );
    }

    fn check_flags(flags: &[(&str, &str)], expected: &str) {
        let mut options = Options::default();
        let set = flags.iter().try_for_each(|(flag, text)| {
            options.set_flag(flag, text).map(|known| assert!(known, "{flag}"))
        });
        assert_eq!(set.map_or_else(|e| e.message, |()| shown(&options)), expected);
    }

    #[test]
    fn variables() {
        check_variable("K6_VUS", "3", "vus=3");
        check_variable("K6_VUS", "", "");
        check_variable(
            "K6_VUS",
            "x",
            "environment variable K6_VUS: expected a whole number, found \"x\"",
        );
        check_variable("K6_DURATION", "5", "duration=\"5ms\"");
        check_variable(
            "K6_DURATION",
            "abc",
            "environment variable K6_DURATION: time: invalid duration \"abc\"",
        );
        check_variable("K6_TAGS", "a:b,c:d", r#"tags={"a":"b","c":"d"}"#);
        check_variable(
            "K6_THROW",
            "1",
            "environment variable K6_THROW: expected true or false, found \"1\"",
        );
        check_variable("K6_STAGES", "5s:1", r#"stages=[{"duration":"5s","target":1}]"#);
        check_variable("K6_SCENARIOS", "{}", "");
    }

    #[test]
    fn flags() {
        let stage = r#"stages=[{"duration":"5s","target":3},{"duration":"1s","target":2},{"duration":"3s","target":1}]"#;
        check_flags(&[("stage", "5s:3,1s:2"), ("stage", "3s:1")], stage);
        check_flags(&[("tag", "a=b=c"), ("tag", "d=e")], r#"tags={"a":"b=c","d":"e"}"#);
        check_flags(&[("execution-segment", "50%")], "executionSegment=\"0:1/2\"");
        check_flags(
            &[("summary-trend-stats", "avg,p(99.9)")],
            r#"summaryTrendStats=["avg","p(99.9)"]"#,
        );
        check_flags(
            &[("blacklist-ip", "10.0.0.0/8"), ("blacklist-ip", "::1/128")],
            r#"blacklistIPs=["10.0.0.0/8","::1/128"]"#,
        );
    }

    #[test]
    fn bad_flags() {
        let start =
            |flag: &str, text: &str| format!("invalid argument \"{text}\" for \"--{flag}\" flag: ");
        let check =
            |flag, text, why: &str| check_flags(&[(flag, text)], &(start(flag, text) + why));
        check(
            "duration",
            "5",
            "time: missing unit in duration \\\"5\\\"".replace('\\', "").as_str(),
        );
        check("tag", "a", "error parsing tag 'a': invalid tag, empty value");
        check("tag", "=x", "error parsing tag '=x': invalid tag, empty name");
        check("summary-time-unit", "h", "invalid summary time unit 'h', use 's', 'ms' or 'us'");
        check(
            "execution-segment",
            "x",
            "'x' is not a valid percentage, decimal, fraction or interval value",
        );
    }
}
