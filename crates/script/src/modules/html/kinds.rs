//! Which kind of element has which properties, as k6 has them.

use super::{
    computed as c,
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
    choice(name, "enctype", &["multipart/form-data", "text/plain"], c::DEFAULT_ENCODING)
}

/// A const item's slice of properties.
macro_rules! kind {
    ($name:literal, $tags:expr, [$($property:expr),+ $(,)?]) => {
        Kind { name: $name, tags: &$tags, properties: &[$($property),+] }
    };
}

pub(crate) const KINDS: &[Kind] = &[
    kind!(
        "AnchorElement",
        ["a"],
        [
            text("accessKey", "accesskey"),
            text("download", "download"),
            text("href", "href"),
            text("hrefLang", "hreflang"),
            text("rel", "rel"),
            text("target", "target"),
            text("type", "type"),
            referrer_policy(),
            computed("hash", c::hash),
            computed("host", c::host),
            computed("hostname", c::hostname),
            computed("origin", c::origin),
            computed("password", c::password),
            computed("pathname", c::pathname),
            computed("port", c::port),
            computed("protocol", c::protocol),
            computed("relList", c::rel_list),
            computed("search", c::search),
            computed("text", c::text),
            computed("username", c::username),
        ]
    ),
    kind!(
        "AreaElement",
        ["area"],
        [
            text("accessKey", "accesskey"),
            text("download", "download"),
            text("href", "href"),
            text("hrefLang", "hreflang"),
            text("rel", "rel"),
            text("target", "target"),
            text("type", "type"),
            referrer_policy(),
            computed("hash", c::hash),
            computed("host", c::host),
            computed("hostname", c::hostname),
            computed("origin", c::origin),
            computed("password", c::password),
            computed("pathname", c::pathname),
            computed("port", c::port),
            computed("protocol", c::protocol),
            computed("relList", c::rel_list),
            computed("search", c::search),
            computed("text", c::text),
            computed("username", c::username),
        ]
    ),
    kind!(
        "MediaElement",
        ["audio", "video"],
        [
            flag("autoplay", "autoplay"),
            flag("controls", "controls"),
            cross_origin(),
            text("currentSrc", "src"),
            flag("defaultMuted", "muted"),
            flag("loop", "loop"),
            text("mediaGroup", "mediagroup"),
            flag("muted", "muted"),
            choice("preload", "preload", &["none", "metadata"], "auto"),
            text("src", "src"),
            computed("textTracks", c::text_tracks),
        ]
    ),
    kind!("BaseElement", ["base"], [text("href", "href"), text("target", "target")]),
    kind!(
        "ButtonElement",
        ["button"],
        [
            text("accessKey", "accesskey"),
            flag("autofocus", "autofocus"),
            flag("disabled", "disabled"),
            computed("form", c::form),
            computed("formAction", c::form_action),
            computed("formEnctype", c::form_encoding),
            computed("formMethod", c::form_method),
            computed("formNoValidate", c::form_no_validate),
            computed("formTarget", c::form_target),
            computed("labels", c::labels),
            text("name", "name"),
            integer("tabIndex", "tabindex", 0),
            choice("type", "type", &["reset", "button", "menu"], "submit"),
            computed("value", c::button_value),
        ]
    ),
    kind!(
        "CanvasElement",
        ["canvas"],
        [integer("height", "height", 150), integer("width", "width", 150)]
    ),
    kind!("TableColElement", ["col"], [computed("span", c::span)]),
    kind!("DataElement", ["data"], [text("value", "value")]),
    kind!("DataListElement", ["datalist"], [computed("options", c::options)]),
    kind!("ModElement", ["del", "ins"], [text("cite", "cite"), text("datetime", "datetime")]),
    kind!(
        "EmbedElement",
        ["embed"],
        [
            text("height", "height"),
            text("src", "src"),
            text("type", "type"),
            text("width", "width"),
        ]
    ),
    kind!(
        "FieldSetElement",
        ["fieldset"],
        [
            flag("disabled", "disabled"),
            computed("elements", c::elements),
            computed("form", c::form),
            text("name", "name"),
            computed("type", |_, _| constant("fieldset")),
            computed("validity", |_, _| PropertyValue::Undefined),
        ]
    ),
    kind!(
        "FormElement",
        ["form"],
        [
            text("acceptCharset", "accept-charset"),
            text("action", "action"),
            choice("autocomplete", "autocomplete", &["off"], "on"),
            computed("elements", c::elements),
            encoding("encoding"),
            encoding("enctype"),
            computed("length", c::elements_count),
            choice("method", "method", &["post"], "get"),
            text("name", "name"),
            flag("noValidate", "novalidate"),
            text("target", "target"),
        ]
    ),
    kind!(
        "IFrameElement",
        ["iframe"],
        [
            flag("allowfullscreen", "allowfullscreen"),
            text("height", "height"),
            text("name", "name"),
            referrer_policy(),
            text("src", "src"),
            text("width", "width"),
        ]
    ),
    kind!(
        "ImageElement",
        ["img"],
        [
            text("alt", "alt"),
            cross_origin(),
            text("currentSrc", "src"),
            integer("height", "height", 0),
            flag("isMap", "ismap"),
            text("name", "name"),
            referrer_policy(),
            text("sizes", "sizes"),
            text("src", "src"),
            text("srcset", "srcset"),
            text("useMap", "usemap"),
            integer("width", "width", 0),
        ]
    ),
    kind!(
        "InputElement",
        ["input"],
        [
            text("accept", "accept"),
            text("accessKey", "accesskey"),
            text("alt", "alt"),
            choice("autocomplete", "autocomplete", &["off"], "on"),
            flag("autofocus", "autofocus"),
            flag("checked", "checked"),
            flag("defaultChecked", "checked"),
            text("defaultValue", "value"),
            text("dirName", "dirname"),
            flag("disabled", "disabled"),
            computed("form", c::form),
            computed("formAction", c::form_action),
            computed("formEnctype", c::form_encoding),
            computed("formMethod", c::form_method),
            computed("formNoValidate", c::form_no_validate),
            computed("formTarget", c::form_target),
            text("height", "height"),
            computed("labels", c::labels),
            computed("list", c::list),
            text("max", "max"),
            integer("maxLength", "maxlength", -1),
            text("min", "min"),
            flag("multiple", "multiple"),
            text("name", "name"),
            text("pattern", "pattern"),
            text("placeholder", "placeholder"),
            flag("readonly", "readonly"),
            flag("required", "required"),
            integer("size", "size", 0),
            text("src", "src"),
            text("step", "step"),
            integer("tabIndex", "tabindex", 0),
            choice("type", "type", INPUT_TYPES, "text"),
            text("value", "value"),
            text("width", "width"),
        ]
    ),
    kind!(
        "KeygenElement",
        ["keygen"],
        [
            flag("autofocus", "autofocus"),
            text("challenge", "challenge"),
            flag("disabled", "disabled"),
            computed("form", c::form),
            choice("keytype", "keytype", &["DSA", "EC"], "RSA"),
            computed("labels", c::labels),
            text("name", "name"),
            computed("type", |_, _| constant("keygen")),
        ]
    ),
    kind!(
        "LabelElement",
        ["label"],
        [computed("control", c::control), computed("form", c::form), text("htmlFor", "for"),]
    ),
    kind!("LegendElement", ["legend"], [text("accessKey", "accesskey"), computed("form", c::form)]),
    kind!(
        "LiElement",
        ["li"],
        [
            choice("type", "type", &["1", "a", "A", "i", "I", "disc", "circle", "square"], ""),
            integer("value", "value", 0),
        ]
    ),
    kind!(
        "LinkElement",
        ["link"],
        [
            cross_origin(),
            text("href", "href"),
            text("hreflang", "hreflang"),
            text("media", "media"),
            referrer_policy(),
            text("rel", "rel"),
            computed("relList", c::rel_list),
            text("target", "target"),
            text("type", "type"),
        ]
    ),
    kind!(
        "MapElement",
        ["map"],
        [computed("areas", c::areas), computed("images", c::images), text("name", "name"),]
    ),
    kind!(
        "MetaElement",
        ["meta"],
        [
            text("content", "content"),
            choice("httpEquiv", "http-equiv", &["refresh", "default-style"], "content-type"),
            text("name", "name"),
        ]
    ),
    kind!(
        "MeterElement",
        ["meter"],
        [
            integer("high", "high", 0),
            computed("labels", c::labels),
            integer("low", "low", 0),
            integer("max", "max", 0),
            integer("min", "min", 0),
            integer("optimum", "optimum", 0),
        ]
    ),
    kind!(
        "ObjectElement",
        ["object"],
        [
            text("data", "data"),
            computed("form", c::form),
            text("height", "height"),
            text("name", "name"),
            integer("tabIndex", "tabindex", 0),
            text("type", "type"),
            flag("typeMustMatch", "typemustmatch"),
            text("useMap", "usemap"),
            text("width", "width"),
        ]
    ),
    kind!(
        "OListElement",
        ["ol"],
        [
            flag("reversed", "reversed"),
            integer("start", "start", 0),
            choice("type", "type", &["a", "A", "i", "I"], "1"),
        ]
    ),
    kind!("OptGroupElement", ["optgroup"], [flag("disabled", "disabled"), text("label", "label")]),
    kind!(
        "OptionElement",
        ["option"],
        [
            flag("defaultSelected", "selected"),
            computed("disabled", c::option_disabled),
            computed("form", c::form),
            computed("index", c::option_index),
            computed("label", c::option_label),
            flag("selected", "selected"),
            computed("text", c::text),
            computed("value", c::option_value),
        ]
    ),
    kind!(
        "OutputElement",
        ["output"],
        [
            computed("defaultValue", c::text),
            computed("form", c::form),
            text("htmlFor", "for"),
            computed("labels", c::labels),
            text("name", "name"),
            computed("type", |_, _| constant("output")),
            computed("value", c::text),
        ]
    ),
    kind!("ParamElement", ["param", "pre"], [text("name", "name"), text("value", "value")]),
    kind!(
        "ProgressElement",
        ["progress"],
        [
            computed("labels", c::labels),
            computed("max", c::progress_max),
            computed("position", c::progress_position),
            computed("value", c::progress_value),
        ]
    ),
    kind!(
        "ScriptElement",
        ["script"],
        [
            flag("async", "async"),
            text("charset", "charset"),
            text("crossOrigin", "crossorigin"),
            flag("defer", "defer"),
            flag("noModule", "nomodule"),
            text("src", "src"),
            computed("text", c::text),
            text("type", "type"),
        ]
    ),
    kind!(
        "SelectElement",
        ["select"],
        [
            flag("autofocus", "autofocus"),
            flag("disabled", "disabled"),
            computed("form", c::form),
            computed("labels", c::labels),
            computed("length", c::options_count),
            flag("multiple", "multiple"),
            text("name", "name"),
            computed("options", c::options),
            flag("required", "required"),
            computed("selectedIndex", c::selected_index),
            computed("selectedOptions", c::selected_options),
            computed("size", c::select_size),
            integer("tabIndex", "tabindex", 0),
            computed("type", c::select_type),
            computed("value", c::select_value),
        ]
    ),
    kind!(
        "SourceElement",
        ["source"],
        [
            text("keySystem", "keysystem"),
            text("media", "media"),
            text("sizes", "sizes"),
            text("src", "src"),
            text("srcset", "srcset"),
            text("type", "type"),
        ]
    ),
    kind!("StyleElement", ["style"], [text("media", "media"), text_or("type", "type", "text/css")]),
    kind!(
        "TableElement",
        ["table"],
        [
            computed("caption", c::caption),
            computed("rows", c::rows),
            flag("sortable", "sortable"),
            computed("tBodies", c::bodies),
            computed("tFoot", c::foot),
            computed("tHead", c::head),
        ]
    ),
    kind!("TableSectionElement", ["tbody", "tfoot", "thead"], [computed("rows", c::rows)]),
    kind!(
        "TableDataCellElement",
        ["td"],
        [
            computed("cellIndex", c::cell_index),
            integer("colSpan", "colspan", 1),
            text("headers", "headers"),
            integer("rowSpan", "rowspan", 1),
        ]
    ),
    kind!(
        "TextAreaElement",
        ["textarea"],
        [
            text("accessKey", "accesskey"),
            choice(
                "autocapitalize",
                "autocapitalize",
                &["none", "off", "words", "characters"],
                "sentences"
            ),
            choice("autocomplete", "autocomplete", &["off"], "on"),
            integer("cols", "cols", 0),
            text("defaultValue", "value"),
            computed("form", c::form),
            computed("labels", c::labels),
            computed("length", c::value_length),
            integer("maxLength", "maxlength", 0),
            text("placeholder", "placeholder"),
            flag("readOnly", "readonly"),
            flag("required", "required"),
            integer("rows", "rows", 0),
            integer("tabIndex", "tabindex", 0),
            computed("type", |_, _| constant("textarea")),
            text("value", "value"),
            choice("wrap", "wrap", &["off", "hard"], "soft"),
        ]
    ),
    kind!(
        "TableHeaderCellElement",
        ["th"],
        [
            text("abbr", "abbr"),
            computed("cellIndex", c::cell_index),
            integer("colSpan", "colspan", 1),
            text("headers", "headers"),
            integer("rowSpan", "rowspan", 1),
            choice("scope", "scope", &["row", "col", "colgroup", "rowgroup"], ""),
            flag("sorted", "sorted"),
        ]
    ),
    kind!("TimeElement", ["time"], [text("datetime", "datetime")]),
    kind!("TitleElement", ["title"], [computed("text", c::text)]),
    kind!(
        "TableRowElement",
        ["tr"],
        [
            computed("cells", c::cells),
            computed("rowIndex", c::row_index),
            computed("sectionRowIndex", c::section_row_index),
        ]
    ),
    kind!(
        "TrackElement",
        ["track"],
        [
            flag("default", "default"),
            choice(
                "kind",
                "kind",
                &["metadata", "captions", "descriptions", "chapters"],
                "subtitle"
            ),
            text("label", "label"),
            text("src", "src"),
            text("srclang", "srclang"),
        ]
    ),
    kind!("UListElement", ["ul"], [text("type", "type")]),
];

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
pub(crate) const COMMON: &[Property] = &[
    computed("childElementCount", c::child_element_count),
    computed("childNodes", c::child_nodes),
    computed("children", c::children),
    computed("classList", c::class_list),
    computed("className", c::class_name),
    computed("firstChild", c::first_child),
    computed("firstElementChild", c::first_element_child),
    computed("hasAttributes", c::has_attributes),
    computed("hasChildNodes", c::has_child_nodes),
    text("id", "id"),
    computed("innerHTML", c::inner_html),
    computed("isDefaultNamespace", c::is_default_namespace),
    computed("lang", c::lang),
    computed("lastChild", c::last_child),
    computed("lastElementChild", c::last_element_child),
    computed("namespaceURI", c::namespace_uri),
    computed("nextElementSibling", c::next_element_sibling),
    computed("nextSibling", c::next_sibling),
    computed("nodeName", c::node_name),
    computed("nodeType", c::node_type),
    computed("nodeValue", c::node_value),
    computed("ownerDocument", c::owner_document),
    computed("parentElement", c::parent_element),
    computed("parentNode", c::parent_node),
    computed("previousElementSibling", c::previous_element_sibling),
    computed("previousSibling", c::previous_sibling),
    computed("textContent", c::text),
    computed("toString", c::describe),
];
