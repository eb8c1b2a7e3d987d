import http from 'k6/http';
import { check, sleep } from 'k6';

// Ten virtual users for 30 seconds. Flags win over this: `plimsoll run -u 50 -d 1m FILE`.
export const options = {
  vus: 10,
  duration: '30s',
};

// Start something to load first: `plimsoll serve web --port 8080`
const BASE = __ENV.BASE || 'http://127.0.0.1:8080';

export default function () {
  const response = http.get(`${BASE}/get`);
  check(response, { 'status is 200': (r) => r.status === 200 });
  sleep(1);
}
