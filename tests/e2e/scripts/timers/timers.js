import { check } from 'k6';
import { setTimeout as later, clearTimeout as cancel, setInterval as every, clearInterval as stop } from 'k6/timers';

export const options = { iterations: 2 };

export default function () {
  const order = [];
  setTimeout(() => order.push('c'), 30);
  setTimeout(() => order.push('b'), 15);
  setTimeout((x, y) => order.push(x + y), 1, 'a', '');
  const never = setTimeout(() => order.push('never'), 10);
  clearTimeout(never);
  let ticks = 0;
  const interval = setInterval(() => {
    if (++ticks === 3) clearInterval(interval);
  }, 3);
  cancel(later(() => order.push('never'), 5));
  let more = 0;
  const other = every(() => {
    more++;
    stop(other);
  }, 2);
  setTimeout(() => {
    check(null, {
      'order by time': () => order.join() === 'a,b,c',
      'interval stops': () => ticks === 3 && more === 1,
      'ids are numbers': () => typeof never === 'number',
    });
  }, 80);
}
