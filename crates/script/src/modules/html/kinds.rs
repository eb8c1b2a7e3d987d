//! Which kind of element has which properties, as k6 has them.

use super::{
    computed::{self as node, field, link, table},
    document::{Document, NodeId},
    property::{Property, PropertyValue, Reader},
};

/// Elements with properties of their own beside those of every element.
pub(crate) struct Kind {
    /// k6's name of the type; part of its error messages.
    pub(crate) name: &'static str,
    tags: &'static [&'static str],
    pub(crate) properties: &'static [Property],
}

/// The kind of elements with that tag and its place in [`KINDS`]; `None` for plain ones.
pub(crate) fn kind_of(tag: &str) -> Option<(usize, &'static Kind)> {
    KINDS.iter().enumerate().find(|(_, kind)| kind.tags.contains(&tag))
}

const fn text(name: &'static str, attribute: &'static str) -> Property {
    Property { name, reader: Reader::Text(attribute) }
}

const fn text_or(name: &'static str, attribute: &'static str, default: &'static str) -> Property {
    Property { name, reader: Reader::TextOr(attribute, default) }
}

const fn flag(name: &'static str, attribute: &'static str) -> Property {
    Property { name, reader: Reader::Flag(attribute) }
}

const fn integer(name: &'static str, attribute: &'static str, default: i64) -> Property {
    Property { name, reader: Reader::Integer(attribute, default) }
}

const fn choice(
    name: &'static str,
    attribute: &'static str,
    choices: &'static [&'static str],
    default: &'static str,
) -> Property {
    Property { name, reader: Reader::Choice(attribute, choices, Some(default)) }
}

const fn computed(name: &'static str, read: fn(&Document, NodeId) -> PropertyValue) -> Property {
    Property { name, reader: Reader::Computed(read) }
}

const fn cross_origin() -> Property {
    let choices = &["anonymous", "use-credentials"];
    Property { name: "crossOrigin", reader: Reader::Choice("crossorigin", choices, None) }
}

const fn referrer_policy() -> Property {
    let choices = &[
        "no-referrer",
        "no-referrer-when-downgrade",
        "origin",
        "origin-when-cross-origin",
        "unsafe-url",
    ];
    choice("referrerPolicy", "referrerpolicy", choices, "")
}

const fn encoding(name: &'static str) -> Property {
    choice(name, "enctype", &["multipart/form-data", "text/plain"], field::DEFAULT_ENCODING)
}

/// A const item's slice of properties.
macro_rules! kind {
    ($name:literal, $tags:expr, [$($property:expr),+ $(,)?]) => {
        Kind { name: $name, tags: &$tags, properties: &[$($property),+] }
    };
}

// One property a line would make the tables three times as long.
#[rustfmt::skip]
const LINK: &[Property] = &[
    text("accessKey", "accesskey"), text("download", "download"), text("href", "href"),
    text("hrefLang", "hreflang"), text("rel", "rel"), text("target", "target"),
    text("type", "type"), referrer_policy(), computed("hash", link::hash),
    computed("host", link::host), computed("hostname", link::hostname),
    computed("origin", link::origin), computed("password", link::password),
    computed("pathname", link::pathname), computed("port", link::port),
    computed("protocol", link::protocol), computed("relList", link::rel_list),
    computed("search", link::search), computed("text", node::text),
    computed("username", link::username),
];

#[rustfmt::skip]
pub(crate) const KINDS: &[Kind] = &[
    Kind { name: "AnchorElement", tags: &["a"], properties: LINK },
    Kind { name: "AreaElement", tags: &["area"], properties: LINK },
    kind!("MediaElement", ["audio", "video"], [
        flag("autoplay", "autoplay"), flag("controls", "controls"), cross_origin(),
        text("currentSrc", "src"), flag("defaultMuted", "muted"), flag("loop", "loop"),
        text("mediaGroup", "mediagroup"), flag("muted", "muted"),
        choice("preload", "preload", &["none", "metadata"], "auto"), text("src", "src"),
        computed("textTracks", node::text_tracks),
    ]),
    kind!("BaseElement", ["base"], [text("href", "href"), text("target", "target")]),
    kind!("ButtonElement", ["button"], [
        text("accessKey", "accesskey"), flag("autofocus", "autofocus"),
        flag("disabled", "disabled"), computed("form", field::form),
        computed("formAction", field::form_action), computed("formEnctype", field::form_encoding),
        computed("formMethod", field::form_method),
        computed("formNoValidate", field::form_no_validate),
        computed("formTarget", field::form_target), computed("labels", field::labels),
        text("name", "name"), integer("tabIndex", "tabindex", 0),
        choice("type", "type", &["reset", "button", "menu"], "submit"),
        computed("value", field::button_value),
    ]),
    kind!("CanvasElement", ["canvas"], [
        integer("height", "height", 150), integer("width", "width", 150),
    ]),
    kind!("TableColElement", ["col"], [computed("span", table::span)]),
    kind!("DataElement", ["data"], [text("value", "value")]),
    kind!("DataListElement", ["datalist"], [computed("options", field::options)]),
    kind!("ModElement", ["del", "ins"], [text("cite", "cite"), text("datetime", "datetime")]),
    kind!("EmbedElement", ["embed"], [
        text("height", "height"), text("src", "src"), text("type", "type"), text("width", "width"),
    ]),
    kind!("FieldSetElement", ["fieldset"], [
        flag("disabled", "disabled"), computed("elements", field::elements),
        computed("form", field::form), text("name", "name"),
        computed("type", |_, _| constant("fieldset")),
        computed("validity", |_, _| PropertyValue::Undefined),
    ]),
    kind!("FormElement", ["form"], [
        text("acceptCharset", "accept-charset"), text("action", "action"),
        choice("autocomplete", "autocomplete", &["off"], "on"),
        computed("elements", field::elements), encoding("encoding"), encoding("enctype"),
        computed("length", field::elements_count), choice("method", "method", &["post"], "get"),
        text("name", "name"), flag("noValidate", "novalidate"), text("target", "target"),
    ]),
    kind!("IFrameElement", ["iframe"], [
        flag("allowfullscreen", "allowfullscreen"), text("height", "height"), text("name", "name"),
        referrer_policy(), text("src", "src"), text("width", "width"),
    ]),
    kind!("ImageElement", ["img"], [
        text("alt", "alt"), cross_origin(), text("currentSrc", "src"),
        integer("height", "height", 0), flag("isMap", "ismap"), text("name", "name"),
        referrer_policy(), text("sizes", "sizes"), text("src", "src"), text("srcset", "srcset"),
        text("useMap", "usemap"), integer("width", "width", 0),
    ]),
    kind!("InputElement", ["input"], [
        text("accept", "accept"), text("accessKey", "accesskey"), text("alt", "alt"),
        choice("autocomplete", "autocomplete", &["off"], "on"), flag("autofocus", "autofocus"),
        flag("checked", "checked"), flag("defaultChecked", "checked"),
        text("defaultValue", "value"), text("dirName", "dirname"), flag("disabled", "disabled"),
        computed("form", field::form), computed("formAction", field::form_action),
        computed("formEnctype", field::form_encoding), computed("formMethod", field::form_method),
        computed("formNoValidate", field::form_no_validate),
        computed("formTarget", field::form_target), text("height", "height"),
        computed("labels", field::labels), computed("list", field::list), text("max", "max"),
        integer("maxLength", "maxlength", -1), text("min", "min"), flag("multiple", "multiple"),
        text("name", "name"), text("pattern", "pattern"), text("placeholder", "placeholder"),
        flag("readonly", "readonly"), flag("required", "required"), integer("size", "size", 0),
        text("src", "src"), text("step", "step"), integer("tabIndex", "tabindex", 0),
        choice("type", "type", INPUT_TYPES, "text"), text("value", "value"), text("width", "width"),
    ]),
    kind!("KeygenElement", ["keygen"], [
        flag("autofocus", "autofocus"), text("challenge", "challenge"),
        flag("disabled", "disabled"), computed("form", field::form),
        choice("keytype", "keytype", &["DSA", "EC"], "RSA"), computed("labels", field::labels),
        text("name", "name"), computed("type", |_, _| constant("keygen")),
    ]),
    kind!("LabelElement", ["label"], [
        computed("control", field::control), computed("form", field::form), text("htmlFor", "for"),
    ]),
    kind!("LegendElement", ["legend"], [
        text("accessKey", "accesskey"), computed("form", field::form),
    ]),
    kind!("LiElement", ["li"], [
        choice("type", "type", &["1", "a", "A", "i", "I", "disc", "circle", "square"], ""),
        integer("value", "value", 0),
    ]),
    kind!("LinkElement", ["link"], [
        cross_origin(), text("href", "href"), text("hreflang", "hreflang"), text("media", "media"),
        referrer_policy(), text("rel", "rel"), computed("relList", link::rel_list),
        text("target", "target"), text("type", "type"),
    ]),
    kind!("MapElement", ["map"], [
        computed("areas", node::areas), computed("images", node::images), text("name", "name"),
    ]),
    kind!("MetaElement", ["meta"], [
        text("content", "content"),
        choice("httpEquiv", "http-equiv", &["refresh", "default-style"], "content-type"),
        text("name", "name"),
    ]),
    kind!("MeterElement", ["meter"], [
        integer("high", "high", 0), computed("labels", field::labels), integer("low", "low", 0),
        integer("max", "max", 0), integer("min", "min", 0), integer("optimum", "optimum", 0),
    ]),
    kind!("ObjectElement", ["object"], [
        text("data", "data"), computed("form", field::form), text("height", "height"),
        text("name", "name"), integer("tabIndex", "tabindex", 0), text("type", "type"),
        flag("typeMustMatch", "typemustmatch"), text("useMap", "usemap"), text("width", "width"),
    ]),
    kind!("OListElement", ["ol"], [
        flag("reversed", "reversed"), integer("start", "start", 0),
        choice("type", "type", &["a", "A", "i", "I"], "1"),
    ]),
    kind!("OptGroupElement", ["optgroup"], [flag("disabled", "disabled"), text("label", "label")]),
    kind!("OptionElement", ["option"], [
        flag("defaultSelected", "selected"), computed("disabled", field::option_disabled),
        computed("form", field::form), computed("index", field::option_index),
        computed("label", field::option_label), flag("selected", "selected"),
        computed("text", node::text), computed("value", field::option_value),
    ]),
    kind!("OutputElement", ["output"], [
        computed("defaultValue", node::text), computed("form", field::form), text("htmlFor", "for"),
        computed("labels", field::labels), text("name", "name"),
        computed("type", |_, _| constant("output")), computed("value", node::text),
    ]),
    kind!("ParamElement", ["param", "pre"], [text("name", "name"), text("value", "value")]),
    kind!("ProgressElement", ["progress"], [
        computed("labels", field::labels), computed("max", field::progress_max),
        computed("position", field::progress_position), computed("value", field::progress_value),
    ]),
    kind!("ScriptElement", ["script"], [
        flag("async", "async"), text("charset", "charset"), text("crossOrigin", "crossorigin"),
        flag("defer", "defer"), flag("noModule", "nomodule"), text("src", "src"),
        computed("text", node::text), text("type", "type"),
    ]),
    kind!("SelectElement", ["select"], [
        flag("autofocus", "autofocus"), flag("disabled", "disabled"), computed("form", field::form),
        computed("labels", field::labels), computed("length", field::options_count),
        flag("multiple", "multiple"), text("name", "name"), computed("options", field::options),
        flag("required", "required"), computed("selectedIndex", field::selected_index),
        computed("selectedOptions", field::selected_options), computed("size", field::select_size),
        integer("tabIndex", "tabindex", 0), computed("type", field::select_type),
        computed("value", field::select_value),
    ]),
    kind!("SourceElement", ["source"], [
        text("keySystem", "keysystem"), text("media", "media"), text("sizes", "sizes"),
        text("src", "src"), text("srcset", "srcset"), text("type", "type"),
    ]),
    kind!("StyleElement", ["style"], [text("media", "media"), text_or("type", "type", "text/css")]),
    kind!("TableElement", ["table"], [
        computed("caption", table::caption), computed("rows", table::rows),
        flag("sortable", "sortable"), computed("tBodies", table::bodies),
        computed("tFoot", table::foot), computed("tHead", table::head),
    ]),
    kind!("TableSectionElement", ["tbody", "tfoot", "thead"], [computed("rows", table::rows)]),
    kind!("TableDataCellElement", ["td"], [
        computed("cellIndex", table::cell_index), integer("colSpan", "colspan", 1),
        text("headers", "headers"), integer("rowSpan", "rowspan", 1),
    ]),
    kind!("TextAreaElement", ["textarea"], [
        text("accessKey", "accesskey"),
        choice("autocapitalize", "autocapitalize", CAPITALIZING, "sentences"),
        choice("autocomplete", "autocomplete", &["off"], "on"), integer("cols", "cols", 0),
        text("defaultValue", "value"), computed("form", field::form),
        computed("labels", field::labels), computed("length", field::value_length),
        integer("maxLength", "maxlength", 0), text("placeholder", "placeholder"),
        flag("readOnly", "readonly"), flag("required", "required"), integer("rows", "rows", 0),
        integer("tabIndex", "tabindex", 0), computed("type", |_, _| constant("textarea")),
        text("value", "value"), choice("wrap", "wrap", &["off", "hard"], "soft"),
    ]),
    kind!("TableHeaderCellElement", ["th"], [
        text("abbr", "abbr"), computed("cellIndex", table::cell_index),
        integer("colSpan", "colspan", 1), text("headers", "headers"),
        integer("rowSpan", "rowspan", 1),
        choice("scope", "scope", &["row", "col", "colgroup", "rowgroup"], ""),
        flag("sorted", "sorted"),
    ]),
    kind!("TimeElement", ["time"], [text("datetime", "datetime")]),
    kind!("TitleElement", ["title"], [computed("text", node::text)]),
    kind!("TableRowElement", ["tr"], [
        computed("cells", table::cells), computed("rowIndex", table::row_index),
        computed("sectionRowIndex", table::section_row_index),
    ]),
    kind!("TrackElement", ["track"], [
        flag("default", "default"),
        choice("kind", "kind", &["metadata", "captions", "descriptions", "chapters"], "subtitle"),
        text("label", "label"), text("src", "src"), text("srclang", "srclang"),
    ]),
    kind!("UListElement", ["ul"], [text("type", "type")]),
];

const CAPITALIZING: &[&str] = &["none", "off", "words", "characters"];

const INPUT_TYPES: &[&str] = &[
    "button",
    "checkbox",
    "color",
    "date",
    "datetime-local",
    "email",
    "file",
    "hidden",
    "image",
    "month",
    "number",
    "password",
    "radio",
    "range",
    "reset",
    "search",
    "submit",
    "tel",
    "text",
    "time",
    "url",
    "week",
];

fn constant(value: &str) -> PropertyValue {
    PropertyValue::Text(value.to_string())
}

/// Properties of every node.
#[rustfmt::skip]
pub(crate) const COMMON: &[Property] = &[
    computed("childElementCount", node::child_element_count),
    computed("childNodes", node::child_nodes), computed("children", node::children),
    computed("classList", node::class_list), computed("className", node::class_name),
    computed("firstChild", node::first_child),
    computed("firstElementChild", node::first_element_child),
    computed("hasAttributes", node::has_attributes),
    computed("hasChildNodes", node::has_child_nodes), text("id", "id"),
    computed("innerHTML", node::inner_html),
    computed("isDefaultNamespace", node::is_default_namespace), computed("lang", node::lang),
    computed("lastChild", node::last_child), computed("lastElementChild", node::last_element_child),
    computed("namespaceURI", node::namespace_uri),
    computed("nextElementSibling", node::next_element_sibling),
    computed("nextSibling", node::next_sibling), computed("nodeName", node::node_name),
    computed("nodeType", node::node_type), computed("nodeValue", node::node_value),
    computed("ownerDocument", node::owner_document),
    computed("parentElement", node::parent_element), computed("parentNode", node::parent_node),
    computed("previousElementSibling", node::previous_element_sibling),
    computed("previousSibling", node::previous_sibling), computed("textContent", node::text),
    computed("toString", node::describe),
];
