// args: -e COLOR=outer
import http from 'k6/http';
import { check } from 'k6';
import exec from 'k6/execution';
import { Counter } from 'k6/metrics';
const seen = new Counter('seen');
export const options = {
  scenarios: {
    red: {
      executor: 'per-vu-iterations', vus: 1, iterations: 2, exec: 'paint', env: { COLOR: 'red' }, tags: { shade: 'dark' },
    },
    plain: { executor: 'shared-iterations', vus: 1, iterations: 1, exec: 'paint', gracefulStop: '1s' },
    ramp: {
      executor: 'ramping-vus', startVUs: 1, stages: [{ duration: '300ms', target: 1 }], exec: 'wait', gracefulRampDown: '0s',
    },
  },
  thresholds: { 'seen{scenario:red}': ['count==2'], 'http_reqs{shade:dark}': ['count==2'], 'iterations{scenario:plain}': ['count==1'] },
};
export function paint() {
  seen.add(1, { color: __ENV.COLOR });
  http.get(`${__ENV.BASE}/get`);
  check(exec, {
    'env of the scenario': (e) => __ENV.COLOR === (e.scenario.name === 'red' ? 'red' : 'outer'),
    'tags of the scenario': (e) => e.vu.metrics.tags.shade === (e.scenario.name === 'red' ? 'dark' : undefined),
  });
}
export function wait() {
  const end = Date.now() + 400;
  while (Date.now() < end);
}
