//! What watched services answer: pages in Prometheus's text format, nginx's status, Redis's `INFO`.

use bolero::check;
use plimsoll_monitor::services::{
    nginx::status,
    prometheus::text::{self, LABELS_LIMIT},
    redis::info::{self, REPLICAS_LIMIT},
};

use crate::near::Corpus;

const PAGES: &[&str] = &[
    "# HELP a_total Help.\n# TYPE a_total counter\na_total{m=\"post\",c=\"200\"} 1027 1395066363000\n",
    "# TYPE h histogram\nh_bucket{le=\"0.05\",} 24054\nh_bucket{le=\"+Inf\"} 144320\nh_sum 53423\nh_count 144320\n",
    "# TYPE s summary\ns{quantile=\"0.5\"} NaN\ns_sum 1.7560473e+07\ns_created 1605281325.0\n",
    "p{path=\"C:\\\\DIR\\\\FILE\",error=\"no file:\\n\\\"F\\\"\"} -1.458255915e9\n",
    "# TYPE c counter\n# UNIT c seconds\nc_total 4.2 # {trace_id=\"x y\"} 0.67 1520879607.789\n# EOF\n",
    "{\"my.metric\",\"a b\"=\"1\"} 5\n\r\nup 1\n",
];

const PAGE_WORDS: &[&str] = &[
    "{", "}", "\"", "\\", "\\n", "=", ",", " ", "\t", "\n", "\r\n", "#", "# TYPE ", "# EOF",
    "_total", "_bucket", "_sum", "_count", "NaN", "+Inf", "-", "1e309", "le", "\u{e9}", "\0", ":",
];

#[test]
fn pages() {
    check!().with_generator(Corpus::of_texts(PAGES, PAGE_WORDS).text()).for_each(|page| {
        let outcome = text::parse(page, |sample| {
            assert!(!sample.name.is_empty() && sample.labels.len() <= LABELS_LIMIT);
            assert!(page.contains(sample.key) && sample.name.ends_with(sample.suffix));
        });
        if let Err(error) = outcome {
            assert!((1..=page.lines().count()).contains(&error.line), "{error}");
        }
    });
}

const STATUS: &[&str] = &[
    "Active connections: 291 \nserver accepts handled requests\n 16630948 16630948 31070465 \nReading: 6 Writing: 179 Waiting: 106 \n",
];

const STATUS_WORDS: &[&str] = &["Reading:", "18446744073709551616", "-1", " ", "\n", "\0"];

#[test]
fn nginx() {
    check!().with_generator(Corpus::of_texts(STATUS, STATUS_WORDS).text()).for_each(|page| {
        if status::parse(page).is_some() {
            assert!(page.contains("Active connections:"));
        }
    });
}

const INFO: &[&str] = &[
    "# Clients\r\nconnected_clients:3\r\nmaxclients:10000\r\n# Stats\r\ntotal_commands_processed:42\r\n",
    "role:master\r\nslave0:ip=127.0.0.1,port=6380,state=online,offset=1200,lag=0\r\nmaster_repl_offset:1234\r\n",
    "used_cpu_sys:1.5\r\nused_cpu_user:2.25\r\nused_cpu_sys_main_thread:1\r\n",
];

const INFO_WORDS: &[&str] =
    &[":", "\r\n", "slave1:", "ip=", ",", "=", "offset=", "inf", "NaN", "1e309", "\0", "\u{e9}"];

#[test]
fn redis() {
    check!().with_generator(Corpus::of_texts(INFO, INFO_WORDS).text()).for_each(|text| {
        let info = info::parse(text);
        assert!(info.replicas.len() <= REPLICAS_LIMIT);
        assert!(info.clients.is_none_or(f64::is_finite));
        assert!(info.replicas.iter().all(|replica| replica.offset.is_finite()));
    });
}
