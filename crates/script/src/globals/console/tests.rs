//! What `console` prints.

use crate::testing::check_script;

#[test]
fn values_are_printed_as_k6_prints_them() {
    check_script(
        "const c = {a: 1}; c.self = c;
         const values = [1, 1.5, -0, NaN, 10n, 's', null, undefined, true, Symbol('x'), [1, [2, 'x']],
           [undefined, null, NaN, () => 1], {a: undefined, c: {d: 'e'}}, function foo() {}, class A {}, new Date(0),
           /re/g, new Map([[1, 2]]), new Error('err'), c, [c], new Uint8Array([1, 2]), new ArrayBuffer(3),
           new String('x'), Promise.resolve(1), {toJSON() { return 'tj' }}, {1: 2, 'a b': 1}];
         for (const value of values) console.log(value);
         console.log(); console.log('a', 1, {x: 1}, [1]); console.log('%s', 'x');",
        &[
            "1", "1.5", "0", "NaN", "10", "s", "null", "undefined", "true", "x", "[1,[2,\"x\"]]",
            "[null,null,null,null]", "{\"c\":{\"d\":\"e\"}}", "null", "null",
            "\"1970-01-01T00:00:00.000Z\"", "{}", "{}", "{}", "[object Object]", "[object Object]",
            "{\"0\":1,\"1\":2}", "{}", "\"x\"", "{}", "\"tj\"", "{\"1\":2,\"a b\":1}", "",
            "a 1 {\"x\":1} [1]", "%s x",
        ],
    );
}
