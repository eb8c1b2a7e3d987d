import { check, fail, group, randomSeed, sleep } from 'k6';

export const options = { iterations: 2 };

export default function () {
  check(check(5, { 'number is five': (v) => v === 5 }), { 'check returns true when all hold': (v) => v === true });
  check(group('returns', () => 42), { 'group returns what its function returns': (v) => v === 42 });
  check(null, {
    'a plain value may stand for a function': true,
    'a truthy value holds': () => 'text',
    'a check sees its value': (v) => v === null,
  });

  let caught;
  try {
    group('throws', () => {
      throw new Error('inside');
    });
  } catch (e) {
    caught = e.message;
  }
  check(caught, { 'an exception passes through a group': (m) => m === 'inside' });

  let failed;
  try {
    fail('given up');
  } catch (e) {
    failed = String(e);
  }
  check(failed, { 'fail throws its message': (m) => m.includes('given up') });

  const begin = Date.now();
  sleep(0.05);
  check(Date.now() - begin, { 'sleep waits': (ms) => ms >= 49 && ms < 5000 });

  randomSeed(7);
  const first = [Math.random(), Math.random()];
  randomSeed(7);
  check([Math.random(), Math.random()], {
    'a seed repeats its numbers': (again) => again[0] === first[0] && again[1] === first[1],
    'numbers differ': (again) => again[0] !== again[1] && again[0] >= 0 && again[0] < 1,
  });

  group('outer', () => {
    group('inner', () => {
      check(1, { nested: (v) => v === 1 });
    });
  });
}
