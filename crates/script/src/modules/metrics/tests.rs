//! Custom metrics as scripts see them.

use crate::testing::check_script;

#[test]
fn metrics_are_made_in_init_only_and_added_to_later_only() {
    check_script(
        "import { Counter } from 'k6/metrics';
         const c = new Counter('orders');
         try { c.add(1) } catch (e) { console.log(String(e)) }
         export default function () {
           console.log(c.add(1), c.add(true), c.add('x'), c.add(), c.add(null), c.name);
           try { new Counter('late') } catch (e) { console.log(String(e)) }
           try { c.add(1, { a: {} }) } catch (e) { console.log(String(e)) }
         }",
        &[
            "GoError: Adding to metrics in the init context is not supported",
            "true true false false false orders",
            "GoError: metrics must be declared in the init context",
            "GoError: cannot add tags for the 'orders' custom metric: invalid value for metric tag 'a': \
             only String, Boolean and Number types are accepted as a metric tag values",
        ],
    );
}

#[test]
fn names_and_kinds_are_checked() {
    check_script(
        "import { Counter, Gauge, Trend } from 'k6/metrics';
         for (const f of [() => new Counter('a-b'), () => { new Counter('abc'); new Gauge('abc') }, () => new Trend('http_reqs')]) {
           try { f(); console.log('ok') } catch (e) { console.log(String(e)) }
         }",
        &[
            "GoError: Invalid metric name: 'a-b'. Metric names must only include up to 128 ASCII letters, \
             numbers, or underscores and start with a letter or an underscore.",
            "GoError: metric 'abc' already exists but with type counter, instead of gauge",
            "GoError: metric 'http_reqs' already exists but with type counter, instead of trend",
        ],
    );
}
