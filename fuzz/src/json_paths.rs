//! Paths of `response.json(path)`, and the JSON that they go into.

use bolero::check;
use plimsoll_script::fuzzing::json_path;
use serde_json::Value;

use crate::near::Corpus;

const DOCUMENTS: &[&str] = &[
    r#"{"name":{"first":"Tom"},"age":37,"children":["Sara","Alex"],"fav.movie":"Deer","n":null,"":5}"#,
    r#"[{"a":1,"b":[1,2,{"c":"x"}]},{"a":-2.5e3,"b":[]},{"a":"\u00e9\"]}","b":{}}]"#,
    "{\"a\":1}\n{\"a\":2}\n[3]\n",
    "[[[[[[1]]]]]]",
    "\"text\"",
    "-0.5",
];

const PATHS: &[&str] = &[
    "name.first",
    "children.#",
    "#.b.2.c",
    "#(a>1).b",
    "#(a%\"*\")#|#.a",
    "[name.first,{age,\"x\":n}]",
    "@pretty:{\"indent\":\"  \"}|@ugly",
    "..#.a",
    "fav\\.movie",
    "n*|@reverse",
    "!\"literal\"|@this",
    "#(b.#(c==\"x\"))#.a",
    "@keys|@join|@flatten|@values|@tostr|@fromstr|@group|@valid",
];

const WORDS: &[&str] = &[
    ".",
    "|",
    "#",
    "#(",
    ")",
    ")#",
    "*",
    "?",
    "\\",
    "@",
    ":",
    "!",
    "[",
    "]",
    "{",
    "}",
    ",",
    "\"",
    "==",
    "!=",
    "<=",
    ">",
    "%",
    "!%",
    "~true",
    "..",
    "0",
    "-1",
    "18446744073709551616",
    "null",
    "1e999",
    "\\u0000",
    "\\ud800",
    " ",
    "\n",
    "@this",
    "@reverse",
    "@flatten:{\"deep\":true}",
    "é",
];

#[test]
fn json_paths() {
    let documents = Corpus::of_texts(DOCUMENTS, WORDS).text();
    let paths = Corpus::of_texts(PATHS, WORDS).text();
    check!().with_generator((documents, paths)).for_each(|(json, path)| {
        // On other text the result is arbitrary, but there must be one.
        let found = json_path(json, path);
        if serde_json::from_str::<Value>(json).is_ok()
            && let Some(found) = found
            && !path.contains(['!', '@'])
        {
            let value = serde_json::from_str::<Value>(&found);
            assert!(value.is_ok(), "{found:?} is not JSON");
        }
    });
}
