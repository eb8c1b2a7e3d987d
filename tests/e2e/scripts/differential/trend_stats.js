// args: --iterations 1 --summary-time-unit ms
import { Trend } from 'k6/metrics';
const plain = new Trend('plain');
const timed = new Trend('timed', true);
export const options = { summaryTrendStats: ['min', 'p(0)', 'p(50)', 'p(99)', 'max', 'count', 'avg'] };
export default function () {
  for (const value of [3, 1, 4, 1, 5, 9, 2, 6, 5, 3.5]) {
    plain.add(value);
    timed.add(value * 1000);
  }
}
export function handleSummary(data) {
  const lines = ['plain', 'timed'].map((name) => {
    const { type, contains, values } = data.metrics[name];
    return JSON.stringify({ type, contains, values: Object.entries(values).sort() });
  });
  return { stdout: `${lines.join('\n')}\n`, 'exact.txt': `${lines.join('\n')}\n${JSON.stringify(Object.entries(data.options).sort())}\n` };
}
