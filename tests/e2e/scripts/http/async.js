// http.asyncRequest
import http from 'k6/http';
import { check } from 'k6';

const BASE = __ENV.BASE;

export default async function () {
  const promise = http.asyncRequest('GET', `${BASE}/anything`);
  check(promise, { 'a promise': (p) => p instanceof Promise });
  check(await promise, { 'its response': (r) => r.status === 200 && r.json('method') === 'GET' });
  check(await http.asyncRequest('POST', `${BASE}/anything`, { a: 1 }, { headers: { X: 'y' } }), {
    'body and params': (r) => r.json('form.a') === '1' && r.json('headers.X') === 'y',
  });

  const started = Date.now();
  const all = await Promise.all([1, 2, 3].map(() => http.asyncRequest('GET', `${BASE}/delay/0.3`)));
  check(all, { 'at the same time': (l) => l.every((r) => r.status === 200) && Date.now() - started < 800 });

  check(await http.asyncRequest('GET', 'http://127.0.0.1:1/'), { 'a failure resolves': (r) => r.error_code === 1212 });
  check(await http.asyncRequest('GET', '://'), { 'a bad URL resolves': (r) => r.error_code === 1020 });
  let reason = '';
  try {
    await http.asyncRequest('GET', 'http://127.0.0.1:1/', null, { throw: true });
  } catch (e) {
    reason = String(e);
  }
  check(reason, { 'throw rejects': (t) => t.includes('connect: connection refused') });

  const order = [];
  const slow = http.asyncRequest('GET', `${BASE}/delay/0.2`).then(() => order.push('slow'));
  const fast = http.asyncRequest('GET', `${BASE}/get`).then(() => order.push('fast'));
  await Promise.all([slow, fast]);
  check(order, { 'each in its time': (o) => o.join() === 'fast,slow' });
}
