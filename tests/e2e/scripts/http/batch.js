// http.batch
import http from 'k6/http';
import { check } from 'k6';

const BASE = __ENV.BASE;
const method = (r) => r.json('method');

function thrown(f) {
  try {
    f();
    return '';
  } catch (e) {
    return e.message;
  }
}

const failed = (requests) => http.batch(requests)[0].error;

export default function () {
  const list = http.batch([
    `${BASE}/anything/1`,
    ['POST', `${BASE}/anything/2`, 'b', { headers: { X: 'y' }, tags: { a: 1 } }],
    { method: 'PUT', url: `${BASE}/anything/3`, body: { a: 1 }, params: {} },
    http.url`${BASE}/anything/${4}`,
    ['GET', http.url`${BASE}/anything/${5}`],
    { url: `${BASE}/anything/6` },
  ]);
  check(list, {
    'an array': (l) => Array.isArray(l) && l.length === 6,
    'methods': (l) => l.map(method).join() === 'GET,POST,PUT,GET,GET,GET',
    'in order': (l) => l.every((r, i) => r.url === `${BASE}/anything/${i + 1}`),
    'bodies': (l) => l[1].json('data') === 'b' && l[2].json('form.a') === '1',
    'params': (l) => l[1].json('headers.X') === 'y',
  });
  const named = http.batch({ one: `${BASE}/get`, two: ['GET', `${BASE}/status/404`] });
  check(named, { 'an object': (o) => o.one.status === 200 && o.two.status === 404 && !Array.isArray(o) });
  check(http.batch([]), { 'an empty array': (l) => Array.isArray(l) && l.length === 0 });
  check(http.batch({}), { 'an empty object': (o) => Object.keys(o).length === 0 });

  const started = Date.now();
  const slow = http.batch([1, 2, 3, 4].map(() => `${BASE}/delay/0.3`));
  check(slow, { 'at the same time': (l) => l.every((r) => r.status === 200) && Date.now() - started < 1100 });

  check(http.batch(['http://127.0.0.1:1/', `${BASE}/get`]), {
    'one fails, the others do not': (l) => l[0].error_code === 1212 && l[1].status === 200,
  });
  check(null, {
    'throw': () =>
      thrown(() => http.batch([['GET', 'http://127.0.0.1:1/', null, { throw: true }]])) ===
      'Get "http://127.0.0.1:1/": dial tcp 127.0.0.1:1: connect: connection refused',
    'no argument': () => thrown(() => http.batch()) === 'no argument was provided to http.batch()',
    'a string': () => thrown(() => http.batch('x')) === 'invalid http.batch() argument type string',
    'null': () => thrown(() => http.batch(null)) === 'invalid http.batch() argument type <nil>',
    'too short': () => failed([['GET']]) === 'invalid batch request \'[]interface {}{"GET"}\'',
    'no url': () => failed([{ method: 'GET' }]) === "batch request 0 doesn't have a url key",
    'no method': () => failed([[null, `${BASE}/get`]]) === "invalid method type '<nil>'",
    'a bad url': () => failed(['://']) === 'invalid URL: parse "://": missing protocol scheme',
    'a bad body': () => failed([['POST', `${BASE}/post`, 5]]) === 'unknown request body type int64',
  });
}
