//! HOTKEYS, from commands to its reply.

use std::io::{Read, Write};

use plimsoll_runtime::clock::Instant;

use super::{PATIENCE, check, connect, serve};

/// Each look at the hottest keys gives what there is, in the form of either protocol; it is told soon after
/// the window's end.
#[test]
fn hot_keys_are_told() {
    let server = serve(&[("hotkeys-sampling-percentage", "100")]);
    let mut stream = connect(&server);
    check(&mut stream, "HOTKEYS GET\r\n", "*0\r\n");
    check(
        &mut stream,
        "HOTKEYS GET BY\r\nHOTKEYS GET BY WEIGHT\r\n",
        &"-ERR syntax error\r\n".repeat(2),
    );
    check(&mut stream, "SET hot 1\r\n", "+OK\r\n");
    let started = Instant::now();
    let mut found = String::new();
    while !found.contains("hot") && started.elapsed() < PATIENCE {
        check(&mut stream, &"GET hot\r\n".repeat(1_000), &"$1\r\n1\r\n".repeat(1_000));
        stream.write_all(b"HOTKEYS GET BY BYTES\r\nECHO end\r\n").unwrap();
        found.clear();
        while !found.ends_with("$3\r\nend\r\n") {
            let mut part = [0; 1_000];
            let count = stream.read(&mut part).unwrap();
            found.push_str(std::str::from_utf8(&part[..count]).unwrap());
        }
    }
    let entry =
        "*1\r\n*6\r\n$3\r\nkey\r\n$3\r\nhot\r\n$2\r\ndb\r\n:0\r\n$16\r\nbytes-per-second\r\n:";
    assert!(found.starts_with(entry), "{found}");
    check(&mut stream, "FLUSHALL\r\n", "+OK\r\n");
    check(&mut stream, "HOTKEYS GET\r\nHOTKEYS RESET\r\n", "*0\r\n+OK\r\n");
    check(&mut stream, "GET hot\r\n", "$-1\r\n");
}
