// setup's data reaches every VU and teardown, each with a copy of its own.
import { check } from 'k6';

export const options = { vus: 2, iterations: 4 };

export function setup() {
  check(null, { 'setup has __VU 0': () => __VU === 0 });
  return { list: [1, 2, 3], when: new Date(0), nested: { deep: true } };
}

export default function (data) {
  check(data, {
    'data came through JSON': (d) => typeof d.when === 'string' && new Date(d.when).getTime() === 0,
    'lists stay lists': (d) => Array.isArray(d.list) && d.list.length === 3,
    'nested objects': (d) => d.nested.deep === true,
  });
}

export function teardown(data) {
  check(data, { 'teardown sees the data': (d) => d.list.length === 3 && __VU === 0 });
}
