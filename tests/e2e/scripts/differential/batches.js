// args: --iterations 2
import http from 'k6/http';
import { check } from 'k6';
export const options = { batch: 4, batchPerHost: 2 };
export default function () {
  const named = http.batch({
    front: `${__ENV.BASE}/get`,
    posted: ['POST', `${__ENV.BASE}/post`, { a: 'b' }, { tags: { kind: 'form' } }],
    object: {
      method: 'PUT', url: `${__ENV.BASE}/put`, body: JSON.stringify({ n: 1 }),
      params: { headers: { 'Content-Type': 'application/json' }, tags: { name: 'put' } },
    },
    missing: { method: 'GET', url: `${__ENV.BASE}/status/404`, params: { responseType: 'none' } },
    refused: 'http://127.0.0.1:1/',
  });
  check(named, {
    'keys stay': (r) => Object.keys(r).sort().join() === 'front,missing,object,posted,refused',
    'a form': (r) => r.posted.json('form.a') === 'b' || r.posted.json('form.a.0') === 'b',
    'an object': (r) => r.object.json('json.n') === 1,
    'no body': (r) => r.missing.body === null && r.missing.status === 404,
    'a refused connection': (r) => r.refused.error_code === 1212 && r.refused.status === 0,
  });
  const listed = http.batch([http.url`${__ENV.BASE}/bytes/${8}`, ['GET', `${__ENV.BASE}/redirect/1`, null, { redirects: 0 }]]);
  check(listed, { 'in order': (r) => r[0].body.length > 0 && r[1].status === 302 });
}
