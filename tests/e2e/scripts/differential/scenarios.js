// args: --summary-mode full
import http from 'k6/http';
import { check, group, sleep } from 'k6';
export const options = {
  scenarios: {
    shared: { executor: 'shared-iterations', vus: 2, iterations: 5, maxDuration: '10s' },
    each: { executor: 'per-vu-iterations', vus: 2, iterations: 2, exec: 'other', tags: { kind: 'each' } },
    // Three arrivals, each with a VU of its own and time to be late, so that none is dropped.
    arriving: {
      executor: 'constant-arrival-rate', rate: 2, timeUnit: '1s', duration: '1400ms', preAllocatedVUs: 3,
      exec: 'quick', startTime: '500ms',
    },
  },
};
export default function () {
  group('first', () => check(1, { 'is one': (v) => v === 1 }));
}
export function other() {
  http.get(`${__ENV.BASE}/get`);
}
export function quick() {}
