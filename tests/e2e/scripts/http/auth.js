// Credentials in the URL.
import http from 'k6/http';
import { check } from 'k6';

const BASE = __ENV.BASE;
const url = (credentials, path) => BASE.replace('//', `//${credentials}@`) + path;

export default function () {
  check(http.get(url('u:p', '/basic-auth/u/p')), { 'basic by default': (r) => r.status === 200 });
  check(http.get(url('u:p', '/basic-auth/u/p'), { auth: 'basic' }), { 'basic': (r) => r.status === 200 });
  check(http.get(url('u:wrong', '/basic-auth/u/p')), { 'basic: wrong': (r) => r.status === 401 });
  check(http.get(url('u%40x:p%3A', '/basic-auth/u@x/p:')), { 'basic: escaped': (r) => r.status === 200 });
  check(http.get(url('u:p', '/digest-auth/auth/u/p'), { auth: 'digest' }), { 'digest': (r) => r.status === 200 });
  check(http.get(url('u:wrong', '/digest-auth/auth/u/p'), { auth: 'digest' }), {
    'digest: wrong': (r) => r.status === 401,
  });
  check(http.get(`${BASE}/basic-auth/u/p`), { 'none': (r) => r.status === 401 && r.error_code === 1401 });
}
