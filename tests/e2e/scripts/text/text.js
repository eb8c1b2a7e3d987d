// k6: 2.2
// TextEncoder and TextDecoder, globals since k6 2.2.

import { check } from 'k6';

const bytes = (...values) => new Uint8Array(values);
const refused = (act) => {
  try {
    act();
    return '';
  } catch (e) {
    return e.name;
  }
};

export default function () {
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  check(encoder, {
    'encodes as UTF-8': (e) => e.encoding === 'utf-8' && e.encode('hé€').join() === '104,195,169,226,130,172',
    'encodes nothing': (e) => e.encode().length === 0 && e.encode(undefined).length === 0,
    'gives a Uint8Array': (e) => e.encode('x') instanceof Uint8Array,
    'encodes lone surrogates as the replacement character': (e) => e.encode('\ud800').join() === '239,191,189',
    'encodes into what fits': (e) => {
      const target = new Uint8Array(4);
      const { read, written } = e.encodeInto('aé€', target);
      return read === 2 && written === 3 && target.join() === '97,195,169,0';
    },
  });
  check(decoder, {
    'properties': (d) => d.encoding === 'utf-8' && d.fatal === false && d.ignoreBOM === false,
    'decodes views and buffers': (d) => d.decode(bytes(104, 105)) === 'hi' && d.decode(bytes(104, 105).buffer) === 'hi',
    'decodes part of a buffer': (d) => d.decode(bytes(104, 105, 106).subarray(1, 2)) === 'i',
    'decodes a DataView': (d) => d.decode(new DataView(bytes(104, 105).buffer, 1)) === 'i',
    'decodes nothing': (d) => d.decode() === '',
    'replaces what is no text': (d) => d.decode(bytes(97, 255, 98)) === 'a\ufffdb',
    'drops the byte order mark': (d) => d.decode(bytes(0xef, 0xbb, 0xbf, 97)) === 'a',
    'keeps it when told': () =>
      new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes(0xef, 0xbb, 0xbf, 97)) === '\ufeffa',
    'goes on with the next piece': (d) =>
      d.decode(bytes(0xe2, 0x82), { stream: true }) + d.decode(bytes(0xac)) === '€' && d.decode(bytes(97)) === 'a',
  });
  check(null, {
    'utf-16le': () => new TextDecoder('utf-16le').decode(bytes(104, 0, 105, 0)) === 'hi',
    'utf-16be': () => new TextDecoder('utf-16be').decode(bytes(0, 104, 0, 105)) === 'hi',
    'windows-1252 by another name': () => {
      const latin = new TextDecoder('latin1');
      return latin.encoding === 'windows-1252' && latin.decode(bytes(0x80, 0xe9)) === '€é';
    },
    'fatal': () => refused(() => new TextDecoder('utf-8', { fatal: true }).decode(bytes(255))) === 'TypeError',
    'unknown encoding': () => refused(() => new TextDecoder('nope')) === 'RangeError',
  });
}
