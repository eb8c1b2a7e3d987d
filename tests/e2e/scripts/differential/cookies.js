// args: --iterations 2 --vus 1
import http from 'k6/http';
import { check } from 'k6';
export default function () {
  const base = __ENV.BASE;
  const jar = http.cookieJar();
  check(jar.cookiesForURL(`${base}/`), { 'each iteration has an empty jar': (c) => Object.keys(c).length === 0 });
  const set = http.get(`${base}/cookies/set?a=1&b=2`);
  check(set, {
    'cookies go on after the redirect': (r) => r.url === `${base}/cookies` && r.json('cookies.a') === '1' && r.json('cookies.b') === '2',
  });
  jar.set(`${base}/`, 'mine', 'x', { path: '/' });
  check(http.get(`${base}/cookies`, { cookies: { once: 'y', a: { value: '9', replace: true } } }), {
    'cookies of the request': (r) => r.json('cookies.once') === 'y' && r.json('cookies.a') === '9' && r.json('cookies.mine') === 'x',
  });
  jar.delete(`${base}/`, 'b');
  check(http.get(`${base}/cookies`), { 'a deleted one is gone': (r) => r.json('cookies.b') === undefined });
  const other = new http.CookieJar();
  other.set(base, 'only', 'there');
  check(http.get(`${base}/cookies`, { jar: other }), {
    'another jar': (r) => r.json('cookies.only') === 'there' && r.json('cookies.a') === undefined,
  });
  jar.clear(`${base}/`);
  check(jar.cookiesForURL(`${base}/`), { 'a cleared jar': (c) => Object.keys(c).length === 0 });
  http.get(`${base}/cookies/delete?a`);
}
