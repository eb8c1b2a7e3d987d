// ES modules and CommonJS, mixed as scripts in the wild mix them.
import { check } from 'k6';
import whole, { add, VERSION as version } from './lib/esm.js';
import * as space from './lib/esm.js';
import cjs from './lib/cjs.js';
import { twice } from './lib/cjs.js';
import data from './lib/data.js';

const required = require('./lib/cjs.js');
const k6 = require('k6');

export default function () {
  check(null, {
    'named imports': () => add(1, 2) === 3 && version === '1.0',
    'default import': () => whole.name === 'esm',
    'namespace': () => space.add(2, 2) === 4 && space.default.name === 'esm',
    'CommonJS by import': () => cjs.twice(4) === 8 && twice(5) === 10,
    'CommonJS by require': () => required.twice(2) === 4,
    'a module is evaluated once': () => required === cjs && required.count() === 1,
    'built-in modules by require': () => typeof k6.check === 'function' && typeof k6.sleep === 'function',
    'CommonJS requires its neighbors': () => cjs.neighbor() === 'neighbor',
    'cycles': () => data.cycle() === 'there and back',
    'live bindings': () => {
      const before = space.counter;
      space.increment();
      return space.counter === before + 1;
    },
  });
}
