//! Whole files.

use std::sync::Arc;

use super::*;
use crate::{
    Output,
    testing::{Samples, Shared},
};

fn write(time_format: TimeFormat, system_tags: &[&str]) -> String {
    let samples = Samples::of_a_run();
    let shared = Shared::default();
    let config = CsvConfig { time_format, ..CsvConfig::parse(Some("-"), |_| None).unwrap() };
    let system_tags: Vec<String> = system_tags.iter().map(|tag| (*tag).to_owned()).collect();
    let sink = Sink::Plain(Box::new(shared.clone()));
    let mut output =
        start_on(&config, sink, &system_tags, samples.registry, Log::memory()).unwrap();
    output.samples(&Arc::new(samples.list), 0);
    output.finish().unwrap();
    shared.text()
}

#[test]
fn rows_as_k6_writes_them() {
    let rows = write(TimeFormat::Unix, &["url", "status", "group", "vu", "iter", "scenario"]);
    insta::assert_snapshot!(rows, @r#"
    metric_name,timestamp,metric_value,group,scenario,status,url,extra_tags,metadata
    http_reqs,1795260004,1.000000,,default,200,http://127.0.0.1/?a=b&c=<d>,,iter=0&vu=1
    http_req_duration,1795260005,0.593185,,default,200,http://127.0.0.1/?a=b&c=<d>,,
    my_trend,1795260006,123456789.123000,,,,,"k=v&run=x""y,é",
    my_trend,1795260006,0.000000,,,,,,
    http_reqs,1795260008,1.000000,,default,200,http://127.0.0.1/?a=b&c=<d>,,
    "#);
}

#[test]
fn every_time_format() {
    let second_row = |format| {
        let text = write(format, &[]);
        text.lines().nth(2).unwrap().split(',').nth(1).unwrap().to_owned()
    };
    assert_eq!(second_row(TimeFormat::Unix), "1795260005");
    assert_eq!(second_row(TimeFormat::UnixMilli), "1795260005413");
    assert_eq!(second_row(TimeFormat::UnixMicro), "1795260005413201");
    assert_eq!(second_row(TimeFormat::UnixNano), "1795260005413201300");
    assert!(second_row(TimeFormat::Rfc3339Nano).contains(":05.4132013"));
    assert!(!second_row(TimeFormat::Rfc3339).contains('.'));
}

#[test]
fn fields_are_quoted_when_needed() {
    for (field, text) in [
        ("plain", "plain"),
        ("a,b", "\"a,b\""),
        ("say \"x\"", "\"say \"\"x\"\"\""),
        (" lead", "\" lead\""),
        ("", ""),
        ("two\nlines", "\"two\nlines\""),
    ] {
        let mut out = String::new();
        push_field(&mut out, field);
        assert_eq!(out, text);
    }
}

#[test]
fn six_decimals() {
    for (value, text) in [
        (0.0, "0.000000"),
        (1e21, "1000000000000000000000.000000"),
        (-3.25, "-3.250000"),
        (1e-7, "0.000000"),
        (0.593185, "0.593185"),
    ] {
        let mut out = String::new();
        push_value(&mut out, value);
        assert_eq!(out, text);
    }
}
