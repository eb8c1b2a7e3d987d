// A service with everything that dashboards show: load that it cannot take, requests that fail, checks
// that fail, uploads, groups.
import http from 'k6/http';
import { check, group } from 'k6';

export const options = {
  discardResponseBodies: true,
  scenarios: {
    visitors: { executor: 'constant-arrival-rate', rate: 20, duration: '7s', preAllocatedVUs: 20, exec: 'visit' },
    // One VU has time for one of these in 200 ms, so that half of them are dropped.
    crowd: { executor: 'constant-arrival-rate', rate: 10, duration: '7s', preAllocatedVUs: 1, exec: 'crowd' },
  },
};

export function visit() {
  const front = http.get(`${__ENV.BASE}/`, { tags: { name: 'front page' } });
  check(front, { 'front page is there': (r) => r.status === 200, 'never so': () => false });
  group('errors', () => {
    http.get(`${__ENV.BASE}/status/500`, { tags: { name: 'an error' } });
    http.get(`${__ENV.NOBODY}/`, { tags: { name: 'nobody listens' } });
  });
  http.post(`${__ENV.BASE}/post`, 'x'.repeat(2000), { tags: { name: 'upload' } });
}

export function crowd() {
  http.get(`${__ENV.BASE}/delay/0.2`, { tags: { name: 'slow' } });
}
