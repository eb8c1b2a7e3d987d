// args: --vus 1 --iterations 5
import { check } from 'k6';
import exec from 'k6/execution';
export default function () {
  check(exec, { begins: (e) => e.scenario.iterationInTest < 2 });
  if (exec.scenario.iterationInTest === 1) {
    exec.test.abort('enough of it');
  }
}
export function teardown() {
  console.log('teardown runs');
}
