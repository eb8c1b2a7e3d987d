// args: --iterations 4
import { Counter, Gauge, Rate, Trend } from 'k6/metrics';
const orders = new Counter('orders');
const queue = new Gauge('queue');
const good = new Rate('good');
const waits = new Trend('waits', true);
export const options = {
  summaryTrendStats: ['avg', 'min', 'med', 'max', 'p(90)', 'p(99.99)', 'count'],
  thresholds: {
    'orders{kind:book}': ['count==8', 'count<100'],
    'orders{kind:book,size:big}': ['count==4'],
    'orders{kind:none}': ['count<1'],
    'queue{kind:book}': ['value<4'],
    'good{kind:book}': [{ threshold: 'rate>0.4', abortOnFail: false }],
    'good{kind:toy}': ['rate>=0'],
    'waits{kind:book}': ['p(95)<=20', 'med==15', 'avg<20', 'p(99.9)<30'],
    waits: ['max<5'],
  },
};
export default function () {
  for (const [kind, size] of [['book', 'big'], ['book', 'small'], ['toy', 'big']]) {
    const tags = { kind, size };
    orders.add(1, tags);
    queue.add(3, tags);
    good.add(size === 'big', tags);
    waits.add(size === 'big' ? 10 : 20, tags);
  }
}
// All but rates over time is the same in each run.
export function handleSummary(data) {
  const lines = Object.keys(data.metrics).sort().filter((name) => /orders|queue|good|waits/.test(name)).map((name) => {
    const { type, contains, values, thresholds } = data.metrics[name];
    const kept = Object.entries(values).filter(([key]) => key !== 'rate' || type === 'rate').sort();
    // In k6 thresholds come in any order.
    const judged = JSON.stringify(thresholds && Object.entries(thresholds).sort());
    return `level=info ${name} ${type} ${contains} ${JSON.stringify(kept)} ${judged}\n`;
  });
  return { stdout: lines.join(''), 'exact.txt': lines.join('') };
}
