// One script that uses most of what k6 scripts use.
import http from 'k6/http';
import { check, group, sleep } from 'k6';
import { SharedArray } from 'k6/data';
import { Counter, Gauge, Rate, Trend } from 'k6/metrics';
import exec from 'k6/execution';

const BASE = __ENV.BASE;
const people = new SharedArray('people', () => [{ name: 'Ada' }, { name: 'Grace' }, { name: 'Edsger' }]);

const trend = new Trend('my_trend', true);
const counter = new Counter('my_counter');
const rate = new Rate('my_rate');
const gauge = new Gauge('my_gauge');

export const options = {
  scenarios: {
    browse: {
      executor: 'ramping-vus',
      startVUs: 1,
      stages: [{ duration: '1s', target: 3 }, { duration: '500ms', target: 0 }],
      gracefulStop: '1s',
      tags: { kind: 'browse' },
    },
    api: {
      executor: 'constant-arrival-rate',
      rate: 20,
      timeUnit: '1s',
      duration: '1500ms',
      preAllocatedVUs: 5,
      exec: 'api',
      env: { PART: 'api' },
    },
  },
  thresholds: {
    checks: ['rate==1'],
    http_req_failed: ['rate<0.01'],
    'http_req_duration{scenario:api}': ['p(95)<5000', { threshold: 'max<20000', abortOnFail: true }],
    my_counter: ['count>0'],
  },
};

export function setup() {
  const res = http.get(`${BASE}/get`);
  return { ready: res.status === 200 };
}

export default function (data) {
  group('front', () => {
    const res = http.get(`${BASE}/cookies/set?crumb=1`);
    check(res, { 'cookie came back': (r) => r.json('cookies.crumb') === '1', 'was set up': () => data.ready });
    group('inner', () => {
      const person = people[exec.scenario.iterationInTest % people.length];
      const answer = http.post(`${BASE}/post`, JSON.stringify(person), {
        headers: { 'Content-Type': 'application/json' },
        tags: { name: 'person' },
      });
      check(answer, { 'echoes the person': (r) => r.json().json.name === person.name });
      trend.add(answer.timings.duration);
    });
  });
  sleep(0.05);
}

export function api() {
  const responses = http.batch([['GET', `${BASE}/bytes/100`], { method: 'GET', url: `${BASE}/json` }]);
  const ok = check(responses, {
    'both came': (all) => all.every((r) => r.status === 200),
    'env of the scenario': () => __ENV.PART === 'api',
  });
  rate.add(ok);
  counter.add(1, { part: 'api' });
  gauge.add(exec.instance.vusActive);
}

export function teardown(data) {
  check(data, { 'data reached teardown': (d) => d.ready === true });
}

export function handleSummary(data) {
  return {
    'handled.json': JSON.stringify(data),
    stdout: `handled: ${data.metrics.checks.values.fails} failed checks\n`,
  };
}
