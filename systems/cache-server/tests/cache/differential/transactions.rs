//! Transactions of one client, which breaks them itself by changing what it watches.

use super::{Command, arguments::Arguments, strings};

pub(super) fn command(make: &mut Arguments<'_>) -> Command {
    match make.below(10) {
        0 | 1 => make.word("MULTI"),
        2 | 3 => make.word("EXEC"),
        4 => make.word("DISCARD"),
        5 => make.word("WATCH").keys(2),
        6 => make.word("UNWATCH"),
        7 => make.word("NOTHING").value(),
        _ => return strings::command(make),
    }
    .take()
}
