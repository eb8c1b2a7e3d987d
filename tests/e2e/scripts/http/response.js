// The response object: its properties, its parts, and what a script may do with it.
import http from 'k6/http';
import { check } from 'k6';

const BASE = __ENV.BASE;
const FIELDS =
  'remote_ip,remote_port,url,status,status_text,proto,headers,cookies,body,timings,tls_version,tls_cipher_suite,ocsp,error,error_code,request';

export default function () {
  const response = http.get(`${BASE}/response-headers?X-Two-Words=a&X-Twice=1&X-Twice=2`);
  const names = [];
  for (const name in response) {
    if (typeof response[name] !== 'function') names.push(name);
  }
  check(response, {
    'properties in order': () => names.join() === FIELDS,
    'headers: canonical names': (r) => r.headers['X-Two-Words'] === 'a',
    'headers: duplicates joined': (r) => r.headers['X-Twice'] === '1, 2',
    'headers: case matters': (r) => r.headers['x-two-words'] === undefined,
    'timings: names': (r) =>
      Object.keys(r.timings).sort().join() ===
      'blocked,connecting,duration,looking_up,receiving,sending,tls_handshaking,waiting',
    'timings: duration is what was sent, waited and received': (r) =>
      Math.abs(r.timings.duration - r.timings.sending - r.timings.waiting - r.timings.receiving) < 0.001,
    'timings: positive': (r) => r.timings.duration > 0 && r.timings.waiting > 0,
    'timings: a number of milliseconds': (r) => r.timings.duration < 10000,
    'request: names': (r) => Object.keys(r.request).join() === 'method,url,headers,body,cookies',
    'request: headers are lists': (r) => Array.isArray(r.request.headers['User-Agent']),
    'request: an empty body': (r) => r.request.body === '',
    'parts stay the same': (r) => r.timings === r.timings && r.request === r.request,
    'methods': (r) => ['json', 'html', 'submitForm', 'clickLink'].every((m) => typeof r[m] === 'function'),
    'what is not there': (r) => r.missing === undefined,
    'destructuring': ({ status, body }) => status === 200 && body.length > 0,
    'stringify': (r) => JSON.parse(JSON.stringify(r)).status === 200,
    'stringify: all of it': (r) => Object.keys(JSON.parse(JSON.stringify(r))).join() === FIELDS,
  });
  response.status = 5;
  response.headers.Mine = 'yes';
  response.body = 'changed';
  check(response, {
    'properties can be assigned': (r) => r.status === 5 && r.body === 'changed',
    'parts can be changed': (r) => r.headers.Mine === 'yes',
  });

  check(http.get(`${BASE}/get`), {
    'own names': (r) => Object.keys(r).join() === `${FIELDS},clickLink,html,json,submitForm`,
    'spread': (r) => ({ ...r }).status === 200 && Object.assign({}, r).url === r.url,
    'rest': ({ status, ...rest }) => status === 200 && Object.keys(rest).length === 19,
    'entries': (r) => Object.entries(r).length === 20 && new Map(Object.entries(r)).get('status') === 200,
    'has': (r) => r.hasOwnProperty('status') && r.hasOwnProperty('json') && !r.hasOwnProperty('foo') && 'html' in r && 'toString' in r,
    'descriptor': (r) =>
      JSON.stringify(Object.getOwnPropertyDescriptor(r, 'status')) ===
      '{"value":200,"writable":true,"enumerable":true,"configurable":false}',
    'no other properties': (r) => {
      try {
        r.foo = 1;
        return false;
      } catch (e) {
        return String(e) === 'TypeError: Cannot assign to property foo of a host object';
      }
    },
    'cannot be deleted': (r) => {
      try {
        delete r.status;
        return false;
      } catch (e) {
        return r.status === 200;
      }
    },
  });

  check(http.get(`${BASE}/status/404`), {
    '404: code': (r) => r.error_code === 1404 && r.error === '',
    '404: text': (r) => r.status_text === '404 Not Found',
  });
  check(http.get(`${BASE}/status/503`), { '503: code': (r) => r.error_code === 1503 });

  for (const coding of ['gzip', 'deflate', 'brotli', 'zstd']) {
    check(http.get(`${BASE}/${coding}`, { headers: { 'Accept-Encoding': 'gzip, deflate, br, zstd' } }), {
      [`${coding} is decoded`]: (r) => typeof r.json() === 'object' && r.headers['Content-Encoding'].length > 0,
    });
  }
  check(http.get(`${BASE}/bytes/300?seed=1`), {
    'bytes as text': (r) => typeof r.body === 'string' && r.body.length > 0,
  });
}
