// args: --iterations 3 --summary-trend-stats avg,min,med,max,p(90),p(99.9),count
import { Counter, Gauge, Rate, Trend } from 'k6/metrics';
const counter = new Counter('a_counter');
const bytes = new Counter('b_plain');
const gauge = new Gauge('a_gauge');
const rate = new Rate('a_rate');
const trend = new Trend('a_trend');
const times = new Trend('b_times', true);
export default function () {
  counter.add(1);
  counter.add(2, { kind: 'two' });
  bytes.add(0.5);
  gauge.add(7);
  rate.add(true);
  rate.add(0);
  for (let i = 1; i <= 10; i++) trend.add(i * 1.5);
  times.add(1234.5);
}
