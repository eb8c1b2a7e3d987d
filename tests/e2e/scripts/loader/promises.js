// Async functions, promise order, unhandled timers: an iteration ends when nothing is left to do.
import { check } from 'k6';

const early = await Promise.resolve('top-level await');

export const options = { iterations: 2 };

const order = [];

export default async function () {
  order.length = 0;
  setTimeout(() => order.push('timer'), 0);
  Promise.resolve().then(() => order.push('job'));
  order.push('now');
  const value = await new Promise((resolve) => setTimeout(() => resolve('later'), 20));
  check(null, {
    'top-level await': () => early === 'top-level await',
    'await': () => value === 'later',
    'jobs run before timers': () => order.join() === 'now,job,timer',
  });
  const all = await Promise.all([1, Promise.resolve(2), new Promise((r) => setTimeout(r, 5, 3))]);
  check(all, { 'Promise.all': (a) => a.join() === '1,2,3' });
  let reason;
  try {
    await Promise.reject(new Error('caught'));
  } catch (e) {
    reason = e.message;
  }
  check(reason, { 'rejections can be caught': (r) => r === 'caught' });
}
