//! What needs no server; the rest is in the end-to-end tests.

use super::{commands::COMMANDS, options::ClientOptions};
use crate::testing::check_script;

#[test]
fn a_client_before_any_connection() {
    check_script(
        "import redis, { Client } from 'k6/experimental/redis';
         const client = new Client('redis://127.0.0.1:1/3');
         client.set('k', 'v').catch((error) => console.log(`in init: ${error}`));
         export default async function () {
           console.log(redis.Client === Client, client instanceof Client, client.isConnected());
           await client.set('k', null).catch((error) => console.log(String(error)));
           await client.get('k').catch((error) => console.log(String(error), JSON.stringify(error)));
         }",
        &[
            "in init: connecting to a redis server in the init context is not supported",
            "true true false",
            "unsupported type provided for argument at index 1, supported types are string, number, \
             and boolean",
            "dial tcp 127.0.0.1:1: connect: connection refused {}",
        ],
    );
}

#[test]
fn functions_are_those_of_the_table() {
    assert!(COMMANDS.is_sorted_by_key(|command| command.function));
    let names = COMMANDS.iter().map(|command| command.function);
    let mut names: Vec<&str> = names.chain(["isConnected"]).collect();
    names.sort_unstable();
    check_script(
        "import { Client } from 'k6/experimental/redis';
         console.log(Object.keys(Client.prototype).sort().join());",
        &[&names.join(",")],
    );
}

#[test]
fn options_that_say_the_same_are_equal() {
    let url = ClientOptions::from_url("redis://u:p@h:7/2?dial_timeout=1s&pool_size=3").unwrap();
    let check =
        |json: &str| assert_eq!(ClientOptions::from_json(json).as_ref(), Ok(&url), "{json}");
    check(
        r#"{"socket": {"host": "h", "port": 7, "dialTimeout": 1000, "poolSize": 3},
            "username": "u", "password": "p", "database": 2, "clientName": null}"#,
    );
    check(
        r#"{"Socket": {"HOST": "h", "port": 7, "dialTimeout": 1000, "poolSize": 3,
            "readTimeout": 3000, "writeTimeout": 0},
            "username": "u", "password": "p", "database": 2, "masterName": ""}"#,
    );
}
