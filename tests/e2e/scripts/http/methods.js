// Every function that makes one request: what it sends and what it returns.
import http, { get } from 'k6/http';
import { check } from 'k6';

const BASE = __ENV.BASE;

function echo(response) {
  return response.json();
}

export default function () {
  check(http.get(`${BASE}/anything`), {
    'get: status': (r) => r.status === 200,
    'get: status text': (r) => r.status_text === '200 OK',
    'get: method': (r) => echo(r).method === 'GET',
    'get: proto': (r) => r.proto === 'HTTP/1.1',
    'get: remote': (r) => r.remote_ip === '127.0.0.1' && r.remote_port > 0,
    'get: no error': (r) => r.error === '' && r.error_code === 0,
    'get: url': (r) => r.url === `${BASE}/anything`,
    'get: no tls': (r) => r.tls_version === '' && r.tls_cipher_suite === '',
    'get: ocsp shape': (r) => r.ocsp.status === '' && r.ocsp.produced_at === 0,
  });
  check(get(`${BASE}/anything`), { 'named import': (r) => r.status === 200 });
  check(http.head(`${BASE}/get`), {
    'head: status': (r) => r.status === 200,
    'head: no body': (r) => r.body === '' || r.body === null,
  });
  for (const [name, method] of [['post', 'POST'], ['put', 'PUT'], ['patch', 'PATCH'], ['del', 'DELETE']]) {
    check(http[name](`${BASE}/anything`, 'a body', { headers: { 'Content-Type': 'text/plain' } }), {
      [`${name}: method`]: (r) => echo(r).method === method,
      [`${name}: body`]: (r) => echo(r).data === 'a body',
      [`${name}: content type`]: (r) => echo(r).headers['Content-Type'] === 'text/plain',
      [`${name}: length`]: (r) => echo(r).headers['Content-Length'] === '6',
      [`${name}: request`]: (r) => r.request.method === method && r.request.body === 'a body',
    });
  }
  check(http.options(`${BASE}/anything`), { 'options: status': (r) => r.status === 200 });
  check(http.request('PURGE', `${BASE}/anything`), { 'request: any method': (r) => r.request.method === 'PURGE' });
  check(http.request('POST', `${BASE}/anything`, 'x', { tags: { name: 'n' } }), {
    'request: body': (r) => echo(r).data === 'x',
  });
  check(http.request('', `${BASE}/anything`), { 'request: GET by default': (r) => echo(r).method === 'GET' });
  check(http.post(`${BASE}/anything`), {
    'post without body: empty': (r) => echo(r).data === '',
    'post without body: length 0': (r) => echo(r).headers['Content-Length'] === '0',
  });
  check(http.get(`${BASE}/anything`, null), { 'null params': (r) => r.status === 200 });
  check(http.get(`${BASE}/anything`, 5), { 'params that are none': (r) => r.status === 200 });
}
