// args: --vus 2 --iterations 6 --insecure-skip-tls-verify
// What a real web server does that a sample service does not: compression on the fly, chunks,
// connections that it closes after some requests, validators, limits.
import http from 'k6/http';
import { check, group } from 'k6';

const compressed = { headers: { 'Accept-Encoding': 'gzip' } };
const sentence = 'all is well on board';

function site(base, proto) {
  const page = http.get(`${base}/page.html`);
  check(page, {
    'page: 200': (r) => r.status === 200,
    'page: not compressed unless asked for': (r) => r.headers['Content-Encoding'] === undefined,
    'page: whole body': (r) => r.body.length === 28 * 400 && r.body.includes(sentence),
    'page: protocol': (r) => r.proto === proto,
  });
  const gzip = http.get(`${base}/page.html`, compressed);
  check(gzip, {
    'gzip: said so': (r) => r.headers['Content-Encoding'] === 'gzip',
    'gzip: same body': (r) => r.body === page.body,
  });
  check(http.get(`${base}/included.html`), {
    'chunks: no length': (r) => r.headers['Content-Length'] === undefined,
    'chunks: whole body': (r) => r.body === 'before an included part after\n',
  });
  const etag = page.headers.Etag;
  check(http.get(`${base}/page.html`, { headers: { 'If-None-Match': etag } }), {
    '304: status': (r) => r.status === 304,
    '304: no body': (r) => !r.body,
  });
  check(http.head(`${base}/page.html`), {
    'head: length': (r) => r.headers['Content-Length'] === String(page.body.length),
    'head: no body': (r) => !r.body,
  });
  check(http.get(`${base}/page.html`, { headers: { Range: 'bytes=3-22' } }), {
    'range: 206': (r) => r.status === 206,
    'range: its part': (r) => r.body === sentence,
  });
  check(http.get(`${base}/nothing`), { '204: no body': (r) => r.status === 204 && !r.body });
  check(http.get(`${base}/gone`), {
    'redirect: followed twice': (r) => r.status === 200 && r.url === `${base}/page.html`,
  });
  check(http.get(`${base}/gone`, { redirects: 0 }), { 'redirect: kept': (r) => r.status === 301 });
  check(http.post(`${base}/page.html`, 'x'.repeat(64 * 1024)), {
    '413: status': (r) => r.status === 413,
  });
  check(http.get(`${base}/missing`), { '404: status': (r) => r.status === 404 });
  check(http.batch([`${base}/page.html`, `${base}/part.html`, `${base}/included.html`]), {
    'batch: all': (all) => all.every((r) => r.status === 200),
  });
}

export default function () {
  group('plain', () => site(__ENV.BASE, 'HTTP/1.1'));
  group('secure', () => site(__ENV.SECURE, 'HTTP/2.0'));
}

export function handleSummary(data) {
  const count = (name) => data.metrics[name].values;
  return {
    'counts.json': JSON.stringify({
      requests: count('http_reqs').count,
      failed: count('http_req_failed').passes,
      checks: count('checks'),
    }),
  };
}
