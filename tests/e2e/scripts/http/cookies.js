// Cookies: jars, params, and the reset between iterations.
import http from 'k6/http';
import { check } from 'k6';

const BASE = __ENV.BASE;

export const options = { iterations: 2, vus: 1 };

const sent = (params) => http.get(`${BASE}/cookies`, params).json('cookies');

export default function () {
  check(sent(), { 'an iteration starts without cookies': (c) => Object.keys(c).length === 0 });

  const jar = http.cookieJar();
  jar.set(BASE, 'a', 'b');
  jar.set(BASE, 'deep', 'd', { path: '/deep', http_only: true, max_age: 100 });
  check(jar.cookiesForURL(BASE), {
    'a cookie is a list of values': (c) => c.a.length === 1 && c.a[0] === 'b',
    'other paths are apart': (c) => c.deep === undefined,
  });
  check(jar.cookiesForURL(`${BASE}/deep/er`), { 'paths below': (c) => c.deep[0] === 'd' && c.a[0] === 'b' });
  check(sent(), { 'the jar is sent': (c) => c.a === 'b' });
  check(sent({ cookies: { x: 'y', n: 5, none: null } }), {
    'params: added': (c) => c.x === 'y' && c.a === 'b',
    'params: numbers': (c) => c.n === '5',
    'params: null is none': (c) => c.none === undefined,
  });
  const both = (cookies) => http.get(`${BASE}/headers`, { cookies }).json('headers.Cookie');
  check(null, {
    'params: beside the jar': () => both({ a: 'mine' }) === 'a=mine; a=b',
    'params: in place of the jar': () => both({ a: { value: 'mine', replace: true } }) === 'a=mine',
  });
  check(http.get(`${BASE}/cookies`).request, {
    'request.cookies': (r) => r.cookies.a[0].value === 'b' && r.cookies.a[0].name === 'a',
  });
  jar.delete(BASE, 'a');
  check(jar.cookiesForURL(BASE), { 'delete': (c) => c.a === undefined });

  check(http.get(`${BASE}/cookies/set?k=v`), {
    'a redirect carries what was set': (r) => r.json('cookies.k') === 'v' && r.status === 200,
  });
  check(http.get(`${BASE}/cookies/set?k=w`, { redirects: 0 }), {
    'response.cookies': (r) => r.cookies.k[0].value === 'w' && r.cookies.k[0].path === '/',
    'response.cookies: flags': (r) => r.cookies.k[0].http_only === false && r.cookies.k[0].secure === false,
  });
  check(jar.cookiesForURL(BASE), { 'responses set the jar': (c) => c.k[0] === 'w' });

  const own = new http.CookieJar();
  check(http.get(`${BASE}/cookies/set?mine=1`, { jar: own }), {
    'own jar: apart': (r) => r.json('cookies.mine') === '1' && r.json('cookies.k') === undefined,
  });
  check(own.cookiesForURL(BASE), { 'own jar: set': (c) => c.mine[0] === '1' });
  check(jar.cookiesForURL(BASE), { 'own jar: only that one': (c) => c.mine === undefined });
  own.clear(BASE);
  check(own.cookiesForURL(BASE), { 'clear': (c) => Object.keys(c).length === 0 });

  let message = '';
  try {
    jar.set('://', 'a', 'b');
  } catch (e) {
    message = e.message;
  }
  check(message, { 'a bad URL': (m) => m === 'parse "://": missing protocol scheme' });
}
