// response.html, submitForm and clickLink.
import http from 'k6/http';
import { check } from 'k6';

const BASE = __ENV.BASE;
const PAGE = `<html><body><a href="/anything?x=1">l</a><a id=b href="anything/2">m</a>
<form action="/anything" method="POST"><input name=a value=1><input type=submit name=s value=go></form>
<form id=g action="/anything?old=1"><input name=q value="z z"></form>
<form id=u action="/anything" method=put><input name=p value=1></form></body></html>`;

function thrown(f) {
  try {
    f();
    return '';
  } catch (e) {
    return e.message.replace(BASE, '');
  }
}

export default function () {
  check(http.get(`${BASE}/html`), {
    'html': (r) => r.html().find('h1').size() === 1,
    'html with a selector': (r) => r.html('h1').text().length > 0,
  });
  const page = http.get(`${BASE}/html`);
  page.body = PAGE;
  check(page.submitForm({ formSelector: 'form[method=POST]' }), {
    'submitForm: post': (r) => r.json('method') === 'POST' && r.json('form.a') === '1',
    'submitForm: the button': (r) => r.json('form.s') === 'go',
    'submitForm: type': (r) => r.json('headers.Content-Type') === 'application/x-www-form-urlencoded',
  });
  check(page.submitForm({ formSelector: '#g', fields: { q: 'new', extra: 5 }, params: { headers: { X: 'y' } } }), {
    'submitForm: get': (r) => r.json('method') === 'GET' && r.url === `${BASE}/anything?extra=5&q=new`,
    'submitForm: params': (r) => r.json('headers.X') === 'y',
  });
  check(page.submitForm({ formSelector: '#u' }), { 'submitForm: put': (r) => r.json('method') === 'PUT' });
  check(page.clickLink(), { 'clickLink': (r) => r.url === `${BASE}/anything?x=1` });
  check(page.clickLink({ selector: '#b', params: { headers: { X: 'y' } } }), {
    'clickLink: relative': (r) => r.url === `${BASE}/anything/2` && r.json('headers.X') === 'y',
  });
  check(null, {
    'no such form': () =>
      thrown(() => page.submitForm({ formSelector: '#zz' })) === "no form found for selector '#zz' in response '/html'",
    'no such link': () =>
      thrown(() => page.clickLink({ selector: '#zz' })) === "no element found for selector '#zz' in response '/html'",
    'no href': () =>
      thrown(() => page.clickLink({ selector: 'form' })) ===
      "no valid href attribute value found on element 'form' in response '/html'",
  });
}
