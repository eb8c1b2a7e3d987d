//! Expectations are what k6 1.1 answers to the same paths on the same document.

use proptest::prelude::*;

use super::get;

const DOCUMENT: &str = r#"{
  "name": {"first": "Tom", "last": "Anderson"}, "age": 37, "children": ["Sara", "Alex", "Jack"],
  "fav.movie": "Deer Hunter",
  "friends": [
    {"first": "Dale", "last": "Murphy", "age": 44, "nets": ["ig","fb","tw"]},
    {"first": "Roger", "last": "Craig", "age": 68, "nets": ["fb","tw"]},
    {"first": "Jane", "last": "Murphy", "age": 47, "nets": ["ig","tw"]}],
  "n": null, "t": true, "emptyo": {}, "emptya": [], "": 5, "vals": [1,2,3,11,"a",true,null],
  "s": "a\"b]}"
}"#;

fn check(path: &str, expected: &str) {
    let found = get(DOCUMENT, path);
    let compact = found.map(|raw| {
        let value: serde_json::Value = serde_json::from_str(&raw).expect("a result is JSON");
        value.to_string()
    });
    assert_eq!(compact.as_deref().unwrap_or("undefined"), expected, "{path}");
}

#[test]
fn keys_indexes_and_wildcards() {
    check("name.last", r#""Anderson""#);
    check("age", "37");
    check("children.1", r#""Alex""#);
    check("children.#", "3");
    check("child*.2", r#""Jack""#);
    check("c?ildren.0", r#""Sara""#);
    check("name.f*t", r#""Tom""#);
    check(r"fav\.movie", r#""Deer Hunter""#);
    check("", "5");
    check("?", "null");
    check("n", "null");
    check("s", r#""a\"b]}""#);
    check("name|first", r#""Tom""#);
    check("friends.0.nets.1", r#""fb""#);
}

#[test]
fn values_that_only_grow_are_not_made() {
    assert_eq!(get("\"\\\"\"", &["@tostr"; 60].join("|")), None);
    assert_eq!(get("[1]", &["[@this,@this]"; 60].join("|")), None);
}

#[test]
fn what_is_not_there() {
    for path in [
        "missing",
        "name.missing",
        "children.9",
        "children.-1",
        "children.x",
        "age.x",
        "#",
        "friends.first",
        "children.@foo",
        "friends.#(age>",
        "name.first.x",
    ] {
        check(path, "undefined");
    }
}

#[test]
fn each_element() {
    check("friends.#.first", r#"["Dale","Roger","Jane"]"#);
    check("friends.#.missing", "[]");
    check("friends.#.nets.#", "[3,2,2]");
    check("friends.#.nets.0", r#"["ig","fb","ig"]"#);
    check("friends.#.first|0", r#""Dale""#);
    check("friends.#.first.0", "[]");
    check("friends|#", "3");
    check("vals.@this.#", "7");
}

#[test]
fn queries() {
    check(r#"friends.#(last=="Murphy").first"#, r#""Dale""#);
    check(r#"friends.#(last=="Murphy")#.first"#, r#"["Dale","Jane"]"#);
    check("friends.#(last==Murphy).first", r#""Dale""#);
    check(r#"friends.#[last=="Murphy"].first"#, r#""Dale""#);
    check("friends.#(age>45)#.last", r#"["Craig","Murphy"]"#);
    check("friends.#(age>=47)#.age", "[68,47]");
    check("friends.#(age!=47)#.age", "[44,68]");
    check(r#"friends.#(first%"D*").last"#, r#""Murphy""#);
    check(r#"friends.#(first!%"D*").last"#, r#""Craig""#);
    check(r#"friends.#(nets.#(=="fb"))#.first"#, r#"["Dale","Roger"]"#);
    check(r#"children.#(!%"*a*")"#, r#""Alex""#);
    check("vals.#(>2)#", r#"[3,11,"a"]"#);
    check("vals.#(==true)", "true");
    check("friends.#(missing==null)#.age", "[]");
    check("friends.#(nets)#.age", "[44,68,47]");
    check(r#"friends.#(first=="Dale").nets.@reverse"#, r#"["tw","fb","ig"]"#);
}

#[test]
fn modifiers_and_collections() {
    check("children.@reverse.0", r#""Jack""#);
    check("children|@reverse", r#"["Jack","Alex","Sara"]"#);
    check("friends.#.nets|@flatten", r#"["ig","fb","tw","fb","tw","ig","tw"]"#);
    check("friends.#.nets.@flatten", r#"[["ig","fb","tw"],["fb","tw"],["ig","tw"]]"#);
    check("name.@keys", r#"["first","last"]"#);
    check("name.@values", r#"["Tom","Anderson"]"#);
    check("name.@tostr.@fromstr.last", r#""Anderson""#);
    check("@dig:first", r#"["Tom","Dale","Roger","Jane"]"#);
    check("[children,age]", r#"[["Sara","Alex","Jack"],37]"#);
    check(r#"{name.first,age,"x":children.0}"#, r#"{"first":"Tom","age":37,"x":"Sara"}"#);
    check(r#"[name,{"a":1}].@join"#, r#"{"first":"Tom","last":"Anderson"}"#);
    check("friends.#.{first,age}|1", r#"{"first":"Roger","age":68}"#);
    check("friends.#(age>45).{first}", r#"{"first":"Roger"}"#);
    check(r#"!"lit""#, r#""lit""#);
    check(r#"{"a":!5}"#, r#"{"a":5}"#);
    check("{\"a\0\tb\":age}", r#"{"a\u0000\tb":37}"#);
    check(r#"{"\ud800":age}"#, r#"{"\\ud800":37}"#);
}

#[test]
fn deep_paths_end() {
    assert!(get("[[[]]]", &"#.".repeat(5000)).is_some_and(|found| found.len() < 100));
    assert!(get("{}", &"a.".repeat(100_000)).is_none());
}

proptest! {
    #[test]
    fn any_path_on_any_text_ends(path in r#"[-a.|#()@!\\*?:{}\[\]"0=<%,]{0,24}"#, json in r#"[\[\]{}",:a0\\ ]{0,24}"#) {
        let _ignored = get(&json, &path).is_some();
        let _ignored = get(DOCUMENT, &path).is_some();
    }
}
