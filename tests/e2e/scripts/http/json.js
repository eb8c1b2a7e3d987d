// response.json(): the whole, paths in gjson's syntax, and what is not JSON.
import http from 'k6/http';
import { check } from 'k6';

const BASE = __ENV.BASE;

const DOCUMENT = {
  name: { first: 'Tom', last: 'Anderson' },
  age: 37,
  children: ['Sara', 'Alex', 'Jack'],
  'fav.movie': 'Deer Hunter',
  friends: [
    { first: 'Dale', last: 'Murphy', age: 44, nets: ['ig', 'fb', 'tw'] },
    { first: 'Roger', last: 'Craig', age: 68, nets: ['fb', 'tw'] },
    { first: 'Jane', last: 'Murphy', age: 47, nets: ['ig', 'tw'] },
  ],
  none: null,
  vals: [1, 2, 3, 11, 'a', true, null],
};

const PATHS = {
  'name.last': '"Anderson"',
  age: '37',
  'children.#': '3',
  'children.1': '"Alex"',
  'child*.2': '"Jack"',
  'c?ildren.0': '"Sara"',
  'fav\\.movie': '"Deer Hunter"',
  'friends.#.first': '["Dale","Roger","Jane"]',
  'friends.#(last=="Murphy").first': '"Dale"',
  'friends.#(last=="Murphy")#.first': '["Dale","Jane"]',
  'friends.#(age>45)#.last': '["Craig","Murphy"]',
  'friends.#(first%"D*").last': '"Murphy"',
  'friends.#(first!%"D*").last': '"Craig"',
  'friends.#(nets.#(=="fb"))#.first': '["Dale","Roger"]',
  'children.#(!%"*a*")': '"Alex"',
  'vals.#(>2)#': '[3,11,"a"]',
  'friends.#.nets.#': '[3,2,2]',
  'friends.#.first|0': '"Dale"',
  'children|@reverse': '["Jack","Alex","Sara"]',
  'friends.#.nets|@flatten': '["ig","fb","tw","fb","tw","ig","tw"]',
  '[children,age]': '[["Sara","Alex","Jack"],37]',
  'name.@values': '["Tom","Anderson"]',
  none: 'null',
  missing: undefined,
  'name.missing': undefined,
  'children.9': undefined,
  'friends.#.missing': '[]',
};

const MISTAKES = {
  '{bad': [1, 3, "invalid character 'b' looking for beginning of object key string"],
  '': [1, 0, 'unexpected end of JSON input'],
  '[1,2,]': [1, 6, "invalid character ']' looking for beginning of value"],
  '\n\n  x': [3, 4, "invalid character 'x' looking for beginning of value"],
  '1 2': [1, 3, "invalid character '2' after top-level value"],
  '{"a":tru}': [1, 9, "invalid character '}' in literal true (expecting 'e')"],
  '<html></html>': [1, 2, "invalid character '<' looking for beginning of value"],
};

function thrown(f) {
  try {
    f();
    return '';
  } catch (e) {
    return `${e.name} ${e.message}`;
  }
}

export default function () {
  check(http.get(`${BASE}/json`), {
    'the whole is an object': (r) => typeof r.json() === 'object',
    'a path': (r) => typeof r.json('slideshow.title') === 'string',
  });
  const response = http.get(`${BASE}/json`);
  response.body = JSON.stringify(DOCUMENT);
  check(response, { 'an assigned body counts': (r) => r.json().age === 37 && r.json('age') === 37 });
  for (const [path, expected] of Object.entries(PATHS)) {
    check(response, { [`path ${path}`]: (r) => JSON.stringify(r.json(path)) === expected });
  }
  for (const [text, [line, character, message]] of Object.entries(MISTAKES)) {
    const wrong = http.get(`${BASE}/json`);
    wrong.body = text;
    const expected = `GoError cannot parse json due to an error at line ${line}, character ${character} , error: ${message}`;
    check(wrong, {
      [`mistake in ${JSON.stringify(text)}`]: (r) => thrown(() => r.json()) === expected,
      [`a path into ${JSON.stringify(text)} finds nothing`]: (r) => r.json('a') === undefined,
    });
  }
  const kept = http.get(`${BASE}/json`);
  kept.json().mine = 7;
  check(kept, {
    'the parsed body is kept': (r) => r.json().mine === 7 && r.json('mine') === undefined,
    'and stays when the body changes': (r) => {
      r.body = '{"z":1}';
      return r.json().mine === 7 && r.json('z') === 1;
    },
  });
  const none = http.get(`${BASE}/json`, { responseType: 'none' });
  check(none, {
    'no body, no JSON': (r) =>
      thrown(() => r.json()) ===
      "GoError the body is null so we can't transform it to JSON - this likely was because of a request error getting the response",
  });
  check(http.get(`${BASE}/json`, { responseType: 'binary' }), { 'JSON of bytes': (r) => typeof r.json() === 'object' });
}
