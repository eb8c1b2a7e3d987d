import { check } from 'k6';
import { SharedArray } from 'k6/data';

let made = 0;
const people = new SharedArray('people', () => {
  made++;
  return [{ name: 'Ada', tags: ['x', 'y'] }, { name: 'Grace' }, 3, 'four', null];
});

function message(act) {
  try {
    act();
    return '';
  } catch (e) {
    return String(e);
  }
}

export const options = { vus: 2, iterations: 4 };

export default function () {
  'use strict';
  check(people, {
    length: (p) => p.length === 5,
    'elements by index': (p) => p[0].name === 'Ada' && p[2] === 3 && p[3] === 'four' && p[4] === null,
    'outside is undefined': (p) => p[99] === undefined && p[-1] === undefined,
    'for of': (p) => {
      const names = [];
      for (const person of p) names.push(person && person.name);
      return names[1] === 'Grace' && names.length === 5;
    },
    map: (p) => p.map((x) => typeof x).join() === 'object,object,number,string,object',
    'filter and find': (p) => p.filter((x) => x === 3).length === 1 && p.find((x) => x && x.name === 'Grace').name === 'Grace',
    forEach: (p) => {
      let n = 0;
      p.forEach(() => n++);
      return n === 5;
    },
    'nested arrays': (p) => p[0].tags[1] === 'y',
    'elements cannot be written': (p) => message(() => { p[0] = 1; }) !== '',
    'elements are frozen': (p) => message(() => { p[0].name = 'Eve'; }) !== '' && p[0].name === 'Ada',
    'JSON': (p) => JSON.parse(JSON.stringify(p[0])).name === 'Ada',
    'made at most once': () => made <= 1,
    'new only in init': () => message(() => new SharedArray('other', () => [])).includes('init'),
  });
}
