// args: --iterations 3
import http from 'k6/http';
import { Trend } from 'k6/metrics';
const trend = new Trend('waits');
export const options = {
  thresholds: {
    http_req_duration: ['p(95)<10000', 'avg<0'],
    'http_req_duration{name:named}': ['max>=0'],
    'http_reqs{never:seen}': ['count==0'],
    waits: ['p(50)==2', 'max<=3', 'med>1'],
    checks: ['rate>0.5'],
    iterations: ['count==3', 'rate>0'],
  },
};
export default function () {
  http.get(`${__ENV.BASE}/get`, { tags: { name: 'named' } });
  for (const v of [1, 2, 3]) trend.add(v);
}
