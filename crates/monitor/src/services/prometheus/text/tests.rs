//! Pages as servers write them, and as they do not.

use proptest::prelude::*;

use super::*;

/// Each sample as `name{labels} value kind suffix`, or the error.
fn read(page: &str) -> Vec<String> {
    let mut seen = Vec::new();
    let outcome = parse(page, |sample| {
        let labels: Vec<_> =
            sample.labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
        let Sample { name, value, kind, suffix, .. } = sample;
        seen.push(format!("{name}{{{}}} {value} {kind:?} {suffix}", labels.join(",")));
    });
    seen.extend(outcome.err().map(|error| error.to_string()));
    seen
}

fn check(page: &str, expected: &[&str]) {
    assert_eq!(read(page), expected, "{page}");
}

/// The example of Prometheus's documentation, in its forms.
#[test]
fn a_page_of_the_text_format() {
    check(
        "# HELP http_requests_total The total number of HTTP requests.\n\
         # TYPE http_requests_total counter\n\
         http_requests_total{method=\"post\",code=\"200\"} 1027 1395066363000\n\
         \n\
         # Escaping in label values:\n\
         msdos_file_access_time_seconds{path=\"C:\\\\DIR\\\\FILE.TXT\",error=\"Cannot find file:\\n\\\"FILE.TXT\\\"\"} 1.458255915e9\n\
         metric_without_timestamp_and_labels 12.47\n\
         something_weird{problem=\"division by zero\"} +Inf -3982045\n\
         # TYPE http_request_duration_seconds histogram\n\
         http_request_duration_seconds_bucket{le=\"0.05\",} 24054\n\
         http_request_duration_seconds_bucket { le = \"+Inf\" , a = \"{,}\" }\t144320\n\
         http_request_duration_seconds_sum 53423\n\
         http_request_duration_seconds_count 144320\n\
         # TYPE rpc_duration_seconds summary\n\
         rpc_duration_seconds{quantile=\"0.01\"} 3102\n\
         rpc_duration_seconds_sum NaN\n",
        &[
            "http_requests_total{method=\"post\",code=\"200\"} 1027 Counter ",
            "msdos_file_access_time_seconds{path=\"C:\\\\DIR\\\\FILE.TXT\",error=\"Cannot find file:\\n\\\"FILE.TXT\\\"\"} 1458255915 Unknown ",
            "metric_without_timestamp_and_labels{} 12.47 Unknown ",
            "something_weird{problem=\"division by zero\"} inf Unknown ",
            "http_request_duration_seconds_bucket{le=\"0.05\"} 24054 Histogram _bucket",
            "http_request_duration_seconds_bucket{le=\"+Inf\",a=\"{,}\"} 144320 Histogram _bucket",
            "http_request_duration_seconds_sum{} 53423 Histogram _sum",
            "http_request_duration_seconds_count{} 144320 Histogram _count",
            "rpc_duration_seconds{quantile=\"0.01\"} 3102 Summary ",
            "rpc_duration_seconds_sum{} NaN Summary _sum",
        ],
    );
}

#[test]
fn what_openmetrics_adds() {
    check(
        "# TYPE acme_http_router_request_seconds summary\n\
         # UNIT acme_http_router_request_seconds seconds\n\
         acme_http_router_request_seconds_count{path=\"/api/v1\"} 807283.0\n\
         acme_http_router_request_seconds_created{path=\"/api/v1\"} 1605281325.0\n\
         # TYPE process_cpu_seconds counter\n\
         process_cpu_seconds_total 4.20072246e+06 # {trace_id=\"x y\"} 0.67 1520879607.789\n\
         process_cpu_seconds_total 4 1520879607.789 # {} 0.67\n\
         # TYPE build info\n\
         build_info{version=\"1\"} 1\n\
         # EOF\n\
         this is not read",
        &[
            "acme_http_router_request_seconds_count{path=\"/api/v1\"} 807283 Summary _count",
            "acme_http_router_request_seconds_created{path=\"/api/v1\"} 1605281325 Summary _created",
            "process_cpu_seconds_total{} 4200722.46 Counter _total",
            "process_cpu_seconds_total{} 4 Counter _total",
            "build_info{version=\"1\"} 1 Info _info",
        ],
    );
}

#[test]
fn names_in_quotes() {
    check("{\"my.metric\",\"a b\"=\"1\"} 5\n", &["my.metric{a b=\"1\"} 5 Unknown "]);
}

#[test]
fn errors_name_their_line() {
    for (line, expected) in [
        ("a{b=\"c} 1", "line 2: quotes that are not closed"),
        ("a{b=\"c\" 1", "line 2: labels without an end"),
        ("a{b=c} 1", "line 2: a label's value without quotes"),
        ("a{=\"c\"} 1", "line 2: a label without a name"),
        ("a{b=\"c\",d} 1", "line 2: a label without a value"),
        ("{b=\"c\"} 1", "line 2: a sample without a name"),
        ("a-b 1", "line 2: a name with a character that none may have"),
        ("<html>", "line 2: a name with a character that none may have"),
        ("a", "line 2: a sample without a value"),
        ("a x", "line 2: a value that is no number"),
        ("a 1 x", "line 2: a time that is no number"),
        ("a 1 2 3", "line 2: something behind the value and its time"),
    ] {
        assert_eq!(read(&format!("# page\n{line}\nb 2\n")), [expected], "{line}");
    }
    let labels: Vec<String> = (0..=LABELS_LIMIT).map(|at| format!("l{at}=\"\"")).collect();
    check(&format!("a{{{}}} 1", labels.join(",")), &["line 1: too many labels"]);
}

#[test]
fn keys_are_the_text_of_a_series() {
    let mut keys = Vec::new();
    parse("a{b=\"1\"} 5\na {b=\"1\"}5\nc 1 2\n", |sample| keys.push(sample.key)).unwrap();
    assert_eq!(keys, ["a{b=\"1\"}", "a {b=\"1\"}", "c"]);
}

proptest! {
    /// What is written comes back, whatever the labels hold.
    #[test]
    fn labels_come_back(
        values in proptest::collection::vec("[ -~\u{e9}\n]{0,12}", 0..5),
        number in proptest::num::f64::NORMAL,
    ) {
        let escaped = |value: &String| {
            value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
        };
        let labels: Vec<_> = values.iter().map(|v| format!("l=\"{}\"", escaped(v))).collect();
        let page = format!("m{{{}}} {number:e}\n", labels.join(","));
        let mut seen = Vec::new();
        parse(&page, |sample| {
            seen.push(sample.value);
            let found: Vec<_> = sample.labels.iter().map(|(_, v)| v.to_string()).collect();
            assert_eq!(found, values);
        }).unwrap();
        prop_assert_eq!(seen, [number]);
    }

    #[test]
    fn no_page_panics(page in "[a-c{}\"=, \\\\\n#0-9é]{0,60}") {
        parse(&page, |sample| assert!(page.contains(sample.key))).ok();
    }
}
