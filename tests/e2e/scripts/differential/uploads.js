// args: --iterations 1
import http from 'k6/http';
import { check } from 'k6';
import encoding from 'k6/encoding';
import crypto from 'k6/crypto';
const bytes = new Uint8Array([0, 1, 2, 253, 254, 255]).buffer;
export default function () {
  const file = http.file('some text', 'a.txt', 'text/plain');
  const answer = http.post(`${__ENV.BASE}/post`, { field: 'value', file, raw: http.file(bytes, 'b.bin') });
  check(answer, {
    'a field': (r) => r.body.includes('value'),
    'a file': (r) => r.body.includes('some text'),
    'of type multipart': (r) => r.request.headers['Content-Type'][0].startsWith('multipart/form-data; boundary='),
    'parts with names': (r) => r.request.body.includes('filename="a.txt"') && r.request.body.includes('filename="b.bin"'),
  });
  http.post(`${__ENV.BASE}/post`, bytes, { headers: { 'Content-Type': 'application/octet-stream' } });
  http.post(`${__ENV.BASE}/post`, 'x'.repeat(2000), { compression: 'gzip' });
  http.post(`${__ENV.BASE}/post`, 'y'.repeat(2000), { compression: 'deflate, gzip' });
  const hash = crypto.createHash('sha1');
  hash.update('a');
  hash.update('b');
  const said = [
    crypto.sha256('plimsoll', 'hex'), crypto.md5('plimsoll', 'base64'), crypto.hmac('sha512', 'key', 'plimsoll', 'hex'),
    hash.digest('base64rawurl'), crypto.ripemd160('x', 'hex'),
    encoding.b64encode(bytes), encoding.b64encode('ü?>', 'rawurl'), encoding.b64decode('w7w_Pg', 'rawurl', 's'),
    JSON.stringify(Array.from(new Uint8Array(crypto.sha1('z', 'binary').slice(0, 4)))),
  ];
  // Letters instead of digits: numbers in log lines are masked.
  console.log(said.join(' ').replace(/\d/g, (digit) => 'ghijklmnop'[digit]));
}
