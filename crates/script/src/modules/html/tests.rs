//! Scripts against `k6/html`; the conformance scripts in `tests/e2e/scripts/html` go further.

use super::{parse::DEPTH_LIMIT, selection::Selection};
use crate::testing::{check_script, eval_script};

const PAGE: &str = "<div id=top data-id=7 data-user-name=ann><h1>Hello <b>World</b></h1>\
    <ul><li class=item>a</li><li class='item on'>b</li><li>c</li></ul></div>\
    <form action=/go method=post><input name=t value='x y'><select name=s><option value=1 selected>One\
    </select></form><a href='http://h:80/p?q#f'>Link</a>";

/// `lines` are what the script prints; it finds the parsed page in `doc`.
#[track_caller]
fn check(script: &str, lines: &[&str]) {
    let script =
        format!("import {{ parseHTML }} from 'k6/html'; const doc = parseHTML({PAGE:?}); {script}");
    check_script(&script, lines);
}

#[test]
fn finds_and_steps() {
    check(
        "const text = (s) => s.map((i, e) => e.text()).join();
         console.log(text(doc.find('li')), text(doc.find('li.item')), text(doc.find('li').eq(1).nextAll()));
         console.log(text(doc.find('li').filter((i) => i > 0)), text(doc.find('li').not('.item')));
         console.log(doc.find('b').parents().size(), doc.find('b').closest('div').attr('id'));
         console.log(doc.find('li').is('.on'), doc.find('li').slice(1).end().size());",
        &["a,b,c a,b c", "b,c c", "4 top", "true 3"],
    );
}

#[test]
fn values_have_their_types() {
    check(
        "const top = doc.find('#top');
         console.log(top.data('id') + 1, top.data('userName'), top.attr('nope'), top.attr('nope', 'd'));
         console.log(doc.find('form').serialize(), doc.find('select').val(), doc.find('h1').html());
         console.log(doc.find('nope').html() === '', doc.find('nope').val());",
        &["8 ann undefined d", "s=1&t=x+y 1 Hello <b>World</b>", "true undefined"],
    );
}

#[test]
fn elements_have_the_properties_of_their_kind() {
    check(
        "const a = doc.find('a').get(0);
         console.log(a.nodeName(), a.host(), a.pathname(), a.hash(), a.text(), typeof a.method);
         const form = doc.find('form').get(0);
         console.log(form.method(), form.elements().length, form.children()[0].name());
         doc.find('li').each((i, e) => console.log(i, e.className(), e.nextSibling() && e.nextSibling().nodeName()));",
        &["a h /p #f Link undefined", "post 2 t", "0 item li", "1 item on li", "2 undefined undefined"],
    );
}

#[test]
fn wrong_arguments_are_told_as_in_k6() {
    let script = |call: &str| {
        format!("import {{ parseHTML }} from 'k6/html'; parseHTML('<li>a').find('li').{call}")
    };
    for (call, message) in [
        ("find(5)", "GoError: invalid argument, cannot use a 'int64' as a selector"),
        (
            "find(parseHTML('<a>').find('a').get(0))",
            "GoError: invalid argument, cannot use a 'html.AnchorElement' as a selector",
        ),
        (
            "filter(5)",
            "GoError: the argument to filter() must be a function, a selector or a selection",
        ),
        ("each('x')", "GoError: the argument to each() must be a function"),
    ] {
        let error = eval_script(&script(call)).error.unwrap_or_default();
        assert!(error.starts_with(message), "{call}: {error}");
    }
}

#[test]
fn exceptions_in_callbacks() {
    check(
        "console.log(doc.find('li').map((i) => { if (i === 1) throw new Error('x'); return i; }).join());
         try { doc.find('li').each(() => { throw new Error('boom'); }); } catch (e) { console.log(e.message); }",
        &["0,2", "boom"],
    );
}

/// The depth of a document is its author's choice and must not cost stack.
#[test]
fn deep_documents_do_not_overflow_the_stack() {
    check_script(
        "import { parseHTML } from 'k6/html';
         const doc = parseHTML('<i>'.repeat(4000) + 'x');
         console.log(doc.find('i').size(), doc.text(), doc.html().length, doc.find('i i:has(i) i').size());
         try { parseHTML('<div>'.repeat(100000)); } catch (e) { console.log(e.message); }",
        &["4000 x 28040 3998", "html: elements are nested more than 4096 deep"],
    );
}

#[test]
fn closed_elements_do_not_count_for_depth() {
    let text = "<p>x</p>".repeat(2 * DEPTH_LIMIT as usize);
    assert!(Selection::parse(&text, "").is_ok());
}
