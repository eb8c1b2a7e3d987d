// `__VU` and `__ITER` count as everywhere.
import { check } from 'k6';

const atInit = { vu: __VU, iter: typeof __ITER, env: typeof __ENV };
let seen = 0;

export const options = { vus: 1, iterations: 3 };

export default function () {
  check(null, {
    '__VU is 1': () => __VU === 1,
    '__ITER counts from 0': () => __ITER === seen,
    '__ENV has -e': () => __ENV.BASE.startsWith('http'),
    '__ENV lacks what nobody set': () => __ENV.NO_SUCH_VARIABLE === undefined,
    'init saw __ENV': () => atInit.env === 'object',
    'state of a VU stays': () => ++seen === __ITER + 1,
  });
}
