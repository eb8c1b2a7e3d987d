// args: --iterations 1
import http from 'k6/http';
import { check } from 'k6';
export default function () {
  const page = http.get(`${__ENV.BASE}/forms/post`);
  const form = page.html('form');
  check(form, {
    'a form': (f) => f.size() === 1 && f.attr('method').toLowerCase() === 'post',
    'its fields': (f) => f.find('input, textarea').size() > 3,
  });
  const sent = page.submitForm({ formSelector: 'form', fields: { custname: 'Ann', size: 'large', comments: 'now & then' } });
  check(sent, {
    'fields arrive': (r) => r.status === 200 && r.body.includes('Ann') && r.body.includes('now & then'),
    'as a form': (r) => r.request.headers['Content-Type'][0] === 'application/x-www-form-urlencoded',
    'with what was filled in already': (r) => r.request.body.includes('custname=Ann'),
  });
  const links = http.get(`${__ENV.BASE}/links/4/0`);
  const next = links.clickLink({ selector: 'a:nth-child(2)', params: { tags: { name: 'clicked' } } });
  check(next, { 'a link leads on': (r) => r.status === 200 && r.url.includes('/links/4/') });
  for (const act of [() => links.clickLink({ selector: '#none' }), () => page.submitForm({ formSelector: '#none' })]) {
    try {
      act();
    } catch (error) {
      console.log(String(error));
    }
  }
  const titles = [];
  http.get(`${__ENV.BASE}/html`).html().find('h1, title').each((_, element) => titles.push(element.nodeName()));
  console.log(titles.join());
}
