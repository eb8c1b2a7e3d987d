// CSV files as a whole and row by row, with all options, and what is wrong with some.

import { check } from 'k6';
import csv, { Parser, parse } from 'k6/experimental/csv';
import { open as openFile } from 'k6/experimental/fs';

const file = (name) => openFile(`./${name}.csv`);

async function outcome(act) {
  try {
    return await act();
  } catch (e) {
    return String(e);
  }
}

async function rows(name, options) {
  const parser = new Parser(await file(name), options);
  const found = [];
  for (;;) {
    const { done, value } = await parser.next();
    if (done) return found;
    found.push(value);
  }
}

const all = [['name', 'age', 'city'], ['ann', '7', 'New "York"'], ['bob', '8', 'a\nb'], ['cat', ' 9 ', 'x']];
const refused = 'failed to create a new parser; reason: ';

// [what, file, options, rows or what the error says]
const cases = [
  ['no options', 'people', {}, all],
  ['skipFirstLine', 'people', { skipFirstLine: true }, all.slice(1)],
  ['fromLine', 'people', { fromLine: 2 }, all.slice(2)],
  ['toLine', 'people', { toLine: 2 }, all.slice(0, 3)],
  ['fromLine and toLine', 'people', { fromLine: 1, toLine: 2 }, all.slice(1, 3)],
  ['skipFirstLine and fromLine', 'people', { skipFirstLine: true, fromLine: 2 }, all.slice(2)],
  ['toLine behind the end', 'people', { toLine: 99 }, all],
  ['delimiter', 'semicolons', { delimiter: ';' }, [['a', 'b'], ['1', '2'], ['3', '4']]],
  ['fromLine behind the end', 'people', { fromLine: 99 }, `${refused}failed to skip lines until line 99; reason: EOF`],
  ['negative fromLine', 'people', { fromLine: -1 }, `${refused}the 'fromLine' option must be greater than or equal to 0; got -1`],
  ['negative toLine', 'people', { toLine: -1 }, `${refused}the 'toLine' option must be greater than or equal to 0; got -1`],
  ['lines in the wrong order', 'people', { fromLine: 3, toLine: 1 }, 'fromLine must be less than or equal to toLine'],
  ['long delimiter', 'people', { delimiter: 'ab' }, 'delimiter must be a single character'],
  ['objects without their header', 'people', { asObjects: true, skipFirstLine: true }, `${refused}the 'header' option cannot be enabled when 'skipFirstLine' is true`],
];

const found = {};
for (const [name, path, options] of cases) {
  found[name] = {
    parse: await outcome(async () => parse(await file(path), options)),
    parser: await outcome(() => rows(path, options)),
  };
}
const objects = {
  parse: await parse(await file('people'), { asObjects: true }),
  parser: await rows('people', { asObjects: true, toLine: 1 }),
};
const uneven = await outcome(() => rows('uneven'));
const quote = await outcome(() => rows('quote'));
const shared = await csv.parse(await file('people'));

function fits(value, expected) {
  return typeof expected === 'string' ? value.endsWith(expected) : JSON.stringify(value) === JSON.stringify(expected);
}

export default async function () {
  for (const [name, , , expected] of cases) {
    check(found[name], {
      [`${name}, parse`]: (f) => fits(f.parse, expected),
      [`${name}, Parser`]: (f) => fits(f.parser, expected),
    });
  }
  const late = await outcome(async () => new Parser(null));
  check(null, {
    'rows as objects': () => objects.parse.length === 3 && objects.parse[0].city === 'New "York"',
    'rows as objects, one by one': () => objects.parser.length === 1 && objects.parser[0].name === 'ann',
    'wrong number of fields': () => uneven === 'record on line 2: wrong number of fields',
    'stray quote': () => quote === 'parse error on line 2, column 4: bare " in non-quoted-field',
    'parse gives an array': () => Array.isArray(shared) && shared.length === 4 && shared.map((row) => row[0])[3] === 'cat',
    'that cannot be written': () => {
      try {
        shared[0] = 1;
        return false;
      } catch (e) {
        return String(e) === 'TypeError: SharedArray is immutable';
      }
    },
    'new Parser only in init': () => late === 'GoError: csv Parser constructor must be called in the init context',
  });
}
