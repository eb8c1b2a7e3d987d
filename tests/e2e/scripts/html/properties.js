// The attribute properties of every kind of element: the value without the attribute, and for values of it.

import { check } from 'k6';
import { parseHTML } from 'k6/html';

// What must stand around a tag for the parser to keep it.
const around = {
  caption: '<table>', col: '<table><colgroup>', option: '<select>', optgroup: '<select>', tbody: '<table>', td: '<table><tr>',
  tfoot: '<table>', th: '<table><tr>', thead: '<table>', tr: '<table>',
};

// The property's value for an element with that attribute, as JSON.
function read(tag, property, attribute, value) {
  const text = value === undefined ? '' : ` ${attribute}="${value}"`;
  const element = parseHTML(`${around[tag] || ''}<${tag}${text}>`).find(tag).get(0);
  return JSON.stringify(element[property]());
}

// tag: [property, attribute, without it, { value of the attribute: what comes of it }]
const kinds = {
  a: [
    ['accessKey', 'accesskey', '', { 'any value': 'any value' }],
    ['download', 'download', '', { 'any value': 'any value' }],
    ['href', 'href', '', { 'any value': 'any value' }],
    ['hrefLang', 'hreflang', '', { 'any value': 'any value' }],
    ['referrerPolicy', 'referrerpolicy', '', { 'no-referrer': 'no-referrer', 'no-referrer-when-downgrade': 'no-referrer-when-downgrade', origin: 'origin', 'origin-when-cross-origin': 'origin-when-cross-origin', 'unsafe-url': 'unsafe-url', zzz: '' }],
    ['rel', 'rel', '', { 'any value': 'any value' }],
    ['target', 'target', '', { 'any value': 'any value' }],
    ['type', 'type', '', { 'any value': 'any value' }],
  ],
  area: [
    ['accessKey', 'accesskey', '', { 'any value': 'any value' }],
    ['download', 'download', '', { 'any value': 'any value' }],
    ['href', 'href', '', { 'any value': 'any value' }],
    ['hrefLang', 'hreflang', '', { 'any value': 'any value' }],
    ['referrerPolicy', 'referrerpolicy', '', { 'no-referrer': 'no-referrer', 'no-referrer-when-downgrade': 'no-referrer-when-downgrade', origin: 'origin', 'origin-when-cross-origin': 'origin-when-cross-origin', 'unsafe-url': 'unsafe-url', zzz: '' }],
    ['rel', 'rel', '', { 'any value': 'any value' }],
    ['target', 'target', '', { 'any value': 'any value' }],
    ['type', 'type', '', { 'any value': 'any value' }],
  ],
  audio: [
    ['autoplay', 'autoplay', false, { '': true, false: true }],
    ['controls', 'controls', false, { '': true, false: true }],
    ['crossOrigin', 'crossorigin', undefined, { anonymous: 'anonymous', 'use-credentials': 'use-credentials', zzz: undefined }],
    ['currentSrc', 'src', '', { 'any value': 'any value' }],
    ['defaultMuted', 'muted', false, { '': true, false: true }],
    ['loop', 'loop', false, { '': true, false: true }],
    ['mediaGroup', 'mediagroup', '', { 'any value': 'any value' }],
    ['muted', 'muted', false, { '': true, false: true }],
    ['preload', 'preload', 'auto', { none: 'none', metadata: 'metadata', zzz: 'auto' }],
    ['src', 'src', '', { 'any value': 'any value' }],
  ],
  video: [
    ['autoplay', 'autoplay', false, { '': true, false: true }],
    ['controls', 'controls', false, { '': true, false: true }],
    ['crossOrigin', 'crossorigin', undefined, { anonymous: 'anonymous', 'use-credentials': 'use-credentials', zzz: undefined }],
    ['currentSrc', 'src', '', { 'any value': 'any value' }],
    ['defaultMuted', 'muted', false, { '': true, false: true }],
    ['loop', 'loop', false, { '': true, false: true }],
    ['mediaGroup', 'mediagroup', '', { 'any value': 'any value' }],
    ['muted', 'muted', false, { '': true, false: true }],
    ['preload', 'preload', 'auto', { none: 'none', metadata: 'metadata', zzz: 'auto' }],
    ['src', 'src', '', { 'any value': 'any value' }],
  ],
  base: [
    ['href', 'href', '', { 'any value': 'any value' }],
    ['target', 'target', '', { 'any value': 'any value' }],
  ],
  button: [
    ['accessKey', 'accesskey', '', { 'any value': 'any value' }],
    ['autofocus', 'autofocus', false, { '': true, false: true }],
    ['disabled', 'disabled', false, { '': true, false: true }],
    ['formAction', 'formaction', '', { 'any value': 'any value' }],
    ['formEnctype', 'formenctype', 'application/x-www-form-urlencoded', { 'multipart/form-data': 'multipart/form-data', 'text/plain': 'text/plain', zzz: 'application/x-www-form-urlencoded' }],
    ['formMethod', 'formmethod', 'get', { post: 'post', POST: 'post', zzz: 'get' }],
    ['formNoValidate', 'formnovalidate', false, { '': true, false: true }],
    ['formTarget', 'formtarget', '', { 'any value': 'any value' }],
    ['name', 'name', '', { 'any value': 'any value' }],
    ['tabIndex', 'tabindex', 0, { 1: 1, 7: 7, '-7': -7, zzz: 0 }],
    ['type', 'type', 'submit', { reset: 'reset', button: 'button', menu: 'menu', zzz: 'submit' }],
    ['value', 'value', '', { 'any value': 'any value' }],
  ],
  canvas: [
    ['height', 'height', 150, { 0: 0, 1: 1, 7: 7, '-7': -7, zzz: 150 }],
    ['width', 'width', 150, { 0: 0, 1: 1, 7: 7, '-7': -7, zzz: 150 }],
  ],
  col: [
    ['span', 'span', 1, { 7: 7, zzz: 1 }],
  ],
  data: [
    ['value', 'value', '', { 'any value': 'any value' }],
  ],
  del: [
    ['cite', 'cite', '', { 'any value': 'any value' }],
    ['datetime', 'datetime', '', { 'any value': 'any value' }],
  ],
  ins: [
    ['cite', 'cite', '', { 'any value': 'any value' }],
    ['datetime', 'datetime', '', { 'any value': 'any value' }],
  ],
  embed: [
    ['height', 'height', '', { 'any value': 'any value' }],
    ['src', 'src', '', { 'any value': 'any value' }],
    ['type', 'type', '', { 'any value': 'any value' }],
    ['width', 'width', '', { 'any value': 'any value' }],
  ],
  fieldset: [
    ['disabled', 'disabled', false, { '': true, false: true }],
    ['name', 'name', '', { 'any value': 'any value' }],
  ],
  form: [
    ['acceptCharset', 'accept-charset', '', { 'any value': 'any value' }],
    ['action', 'action', '', { 'any value': 'any value' }],
    ['autocomplete', 'autocomplete', 'on', { off: 'off', zzz: 'on' }],
    ['encoding', 'enctype', 'application/x-www-form-urlencoded', { 'multipart/form-data': 'multipart/form-data', 'text/plain': 'text/plain', zzz: 'application/x-www-form-urlencoded' }],
    ['enctype', 'enctype', 'application/x-www-form-urlencoded', { 'multipart/form-data': 'multipart/form-data', 'text/plain': 'text/plain', zzz: 'application/x-www-form-urlencoded' }],
    ['method', 'method', 'get', { post: 'post', zzz: 'get' }],
    ['name', 'name', '', { 'any value': 'any value' }],
    ['noValidate', 'novalidate', false, { '': true, false: true }],
    ['target', 'target', '', { 'any value': 'any value' }],
  ],
  iframe: [
    ['allowfullscreen', 'allowfullscreen', false, { '': true, false: true }],
    ['height', 'height', '', { 'any value': 'any value' }],
    ['name', 'name', '', { 'any value': 'any value' }],
    ['referrerPolicy', 'referrerpolicy', '', { 'no-referrer': 'no-referrer', 'no-referrer-when-downgrade': 'no-referrer-when-downgrade', origin: 'origin', 'origin-when-cross-origin': 'origin-when-cross-origin', 'unsafe-url': 'unsafe-url', zzz: '' }],
    ['src', 'src', '', { 'any value': 'any value' }],
    ['width', 'width', '', { 'any value': 'any value' }],
  ],
  img: [
    ['alt', 'alt', '', { 'any value': 'any value' }],
    ['crossOrigin', 'crossorigin', undefined, { anonymous: 'anonymous', 'use-credentials': 'use-credentials', zzz: undefined }],
    ['currentSrc', 'src', '', { 'any value': 'any value' }],
    ['height', 'height', 0, { 1: 1, 7: 7, '-7': -7, zzz: 0 }],
    ['isMap', 'ismap', false, { '': true, false: true }],
    ['name', 'name', '', { 'any value': 'any value' }],
    ['referrerPolicy', 'referrerpolicy', '', { 'no-referrer': 'no-referrer', 'no-referrer-when-downgrade': 'no-referrer-when-downgrade', origin: 'origin', 'origin-when-cross-origin': 'origin-when-cross-origin', 'unsafe-url': 'unsafe-url', zzz: '' }],
    ['sizes', 'sizes', '', { 'any value': 'any value' }],
    ['src', 'src', '', { 'any value': 'any value' }],
    ['srcset', 'srcset', '', { 'any value': 'any value' }],
    ['useMap', 'usemap', '', { 'any value': 'any value' }],
    ['width', 'width', 0, { 1: 1, 7: 7, '-7': -7, zzz: 0 }],
  ],
  input: [
    ['accept', 'accept', '', { 'any value': 'any value' }],
    ['accessKey', 'accesskey', '', { 'any value': 'any value' }],
    ['alt', 'alt', '', { 'any value': 'any value' }],
    ['autocomplete', 'autocomplete', 'on', { off: 'off', zzz: 'on' }],
    ['autofocus', 'autofocus', false, { '': true, false: true }],
    ['checked', 'checked', false, { '': true, false: true }],
    ['defaultChecked', 'checked', false, { '': true, false: true }],
    ['defaultValue', 'value', '', { 'any value': 'any value' }],
    ['dirName', 'dirname', '', { 'any value': 'any value' }],
    ['disabled', 'disabled', false, { '': true, false: true }],
    ['formAction', 'formaction', '', { 'any value': 'any value' }],
    ['formEnctype', 'formenctype', 'application/x-www-form-urlencoded', { 'multipart/form-data': 'multipart/form-data', 'text/plain': 'text/plain', zzz: 'application/x-www-form-urlencoded' }],
    ['formMethod', 'formmethod', 'get', { post: 'post', POST: 'post', zzz: 'get' }],
    ['formNoValidate', 'formnovalidate', false, { '': true, false: true }],
    ['formTarget', 'formtarget', '', { 'any value': 'any value' }],
    ['height', 'height', '', { 'any value': 'any value' }],
    ['max', 'max', '', { 'any value': 'any value' }],
    ['maxLength', 'maxlength', -1, { 0: 0, 1: 1, 7: 7, '-7': -7, zzz: -1 }],
    ['min', 'min', '', { 'any value': 'any value' }],
    ['multiple', 'multiple', false, { '': true, false: true }],
    ['name', 'name', '', { 'any value': 'any value' }],
    ['pattern', 'pattern', '', { 'any value': 'any value' }],
    ['placeholder', 'placeholder', '', { 'any value': 'any value' }],
    ['readonly', 'readonly', false, { '': true, false: true }],
    ['required', 'required', false, { '': true, false: true }],
    ['size', 'size', 0, { 1: 1, 7: 7, '-7': -7, zzz: 0 }],
    ['src', 'src', '', { 'any value': 'any value' }],
    ['step', 'step', '', { 'any value': 'any value' }],
    ['tabIndex', 'tabindex', 0, { 1: 1, 7: 7, '-7': -7, zzz: 0 }],
    ['type', 'type', 'text', { submit: 'submit', reset: 'reset', button: 'button', password: 'password', hidden: 'hidden', checkbox: 'checkbox', zzz: 'text' }],
    ['value', 'value', '', { 'any value': 'any value' }],
    ['width', 'width', '', { 'any value': 'any value' }],
  ],
  keygen: [
    ['autofocus', 'autofocus', false, { '': true, false: true }],
    ['challenge', 'challenge', '', { 'any value': 'any value' }],
    ['disabled', 'disabled', false, { '': true, false: true }],
    ['name', 'name', '', { 'any value': 'any value' }],
  ],
  label: [
    ['htmlFor', 'for', '', { 'any value': 'any value' }],
  ],
  legend: [
    ['accessKey', 'accesskey', '', { 'any value': 'any value' }],
  ],
  li: [
    ['type', 'type', '', { 1: '1', a: 'a', A: 'A', i: 'i', I: 'I', disc: 'disc', zzz: '' }],
    ['value', 'value', 0, { 1: 1, 7: 7, '-7': -7, zzz: 0 }],
  ],
  link: [
    ['crossOrigin', 'crossorigin', undefined, { anonymous: 'anonymous', 'use-credentials': 'use-credentials', zzz: undefined }],
    ['href', 'href', '', { 'any value': 'any value' }],
    ['hreflang', 'hreflang', '', { 'any value': 'any value' }],
    ['media', 'media', '', { 'any value': 'any value' }],
    ['referrerPolicy', 'referrerpolicy', '', { 'no-referrer': 'no-referrer', 'no-referrer-when-downgrade': 'no-referrer-when-downgrade', origin: 'origin', 'origin-when-cross-origin': 'origin-when-cross-origin', 'unsafe-url': 'unsafe-url', zzz: '' }],
    ['rel', 'rel', '', { 'any value': 'any value' }],
    ['target', 'target', '', { 'any value': 'any value' }],
    ['type', 'type', '', { 'any value': 'any value' }],
  ],
  map: [
    ['name', 'name', '', { 'any value': 'any value' }],
  ],
  meta: [
    ['content', 'content', '', { 'any value': 'any value' }],
    ['name', 'name', '', { 'any value': 'any value' }],
  ],
  meter: [
    ['high', 'high', 0, { 1: 1, 7: 7, '-7': -7, zzz: 0 }],
    ['low', 'low', 0, { 1: 1, 7: 7, '-7': -7, zzz: 0 }],
    ['max', 'max', 0, { 1: 1, 7: 7, '-7': -7, zzz: 0 }],
    ['min', 'min', 0, { 1: 1, 7: 7, '-7': -7, zzz: 0 }],
    ['optimum', 'optimum', 0, { 1: 1, 7: 7, '-7': -7, zzz: 0 }],
  ],
  object: [
    ['data', 'data', '', { 'any value': 'any value' }],
    ['height', 'height', '', { 'any value': 'any value' }],
    ['name', 'name', '', { 'any value': 'any value' }],
    ['tabIndex', 'tabindex', 0, { 1: 1, 7: 7, '-7': -7, zzz: 0 }],
    ['type', 'type', '', { 'any value': 'any value' }],
    ['typeMustMatch', 'typemustmatch', false, { '': true, false: true }],
    ['useMap', 'usemap', '', { 'any value': 'any value' }],
    ['width', 'width', '', { 'any value': 'any value' }],
  ],
  ol: [
    ['reversed', 'reversed', false, { '': true, false: true }],
    ['start', 'start', 0, { 1: 1, 7: 7, '-7': -7, zzz: 0 }],
    ['type', 'type', '1', { a: 'a', A: 'A', i: 'i', I: 'I', zzz: '1' }],
  ],
  optgroup: [
    ['disabled', 'disabled', false, { '': true, false: true }],
    ['label', 'label', '', { 'any value': 'any value' }],
  ],
  option: [
    ['defaultSelected', 'selected', false, { '': true, false: true }],
    ['disabled', 'disabled', false, { '': true, false: true }],
    ['label', 'label', '', { 'any value': 'any value' }],
    ['selected', 'selected', false, { '': true, false: true }],
    ['value', 'value', '', { 'any value': 'any value' }],
  ],
  output: [
    ['htmlFor', 'for', '', { 'any value': 'any value' }],
    ['name', 'name', '', { 'any value': 'any value' }],
  ],
  param: [
    ['name', 'name', '', { 'any value': 'any value' }],
    ['value', 'value', '', { 'any value': 'any value' }],
  ],
  pre: [
    ['name', 'name', '', { 'any value': 'any value' }],
    ['value', 'value', '', { 'any value': 'any value' }],
  ],
  progress: [
    ['max', 'max', 1, { 0: 0, 7: 7, '3.5': 3.5, zzz: 1 }],
    ['value', 'value', 0, { 1: 1, 7: 7, '3.5': 3.5, zzz: 0 }],
  ],
  script: [
    ['async', 'async', false, { '': true, false: true }],
    ['charset', 'charset', '', { 'any value': 'any value' }],
    ['crossOrigin', 'crossorigin', '', { 'any value': 'any value' }],
    ['defer', 'defer', false, { '': true, false: true }],
    ['noModule', 'nomodule', false, { '': true, false: true }],
    ['src', 'src', '', { 'any value': 'any value' }],
    ['type', 'type', '', { 'any value': 'any value' }],
  ],
  select: [
    ['autofocus', 'autofocus', false, { '': true, false: true }],
    ['disabled', 'disabled', false, { '': true, false: true }],
    ['multiple', 'multiple', false, { '': true, false: true }],
    ['name', 'name', '', { 'any value': 'any value' }],
    ['required', 'required', false, { '': true, false: true }],
    ['tabIndex', 'tabindex', 0, { 1: 1, 7: 7, '-7': -7, zzz: 0 }],
  ],
  source: [
    ['keySystem', 'keysystem', '', { 'any value': 'any value' }],
    ['media', 'media', '', { 'any value': 'any value' }],
    ['sizes', 'sizes', '', { 'any value': 'any value' }],
    ['src', 'src', '', { 'any value': 'any value' }],
    ['srcset', 'srcset', '', { 'any value': 'any value' }],
    ['type', 'type', '', { 'any value': 'any value' }],
  ],
  style: [
    ['media', 'media', '', { 'any value': 'any value' }],
    ['type', 'type', 'text/css', { 'any value': 'any value' }],
  ],
  table: [
    ['sortable', 'sortable', false, { '': true, false: true }],
  ],
  td: [
    ['colSpan', 'colspan', 1, { 0: 0, 7: 7, '-7': -7, zzz: 1 }],
    ['headers', 'headers', '', { 'any value': 'any value' }],
    ['rowSpan', 'rowspan', 1, { 0: 0, 7: 7, '-7': -7, zzz: 1 }],
  ],
  textarea: [
    ['accessKey', 'accesskey', '', { 'any value': 'any value' }],
    ['autocapitalize', 'autocapitalize', 'sentences', { none: 'none', off: 'off', words: 'words', characters: 'characters', zzz: 'sentences' }],
    ['autocomplete', 'autocomplete', 'on', { off: 'off', zzz: 'on' }],
    ['cols', 'cols', 0, { 1: 1, 7: 7, '-7': -7, zzz: 0 }],
    ['defaultValue', 'value', '', { 'any value': 'any value' }],
    ['maxLength', 'maxlength', 0, { 1: 1, 7: 7, '-7': -7, zzz: 0 }],
    ['placeholder', 'placeholder', '', { 'any value': 'any value' }],
    ['readOnly', 'readonly', false, { '': true, false: true }],
    ['required', 'required', false, { '': true, false: true }],
    ['rows', 'rows', 0, { 1: 1, 7: 7, '-7': -7, zzz: 0 }],
    ['tabIndex', 'tabindex', 0, { 1: 1, 7: 7, '-7': -7, zzz: 0 }],
    ['value', 'value', '', { 'any value': 'any value' }],
    ['wrap', 'wrap', 'soft', { off: 'off', hard: 'hard', zzz: 'soft' }],
  ],
  th: [
    ['abbr', 'abbr', '', { 'any value': 'any value' }],
    ['colSpan', 'colspan', 1, { 0: 0, 7: 7, '-7': -7, zzz: 1 }],
    ['headers', 'headers', '', { 'any value': 'any value' }],
    ['rowSpan', 'rowspan', 1, { 0: 0, 7: 7, '-7': -7, zzz: 1 }],
    ['scope', 'scope', '', { row: 'row', col: 'col', colgroup: 'colgroup', rowgroup: 'rowgroup', zzz: '' }],
    ['sorted', 'sorted', false, { '': true, false: true }],
  ],
  time: [
    ['datetime', 'datetime', '', { 'any value': 'any value' }],
  ],
  track: [
    ['default', 'default', false, { '': true, false: true }],
    ['kind', 'kind', 'subtitle', { metadata: 'metadata', captions: 'captions', descriptions: 'descriptions', chapters: 'chapters', zzz: 'subtitle' }],
    ['label', 'label', '', { 'any value': 'any value' }],
    ['src', 'src', '', { 'any value': 'any value' }],
    ['srclang', 'srclang', '', { 'any value': 'any value' }],
  ],
  ul: [
    ['type', 'type', '', { 'any value': 'any value' }],
  ],
};

export default function () {
  for (const tag of Object.keys(kinds)) {
    for (const [property, attribute, without, expectations] of kinds[tag]) {
      check(null, {
        [`${tag}.${property}`]: () =>
          read(tag, property) === JSON.stringify(without) &&
          Object.keys(expectations).every(
            (value) => read(tag, property, attribute, value) === JSON.stringify(expectations[value]),
          ),
      });
    }
  }
}
