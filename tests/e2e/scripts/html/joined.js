// Lists with nodes of several documents, and elements where selectors are expected.

import { check } from 'k6';
import { parseHTML } from 'k6/html';

const page = (id, first, second) => parseHTML(`<div id=${id} class="x y"><p>${first}</p><p class=q>${second}</p></div>`);
const a = page('a', 'one', 'two');
const b = page('b', 'three', 'four');
const own = a.find('p');
const both = own.add(b.find('p'));
const divs = a.find('div').add(b.find('div'));
const texts = (list) => list.map((i, s) => s.text()).join();
const refused = (act) => {
  try {
    act();
    return '';
  } catch (e) {
    return String(e);
  }
};

export default function () {
  check(both, {
    'nodes of both': (s) => texts(s) === 'one,two,three,four' && s.text() === 'onetwothreefour',
    'parts of the list': (s) => texts(s.eq(3)) === 'four' && texts(s.slice(1, 3)) === 'two,three' && texts(s.last()) === 'four',
    'filtered': (s) => texts(s.filter('.q')) === 'two,four' && texts(s.not('.q')) === 'one,three',
    'by lists of one': (s) => texts(s.filter(b.find('.q'))) === 'four' && texts(s.not(own)) === 'three,four',
    'steps': (s) => s.parent().size() === 2 && s.parents().size() === 6 && texts(s.next()) === 'two,four' && texts(s.siblings()) === 'two,one,four,three',
    'closest': (s) => s.closest('div').map((i, e) => e.attr('id')).join() === 'a,b' && s.closest(b.find('div')).size() === 1,
    'until': (s) => s.parentsUntil(b.find('body')).size() === 4,
    'is': (s) => s.is(b.find('p')) && !own.is(b.find('p')),
    'index': (s) => s.index(b.find('.q')) === 3 && own.index(b.find('p')) === -1,
    'back to one': (s) => texts(s.end()) === 'one,two',
    'each once': (s) => s.add(own).add(b.find('p')).add(parseHTML('<p>five').find('p')).size() === 5,
    'elements are the same': (s) => s.get(2).isSameNode(b.find('p').get(0)) && s.get(0).isSameNode(own.get(0)),
  });
  check(divs, {
    'search below': (s) => texts(s.find('p.q')) === 'two,four' && texts(s.children()) === 'one,two,three,four',
    'search for a list': (s) => texts(s.find(b.find('.q'))) === 'four' && s.has(b.find('.q')).size() === 1,
    'a selector means the first document': (s) => s.add('p').size() === 4,
    'elements of both': (s) => s.get(1).contains(b.find('p').get(0)) && !s.get(0).contains(b.find('p').get(0)),
    'documents of both': (s) => s.get(1).ownerDocument().querySelector('div').id() === 'b',
    'roots of both': () => a.find('html').add(b.find('html')).filter(':root').size() === 2,
    'whole documents': () => a.add(b).size() === 2 && texts(a.add(b).find('p')) === 'one,two,three,four',
    'forms of both': () =>
      parseHTML('<form><input name=x value=1></form>').find('form').add(parseHTML('<form><input name=y value=2></form>').find('form')).serialize() ===
      'x=1&y=2',
  });
  const element = own.get(1);
  check(element, {
    'an element is added': (e) => own.add(e).size() === 2 && own.add(b.find('p').get(0)).size() === 3,
    'an element is searched for': (e) => texts(a.find('div').find(e)) === 'two' && a.find('div').has(e).size() === 1,
    'an element is left out': (e) => texts(own.not(e)) === 'one' && own.not(b.find('p').get(0)).size() === 2,
    'closest and index': (e) => texts(own.closest(e)) === 'two' && own.index(e) === 1,
    'not everywhere': (e) =>
      refused(() => own.is(e)).includes('must be a function, a selector or a selection') &&
      refused(() => own.nextUntil(e)).includes("cannot use a 'html.Element' as a selector"),
    'no elements of a kind': () => refused(() => own.add(parseHTML('<a>').find('a').get(0))).includes('as a selector'),
  });
}
