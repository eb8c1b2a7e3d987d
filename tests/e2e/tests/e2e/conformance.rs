//! Every script below `scripts/` but `differential/` passes all its checks in plimsoll and in k6.

use std::{collections::BTreeMap, path::Path};

use plimsoll_e2e::{Tool, Web, command, finish, script};
use serde_json::Value;

/// `name -> (passes, fails)` of every check in the exported summary, groups included.
fn checks(group: &Value, found: &mut BTreeMap<String, (u64, u64)>) {
    for check in group["checks"].as_object().into_iter().flat_map(|map| map.values()) {
        let path = check["path"].as_str().unwrap_or_default().to_owned();
        found.insert(
            path,
            (check["passes"].as_u64().unwrap_or(0), check["fails"].as_u64().unwrap_or(0)),
        );
    }
    for inner in group["groups"].as_object().into_iter().flat_map(|map| map.values()) {
        checks(inner, found);
    }
}

fn check(tool: Tool, path: &Path, web: &Web) -> BTreeMap<String, (u64, u64)> {
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(tool, folder.path());
    command.args(["run", "--quiet", "--summary-export", "summary.json", "-e"]);
    command.arg(format!("BASE={}", web.url)).arg(path);
    let run = finish(command, folder, None);
    let place = format!("{} in {tool:?}", path.display());
    assert_eq!(run.code, Some(0), "{place}\n{}", run.said());
    let mut found = BTreeMap::new();
    checks(&run.json("summary.json")["root_group"], &mut found);
    assert!(!found.is_empty(), "{place}: no check ran\n{}", run.said());
    for (name, (passes, fails)) in &found {
        assert!(
            *fails == 0 && *passes > 0,
            "{place}: {name}: {passes} passed, {fails} failed\n{}",
            run.stderr
        );
    }
    found
}

/// Scripts of one module, in both tools; those marked `// k6: 2.2` use what k6 1.1 lacks.
fn conforms(module: &str) {
    let web = Web::start();
    let mut scripts: Vec<_> = std::fs::read_dir(script(module))
        .unwrap_or_else(|e| panic!("scripts/{module}: {e}"))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "js" || e == "ts"))
        .collect();
    scripts.sort();
    assert!(!scripts.is_empty(), "no scripts in {module}");
    for path in scripts {
        let ours = check(Tool::Plimsoll, &path, &web);
        if std::fs::read_to_string(&path).unwrap().contains("// k6: 2.2") {
            continue;
        }
        assert_eq!(ours, check(Tool::K6, &path, &web), "{}", path.display());
    }
}

macro_rules! modules {
    ($($name:ident)*) => { $(#[test] fn $name() { conforms(stringify!($name)); })* };
}

modules! { core crypto csv data encoding execution fs html http loader metrics text timers typescript }
