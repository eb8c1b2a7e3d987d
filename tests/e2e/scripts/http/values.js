// http.url, expectedStatuses, setResponseCallback and constants.
import http from 'k6/http';
import { check } from 'k6';

const BASE = __ENV.BASE;

function thrown(f) {
  try {
    f();
    return '';
  } catch (e) {
    return e.message;
  }
}

export default function () {
  const url = http.url`${BASE}/anything/${1}?q=${'a'}`;
  check(url, {
    'url: name': (u) => u.name === '${}/anything/${}?q=${}',
    'url: url': (u) => u.url === `${BASE}/anything/1?q=a` && u.clean_url === u.url,
  });
  check(http.get(url), { 'url: requested': (r) => r.url === `${BASE}/anything/1?q=a` });
  check(http.url`${null}-${undefined}-${[1, 2]}-${true}`, { 'url: values': (u) => u.url === '--1,2-true' });

  const neither = (n) =>
    `argument number ${n} to expectedStatuses was neither an integer nor an object like {min:100, max:329}`;
  check(null, {
    'statuses: none': () => thrown(() => http.expectedStatuses()) === 'no arguments',
    'statuses: text': () => thrown(() => http.expectedStatuses('x')) === neither(1),
    'statuses: a fraction': () => thrown(() => http.expectedStatuses(200, 1.5)) === neither(2),
    'statuses: half a range': () => thrown(() => http.expectedStatuses({ min: 1 })) === neither(1),
    'statuses: a bad range': () =>
      thrown(() => http.expectedStatuses({ min: 1, max: 'x' })) === 'both min and max need to be integers for argument number 1',
    'callback: bad': () =>
      thrown(() => http.setResponseCallback(5)) === 'unsupported argument, expected http.expectedStatuses',
    'callback: null': () => thrown(() => http.setResponseCallback(null)) === '',
    'callback: statuses': () => thrown(() => http.setResponseCallback(http.expectedStatuses(200, { min: 404, max: 405 }))) === '',
  });

  check(http, {
    'tls constants': (h) => [h.TLS_1_0, h.TLS_1_1, h.TLS_1_2, h.TLS_1_3].join() === 'tls1.0,tls1.1,tls1.2,tls1.3',
    'ocsp statuses': (h) => h.OCSP_STATUS_GOOD === 'good' && h.OCSP_STATUS_SERVER_FAILED === 'server_failed',
    'ocsp reasons': (h) => h.OCSP_REASON_KEY_COMPROMISE === 'key_compromise' && h.OCSP_REASON_AA_COMPROMISE === 'aa_compromise',
  });
}
