// args: --vus 2 --iterations 4
import { SharedArray } from 'k6/data';
import csv from 'k6/experimental/csv';
import fs from 'k6/experimental/fs';
import { check } from 'k6';
import { scenario } from 'k6/execution';
const users = new SharedArray('users', () => JSON.parse('[{"name":"a","n":1},{"name":"b","n":2},{"name":"c","n":3}]'));
const people = await csv.parse(await fs.open('../csv/people.csv'), { asObjects: true });
const rows = new SharedArray('rows', () => open('../csv/semicolons.csv').trim().split('\n').map((line) => line.split(';')));
export default function () {
  const user = users[scenario.iterationInTest % users.length];
  check(user, { 'a user': (u) => u.name.length === 1 && typeof u.n === 'number' });
  check(people, { 'people with columns': (p) => p.length > 0 && Object.keys(p[0]).length > 1 });
  check(rows, { 'rows': (r) => r.length > 0 && r[0].length > 1 });
  let names = '';
  for (const { name } of users) names += name;
  const error = (act) => {
    try {
      act();
      return 'none';
    } catch (e) {
      return e.name;
    }
  };
  check(names, { 'can be walked': (n) => n === 'abc' });
  check(users, {
    'has the methods of arrays': (u) => u.map((x) => x.n).reduce((a, b) => a + b) === 6 && u.filter((x) => x.n > 1).length === 2,
    'cannot be changed': (u) => error(() => { u[0] = 1; }) === 'TypeError' && error(() => { u[0].name = 'z'; }) === 'TypeError',
  });
  console.log(scenario.iterationInTest < 4, people.map((p) => Object.keys(p).join()).join(';'), rows.map((r) => r.join('|')).join(';'));
}
