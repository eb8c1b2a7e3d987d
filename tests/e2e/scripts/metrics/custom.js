import { check } from 'k6';
import { Counter, Gauge, Rate, Trend } from 'k6/metrics';

const counter = new Counter('some_count');
const gauge = new Gauge('some_gauge');
const rate = new Rate('some_rate');
const trend = new Trend('some_trend', true);

function message(act) {
  try {
    act();
    return '';
  } catch (e) {
    return String(e);
  }
}

const errors = {
  name: message(() => new Counter('1 bad name')),
  clash: message(() => new Gauge('some_count')),
  again: message(() => new Counter('some_count')),
};

export default function () {
  check(null, {
    'name of a metric': () => counter.name === 'some_count' && trend.name === 'some_trend',
    'adding numbers and booleans': () => {
      counter.add(1);
      counter.add(2.5, { a: 'tag' });
      gauge.add(10);
      rate.add(true);
      rate.add(0);
      trend.add(12.5);
      trend.add('3');
      return true;
    },
    'a bad name is refused': () => errors.name.includes('name'),
    'another type under the same name is refused': () => errors.clash.includes('some_count'),
    'the same metric twice is the same metric': () => errors.again === '',
    'metrics are made in init only': () => message(() => new Counter('late')).includes('init'),
  });
}
