//! `k6/experimental/redis` against real redis-server, in plimsoll and in k6.

use plimsoll_e2e::{Run, Tool, command, finish, redis::Redis, run_source, script};

use crate::differential::{Base, compare};

fn both(name: &str) {
    let redis = Redis::start(&[]);
    let base = Base { variable: "REDIS", url: redis.url() };
    let ours = compare(&script(name), &[base]);
    assert_eq!(ours.code, Some(0), "{}", ours.said());
}

#[test]
fn functions() {
    both("redis/commands.js");
}

#[test]
fn failures() {
    both("redis/failures.js");
}

/// Runs a script of ours alone: k6's cluster client needs replicas' names or is not comparable.
fn run(source: &str, variables: &[&str]) -> Run {
    let mut arguments = vec!["--quiet"];
    variables.iter().for_each(|variable| arguments.extend(["-e", variable]));
    let run = run_source(Tool::Plimsoll, source, &arguments);
    assert_eq!(run.code, Some(0), "{}", run.said());
    run
}

#[test]
fn a_cluster_a_password_and_tls() {
    let nodes = Redis::cluster();
    let source = "
        import { Client } from 'k6/experimental/redis';
        const client = new Client({ cluster: { nodes: [__ENV.FIRST] } });
        export default async function () {
          const names = [...Array(50).keys()].map((n) => `key:${n}`);
          await Promise.all(names.map((name) => client.set(name, name)));
          const found = await Promise.all(names.map((name) => client.get(name)));
          console.log(`same=${JSON.stringify(found) === JSON.stringify(names)};`);
        }";
    let ran = run(source, &[&format!("FIRST={}", nodes[0].url())]);
    assert!(ran.stderr.contains("same=true;"), "{}", ran.said());
    for node in &nodes {
        assert_ne!(node.ask("DBSIZE"), ":0\r\n", "both nodes have keys");
    }

    let redis = Redis::start(&["--requirepass", "secret"]);
    let source = "
        import { Client } from 'k6/experimental/redis';
        const tls = { ca: [open(__ENV.CA)] };
        const socket = { host: 'localhost', port: Number(__ENV.PORT), tls };
        const client = new Client({ socket, password: 'secret' });
        export default async function () {
          await client.set('k', 'over TLS');
          console.log(`k=${await client.get('k')};`);
        }";
    let authority = format!("CA={}", redis.certificate().display());
    let ran = run(source, &[&authority, &format!("PORT={}", redis.tls_port())]);
    assert!(ran.stderr.contains("k=over TLS;"), "{}", ran.said());
}

#[test]
fn a_sentinel_is_refused_by_name() {
    let source = "
        import { Client } from 'k6/experimental/redis';
        new Client({ socket: { host: 'localhost', port: 1 }, masterName: 'm' });
        export default function () {}";
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("script.js"), source).unwrap();
    let mut command = command(Tool::Plimsoll, folder.path());
    command.args(["run", "--quiet", "script.js"]);
    let run = finish(command, folder, None);
    assert_eq!(run.code, Some(107), "{}", run.said());
    assert!(run.stderr.contains("Redis Sentinel (masterName) is not supported"), "{}", run.said());
}
