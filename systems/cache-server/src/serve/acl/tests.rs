//! What rules make of a user.

use super::{rules::find_by_full_name, *};

fn user(rules: &str) -> Result<Arc<User>, RuleError> {
    let users = Users::new();
    let rules: Vec<&[u8]> = rules.split_whitespace().map(str::as_bytes).collect();
    users.set("ann", &rules)?;
    Ok(users.find("ann").unwrap())
}

fn may_run(rules: &str, command: &str) -> bool {
    let (parent, sub) = match command.split_once('|') {
        Some((parent, _)) => (parent, Some(command)),
        None => (command, None),
    };
    let parent = find_by_full_name(parent.as_bytes()).unwrap();
    let user = user(rules).unwrap();
    match sub {
        Some(sub) => user.may_run(find_by_full_name(sub.as_bytes()).unwrap(), Some(parent)),
        None => user.may_run(parent, None),
    }
}

#[test]
fn the_last_rule_about_a_command_decides() {
    for (rules, command, expected) in [
        ("", "get", false),
        ("+get", "get", true),
        ("+@all", "flushall", true),
        ("+@all -@dangerous", "flushall", false),
        ("+@all -@dangerous +flushall", "flushall", true),
        ("+@read", "get", true),
        ("+@read", "set", false),
        ("+get -@all", "get", false),
        ("+config", "config|get", true),
        ("+config|get", "config|get", true),
        ("+config|get", "config|set", false),
        ("+@all -config|set", "config|set", false),
    ] {
        assert_eq!(may_run(rules, command), expected, "{rules}: {command}");
    }
}

#[test]
fn keys_and_channels() {
    let user = user("~a:* %R~b:* %W~c &news.* on nopass").unwrap();
    let read = Access { read: true, write: false };
    let write = Access { read: false, write: true };
    let both = Access { read: true, write: true };
    for (key, access, expected) in [
        ("a:1", both, true),
        ("b:1", read, true),
        ("b:1", write, false),
        ("c", write, true),
        ("c", both, false),
        ("d", read, false),
    ] {
        assert_eq!(user.may_use_key(key.as_bytes(), access), expected, "{key} {access:?}");
    }
    assert!(user.may_use_channel(b"news.today", false));
    assert!(!user.may_use_channel(b"other", false));
    assert!(user.may_use_channel(b"news.*", true));
    assert!(!user.may_use_channel(b"news.t*", true));
}

#[test]
fn passwords() {
    let users = Users::new();
    assert!(users.authenticate(b"default", b"anything").is_some());
    users.set_default_password(b"secret");
    assert!(users.authenticate(b"default", b"anything").is_none());
    assert!(users.authenticate(b"default", b"secret").is_some());
    users.set_default_password(b"");
    assert!(users.find(DEFAULT).unwrap().is_open());
    users.set("ann", &[b">one", b">two", b"<one"]).unwrap();
    // Switched off.
    assert!(users.authenticate(b"ann", b"two").is_none());
    users.set("ann", &[b"on"]).unwrap();
    assert!(users.authenticate(b"ann", b"two").is_some());
    assert!(users.authenticate(b"ann", b"one").is_none());
    assert!(users.remove("ann"));
    assert!(!users.remove(DEFAULT));
}

#[test]
fn a_user_shows_rules_that_make_it_again() {
    for rules in ["", "on nopass ~* &* +@all", "on >x %R~a* ~b &c +@all -@admin +config|get"] {
        let made = user(rules).unwrap();
        let shown = made.rules_text();
        let again = shown.strip_prefix("user ann ").unwrap();
        assert_eq!(user(&format!("reset {again}")).unwrap().rules_text(), shown);
    }
    assert_eq!(
        Users::new().find(DEFAULT).unwrap().rules_text(),
        "user default on nopass ~* &* +@all"
    );
}

#[test]
fn what_cannot_be_a_rule() {
    for (rule, reason) in [
        ("+nosuch", "Unknown command or category name in ACL"),
        ("+@nosuch", "Unknown command or category name in ACL"),
        ("nonsense", "Syntax error"),
        ("%X~a", "Syntax error"),
        ("#12", "The password hash must be exactly 64 characters"),
        ("<unknown", "The password you are trying to remove from the user does not exist"),
        ("(+get", "Selectors are not supported"),
    ] {
        let error = user(rule).unwrap_err().to_string();
        let expected = format!("ERR Error in ACL SETUSER modifier '{rule}': {reason}");
        assert!(error.starts_with(&expected), "{error}");
    }
}
