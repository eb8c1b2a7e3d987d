//! Tests that find out only while they run that this machine cannot run them.

use std::{fs::OpenOptions, io::Write, thread};

/// Says that the test that calls this did not test all of it, and why. `cargo xtask test` prints these lines
/// and counts them as skipped; the standard output of a test that passes is seen by nobody.
#[expect(clippy::print_stderr, reason = "for whoever runs one test alone")]
pub fn not_tested(why: &str) {
    let test = thread::current().name().unwrap_or("a test").to_owned();
    let line = format!("{test}: {}", why.trim().replace('\n', " "));
    eprintln!("not tested: {line}");
    let Some(file) = std::env::var_os("PLIMSOLL_NOT_TESTED") else { return };
    let file = OpenOptions::new().create(true).append(true).open(&file);
    // One write, as others append at the same time.
    file.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()))
        .expect("PLIMSOLL_NOT_TESTED names a file that can be written");
}
