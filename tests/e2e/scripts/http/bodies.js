// What a body may be, and what becomes of it.
import http from 'k6/http';
import { check } from 'k6';

const BASE = __ENV.BASE;

function send(body, params) {
  const response = http.post(`${BASE}/anything`, body, params);
  return Object.assign(response.json(), { sent: response.request.body });
}

function refused(body) {
  const response = http.post(`${BASE}/anything`, body);
  return `${response.status} ${response.error}`;
}

export default function () {
  check(send({ b: 1, a: 'x y', c: [1, 2], f: true, h: 1.5, i: 'é&=' }), {
    'object: a form sorted by name': (e) => e.sent === 'a=x+y&b=1&c=1&c=2&f=true&h=1.5&i=%C3%A9%26%3D',
    'object: content type': (e) => e.headers['Content-Type'] === 'application/x-www-form-urlencoded',
    'object: read back': (e) => e.form.a === 'x y' && e.form.c.join() === '1,2' && e.form.i === 'é&=',
  });
  check(send({ 'a b': 'c~d-e_f.g*h' }), { 'escapes': (e) => e.sent === 'a+b=c~d-e_f.g%2Ah' });
  check(send({ a: [] }), { 'an empty array sends nothing': (e) => e.sent === '' });
  check(send({ a: 1e21, b: 0.1, c: 123456789.123, d: 1e-7, e: 5 }), {
    'numbers as in Go': (e) => e.sent === 'a=1e%2B21&b=0.1&c=1.23456789123e%2B08&d=1e-07&e=5',
  });
  check(send({ a: 1 }, { headers: { 'content-type': 'application/json' } }), {
    'own content type stays': (e) => e.headers['Content-Type'] === 'application/json' && e.data === 'a=1',
  });
  check(send(new Uint8Array([65, 66])), { 'Uint8Array': (e) => e.data === 'AB' });
  check(send(new Uint8Array([65, 66]).buffer), { 'ArrayBuffer': (e) => e.data === 'AB' });
  check(send('žluťoučký'), { 'text is UTF-8': (e) => e.headers['Content-Length'] === '13' });
  check(send(JSON.stringify({ a: [1, null] }), { headers: { 'Content-Type': 'application/json' } }), {
    'JSON': (e) => e.json.a[0] === 1 && e.json.a[1] === null,
  });
  check(send(null), { 'null': (e) => e.data === '' && e.headers['Content-Type'] === undefined });

  check(refused([1, 2]), { 'an array is refused': (e) => e === '0 unknown request body type []interface {}' });
  check(refused(5), { 'a number is refused': (e) => e === '0 unknown request body type int64' });
  check(refused(true), { 'a boolean is refused': (e) => e === '0 unknown request body type bool' });
}
