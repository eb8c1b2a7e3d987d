// args: --iterations 1
import http from 'k6/http';
import { check } from 'k6';
export const options = { hosts: { 'mapped.test': '127.0.0.1' }, blacklistIPs: ['10.0.0.0/8'], blockHostnames: ['*.blocked.test'] };
export default function () {
  const base = __ENV.BASE;
  const told = (response) => console.log(response.status, response.error_code, response.error);
  const codes = [];
  const get = (url, params) => {
    const response = http.get(url, params);
    codes.push(response.error_code);
    return response;
  };
  check(get(`${base}/delay/5`, { timeout: 200 }), { 'a timeout': (r) => r.status === 0 && r.error === 'request timeout' });
  check(get(`${base}/delay/5`, { timeout: '150ms' }), { 'a timeout as text': (r) => r.error === 'request timeout' && r.body === null });
  get('http://127.0.0.1:1/');
  get('http://mapped.test:1/');
  told(get('http://10.1.2.3/'));
  told(get('http://www.blocked.test/'));
  get(base.replace('http:', 'https:'));
  get(`${base}/status/418`);
  get(`${base}/status/599`);
  get(`${base}/redirect/11`);
  check(codes.join(), { codes: (c) => c === '1050,1050,1212,1212,1110,1111,1000,1418,1599,0' });
  for (const act of [() => http.get('htp://x'), () => http.get(''), () => http.get('http://[::1'), () => http.request('GET', 'http://')]) {
    try {
      told(act());
    } catch (error) {
      console.log(String(error));
    }
  }
}
