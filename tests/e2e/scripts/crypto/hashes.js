// Hashes at once and in pieces, HMAC, encodings of the output, random bytes.

import { check } from 'k6';
import crypto, { createHMAC, createHash, hexEncode, hmac, randomBytes } from 'k6/crypto';

const refused = (act) => {
  try {
    act();
    return '';
  } catch (e) {
    return String(e);
  }
};

// Of `x`.
const digests = {
  md4: '51b834b7c1ef0b59ea50888fcb39ace2',
  md5: '9dd4e461268c8034f5c8564e155c67a6',
  sha1: '11f6ad8ec52a2984abaafd7c3b516503785c2072',
  sha256: '2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881',
  sha512_224: 'a0fe24b48d508b2095c1137e4e79251ca23da8edb5dbb5851e9fae88',
  sha512_256: '6a1db6c1dd481f7aab2adb9c262b210edcca35624ec64c29ffca6857b1e30253',
  ripemd160: '11ff33c6fb942655efb3e30cf4c0fd95f5ef483a',
};
const lengths = { sha384: 48, sha512: 64 };

export default function () {
  for (const name of Object.keys(digests)) {
    check(null, {
      [`${name} at once`]: () => crypto[name]('x', 'hex') === digests[name],
      [`${name} in pieces`]: () => {
        const hash = createHash(name);
        hash.update('');
        hash.update(new Uint8Array([120]).buffer);
        return hash.digest('hex') === digests[name] && hash.digest('hex') === digests[name];
      },
      [`${name} keyed`]: () => {
        const keyed = createHMAC(name, 'key');
        keyed.update('x');
        return keyed.digest('hex') === hmac(name, 'key', 'x', 'hex');
      },
    });
  }
  for (const name of Object.keys(lengths)) {
    check(null, {
      [`${name} binary`]: () => crypto[name]('x', 'binary').byteLength === lengths[name],
      [`${name} in pieces`]: () => {
        const hash = createHash(name);
        hash.update('x');
        return hash.digest('base64') === crypto[name]('x', 'base64');
      },
    });
  }
  check(null, {
    base64: () => crypto.md5('x', 'base64') === 'ndTkYSaMgDT1yFZOFVxnpg==',
    base64url: () => crypto.sha1('x', 'base64url') === 'EfatjsUqKYSrqv18O1FlA3hcIHI=',
    base64rawurl: () => crypto.sha256('x', 'base64rawurl') === 'LXEWQrcmsEQBYnyp-6wy9chTD7GQPMTbAiWHF5IaSIE',
    'hmac of known bytes': () => hmac('sha1', 'k', 'd', 'hex') === '2b90e41e7c0cc8e2f75c02910c3899cc468ba316',
    'hmac with the old hashes': () =>
      hmac('md4', 'k', 'd', 'hex') === 'de693e9b565099e8fe8129b3833a702d' &&
      hmac('ripemd160', 'k', 'd', 'hex') === '25e1fc86312e5356db40a455e2a7cffa50fb21fa',
    'binary keys': () => {
      const keyed = createHMAC('md5', new Uint8Array([1]).buffer);
      return keyed.digest('hex') === 'dfa55efbe6ed07fa2e056e57e949930a';
    },
    'hexEncode': () => hexEncode('ab') === '6162' && hexEncode(new Uint8Array([1, 255]).buffer) === '01ff',
    'randomBytes': () => {
      const bytes = randomBytes(16);
      return bytes instanceof ArrayBuffer && bytes.byteLength === 16 && hexEncode(bytes) !== hexEncode(randomBytes(16));
    },
    'unknown algorithm': () => refused(() => hmac('nope', 'k', 'd', 'hex')) === 'GoError: invalid algorithm: nope',
    'unknown encoding': () => refused(() => crypto.md5('x', 'nope')) === 'GoError: invalid output encoding: nope',
    'no encoding': () => refused(() => crypto.sha512('x')) === 'GoError: invalid output encoding: ',
    'wrong input': () =>
      refused(() => crypto.md5(5, 'hex')) ===
      'GoError: md5 failed: invalid type int64, expected string, []byte or ArrayBuffer',
    'wrong key': () =>
      refused(() => createHMAC('md5', 5)) === 'GoError: invalid type int64, expected string, []byte or ArrayBuffer',
    'no random bytes': () => refused(() => randomBytes(0)) === 'GoError: invalid size',
  });
}
