// Redirects.
import http from 'k6/http';
import { check } from 'k6';

const BASE = __ENV.BASE;

export default function () {
  check(http.get(`${BASE}/redirect/2`), {
    'followed': (r) => r.status === 200 && r.url === `${BASE}/get`,
    'the request is the first': (r) => r.request.url === `${BASE}/redirect/2`,
  });
  check(http.get(`${BASE}/redirect/2`, { redirects: 0 }), {
    'none wanted': (r) => r.status === 302 && r.url === `${BASE}/redirect/2` && r.headers.Location.length > 0,
  });
  check(http.get(`${BASE}/redirect/3`, { redirects: 1 }), {
    'one wanted': (r) => r.status === 302 && r.error === '',
  });
  check(http.get(`${BASE}/redirect/12`), { 'ten and no more': (r) => r.status === 302 });
  const to = (status) => `${BASE}/redirect-to?status_code=${status}&url=${encodeURIComponent(`${BASE}/anything`)}`;
  check(http.post(to(307), 'data'), {
    '307 keeps method and body': (r) => r.json('method') === 'POST' && r.json('data') === 'data',
    '307: the request': (r) => r.request.method === 'POST' && r.request.body === 'data',
  });
  check(http.post(to(303), 'data'), {
    '303 becomes GET': (r) => r.json('method') === 'GET' && r.json('data') === '',
    '303: the request is what it was': (r) => r.request.method === 'POST',
  });
}
