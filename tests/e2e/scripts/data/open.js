import { check } from 'k6';

const text = open('./numbers.txt');
const bytes = open('./numbers.txt', 'b');

let missing = '';
try {
  open('./no-such-file.txt');
} catch (e) {
  missing = String(e);
}

export default function () {
  check(null, {
    'text': () => text === 'one\ntwo\n',
    'bytes': () => bytes instanceof ArrayBuffer && bytes.byteLength === 8 && new Uint8Array(bytes)[0] === 111,
    'a missing file is an exception that names it': () => missing.includes('no-such-file.txt'),
    'open only in init': () => {
      try {
        open('./numbers.txt');
      } catch (e) {
        return String(e).includes('init');
      }
      return false;
    },
  });
}
