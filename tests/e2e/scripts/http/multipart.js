// http.file and multipart bodies.
import http from 'k6/http';
import { check } from 'k6';

const BASE = __ENV.BASE;

export default function () {
  const file = http.file('abc', 'name.txt', 'text/x');
  check(file, {
    'properties': (f) => f.data === 'abc' && f.filename === 'name.txt' && f.content_type === 'text/x',
    'keys': (f) => Object.keys(f).join() === 'data,filename,content_type',
  });
  check(http.file('abc'), {
    'a file name is made': (f) => /^\d{19}$/.test(f.filename),
    'a content type is given': (f) => f.content_type === 'application/octet-stream',
  });

  const response = http.post(`${BASE}/anything`, { f: file, g: http.file('d"e', 'q"u\\o.txt'), a: 'x', n: 5 });
  const boundary = response.request.headers['Content-Type'][0].replace('multipart/form-data; boundary=', '');
  const parts = response.request.body.split(`--${boundary}`);
  check(response, {
    'boundary': () => /^[0-9a-f]{60}$/.test(boundary),
    'five pieces and an end': () => parts.length === 6 && parts[5] === '--\r\n',
    'a value': () => parts.includes('\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n'),
    'a file': () =>
      parts.includes(
        '\r\nContent-Disposition: form-data; name="f"; filename="name.txt"\r\nContent-Type: text/x\r\n\r\nabc\r\n',
      ),
    'quotes are escaped': () => response.request.body.includes('filename="q\\"u\\\\o.txt"'),
    'read back: fields': (r) => r.json('form.a') === 'x' && r.json('form.n') === '5',
    'read back: files': (r) => r.json('files.f') === 'abc',
  });
  check(http.post(`${BASE}/anything`, { f: http.file(new Uint8Array([1, 2, 255]).buffer, 'b') }), {
    'bytes': (r) => r.status === 200 && r.request.body.length > 0,
  });
  check(http.post(`${BASE}/anything`, { f: file }, { headers: { 'Content-Type': 'x/y' } }), {
    'own content type stays': (r) => r.request.headers['Content-Type'][0] === 'x/y',
  });

  const thrown = (f) => {
    try {
      f();
      return '';
    } catch (e) {
      return e.message;
    }
  };
  check(null, {
    'a number is no file': () => thrown(() => http.file(5)) === 'invalid type int64, expected string or ArrayBuffer',
    'nothing is no file': () => thrown(() => http.file()) === 'invalid type <nil>, expected string or ArrayBuffer',
  });
}
