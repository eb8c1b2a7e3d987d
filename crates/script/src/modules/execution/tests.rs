//! `k6/execution` without an engine: identity, tags, and what is refused where.

use crate::testing::{check_script, eval_script};

#[test]
fn refuses_in_init_what_k6_refuses() {
    let vu = "GoError: getting VU information in the init context is not supported";
    let scenario =
        "GoError: getting scenario information outside of the VU context is not supported";
    let instance = "GoError: getting instance information in the init context is not supported";
    let options = "GoError: getting test options in the init context is not supported";
    check_script(
        "import exec, { instance, scenario, vu } from 'k6/execution';
         for (const f of [() => exec.vu, () => exec.scenario, () => exec.instance, () => require('k6/execution').vu,
                          () => vu.tags, () => scenario.name, () => instance.vusActive, () => exec.test.options,
                          () => typeof exec.test.abort]) {
           try { console.log(f()) } catch (e) { console.log(String(e)) }
         }",
        &[vu, scenario, instance, vu, vu, scenario, instance, options, "function"],
    );
}

#[test]
fn tags_are_live_and_checked() {
    check_script(
        "import exec from 'k6/execution';
         export default function () {
           const tags = exec.vu.tags;
           tags.a = 'x'; tags.n = 5; tags['b'] = true;
           console.log(tags.a, typeof tags.n, tags.n, tags.nope, 'n' in tags, Object.keys(tags).join());
           try { tags.o = {} } catch (e) { console.log(String(e)) }
           console.log(delete tags.a, exec.vu.metrics.tags.a, JSON.stringify(exec.vu.metrics.tags));
           exec.vu.metrics.metadata.m = 1;
           console.log(JSON.stringify(exec.vu.metrics.metadata), exec.vu.idInInstance, exec.vu.iterationInInstance);
         }",
        &[
            "x string 5 undefined true a,b,n",
            "TypeError: invalid value for metric tag 'o': only String, Boolean and Number types are accepted as a metric tag values",
            "true undefined {\"b\":\"true\",\"n\":\"5\"}",
            "{\"m\":\"1\"} 1 0",
        ],
    );
}

#[test]
fn abort_cannot_be_caught() {
    let outcome = eval_script(
        "import exec from 'k6/execution';
         export default function () {
           try { exec.test.abort('enough') } catch (e) { console.log('caught') } finally { console.log('finally') }
           console.log('after');
         }",
    );
    assert_eq!(outcome.lines, [""; 0]);
    assert_eq!(outcome.error.as_deref(), Some("Stopped(ScriptAbort)"));
}
