// What scripts in the wild use of the language.
import { check } from 'k6';

class Point {
  #x = 1;
  static made = 0;
  constructor() {
    Point.made++;
  }
  get x() {
    return this.#x;
  }
}

function* numbers() {
  yield 1;
  yield* [2, 3];
}

export default function () {
  const { a, ...rest } = { a: 1, b: 2, c: 3 };
  new Point();
  check(null, {
    destructuring: () => a === 1 && rest.b === 2 && rest.c === 3,
    'classes with private fields': () => new Point().x === 1 && Point.made >= 1,
    generators: () => [...numbers()].join() === '1,2,3',
    'optional chaining': () => ({}).x?.y === undefined && (null ?? 'd') === 'd',
    'Map, Set, WeakMap': () => new Map([[1, 2]]).get(1) === 2 && new Set([1, 1]).size === 1 && !!new WeakMap(),
    Symbol: () => typeof Symbol('x') === 'symbol',
    Proxy: () => new Proxy({}, { get: () => 9 }).any === 9,
    Reflect: () => Reflect.ownKeys({ q: 1 })[0] === 'q',
    'typed arrays': () => new Uint8Array([1, 2, 300])[2] === 44 && new DataView(new ArrayBuffer(8)).byteLength === 8,
    Date: () => new Date(0).toISOString() === '1970-01-01T00:00:00.000Z',
    JSON: () => JSON.stringify({ d: [1, null, 'x'] }) === '{"d":[1,null,"x"]}',
    'regular expressions': () => 'a1b22'.match(/\d+/g).join() === '1,22',
    'template tags': () => ((s, v) => s.join('|') + v)`a${1}b` === 'a|b1',
    exponent: () => 2 ** 10 === 1024,
    'string methods': () => 'abc'.padStart(5, '-') === '--abc' && 'x'.repeat(3) === 'xxx' && 'ab'.at?.(-1) !== 'a',
    'array methods': () => [1, [2, [3]]].flat(2).length === 3 && [1, 2].includes(2) && [3, 1].sort()[0] === 1,
    'object methods': () => Object.entries({ k: 1 })[0][0] === 'k' && Object.fromEntries([['k', 1]]).k === 1,
    eval: () => eval('1 + 1') === 2,
    'Function constructor': () => new Function('a', 'return a * 2')(4) === 8,
    'numbers print as in JavaScript': () => String(0.1 + 0.2) === '0.30000000000000004' && String(1e21) === '1e+21',
    'global is globalThis': () => global === globalThis,
    'unicode': () => [...'añ😀'].length === 3,
    'encodeURIComponent': () => encodeURIComponent('a b&c') === 'a%20b%26c',
  });
}
