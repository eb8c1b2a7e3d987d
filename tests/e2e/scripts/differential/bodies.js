// args: --iterations 1
import http from 'k6/http';
import { check } from 'k6';
export const options = { discardResponseBodies: true };
export default function () {
  const base = __ENV.BASE;
  check(http.get(`${base}/json`), { 'discarded': (r) => r.body === null && r.status === 200 });
  check(http.get(`${base}/json`, { responseType: 'text' }), { 'kept on demand': (r) => typeof r.body === 'string' && r.json() !== null });
  check(http.get(`${base}/bytes/16`, { responseType: 'binary' }), { 'binary': (r) => r.body.byteLength === 16 });
  check(http.get(`${base}/gzip`, { responseType: 'text' }), { 'decoded': (r) => r.json('gzipped') === true });
  check(http.post(`${base}/post`, 'x', { responseType: 'none' }), { 'none': (r) => r.body === null });
  const discarded = http.get(`${base}/html`);
  for (const act of [() => discarded.json(), () => discarded.html(), () => http.get(`${base}/html`, { responseType: 'text' }).json()]) {
    try {
      console.log(typeof act());
    } catch (error) {
      console.log(String(error));
    }
  }
  const answers = http.batch([`${base}/bytes/4`, ['GET', `${base}/bytes/4`, null, { responseType: 'binary' }]]);
  check(answers, { 'batches too': (r) => r[0].body === null && r[1].body.byteLength === 4 });
}
