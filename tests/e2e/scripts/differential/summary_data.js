// args: --iterations 2
import http from 'k6/http';
import { check, group } from 'k6';
export const options = { thresholds: { checks: ['rate>0.9'], http_reqs: ['count>100'] } };
export function setup() {
  return { from: 'setup', list: [1, 2] };
}
export default function () {
  http.get(`${__ENV.BASE}/get`);
  group('a', () => group('b', () => check(true, { deep: (v) => v })));
}
// Numbers depend on time, so each is replaced by its type before it is logged.
function shape(value) {
  if (typeof value === 'number') return 'number';
  if (Array.isArray(value)) return value.map(shape);
  if (value && typeof value === 'object') {
    return Object.fromEntries(Object.keys(value).sort().map((key) => [key, shape(value[key])]));
  }
  return value;
}
export function handleSummary(data) {
  // Sampled each second, so only in runs that last one.
  delete data.metrics.vus;
  delete data.metrics.vus_max;
  return { stderr: `level=info ${JSON.stringify(shape(data))}\n` };
}
