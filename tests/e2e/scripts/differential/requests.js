// args: --vus 2 --iterations 4 --tag team=deck
import http from 'k6/http';
const BASE = __ENV.BASE;
export default function () {
  http.get(`${BASE}/get`);
  http.get(`${BASE}/get?a=1`, { tags: { name: 'named', mine: 'yes' } });
  http.get(http.url`${BASE}/bytes/${16}`);
  http.post(`${BASE}/post`, { a: 1, b: 'two' });
  http.put(`${BASE}/put`, 'text');
  http.del(`${BASE}/delete`);
  http.head(`${BASE}/get`);
  http.batch([`${BASE}/get`, ['POST', `${BASE}/post`, 'x']]);
}
