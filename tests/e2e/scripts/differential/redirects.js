// args: --iterations 1
import http from 'k6/http';
export default function () {
  http.get(`${__ENV.BASE}/redirect/3`);
  http.get(`${__ENV.BASE}/redirect/3`, { redirects: 1 });
  http.get(`${__ENV.BASE}/redirect/1`, { redirects: 0 });
  http.get(`${__ENV.BASE}/basic-auth/u/p`, { auth: 'basic' });
  http.get(`${__ENV.BASE}/basic-auth/u/p`.replace('//', '//u:p@'));
  http.get(`${__ENV.BASE}/digest-auth/auth/u/p`.replace('//', '//u:p@'), { auth: 'digest' });
}
