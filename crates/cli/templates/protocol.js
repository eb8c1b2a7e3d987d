import http from 'k6/http';
import { check, group } from 'k6';
import { Trend } from 'k6/metrics';

// Start something to load first: `plimsoll serve web --port 8080`
const BASE = __ENV.BASE || 'http://127.0.0.1:8080';

// How long a visitor waits for the whole visit, in milliseconds.
const visit = new Trend('visit_duration', true);

export const options = {
  scenarios: {
    // Arrivals do not wait for responses: a slow service gets a queue, as it would in real life.
    visitors: {
      executor: 'ramping-arrival-rate',
      startRate: 10,
      timeUnit: '1s',
      preAllocatedVUs: 50,
      maxVUs: 200,
      stages: [
        { target: 100, duration: '20s' },
        { target: 100, duration: '30s' },
        { target: 0, duration: '10s' },
      ],
    },
  },
  // The run fails (exit code 99) when one of these does not hold.
  thresholds: {
    http_req_failed: ['rate<0.01'],
    http_req_duration: ['p(95)<300'],
    visit_duration: ['p(99)<1000'],
  },
};

// Once, before the load; what it returns is given to every iteration.
export function setup() {
  const response = http.get(`${BASE}/get`);
  if (response.status !== 200) {
    throw new Error(`${BASE} does not answer: ${response.error}`);
  }
  return { started: new Date().toISOString() };
}

export default function (data) {
  const begin = Date.now();
  group('read', () => {
    const responses = http.batch([`${BASE}/json`, `${BASE}/bytes/2048`]);
    check(responses, { 'all came': (all) => all.every((r) => r.status === 200) });
  });
  group('write', () => {
    const response = http.post(`${BASE}/post`, JSON.stringify({ since: data.started }), {
      headers: { 'Content-Type': 'application/json' },
    });
    check(response, { 'echoed': (r) => r.json('json.since') === data.started });
  });
  visit.add(Date.now() - begin);
}
