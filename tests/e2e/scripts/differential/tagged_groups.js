// args: --iterations 2 --tag run=one
import http from 'k6/http';
import { check, group } from 'k6';
import exec from 'k6/execution';
import { Counter } from 'k6/metrics';
const steps = new Counter('steps');
export const options = {
  tags: { from: 'options' },
  thresholds: {
    'http_reqs{group:::outer::inner}': ['count==2'],
    'group_duration{group:::outer}': ['max>=0'],
    'checks{page:front}': ['rate==1'],
    'steps{step:first}': ['count==2'],
    'steps{step:first,run:one}': ['count==2'],
  },
};
export default function () {
  exec.vu.metrics.tags.vu_tag = `iteration-${exec.scenario.iterationInTest % 1}`;
  group('outer', () => {
    steps.add(1, { step: 'first' });
    group('inner', () => {
      http.get(`${__ENV.BASE}/get`, { tags: { page: 'front' } });
      check(1, { inside: (v) => v === 1 }, { page: 'front' });
      delete exec.vu.metrics.tags.vu_tag;
    });
    group('inner', () => steps.add(2, { step: 'second' }));
    const answer = group('gives back', () => 42);
    check(answer, { 'group gives its value': (v) => v === 42 });
  });
  try {
    group('throws', () => {
      throw new Error('inside a group');
    });
  } catch (error) {
    check(error, { 'the error passes through': (e) => e.message === 'inside a group' });
  }
  steps.add(1);
}
