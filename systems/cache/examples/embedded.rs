//! A cache inside a program: bytes, values of a type of one's own, and what several threads share.
//!
//! `cargo run --release -p plimsoll-cache --example embedded`

#![expect(clippy::print_stdout, reason = "an example prints what it found")]

use std::{error::Error, fs, io, thread, time::Duration};

use plimsoll_cache::{Cache, Fetched, Shared};

fn main() -> Result<(), Box<dyn Error>> {
    sessions();
    users();
    files()
}

/// Strings that live for half an hour since they were last used.
fn sessions() {
    const IDLE: Duration = Duration::from_secs(1800);
    let sessions: Cache<String> = Cache::builder(16 << 20).time_to_live(IDLE).build();
    sessions.insert("session:c0ffee", "ann".to_owned());
    if let Some(user) = sessions.get("session:c0ffee") {
        sessions.set_ttl("session:c0ffee", IDLE);
        println!("the session is {user}'s");
    }
    // Logged out everywhere.
    sessions.invalidate_where(|_, user| user == "ann");
    println!("{} sessions are left", sessions.len());
}

/// Values that are not bytes are shared with whoever asks.
fn users() {
    struct User {
        name: String,
        roles: Vec<u16>,
    }
    let users: Cache<Shared<User>> = Cache::new(64 << 20);
    for id in 0_u64..1_000 {
        let user = User { name: format!("user {id}"), roles: vec![1, 2, 3] };
        let owned = user.name.capacity() + user.roles.capacity() * size_of::<u16>();
        users.insert(id.to_be_bytes(), Shared::new(user, owned));
    }
    if let Some(user) = users.get(7_u64.to_be_bytes()) {
        println!("{} has {} roles", user.name, user.roles.len());
    }
    let may_write = users.read(7_u64.to_be_bytes(), |user| user.roles.contains(&2));
    println!("may write: {may_write:?}; {} bytes are used", users.statistics().used_bytes);
}

/// Four threads want the same file: one of them reads it.
fn files() -> Result<(), Box<dyn Error>> {
    let files: Cache<Vec<u8>> = Cache::new(64 << 20);
    let read = || -> io::Result<Fetched<Vec<u8>>> {
        let content = fs::read("/proc/version")?;
        Ok(Fetched::with_ttl(content, Duration::from_secs(5)))
    };
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| files.get_or_fetch_blocking("/proc/version", read));
        }
    });
    let length = files.read("/proc/version", <[u8]>::len).ok_or("the file was not kept")?;
    println!("{length} bytes, read {} times", files.statistics().fetches);
    Ok(())
}
