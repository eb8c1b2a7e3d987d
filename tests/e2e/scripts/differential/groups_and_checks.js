// args: --iterations 3
import { check, group, sleep } from 'k6';
import http from 'k6/http';
export default function () {
  group('outer', () => {
    check(1, { one: (v) => v === 1, 'never true': (v) => v === 2 });
    group('inner', () => {
      http.get(`${__ENV.BASE}/get`);
      check('x', { 'a string': (v) => typeof v === 'string' }, { extra: 'tag' });
    });
  });
  check({}, { 'outside of groups': true });
}
