//! Names of metrics and labels as k6's remote write has them, for all outputs that speak to Prometheus.

use std::collections::BTreeMap;

use plimsoll_metrics::{MetricDef, MetricKind, Origin, TagSet};

use crate::cumulative::is_time;

const PREFIX: &str = "k6_";

/// The metric's name with the ending of its kind; of trends, the name of a histogram.
pub(crate) fn name(metric: &MetricDef) -> String {
    let name = &*metric.name;
    match metric.kind {
        // What comes from elsewhere may have the ending already. k6's own rule knows no exception.
        MetricKind::Counter if metric.origin == Origin::Watched && name.ends_with("_total") => {
            format!("{PREFIX}{name}")
        }
        MetricKind::Counter => format!("{PREFIX}{name}_total"),
        MetricKind::Rate => format!("{PREFIX}{name}_rate"),
        MetricKind::Trend if is_time(metric) => format!("{PREFIX}{name}_seconds"),
        MetricKind::Trend | MetricKind::Gauge => format!("{PREFIX}{name}"),
    }
}

/// A statistic of a trend: `k6_http_req_duration_p99`, in seconds though the name does not say so.
pub(crate) fn statistic(metric: &MetricDef, ending: &str) -> String {
    format!("{PREFIX}{}_{ending}", metric.name)
}

/// Tags as labels: without those that are empty, which to Prometheus are none, and with names that
/// Prometheus takes. Of tags that come to one name the last has it.
pub(crate) fn labels(tags: &TagSet) -> BTreeMap<String, &str> {
    let present = tags.iter().filter(|(key, value)| !key.is_empty() && !value.is_empty());
    present.map(|(key, value)| (label_name(key), value)).collect()
}

/// Letters, digits and underscores, no digit first, and none of the names with a meaning.
fn label_name(key: &str) -> String {
    let valid = |char: char| if char.is_ascii_alphanumeric() { char } else { '_' };
    let mut name: String = key.chars().map(valid).collect();
    if name.starts_with(|char: char| char.is_ascii_digit()) || name == "__name__" {
        name.insert(0, '_');
    }
    name
}

#[cfg(test)]
mod tests {
    use plimsoll_metrics::{Contains, Registry};

    use super::*;

    #[test]
    fn endings_are_k6s() {
        let registry = Registry::new(10);
        registry.metric("y_total", MetricKind::Counter, Contains::Default).unwrap();
        registry.metric("pages", MetricKind::Trend, Contains::Default).unwrap();
        registry.metric("held", MetricKind::Gauge, Contains::Time).unwrap();
        registry.watched_metric("seen_total", MetricKind::Counter, Contains::Default).unwrap();
        registry.watched_metric("host_disk_latency", MetricKind::Trend, Contains::Time).unwrap();
        for (metric, expected) in [
            ("http_reqs", "k6_http_reqs_total"),
            ("data_sent", "k6_data_sent_total"),
            ("checks", "k6_checks_rate"),
            ("vus", "k6_vus"),
            ("http_req_duration", "k6_http_req_duration_seconds"),
            ("y_total", "k6_y_total_total"),
            ("pages", "k6_pages"),
            ("held", "k6_held"),
            ("seen_total", "k6_seen_total"),
            ("host_disk_latency", "k6_host_disk_latency_seconds"),
        ] {
            assert_eq!(name(&registry.find(metric).unwrap()), expected);
        }
    }

    #[test]
    fn labels_are_names_that_prometheus_takes() {
        let tags = TagSet::from_pairs([
            ("url", "http://a/"),
            ("wéird-tag", "v"),
            ("1st", "a"),
            ("le", ""),
            ("", "x"),
            ("a.b", "1"),
            ("a-b", "2"),
            ("__name__", "y"),
        ]);
        let labels: Vec<_> = labels(&tags).into_iter().collect();
        assert_eq!(
            labels,
            [
                ("_1st".to_owned(), "a"),
                ("___name__".to_owned(), "y"),
                ("a_b".to_owned(), "1"),
                ("url".to_owned(), "http://a/"),
                ("w_ird_tag".to_owned(), "v"),
            ]
        );
    }
}
