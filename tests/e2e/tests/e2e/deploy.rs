//! What `deploy/` brings up, as far as it can be told without containers: files name each other rightly,
//! and the real Prometheus takes its configuration.

use std::collections::BTreeSet;

use plimsoll_e2e::{
    grafana::{Dashboard, dashboards},
    prometheus::Prometheus,
    root,
};
use serde_json::Value;
use yaml_rust2::{Yaml, YamlLoader};

fn read(name: &str) -> String {
    let path = root().join("deploy").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("read {}: {e}", path.display()))
}

fn yaml(name: &str) -> Yaml {
    let mut documents =
        YamlLoader::load_from_str(&read(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
    assert_eq!(documents.len(), 1, "{name} is one document");
    documents.remove(0)
}

fn text(yaml: &Yaml) -> &str {
    yaml.as_str().unwrap_or_else(|| panic!("{yaml:?} is no text"))
}

/// `(service, port inside)` of `http://SERVICE:PORT`.
fn address(url: &str) -> (&str, &str) {
    url.strip_prefix("http://").and_then(|rest| rest.split_once(':')).unwrap()
}

#[test]
fn mounted_files_exist_and_only_loopback_is_open() {
    let compose = yaml("compose.yaml");
    let services = compose["services"].as_hash().unwrap();
    assert_eq!(services.len(), 3);
    for (name, service) in services {
        let image = text(&service["image"]);
        assert!(image.contains(':') && !image.ends_with(":latest"), "{image} has a version");
        for port in service["ports"].as_vec().unwrap() {
            assert!(text(port).starts_with("127.0.0.1:"), "{name:?} is open to others: {port:?}");
        }
        for volume in service["volumes"].as_vec().unwrap() {
            let (outside, inside) = text(volume).split_once(':').unwrap();
            assert!(inside.starts_with('/'), "{volume:?}");
            if outside.starts_with('.') {
                assert!(root().join("deploy").join(outside).exists(), "{outside} is not there");
                assert!(inside.ends_with(":ro"), "{outside} is not for containers to write");
            } else {
                assert!(!compose["volumes"][outside].is_badvalue(), "volume {outside} is unknown");
            }
        }
    }
}

#[test]
fn prometheus_takes_its_configuration_and_writes() {
    drop(Prometheus::start_with(&read("prometheus.yaml")));
    let compose = yaml("compose.yaml");
    let command = compose["services"]["prometheus"]["command"].as_vec().unwrap();
    let flags: Vec<&str> = command.iter().map(text).collect();
    for needed in ["--web.enable-remote-write-receiver", "--enable-feature=native-histograms"] {
        assert!(flags.contains(&needed), "{flags:?}");
    }
}

#[test]
fn data_sources_lead_to_services() {
    let compose = yaml("compose.yaml");
    let sources = yaml("grafana/provisioning/datasources/plimsoll.yaml");
    let mut kinds = BTreeSet::new();
    for source in sources["datasources"].as_vec().unwrap() {
        let (service, port) = address(text(&source["url"]));
        let ports = compose["services"][service]["ports"].as_vec().unwrap();
        assert!(ports.iter().any(|open| text(open).ends_with(&format!(":{port}"))), "{service}");
        kinds.insert(text(&source["type"]));
        if service == "influxdb" {
            let database = &compose["services"]["influxdb"]["environment"]["INFLUXDB_DB"];
            assert_eq!(source["jsonData"]["dbName"], *database);
        }
    }
    assert_eq!(kinds, BTreeSet::from(["influxdb", "prometheus"]));
}

#[test]
fn dashboards_are_mounted_where_grafana_looks() {
    let providers = yaml("grafana/provisioning/dashboards/plimsoll.yaml");
    let folder = text(&providers["providers"][0]["options"]["path"]);
    let compose = yaml("compose.yaml");
    let grafana = &compose["services"]["grafana"];
    let mounts = grafana["volumes"].as_vec().unwrap();
    assert!(mounts.iter().any(|mount| text(mount) == format!("../grafana:{folder}:ro")));
    let home = text(&grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]);
    let home = home.strip_prefix(folder).unwrap().trim_start_matches('/');
    assert!(root().join("grafana").join(home).is_file(), "{home}");
}

#[test]
fn dashboards_name_the_data_sources_that_are_there() {
    let sources = yaml("grafana/provisioning/datasources/plimsoll.yaml");
    let sources = sources["datasources"].as_vec().unwrap();
    let all = dashboards();
    assert_eq!(all.len(), sources.len(), "a dashboard per data source");
    for dashboard in &all {
        let variable = &dashboard.json["templating"]["list"][0];
        assert_eq!(
            (&variable["name"], &variable["type"]),
            (&"datasource".into(), &"datasource".into())
        );
        let uid = variable["current"]["value"].as_str();
        let source = sources.iter().find(|source| source["uid"].as_str() == uid);
        let source = source.unwrap_or_else(|| panic!("{}: {uid:?} is unknown", dashboard.name));
        assert_eq!(source["type"].as_str(), variable["query"].as_str(), "{}", dashboard.name);
        assert_eq!(source["name"].as_str(), variable["current"]["text"].as_str());
        check_panels(dashboard, text(&source["type"]));
    }
}

/// Every panel asks the chosen data source, has an id of its own and a place of its own.
fn check_panels(dashboard: &Dashboard, kind: &str) {
    let name = &dashboard.name;
    let mut ids = BTreeSet::new();
    let mut taken = BTreeSet::new();
    for panel in dashboard.json["panels"].as_array().unwrap() {
        let title = &panel["title"];
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{name}: the id of {title} is taken");
        let at = |side: &str| panel["gridPos"][side].as_u64().unwrap();
        assert!(at("x") + at("w") <= 24, "{name}: {title} is out of the grid");
        for x in at("x")..at("x") + at("w") {
            for y in at("y")..at("y") + at("h") {
                assert!(taken.insert((x, y)), "{name}: {title} lies on another panel");
            }
        }
        if panel["type"] == "row" {
            continue;
        }
        let targets = panel["targets"].as_array().unwrap();
        let asked = targets.iter().chain([panel]).map(|target| &target["datasource"]);
        for source in asked {
            let expected = serde_json::json!({ "type": kind, "uid": "${datasource}" });
            assert_eq!(*source, expected, "{name}: {title}");
        }
        // Grafana takes what stands between a division and the next regular expression for one.
        let has_division =
            |target: &Value| target["query"].as_str().is_some_and(|q| q.contains(" / "));
        assert!(!targets.iter().any(has_division), "{name}: {title} divides");
        let references: BTreeSet<_> =
            targets.iter().map(|t| t["refId"].as_str().unwrap()).collect();
        assert_eq!(references.len(), targets.len(), "{name}: {title} names two queries alike");
    }
    let variables = dashboard.json["templating"]["list"].as_array().unwrap();
    let asked = variables.iter().filter(|variable| variable["type"] == "query");
    for variable in asked {
        assert_eq!(variable["datasource"]["uid"], Value::from("${datasource}"), "{name}");
    }
}
