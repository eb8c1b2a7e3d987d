// What cannot be done in the init context.
import http from 'k6/http';
import { check } from 'k6';

function thrown(f) {
  try {
    f();
    return 'fine';
  } catch (e) {
    return `${e.name}: ${e.message}`;
  }
}

const found = {
  get: thrown(() => http.get('http://x/')),
  post: thrown(() => http.post('http://x/')),
  batch: thrown(() => http.batch([])),
  asyncRequest: thrown(() => http.asyncRequest('GET', 'http://x/')),
  cookieJar: thrown(() => http.cookieJar()),
  newJar: thrown(() => new http.CookieJar()),
  callback: thrown(() => http.setResponseCallback(http.expectedStatuses(200, 404, { min: 200, max: 399 }))),
  file: thrown(() => http.file('x')),
  url: thrown(() => http.url`x${1}`),
};

export default function () {
  const requests = 'GoError: Making http requests in the init context is not supported';
  check(found, {
    'get': (f) => f.get === requests,
    'post': (f) => f.post === requests,
    'asyncRequest': (f) => f.asyncRequest === requests,
    'batch': (f) => f.batch === 'GoError: Using batch in the init context is not supported',
    'cookieJar': (f) => f.cookieJar === 'GoError: Making cookie jars in the init context is not supported',
    'new CookieJar is fine': (f) => f.newJar === 'fine',
    'setResponseCallback is fine': (f) => f.callback === 'fine',
    'file is fine': (f) => f.file === 'fine',
    'url is fine': (f) => f.url === 'fine',
  });
}
