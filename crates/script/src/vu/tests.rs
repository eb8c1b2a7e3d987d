//! Tests of a VU as a whole: coroutine, event loop, modules.

use crate::testing::{SCRIPT_URL, check_script, eval_files, eval_script};

#[test]
fn runs_init_and_default() {
    check_script(
        "console.log('init'); export default function () { console.log('default', 1, {a: [1]}); }",
        &["init", "default 1 {\"a\":[1]}"],
    );
}

#[test]
fn sleeps_and_groups() {
    check_script(
        "import { sleep, group, check } from 'k6';
         export default function () {
           const r = group('g', () => { sleep(0.001); return check(3, { a: v => v === 3, b: v => v > 5 }); });
           console.log(r);
         }",
        &["false"],
    );
}

#[test]
fn timers_and_promises_run_before_the_iteration_ends() {
    check_script(
        "export default async function () {
           setTimeout(() => console.log('timer'), 2);
           const id = setInterval(() => { console.log('tick'); clearInterval(id); }, 1);
           await new Promise(r => setTimeout(r, 4));
           console.log('after');
         }",
        &["tick", "timer", "after"],
    );
}

#[test]
fn an_exception_has_its_place() {
    let outcome = eval_script("function f() { null.x; }\nexport default function () {\n  f();\n}");
    let error = outcome.error.unwrap();
    assert!(error.contains("\tat f (file:///test/script.js:1:"), "{error}");
    assert!(error.contains("\tat default (file:///test/script.js:3:"), "{error}");
}

#[test]
fn unhandled_rejections_fail_the_iteration() {
    let outcome = eval_script("export default function () { Promise.reject(new Error('no')); }");
    assert!(outcome.error.unwrap().starts_with("Error: no\n\tat default"));
    let outcome =
        eval_script("export default async function () { await 1; throw new Error('no'); }");
    assert!(outcome.error.unwrap().starts_with("Error: no\n\tat default"));
    let outcome = eval_script(
        "export default async function () { try { await Promise.reject(1) } catch (e) {} }",
    );
    assert_eq!(outcome.error, None);
}

#[test]
fn commonjs_and_es_modules_mix() {
    let outcome = eval_files(&[
        (
            SCRIPT_URL,
            "import lib, { twice } from './lib.js'; import * as all from './lib.js';
             import { sleep } from 'k6';
             const esm = require('./esm.js');
             console.log(lib.twice(2), twice(3), Object.keys(all).sort().join(), esm.value, typeof sleep);
             export default function () {}",
        ),
        (
            "file:///test/lib.js",
            "const { sleep } = require('k6'); exports.twice = x => 2 * x; exports.kind = typeof sleep;",
        ),
        ("file:///test/esm.js", "export const value = 7;"),
    ]);
    assert_eq!(outcome.error, None);
    assert_eq!(outcome.lines, ["4 6 default,kind,twice 7 function"]);
}

#[test]
fn typescript_errors_have_the_users_places() {
    let outcome = eval_files(&[(
        "file:///test/script.ts",
        "interface A { x: number }\ntype B = A;\nenum C { One = 1 }\n\nexport default function (): void {\n  const a: B = { x: C.One };\n  throw new Error(`x${a.x}`);\n}",
    )]);
    let error = outcome.error.unwrap();
    assert!(error.starts_with("Error: x1\n"), "{error}");
    assert!(error.contains("script.ts:7:"), "{error}");
}

#[test]
fn deep_recursion_is_an_error_that_scripts_can_catch() {
    check_script(
        "import { group } from 'k6';
         function f() { return group('a', () => f()); }
         export default function () { try { f(); } catch (e) { console.log(e.name); } }",
        &["RangeError"],
    );
}

#[test]
fn a_bad_import_is_named_with_its_place() {
    let outcome = eval_script("import { sleep } from 'k6';\nimport browser from 'k6/browser';\n");
    let error = outcome.error.unwrap();
    assert!(error.starts_with("GoError: unsupported module: k6/browser: "), "{error}");
    assert!(error.contains("\tat file:///test/script.js:2:21\n"), "{error}");
    let outcome = eval_script("\n  import x from './missing.js';");
    let error = outcome.error.unwrap();
    assert!(
        error.contains("\"./missing.js\" couldn't be found") && error.contains("script.js:2:17"),
        "{error}"
    );
}

#[test]
fn commonjs_sees_k6s_wrapper() {
    let outcome = eval_files(&[
        (
            SCRIPT_URL,
            "import './sub/cjs.js'; import lib from './sub/flag.js'; console.log(JSON.stringify(lib));",
        ),
        (
            "file:///test/sub/cjs.js",
            "console.log(this === exports, arguments.length, typeof module, require('./other.js').here);",
        ),
        ("file:///test/sub/other.js", "exports.here = 'sub';"),
        (
            "file:///test/sub/flag.js",
            "Object.defineProperty(exports, '__esModule', { value: true }); exports.default = { d: 1 };",
        ),
    ]);
    assert_eq!(outcome.error, None);
    assert_eq!(outcome.lines, ["true 2 object sub", "{\"d\":1}"]);
}

#[test]
fn files_are_opened_relative_to_the_module() {
    let outcome = eval_files(&[
        (
            SCRIPT_URL,
            "import './sub/a.js'; console.log(open('./data.txt'), open('data.txt', 'b').byteLength);",
        ),
        ("file:///test/sub/a.js", "export const x = 1; console.log(open('./data.txt'));"),
        ("file:///test/data.txt", "root"),
        ("file:///test/sub/data.txt", "sub"),
    ]);
    assert_eq!(outcome.error, None);
    assert_eq!(outcome.lines, ["sub", "root 4"]);
}

#[test]
fn errors_in_commonjs_have_the_users_columns() {
    let outcome = eval_files(&[
        (SCRIPT_URL, "import f from './lib.js'; f();"),
        ("file:///test/lib.js", "module.exports = () => { throw new Error('x'); };"),
    ]);
    let error = outcome.error.unwrap();
    assert!(error.contains("file:///test/lib.js:1:36"), "{error}");
}
