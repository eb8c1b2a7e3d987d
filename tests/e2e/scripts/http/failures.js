// Requests that fail, and requests that cannot be made.
import http from 'k6/http';
import { check } from 'k6';

const BASE = __ENV.BASE;
const REFUSED = 'http://127.0.0.1:1/x';

function thrown(f) {
  try {
    f();
    return '';
  } catch (e) {
    return `${e.name}: ${e.message}`;
  }
}

export default function () {
  check(http.get(REFUSED), {
    'refused: status': (r) => r.status === 0,
    'refused: code': (r) => r.error_code === 1212,
    'refused: error': (r) => r.error === 'dial: connection refused',
    'refused: no body': (r) => r.body === null,
    'refused: url': (r) => r.url === REFUSED,
    'refused: request': (r) => r.request.method === 'GET' && r.request.url === REFUSED,
    'refused: nothing else': (r) => r.proto === '' && r.remote_ip === '' && r.status_text === '',
    'refused: no headers': (r) => Object.keys(r.headers).length === 0,
    'refused: timings': (r) => r.timings.duration === 0,
  });
  check(null, {
    'throw': () =>
      thrown(() => http.get(REFUSED, { throw: true })) ===
      'GoError: Get "http://127.0.0.1:1/x": dial tcp 127.0.0.1:1: connect: connection refused',
    'throw: bad scheme': () =>
      thrown(() => http.get('ftp://x/', { throw: true })) === 'GoError: Get "ftp://x/": unsupported protocol scheme "ftp"',
  });

  const wrong = (url) => {
    const r = http.get(url);
    return `${r.status} ${r.error_code} ${r.error}`;
  };
  check(null, {
    'no url': () => wrong() === "0 1020 invalid URL: '#<nil>'",
    'null url': () => wrong(null) === "0 1020 invalid URL: '#<nil>'",
    'a number': () => wrong(5) === "0 1020 invalid URL: '#5'",
    'an object': () => wrong({}) === "0 1020 invalid URL: '#map[]'",
    'no scheme': () => wrong('foo') === '0 1000 unsupported protocol scheme ""',
    'bad host': () => wrong('http://a b/') === '0 1020 invalid URL: parse "http://a b/": invalid character " " in host name',
    'bad port': () => wrong('http://x:abc/') === '0 1020 invalid URL: parse "http://x:abc/": invalid port ":abc" after host',
    'bad escape': () =>
      wrong(`${BASE}/a%zzb`) === `0 1020 invalid URL: parse "${BASE}/a%zzb": invalid URL escape "%zz"`,
    'missing scheme': () => wrong('://x') === '0 1020 invalid URL: parse "://x": missing protocol scheme',
    'no such name': () => wrong('http://nosuch.invalid/') === '0 1101 lookup: no such host',
  });
}
