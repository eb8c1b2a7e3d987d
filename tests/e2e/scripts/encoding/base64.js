// Base64 in four variants, and what is none.

import { check } from 'k6';
import encoding, { b64decode, b64encode } from 'k6/encoding';

const bytes = (buffer) => Array.from(new Uint8Array(buffer)).join();
const refused = (act) => {
  try {
    act();
    return '';
  } catch (e) {
    return String(e);
  }
};
const wrongType = (name) => `GoError: invalid type ${name}, expected string, []byte or ArrayBuffer`;
const illegal = (place) => `GoError: illegal base64 data at input byte ${place}`;

export default function () {
  check(null, {
    'text as UTF-8': () => b64encode('héllo?>') === 'aMOpbGxvPz4=',
    'default export': () => encoding.b64encode('a', 'std') === 'YQ==',
    'url alphabet': () => b64encode('a?>', 'url') === 'YT8-' && b64encode('a', 'url') === 'YQ==',
    'without padding': () => b64encode('a', 'rawstd') === 'YQ' && b64encode('a?>', 'rawurl') === 'YT8-',
    'unknown variants are the standard one': () => b64encode('a', 'nope') === 'YQ==',
    'ArrayBuffer': () => b64encode(new Uint8Array([1, 2, 255]).buffer) === 'AQL/',
    'Uint8Array': () => b64encode(new Uint8Array([1, 2, 255])) === 'AQL/',
    'nothing': () => b64encode('') === '' && b64decode('').byteLength === 0,
  });
  check(null, {
    'decodes to an ArrayBuffer': () => bytes(b64decode('aGk=')) === '104,105',
    'decodes to an ArrayBuffer for b': () => bytes(b64decode('aGk=', 'std', 'b')) === '104,105',
    'decodes to a string for s': () => b64decode('aGk=', 'std', 's') === 'hi' && b64decode('aGk', 'rawurl', 's') === 'hi',
    'undefined variant': () => b64decode('aGk=', undefined, 's') === 'hi',
    'line breaks are skipped': () => b64decode('a\nG\rk=', 'std', 's') === 'hi',
    'spare bits are ignored': () => b64decode('YR==', 'std', 's') === 'a',
    'bytes that are no text': () => b64decode('/w==', 'std', 's') === '\ufffd',
  });
  check(null, {
    'missing padding': () => refused(() => b64decode('aGk')) === illegal(0),
    'padding where none belongs': () => refused(() => b64decode('aGk=', 'rawstd')) === illegal(3),
    'no Base64': () => refused(() => b64decode('!!')) === illegal(0),
    'the other alphabet': () => refused(() => b64decode('_-8=')) === illegal(0),
    'something behind the padding': () => refused(() => b64decode('aGk=aGk=')) === illegal(4),
    'a number': () => refused(() => b64encode(5)) === wrongType('int64'),
    'null': () => refused(() => b64encode(null)) === wrongType('<nil>'),
    'an object': () => refused(() => b64encode({})) === wrongType('map[string]interface {}'),
    'an array': () => refused(() => b64encode([1])) === wrongType('[]interface {}'),
    'a wider typed array': () => refused(() => b64encode(new Uint16Array([1]))) === wrongType('[]uint16'),
  });
}
