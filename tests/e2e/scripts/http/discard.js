// discardResponseBodies and noCookiesReset.
import http from 'k6/http';
import { check } from 'k6';

const BASE = __ENV.BASE;

export const options = { iterations: 2, vus: 1, discardResponseBodies: true, noCookiesReset: true };

export default function () {
  check(http.get(`${BASE}/get`), { 'no body': (r) => r.status === 200 && r.body === null });
  check(http.get(`${BASE}/get`, { responseType: 'text' }), { 'text when asked for': (r) => r.body.length > 0 });
  const jar = http.cookieJar();
  if (__ITER === 0) {
    jar.set(BASE, 'kept', 'yes');
  }
  check(jar.cookiesForURL(BASE), { 'cookies are kept': (c) => c.kept[0] === 'yes' });
}
