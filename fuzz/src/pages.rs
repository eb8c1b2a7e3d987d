//! HTML text, and selectors on it.

use bolero::check;
use plimsoll_script::fuzzing::Page;

use crate::near::Corpus;

const PAGES: &[&str] = &[
    "<!DOCTYPE html><title>t</title><div id=a class='x y'><p>one<p class=q>two &amp; &#x41;</div><!--c-->",
    "<table><tr><td>1<td>2</table><form><input name=a value=b><select name=s><option selected>1</select>\
     <textarea name=t>\n x</textarea></form>",
    "<svg><foreignObject><p>x</p></foreignObject></svg><math><mi>y</mi></math><template><b>z</template>",
    "<script>if (a < b) '</' </script><style>p{}</style><plaintext><b>x",
    "<a href=/x?y#z>l</a><ul><li>1<li>2</ul><b><i>x</b>y</i><pre>\n z</pre>",
];

const SELECTORS: &[&str] = &[
    "div > p.q, ul li:nth-child(2n+1)",
    "#a .x[class~=y]:not(.z)",
    "p:contains('one') + p ~ *",
    "input[name^=a][value$='b'], [name*=s i], [class!=x], [id#=(^a)]",
    "div:has(p), div:haschild(> p), :matches(^t), :containsOwn(x), :matchesOwn(x)",
    "td:nth-last-of-type(-n+3), li:only-child, :empty, :root, :first-of-type, :last-child",
    ":input, :checked, :disabled, :enabled, :link, :lang(en), a:hover",
    "option\\:x, \\41 b, *|*, ns|p",
];

const WORDS: &[&str] = &[
    "<",
    ">",
    "</",
    "/>",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "&",
    "&#",
    "&#x110000;",
    "&lt",
    ";",
    "=",
    "'",
    "\"",
    "<p>",
    "</p>",
    "<table>",
    "<b>",
    "<i>",
    "<form>",
    "<select>",
    "<option>",
    "<template>",
    "<svg>",
    "<body>",
    "</html>",
    "<frameset>",
    "<script>",
    "<textarea>",
    "\0",
    "\u{fffd}",
    "\u{e9}",
    " ",
    "\n",
    ",",
    "+",
    "~",
    "*",
    "#",
    ".",
    ":",
    "::",
    "[",
    "]",
    "(",
    ")",
    "|",
    "\\",
    "!=",
    "n",
    "-",
    "2147483648",
    "even",
    ":not(",
    ":has(",
    ":nth-child(",
    ":matches(",
    "(?i)",
    "{1000}",
    "^",
];

#[test]
fn pages() {
    let pages = Corpus::of_texts(PAGES, WORDS).text();
    let selectors = Corpus::of_texts(SELECTORS, WORDS).text();
    check!().with_generator((pages, selectors)).for_each(|(text, selector)| {
        let Some(page) = Page::parse(text) else { return };
        let all = page.find("*").expect("a selector");
        assert!(all.size() >= 3, "each document has html, head and body");
        page.read();
        let Some(found) = page.find(selector) else { return };
        assert!(found.size() <= all.size());
        let filtered = all.filter(selector).expect("it was a selector before");
        assert_eq!(found.size(), filtered.size(), "find() and filter() differ");
        found.read();
    });
}
