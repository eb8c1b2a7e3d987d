//! SharedArray as scripts see it.

use crate::testing::check_script;

#[test]
fn reads_like_an_array() {
    check_script(
        "import { SharedArray } from 'k6/data';
         let built = 0;
         const sa = new SharedArray('one', () => { built++; return [{a: 1, b: {c: [1]}}, 'str', 5, null, [1,2]] });
         const same = new SharedArray('one', () => { built++; return [] });
         export default function () {
           console.log(built, same.length, sa.length, sa[1], sa[-1], sa[100], sa.foo);
           console.log(sa.map(x => typeof x).join(), sa.filter(x => x === 5).length, [...sa].length, sa.at(-1));
           let n = ''; for (const x in sa) n += x; for (const x of sa) n += typeof x; sa.forEach(() => n += '.');
           console.log(n, Object.keys(sa).join(), Array.isArray(sa), sa instanceof Array);
           console.log(sa, JSON.stringify(sa[0]), sa.indexOf(5), sa.slice(1, 3), 0 in sa, 9 in sa);
         }",
        &[
            "1 5 5 str undefined undefined undefined",
            "object,string,number,object,object 1 5 [1,2]",
            "01234objectstringnumberobjectobject..... 0,1,2,3,4 true true",
            "[{\"a\":1,\"b\":{\"c\":[1]}},\"str\",5,null,[1,2]] {\"a\":1,\"b\":{\"c\":[1]}} 2 [\"str\",5] true false",
        ],
    );
}

#[test]
fn cannot_be_written() {
    check_script(
        "import { SharedArray } from 'k6/data';
         const sa = new SharedArray('one', () => [{a: 1, b: {c: [1]}}]);
         const t = f => { try { f(); console.log('ok') } catch (e) { console.log(e.name, e.message) } };
         export default function () {
           t(() => sa[0] = 5); t(() => sa.foo = 5); t(() => sa.push(1)); t(() => delete sa[0]); t(() => sa.length = 0);
           console.log(Object.isFrozen(sa[0]), Object.isFrozen(sa[0].b.c));
           t(() => new SharedArray('late', () => []));
         }",
        &[
            "TypeError SharedArray is immutable",
            "TypeError Cannot set property \"foo\" on a dynamic array",
            "TypeError SharedArray is immutable",
            "TypeError SharedArray is immutable",
            "TypeError SharedArray is immutable",
            "true true",
            "GoError new SharedArray must be called in the init context",
        ],
    );
}

#[test]
fn mistakes_are_k6s() {
    check_script(
        "import { SharedArray } from 'k6/data';
         const t = f => { try { f(); console.log('ok') } catch (e) { console.log(String(e)) } };
         t(() => new SharedArray('', () => []));
         t(() => new SharedArray('x', 5));
         t(() => new SharedArray('x', () => ({})));
         t(() => new SharedArray('x', async () => []));
         t(() => new SharedArray('x', () => { throw new Error('own') }));",
        &[
            "GoError: empty name provided to SharedArray's constructor",
            "GoError: a function is expected as the second argument of SharedArray's constructor",
            "GoError: only arrays can be made into SharedArray",
            "GoError: SharedArray constructor does not support async functions as second argument",
            "Error: own",
        ],
    );
}
