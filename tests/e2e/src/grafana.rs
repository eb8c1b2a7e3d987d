//! Our Grafana dashboards as data: panels, their queries, and the variables in them, as Grafana reads them.

use std::{collections::BTreeMap, path::Path};

use serde_json::Value;

use crate::root;

/// Values of macros and variables by name, without the `$`.
pub type Values = BTreeMap<String, String>;

/// One dashboard of `grafana/`.
#[derive(Debug)]
pub struct Dashboard {
    pub name: String,
    pub json: Value,
}

/// A panel that asks something.
#[derive(Debug)]
pub struct Panel {
    pub title: String,
    pub targets: Vec<Target>,
}

/// A question of a panel, not yet resolved.
#[derive(Debug)]
pub struct Target {
    pub query: String,
    /// Of Prometheus: about one time instead of a span.
    pub is_instant: bool,
}

/// Every dashboard in `grafana/`.
pub fn dashboards() -> Vec<Dashboard> {
    let mut found = Vec::new();
    let entries = std::fs::read_dir(root().join("grafana")).expect("list grafana/");
    for entry in entries {
        let path = entry.expect("list grafana/").path();
        if path.extension().is_some_and(|extension| extension == "json") {
            found.push(Dashboard::read(&path));
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

impl Dashboard {
    /// The one of a kind of data source: `influxdb` or `prometheus`.
    pub fn of(source: &str) -> Dashboard {
        Dashboard::read(&root().join("grafana").join(format!("{source}.json")))
    }

    fn read(path: &Path) -> Dashboard {
        let text = std::fs::read_to_string(path)
            .unwrap_or_else(|e| panic!("read {}: {e}", path.display()));
        let json = serde_json::from_str(&text)
            .unwrap_or_else(|e| panic!("{} is not JSON: {e}", path.display()));
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Dashboard { name, json }
    }

    /// All panels that ask something, those in collapsed rows too.
    pub fn panels(&self) -> Vec<Panel> {
        let all = array(&self.json["panels"]);
        let inner = all.iter().flat_map(|panel| array(&panel["panels"]));
        let all = all.iter().chain(inner).filter(|panel| panel["type"] != "row");
        all.map(panel).collect()
    }

    /// The variables that the data source is asked for: name and question.
    pub fn variables(&self) -> Vec<(String, String)> {
        let list = array(&self.json["templating"]["list"]);
        let asked = list.iter().filter(|variable| variable["type"] == "query");
        let question = |variable: &Value| {
            let query = &variable["query"];
            text(query.get("query").unwrap_or(query))
        };
        asked.map(|variable| (text(&variable["name"]), question(variable))).collect()
    }
}

fn panel(json: &Value) -> Panel {
    let title = text(&json["title"]);
    let targets = array(&json["targets"]).iter().map(|target| Target {
        query: text(target.get("query").unwrap_or(&target["expr"])),
        is_instant: target["instant"] == true,
    });
    Panel { targets: targets.collect(), title }
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// `query` with `$name` and `${name}` replaced; a name without a value fails the test.
pub fn resolve(query: &str, values: &Values) -> String {
    let mut out = String::with_capacity(query.len());
    let mut rest = query;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let braced = after.strip_prefix('{');
        let start = braced.unwrap_or(after);
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let end = start.find(|c: char| !is_part(c)).unwrap_or(start.len());
        let name = &start[..end];
        rest = start[end..].strip_prefix('}').filter(|_| braced.is_some()).unwrap_or(&start[end..]);
        if name.is_empty() {
            // The end of a regular expression.
            out.push('$');
            continue;
        }
        let value = values.get(name).unwrap_or_else(|| panic!("no value for ${name} in {query}"));
        out.push_str(value);
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::{Values, resolve};

    #[test]
    fn names_are_replaced_whole() {
        let values = [("__interval", "1s"), ("__interval_ms", "1000"), ("host", ".*")];
        let values: Values = values.map(|(n, v)| (n.to_owned(), v.to_owned())).into();
        let query =
            "SELECT x / $__interval_ms WHERE h =~ /^$host$/ AND i =~ /^${host}$/ time($__interval)";
        let expected = "SELECT x / 1000 WHERE h =~ /^.*$/ AND i =~ /^.*$/ time(1s)";
        assert_eq!(resolve(query, &values), expected);
    }
}
