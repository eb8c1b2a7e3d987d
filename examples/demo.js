// What `plimsoll demo` runs: a mix of cheap and dearer pages of the sample web service.
import http from 'k6/http';
import { check } from 'k6';

const BASE = __ENV.BASE;

export default function () {
  const home = http.get(`${BASE}/`);
  check(home, { 'home answers 200': (r) => r.status === 200 });

  // A page that costs the service about 0.2 ms of CPU and waits 5 ms for its database.
  const page = http.get(`${BASE}/work?cpu_ms=0.2&sleep_ms=5&bytes=2048`, { tags: { name: 'work' } });
  check(page, {
    'page answers 200': (r) => r.status === 200,
    'page is whole': (r) => r.body?.length === 2048,
  });
}
