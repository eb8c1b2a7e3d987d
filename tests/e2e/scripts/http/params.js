// Params of a request.
import http from 'k6/http';
import { check } from 'k6';

const BASE = __ENV.BASE;
const ok = (r) => r.status === 200;
const headers = (params) => http.get(`${BASE}/anything`, params).json().headers;
const error = (params) => http.get(`${BASE}/anything`, params).error;

export default function () {
  check(headers({ headers: { 'x-num': 5, 'X-B': true, 'x-arr': ['a', 'b'], Host: 'other.test:99' } }), {
    'headers: numbers': (h) => h['X-Num'] === '5',
    'headers: booleans': (h) => h['X-B'] === 'true',
    'headers: arrays': (h) => h['X-Arr'] === 'a,b',
    'headers: Host': (h) => h.Host === 'other.test:99',
  });
  check(headers({ headers: { 'user-agent': 'mine' } }), { 'headers: User-Agent': (h) => h['User-Agent'] === 'mine' });
  check(headers({ headers: { 'User-Agent': '' } }), { 'headers: no User-Agent': (h) => h['User-Agent'] === undefined });
  check(error({ headers: { 'bad header': 'x' } }), {
    'headers: bad name': (e) => e === 'net/http: invalid header field name "bad header"',
  });

  check(http.get(`${BASE}/anything`, { tags: { a: 1, b: true, name: 'n' } }), { 'tags: scalars': ok });
  check(error({ tags: { a: {} } }), {
    'tags: objects': (e) =>
      e ===
      "invalid HTTP request metric tags: invalid value for metric tag 'a': only String, Boolean and Number types are accepted as a metric tag values",
  });

  check(http.get(`${BASE}/delay/2`, { timeout: 100 }), {
    'timeout: milliseconds': (r) => r.status === 0 && r.error_code === 1050 && r.error === 'request timeout',
    'timeout: measured': (r) => r.timings.duration >= 90 && r.timings.duration < 1500,
  });
  check(http.get(`${BASE}/delay/2`, { timeout: '100ms' }), { 'timeout: text': (r) => r.error_code === 1050 });
  check(error({ timeout: 'abc' }), {
    'timeout: bad text': (e) => e === 'invalid timeout value: time: invalid duration "abc"',
  });
  check(error({ timeout: true }), {
    'timeout: bad type': (e) => e === 'invalid timeout value: unable to use type bool as a duration value',
  });

  check(error({ compression: 'foo' }), {
    'compression: unknown': (e) =>
      e === 'unknown compression algorithm foo, supported algorithms are [gzip deflate zstd br]',
  });
  check(http.post(`${BASE}/anything`, 'abc', { compression: 'gzip' }), {
    'compression: header': (r) => r.json('headers.Content-Encoding') === 'gzip',
    'compression: the body changes': (r) => r.json('headers.Content-Length') !== '3',
  });
  check(http.post(`${BASE}/anything`, 'abc', { compression: 'gzip, br' }), {
    'compression: stacked': (r) => r.json('headers.Content-Encoding').replace(/\s/g, '') === 'gzip,br',
  });

  check(http.get(`${BASE}/get`, { responseType: 'none' }), { 'responseType none': (r) => r.body === null });
  check(http.get(`${BASE}/bytes/16`, { responseType: 'binary' }), {
    'responseType binary': (r) => r.body instanceof ArrayBuffer && r.body.byteLength === 16,
  });
  check(error({ responseType: 'foo' }), {
    'responseType: unknown': (e) => e === 'foo does not belong to ResponseType values',
  });
  check(error({ responseCallback: 5 }), { 'responseCallback: bad': (e) => e === 'unsupported responseCallback' });
  check(http.get(`${BASE}/status/404`, { responseCallback: http.expectedStatuses(404) }), {
    'responseCallback: statuses': (r) => r.status === 404 && r.error_code === 1404,
  });
  check(http.get(`${BASE}/get`, { responseCallback: null }), { 'responseCallback: null': ok });
  check(http.get(`${BASE}/get`, { unknown: 5, redirects: null, jar: 5 }), { 'what is not known is ignored': ok });
}
