import { check, group } from 'k6';

function message(act) {
  try {
    act();
    return '';
  } catch (e) {
    return String(e);
  }
}

export default function () {
  check(null, {
    'a name with two colons is refused': () => message(() => check(1, { 'a::b': true })).includes('::'),
    'a group name with two colons is refused': () => message(() => group('a::b', () => {})).includes('::'),
    'group wants a function': () => message(() => group('x', 1)) !== '',
    'group refuses async functions': () => message(() => group('x', async () => {})) !== '',
    'errors have a stack': () => {
      try {
        null.x;
      } catch (e) {
        return e instanceof TypeError && e.stack.includes('errors.js');
      }
      return false;
    },
  });
}
