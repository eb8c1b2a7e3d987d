//! The JavaScript side of [`Selection`].

use std::collections::HashSet;

use rquickjs::{
    Array, Class, Coerced, Ctx, Function, Object, Result, Value,
    function::{Opt, Rest, This},
    object::Accessor,
};

use super::{
    data::{self, Data},
    document::NodeId,
    element_object::{self, ElementObject},
    form::{self, FieldValue},
    prototypes::{self, method},
    selection::{Filter, Selection, Step},
    selector,
};
use crate::{
    modules::arguments,
    vu::{VuState, error},
};

pub(crate) struct SelectionObject(pub(crate) Selection);

type Me<'js> = This<Class<'js, SelectionObject>>;

/// A JavaScript object for `selection`.
pub(crate) fn wrap<'js>(ctx: &Ctx<'js>, selection: Selection) -> Result<Value<'js>> {
    prototypes::instance(SelectionObject(selection), prototypes::selection(ctx)?)
}

fn mine(me: &Me<'_>) -> Selection {
    me.0.borrow().0.clone()
}

pub(super) fn prototype<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let object = Object::new(ctx.clone())?;
    let url = |me: Me<'js>| me.0.borrow().0.url.to_string();
    object.prop("url", Accessor::from(url).enumerable().configurable())?;
    define_steps(&object)?;
    define_narrowing(&object)?;
    define_values(&object)?;
    define_loops(&object)?;
    Ok(object)
}

/// Ways to neighbours in the tree.
fn define_steps<'js>(object: &Object<'js>) -> Result<()> {
    let steps = [
        ("children", Step::Children),
        ("next", Step::Next),
        ("nextAll", Step::NextAll),
        ("parent", Step::Parent),
        ("parents", Step::Parents),
        ("prev", Step::Previous),
        ("prevAll", Step::PreviousAll),
        ("siblings", Step::Siblings),
    ];
    for (name, step) in steps {
        method(object, name, move |ctx: Ctx<'js>, me: Me<'js>, arguments: Rest<Value<'js>>| {
            let filter = arguments.first().map(text_filter).transpose()?;
            wrap(&ctx, mine(&me).step(step, filter.as_ref()))
        })?;
    }
    let steps = [
        ("nextUntil", Step::NextAll),
        ("parentsUntil", Step::Parents),
        ("prevUntil", Step::PreviousAll),
    ];
    for (name, step) in steps {
        method(object, name, move |ctx: Ctx<'js>, me: Me<'js>, arguments: Rest<Value<'js>>| {
            let until = arguments::given(arguments.first().cloned());
            let until = until.map(|until| selector_argument(&ctx, Some(until))).transpose()?;
            let filter = arguments.get(1).map(text_filter).transpose()?;
            wrap(&ctx, mine(&me).step_until(step, until.as_ref(), filter.as_ref()))
        })?;
    }
    method(object, "contents", |ctx: Ctx<'js>, me: Me<'js>| {
        wrap(&ctx, mine(&me).step(Step::Contents, None))
    })
}

/// Ways to parts of the list and to other lists.
fn define_narrowing<'js>(object: &Object<'js>) -> Result<()> {
    type Search = fn(&Selection, &Filter) -> Selection;
    let searches: [(&str, Search); 4] = [
        ("add", Selection::add),
        ("closest", Selection::closest),
        ("find", Selection::find),
        ("has", Selection::has),
    ];
    for (name, search) in searches {
        method(object, name, move |ctx: Ctx<'js>, me: Me<'js>, argument: Opt<Value<'js>>| {
            let filter = search_argument(&ctx, argument.0)?;
            wrap(&ctx, search(&mine(&me), &filter))
        })?;
    }
    method(object, "filter", filter)?;
    method(object, "not", not)?;
    method(object, "is", is)?;
    method(object, "end", |ctx: Ctx<'js>, me: Me<'js>| wrap(&ctx, mine(&me).end()))?;
    method(object, "first", |ctx: Ctx<'js>, me: Me<'js>| wrap(&ctx, mine(&me).eq(0)))?;
    method(object, "last", |ctx: Ctx<'js>, me: Me<'js>| wrap(&ctx, mine(&me).eq(-1)))?;
    method(object, "eq", |ctx: Ctx<'js>, me: Me<'js>, index: Opt<Coerced<f64>>| {
        wrap(&ctx, mine(&me).eq(integer(index)))
    })?;
    method(
        object,
        "slice",
        |ctx: Ctx<'js>, me: Me<'js>, start: Opt<Coerced<f64>>, end: Opt<Value<'js>>| {
            let end = arguments::given(end.0).map(|end| end.get::<Coerced<f64>>()).transpose()?;
            wrap(&ctx, mine(&me).slice(integer(start), end.map(|end| end.0 as i64)))
        },
    )
}

/// What the nodes hold.
fn define_values<'js>(object: &Object<'js>) -> Result<()> {
    method(object, "size", |me: Me<'js>| me.0.borrow().0.nodes.len())?;
    method(object, "text", |me: Me<'js>| me.0.borrow().0.text())?;
    method(object, "html", |me: Me<'js>| me.0.borrow().0.html())?;
    method(object, "attr", attr)?;
    method(object, "data", data)?;
    method(object, "get", get)?;
    method(object, "index", index)?;
    method(object, "toArray", to_array)?;
    method(object, "val", |ctx: Ctx<'js>, me: Me<'js>| {
        let me = mine(&me);
        match me.first().and_then(|first| form::value(&me.document, first)) {
            Some(value) => field_value(&ctx, value),
            None => Ok(Value::new_undefined(ctx)),
        }
    })?;
    method(object, "serialize", |me: Me<'js>| form::url_encoded(&me.0.borrow().0))?;
    method(object, "serializeArray", serialize_array)?;
    method(object, "serializeObject", |ctx: Ctx<'js>, me: Me<'js>| {
        let object = Object::new(ctx.clone())?;
        for (name, value) in form::fields_by_name(&mine(&me)) {
            object.set(name, field_value(&ctx, value)?)?;
        }
        Ok::<_, rquickjs::Error>(object)
    })
}

fn define_loops(object: &Object<'_>) -> Result<()> {
    method(object, "each", each)?;
    method(object, "map", map)
}

/// A missing index is 0.
fn integer(value: Opt<Coerced<f64>>) -> i64 {
    value.0.map_or(0, |value| value.0 as i64)
}

/// Whatever it is, as the text of a selector.
fn text_filter(value: &Value<'_>) -> Result<Filter> {
    Ok(Filter::Selector(selector::parse(&arguments::text(value)?)))
}

/// A selector's text or a Selection; `None` for any other value.
fn as_filter(value: &Value<'_>) -> Result<Option<Filter>> {
    if value.is_string() {
        return text_filter(value).map(Some);
    }
    let selection = Class::<SelectionObject>::from_value(value).ok();
    Ok(selection.map(|selection| Filter::Nodes(selection.borrow().0.clone())))
}

/// An element without a kind of its own, as a list: k6 takes no others.
fn plain_element(value: &Value<'_>) -> Option<Selection> {
    let element = Class::<ElementObject>::from_value(value).ok()?;
    let element = element.borrow();
    element.is_plain().then(|| element.selection())
}

/// As [`selector_argument`], or an element.
fn search_argument<'js>(ctx: &Ctx<'js>, value: Option<Value<'js>>) -> Result<Filter> {
    match value.as_ref().and_then(plain_element) {
        Some(element) => Ok(Filter::Nodes(element)),
        None => selector_argument(ctx, value),
    }
}

fn selector_argument<'js>(ctx: &Ctx<'js>, value: Option<Value<'js>>) -> Result<Filter> {
    let value = value.unwrap_or_else(|| Value::new_undefined(ctx.clone()));
    match as_filter(&value)? {
        Some(filter) => Ok(filter),
        None => {
            let name = type_name(&value);
            Err(error::throw(
                ctx,
                &format!("invalid argument, cannot use a '{name}' as a selector"),
            ))
        }
    }
}

fn type_name(value: &Value<'_>) -> String {
    match Class::<ElementObject>::from_value(value) {
        Ok(element) => format!("html.{}", element.borrow().type_name()),
        Err(_) => arguments::type_name(value).to_string(),
    }
}

/// The nodes for which `test(index, Selection)` is true.
fn tested<'js>(ctx: &Ctx<'js>, me: &Selection, test: &Function<'js>) -> Result<Vec<NodeId>> {
    let mut passed = Vec::new();
    for (index, id) in me.nodes.iter().enumerate() {
        let verdict: Coerced<bool> = test.call((index, wrap(ctx, me.single(*id))?))?;
        if verdict.0 {
            passed.push(*id);
        }
    }
    Ok(passed)
}

fn wrong_argument<'js>(ctx: &Ctx<'js>, method: &str) -> rquickjs::Error {
    error::throw(
        ctx,
        &format!("the argument to {method}() must be a function, a selector or a selection"),
    )
}

fn filter<'js>(ctx: Ctx<'js>, me: Me<'js>, argument: Opt<Value<'js>>) -> Result<Value<'js>> {
    let me = mine(&me);
    let argument = argument.0.unwrap_or_else(|| Value::new_undefined(ctx.clone()));
    if let Some(test) = argument.as_function() {
        let passed = tested(&ctx, &me, test)?;
        return wrap(&ctx, me.derive(passed));
    }
    match as_filter(&argument)? {
        Some(filter) => wrap(&ctx, me.filter(&filter)),
        None => Err(wrong_argument(&ctx, "filter")),
    }
}

fn not<'js>(ctx: Ctx<'js>, me: Me<'js>, argument: Opt<Value<'js>>) -> Result<Value<'js>> {
    let me = mine(&me);
    if let Some(test) = argument.0.as_ref().and_then(Value::as_function) {
        let passed: HashSet<NodeId> = tested(&ctx, &me, test)?.into_iter().collect();
        let left = me.nodes.iter().copied().filter(|id| !passed.contains(id)).collect();
        return wrap(&ctx, me.derive(left));
    }
    let filter = search_argument(&ctx, argument.0)?;
    wrap(&ctx, me.not(&filter))
}

fn is<'js>(ctx: Ctx<'js>, me: Me<'js>, argument: Opt<Value<'js>>) -> Result<bool> {
    let me = mine(&me);
    let argument = argument.0.unwrap_or_else(|| Value::new_undefined(ctx.clone()));
    if let Some(test) = argument.as_function() {
        return Ok(!tested(&ctx, &me, test)?.is_empty());
    }
    match as_filter(&argument)? {
        Some(filter) => Ok(me.is(&filter)),
        None => Err(wrong_argument(&ctx, "is")),
    }
}

fn attr<'js>(
    ctx: Ctx<'js>,
    me: Me<'js>,
    name: Opt<Coerced<String>>,
    default: Opt<Value<'js>>,
) -> Result<Value<'js>> {
    let me = me.0.borrow();
    match name.0.and_then(|name| me.0.attribute(&name.0)) {
        Some(value) => Ok(rquickjs::String::from_str(ctx, value)?.into_value()),
        None => Ok(default.0.unwrap_or_else(|| Value::new_undefined(ctx))),
    }
}

fn data<'js>(ctx: Ctx<'js>, me: Me<'js>, key: Opt<Value<'js>>) -> Result<Value<'js>> {
    let me = mine(&me);
    let Some(element) = me.first().and_then(|first| me.document.element(first)) else {
        return Ok(Value::new_undefined(ctx));
    };
    if let Some(key) = arguments::given(key.0) {
        return match data::read(element, &arguments::text(&key)?) {
            Some(value) => data_value(&ctx, value),
            None => Ok(Value::new_undefined(ctx)),
        };
    }
    let object = Object::new(ctx.clone())?;
    for (name, value) in data::read_all(element) {
        object.set(name, data_value(&ctx, value)?)?;
    }
    Ok(object.into_value())
}

fn data_value<'js>(ctx: &Ctx<'js>, value: Data) -> Result<Value<'js>> {
    match value {
        Data::Bool(value) => Ok(Value::new_bool(ctx.clone(), value)),
        Data::Number(value) => Ok(Value::new_number(ctx.clone(), value)),
        Data::Json(text) => ctx.json_parse(text),
        Data::Text(text) => Ok(rquickjs::String::from_str(ctx.clone(), &text)?.into_value()),
    }
}

fn field_value<'js>(ctx: &Ctx<'js>, value: FieldValue) -> Result<Value<'js>> {
    use rquickjs::IntoJs;
    match value {
        FieldValue::One(value) => value.into_js(ctx),
        FieldValue::Many(values) => values.into_js(ctx),
    }
}

fn get<'js>(ctx: Ctx<'js>, me: Me<'js>, index: Opt<Value<'js>>) -> Result<Value<'js>> {
    let me = mine(&me);
    let Some(index) = arguments::given(index.0) else {
        return element_object::wrap_all(&ctx, &me, &me.nodes);
    };
    let index = index.get::<Coerced<f64>>()?.0 as i64;
    element_object::wrap_optional(&ctx, &me, me.at(index))
}

fn to_array<'js>(ctx: Ctx<'js>, me: Me<'js>) -> Result<Array<'js>> {
    let me = mine(&me);
    let array = Array::new(ctx.clone())?;
    for (index, selection) in me.split().enumerate() {
        array.set(index, wrap(&ctx, selection)?)?;
    }
    Ok(array)
}

fn index<'js>(me: Me<'js>, argument: Opt<Value<'js>>) -> Result<i64> {
    let me = mine(&me);
    let Some(argument) = arguments::given(argument.0) else { return Ok(me.index_among_siblings()) };
    Ok(match as_filter(&argument)? {
        Some(Filter::Nodes(other)) => me.index_of(&other),
        Some(filter) => me.derive(vec![NodeId::DOCUMENT]).find(&filter).index_of(&me),
        None => plain_element(&argument).map_or(-1, |element| me.index_of(&element)),
    })
}

fn serialize_array<'js>(ctx: Ctx<'js>, me: Me<'js>) -> Result<Array<'js>> {
    let array = Array::new(ctx.clone())?;
    for (index, (name, value)) in form::fields(&mine(&me)).into_iter().enumerate() {
        let field = Object::new(ctx.clone())?;
        field.set("name", name)?;
        field.set("value", field_value(&ctx, value)?)?;
        array.set(index, field)?;
    }
    Ok(array)
}

fn callback<'js>(
    ctx: &Ctx<'js>,
    argument: &Opt<Value<'js>>,
    method: &str,
) -> Result<Function<'js>> {
    let function = argument.0.as_ref().and_then(Value::as_function).cloned();
    function
        .ok_or_else(|| error::throw(ctx, &format!("the argument to {method}() must be a function")))
}

fn each<'js>(ctx: Ctx<'js>, me: Me<'js>, function: Opt<Value<'js>>) -> Result<Value<'js>> {
    let function = callback(&ctx, &function, "each")?;
    let selection = mine(&me);
    for (index, id) in selection.nodes.iter().enumerate() {
        function.call::<_, ()>((index, element_object::wrap(&ctx, &selection, *id)?))?;
    }
    Ok(me.0.into_value())
}

fn map<'js>(ctx: Ctx<'js>, me: Me<'js>, function: Opt<Value<'js>>) -> Result<Array<'js>> {
    let function = callback(&ctx, &function, "map")?;
    let selection = mine(&me);
    let results = Array::new(ctx.clone())?;
    for (index, id) in selection.nodes.iter().enumerate() {
        match function.call::<_, Value<'js>>((index, wrap(&ctx, selection.single(*id))?)) {
            Ok(result) => results.set(results.len(), result)?,
            // As in k6, nodes for which the function throws are left out.
            Err(rquickjs::Error::Exception) if VuState::of(&ctx)?.stop_cause().is_none() => {
                ctx.catch();
            }
            Err(error) => return Err(error),
        }
    }
    Ok(results)
}
