// Metrics of every kind, with tags of all sorts, for some seconds.
import http from 'k6/http';
import { check, group, sleep } from 'k6';
import { Counter, Gauge, Rate, Trend } from 'k6/metrics';

const counter = new Counter('my_counter');
const gauge = new Gauge('my_gauge');
const rate = new Rate('my_rate');
const trend = new Trend('my_trend');
const time = new Trend('my_time', true);
const held = new Gauge('my_held', true);

export const options = {
  scenarios: { only: { executor: 'per-vu-iterations', vus: 1, iterations: 6 } },
  tags: { run: 'a run', nothing: '' },
};

export default function () {
  const answer = http.get(`${__ENV.BASE}/`, { tags: { name: 'front page' } });
  check(answer, { 'is there': (r) => r.status === 200, 'is odd': () => __ITER % 2 === 1 });
  group('errors', () => http.get(`${__ENV.BASE}/status/404`, { tags: { name: 'missing' } }));
  counter.add(2, { part: 'one' });
  gauge.add(__ITER);
  rate.add(__ITER % 3 === 0);
  trend.add(__ITER - 2);
  time.add(__ITER * 100);
  held.add(5);
  sleep(0.5);
}
