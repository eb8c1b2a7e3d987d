// args: --vus 2 --duration 20s
import { sleep } from 'k6';
import { Rate } from 'k6/metrics';
const failed = new Rate('failed');
export const options = {
  thresholds: {
    failed: [{ threshold: 'rate<0.5', abortOnFail: true, delayAbortEval: '2s' }],
    iterations: ['count>0'],
  },
};
export default function () {
  failed.add(true);
  sleep(30);
}
export function teardown() {
  console.log('teardown runs');
}
