// k6: 2.2 (there it takes all memory first; ours has a limit)
import { check } from 'k6';

export default function () {
  const f = (n) => f(n + 1) + 1;
  let caught = '';
  try {
    f(0);
  } catch (e) {
    caught = `${e.name}`;
  }
  check(caught, { 'deep recursion is an exception': (name) => name === 'RangeError' || name === 'InternalError' });
}
