// What the parser makes of a text, and how it is written back.

import { check } from 'k6';
import { parseHTML } from 'k6/html';


// The value as JSON; an exception as its text.
function outcome(act) {
  try {
    return JSON.stringify(act());
  } catch (e) {
    return JSON.stringify(String(e));
  }
}

// [what is called, the call, what comes of it]
const cases = [
  ["parseHTML('').html()", () => parseHTML('').html(), "<html><head></head><body></body></html>"],
  ["parseHTML('').size()", () => parseHTML('').size(), 1],
  ["parseHTML().html()", () => parseHTML().html(), "<html><head></head><body></body></html>"],
  ["parseHTML(5).html()", () => parseHTML(5).html(), "<html><head></head><body>5</body></html>"],
  ["parseHTML(null).html()", () => parseHTML(null).html(), "<html><head></head><body></body></html>"],
  ["parseHTML({}).html()", () => parseHTML({}).html(), "<html><head></head><body>[object Object]</body></html>"],
  ["parseHTML('plain text').html()", () => parseHTML('plain text').html(), "<html><head></head><body>plain text</body></html>"],
  ["parseHTML('<p>a<p>b').html()", () => parseHTML('<p>a<p>b').html(), "<html><head></head><body><p>a</p><p>b</p></body></html>"],
  ["parseHTML('<!DOCTYPE html><p>a').html()", () => parseHTML('<!DOCTYPE html><p>a').html(), "<!DOCTYPE html><html><head></head><body><p>a</p></body></html>"],
  ["parseHTML('<noscript><p>x</p></noscript>').find('noscript').text()", () => parseHTML('<noscript><p>x</p></noscript>').find('noscript').text(), "<p>x</p>"],
  ["parseHTML('<noscript><p>x</p></noscript>').find('p').size()", () => parseHTML('<noscript><p>x</p></noscript>').find('p').size(), 0],
  ["parseHTML('<noscript><p>x</p></noscript>').html()", () => parseHTML('<noscript><p>x</p></noscript>').html(), "<html><head><noscript><p>x</p></noscript></head><body></body></html>"],
  ["parseHTML('<body><noscript><p>x</p></noscript>').html()", () => parseHTML('<body><noscript><p>x</p></noscript>').html(), "<html><head></head><body><noscript><p>x</p></noscript></body></html>"],
  ["parseHTML('<template><p>x</p></template>').html()", () => parseHTML('<template><p>x</p></template>').html(), "<html><head><template><p>x</p></template></head><body></body></html>"],
  ["parseHTML('<template><p>x</p></template>').find('p').size()", () => parseHTML('<template><p>x</p></template>').find('p').size(), 1],
  ["parseHTML('<template><p>x</p></template>').find('template').text()", () => parseHTML('<template><p>x</p></template>').find('template').text(), "x"],
  ["parseHTML('<script>a<b && c</script>').html()", () => parseHTML('<script>a<b && c</script>').html(), "<html><head><script>a<b && c</script></head><body></body></html>"],
  ["parseHTML('<pre>\\nx</pre><textarea>\\n\\ny</textarea>').find('body').html()", () => parseHTML('<pre>\nx</pre><textarea>\n\ny</textarea>').find('body').html(), "<pre>x</pre><textarea>\n\ny</textarea>"],
  ["parseHTML('<p>&lt;&amp;&quot;&nbsp;\\'é</p><a title=\"&lt;&quot;\\'&nbsp;&gt;\">').find('body').html()", () => parseHTML('<p>&lt;&amp;&quot;&nbsp;\'é</p><a title="&lt;&quot;\'&nbsp;&gt;">').find('body').html(), "<p>&lt;&amp;&#34; &#39;é</p><a title=\"&lt;&#34;&#39; &gt;\"></a>"],
  ["parseHTML('<svg viewBox=\"0 0 1 1\"><path d=\"x\"/><a xlink:href=\"y\">t</a></svg><math><mi>x</mi></math>').find('body').html()", () => parseHTML('<svg viewBox="0 0 1 1"><path d="x"/><a xlink:href="y">t</a></svg><math><mi>x</mi></math>').find('body').html(), "<svg viewBox=\"0 0 1 1\"><path d=\"x\"></path><a xlink:href=\"y\">t</a></svg><math><mi>x</mi></math>"],
  ["parseHTML('<svg viewBox=\"0 0 1 1\"><linearGradient/></svg>').find('linearGradient').size()", () => parseHTML('<svg viewBox="0 0 1 1"><linearGradient/></svg>').find('linearGradient').size(), 0],
  ["parseHTML('<svg viewBox=\"0 0 1 1\"><linearGradient/></svg>').find('lineargradient').size()", () => parseHTML('<svg viewBox="0 0 1 1"><linearGradient/></svg>').find('lineargradient').size(), 0],
  ["parseHTML('<svg viewBox=\"0 0 1 1\"><linearGradient/></svg>').find('svg').attr('viewBox')", () => parseHTML('<svg viewBox="0 0 1 1"><linearGradient/></svg>').find('svg').attr('viewBox'), "0 0 1 1"],
  ["parseHTML('<svg viewBox=\"0 0 1 1\"><linearGradient/></svg>').find('svg').attr('viewbox')", () => parseHTML('<svg viewBox="0 0 1 1"><linearGradient/></svg>').find('svg').attr('viewbox'), undefined],
  ["parseHTML('<svg viewBox=\"0 0 1 1\"></svg>').find('[viewbox]').size()", () => parseHTML('<svg viewBox="0 0 1 1"></svg>').find('[viewbox]').size(), 0],
  ["parseHTML('<svg viewBox=\"0 0 1 1\"></svg>').find('[viewBox]').size()", () => parseHTML('<svg viewBox="0 0 1 1"></svg>').find('[viewBox]').size(), 0],
  ["parseHTML('<svg><a xlink:href=\"y\">t</a></svg>').find('svg a').attr('xlink:href')", () => parseHTML('<svg><a xlink:href="y">t</a></svg>').find('svg a').attr('xlink:href'), undefined],
  ["parseHTML('<svg><a xlink:href=\"y\">t</a></svg>').find('svg a').attr('href')", () => parseHTML('<svg><a xlink:href="y">t</a></svg>').find('svg a').attr('href'), "y"],
  ["parseHTML('<br><img><hr><input><p/>').find('body').html()", () => parseHTML('<br><img><hr><input><p/>').find('body').html(), "<br/><img/><hr/><input/><p></p>"],
  ["parseHTML('<table><div>x</div><tr><td>y').find('body').html()", () => parseHTML('<table><div>x</div><tr><td>y').find('body').html(), "<div>x</div><table><tbody><tr><td>y</td></tr></tbody></table>"],
  ["parseHTML('<b><p>x</b>y</p>').find('body').html()", () => parseHTML('<b><p>x</b>y</p>').find('body').html(), "<b></b><p><b>x</b>y</p>"],
  ["parseHTML('<p id=a id=b>').find('p').attr('id')", () => parseHTML('<p id=a id=b>').find('p').attr('id'), "a"],
  ["parseHTML('<!-- a --><p>b<!-- c --></p>').html()", () => parseHTML('<!-- a --><p>b<!-- c --></p>').html(), "<!-- a --><html><head></head><body><p>b<!-- c --></p></body></html>"],
  ["parseHTML('<frameset><frame></frameset>').html()", () => parseHTML('<frameset><frame></frameset>').html(), "<html><head></head><frameset><frame></frame></frameset></html>"],
];

export default function () {
  for (const [name, act, expected] of cases) {
    check(null, { [name]: () => outcome(act) === JSON.stringify(expected) });
  }
}
