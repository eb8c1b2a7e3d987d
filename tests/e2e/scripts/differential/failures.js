// args: --iterations 2
import http from 'k6/http';
import { check } from 'k6';
export default function () {
  const missing = http.get(`${__ENV.BASE}/status/404`);
  const broken = http.get(`${__ENV.BASE}/status/503`);
  http.get('http://127.0.0.1:1/');
  const expected = http.get(`${__ENV.BASE}/status/404`, { responseCallback: http.expectedStatuses(404) });
  check(null, { codes: () => missing.error_code === 1404 && broken.error_code === 1503 && expected.error_code === 1404 });
  http.setResponseCallback(null);
  http.get(`${__ENV.BASE}/status/500`);
  throw new Error('an iteration may fail');
}
