//! What needs no server; the rest is in the conformance scripts.

use crate::testing::check_script;

/// Console lines of `statements` in `default`, with `http` and a helper that shows exceptions.
#[track_caller]
fn check(statements: &str, lines: &[&str]) {
    let script = format!(
        "import http from 'k6/http';
         const show = (f) => {{
           try {{ const v = f(); console.log(typeof v === 'string' ? v : JSON.stringify(v)); }}
           catch (e) {{ console.log(e.name + ': ' + e.message); }}
         }};
         export default function () {{ {statements} }}"
    );
    check_script(&script, lines);
}

#[test]
fn urls_have_names() {
    check(
        "show(() => http.url`http://x/${1}/y?${'a'}`); show(() => http.url`${null}${[1, 2]}`);
         show(() => http.url('http://x/'));",
        &[
            r#"{"name":"http://x/${}/y?${}","url":"http://x/1/y?a","clean_url":"http://x/1/y?a"}"#,
            r#"{"name":"${}${}","url":"1,2","clean_url":"1,2"}"#,
            "TypeError: http.url is a template tag: write http.url`https://...`",
        ],
    );
}

#[test]
fn files() {
    check(
        "show(() => http.file('abc', 'n', 't/x')); show(() => http.file('x').filename.length);
         show(() => http.file(5)); show(() => http.file({}));",
        &[
            r#"{"data":"abc","filename":"n","content_type":"t/x"}"#,
            "19",
            "GoError: invalid type int64, expected string or ArrayBuffer",
            "GoError: invalid type map[string]interface {}, expected string or ArrayBuffer",
        ],
    );
}

#[test]
fn expected_statuses() {
    let neither = "GoError: argument number 2 to expectedStatuses was neither an integer nor an \
                   object like {min:100, max:329}";
    check(
        "show(() => Object.keys(http.expectedStatuses(200, { min: 300, max: 399 })).length);
         show(() => http.expectedStatuses()); show(() => http.expectedStatuses(1, 'x'));
         show(() => http.expectedStatuses({ min: 1, max: 'x' })); show(() => http.setResponseCallback(5));",
        &[
            "0",
            "GoError: no arguments",
            neither,
            "GoError: both min and max need to be integers for argument number 1",
            "GoError: unsupported argument, expected http.expectedStatuses",
        ],
    );
}

#[test]
fn jars() {
    check(
        "const jar = new http.CookieJar(); show(() => jar.set('http://a.test/', 'n', 'v'));
         show(() => jar.set('http://a.test/', 'n', 'w', { path: '/p' }));
         show(() => jar.cookiesForURL('http://a.test/p/q')); show(() => jar.cookiesForURL('http://b.test/'));
         show(() => { jar.delete('http://a.test/', 'n'); return jar.cookiesForURL('http://a.test/'); });
         show(() => jar.set('://', 'a', 'b')); show(() => http.cookieJar() instanceof http.CookieJar);",
        &[
            "true",
            "true",
            r#"{"n":["w","v"]}"#,
            "{}",
            "{}",
            "GoError: parse \"://\": missing protocol scheme",
            "true",
        ],
    );
}

#[test]
fn nothing_is_sent_in_init() {
    check_script(
        "import http from 'k6/http';
         for (const name of ['get', 'post', 'request', 'batch', 'asyncRequest', 'cookieJar']) {
           try { http[name]('http://x/'); } catch (e) { console.log(name + ': ' + e.message); }
         }",
        &[
            "get: Making http requests in the init context is not supported",
            "post: Making http requests in the init context is not supported",
            "request: Making http requests in the init context is not supported",
            "batch: Using batch in the init context is not supported",
            "asyncRequest: Making http requests in the init context is not supported",
            "cookieJar: Making cookie jars in the init context is not supported",
        ],
    );
}
