//! Pages for scripts that look at documents: text, links, a form, JSON, XML, an image.

use std::{fmt::Write, io, sync::LazyLock};

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header::CONTENT_TYPE};
use serde_json::json;

use super::{
    body::Body,
    encoding,
    exchange::{Reply, html, json as json_reply, not_found, redirect, refused, with_type},
    router::Segments,
};

/// Links on a page of `/links`.
const LINKS_MAX: u32 = 200;
/// Width and height of the image.
const IMAGE_SIDE: u32 = 32;

const PLAIN: &str = "text/plain; charset=utf-8";

pub(super) fn route(segments: &Segments<'_>) -> Reply {
    match *segments {
        [Some(""), None, ..] => index(),
        [Some("html"), None, ..] => html(document()),
        [Some("forms"), Some("post"), None, ..] => html(form()),
        [Some("json"), None, ..] => json_reply(&slideshow()),
        [Some("xml"), None, ..] => with_type(StatusCode::OK, "application/xml", Body::from(XML)),
        [Some("robots.txt"), None, ..] => {
            with_type(StatusCode::OK, PLAIN, Body::from("User-agent: *\nDisallow: /deny\n"))
        }
        [Some("links"), Some(count), place, ..] => links(count, place),
        [Some("image"), kind, ..] if kind.is_none_or(|kind| kind == "png") => image(),
        _ => not_found(),
    }
}

/// The page for bare measurements: nothing is computed.
fn index() -> Reply {
    let mut reply = Reply::new(Body::from(Bytes::from_static(b"The sample service is up.\n")));
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(PLAIN));
    reply
}

fn document() -> String {
    let paragraph = |number: u32| {
        format!(
            "<p id=\"p{number}\" class=\"text\">Paragraph {number}: a load line shows how deeply a \
             ship may be loaded, and the same ship has several, by season and by water.</p>\n"
        )
    };
    let paragraphs: String = (1..=5).map(paragraph).collect();
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head><title>Load lines</title></head>\n<body>\n\
         <h1>Load lines</h1>\n<h2 class=\"sub\">What they are for</h2>\n{paragraphs}\
         <ul id=\"pages\">\n<li><a href=\"/get\">the request as JSON</a></li>\n\
         <li><a href=\"/links/5/0\">links</a></li>\n<li><a href=\"/forms/post\">a form</a></li>\n\
         <li><a href=\"/image/png\">an image</a></li>\n</ul>\n</body>\n</html>\n"
    )
}

fn form() -> String {
    let sizes: String = ["small", "medium", "large"]
        .iter()
        .map(|size| {
            format!("<label><input type=\"radio\" name=\"size\" value=\"{size}\"> {size}</label>\n")
        })
        .collect();
    let toppings: String = ["bacon", "cheese", "onion", "mushroom"]
        .iter()
        .map(|name| {
            format!("<label><input type=\"checkbox\" name=\"topping\" value=\"{name}\"> {name}</label>\n")
        })
        .collect();
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head><title>An order</title></head>\n<body>\n\
         <form method=\"post\" action=\"/post\">\n\
         <p><label>Name: <input name=\"custname\"></label></p>\n\
         <p><label>Telephone: <input type=\"tel\" name=\"custtel\"></label></p>\n\
         <p><label>Address: <input type=\"email\" name=\"custemail\"></label></p>\n\
         <fieldset><legend>Size</legend>\n{sizes}</fieldset>\n\
         <fieldset><legend>Toppings</legend>\n{toppings}</fieldset>\n\
         <p><label>Time: <input type=\"time\" name=\"delivery\"></label></p>\n\
         <p><label>Comments: <textarea name=\"comments\"></textarea></label></p>\n\
         <p><button>Submit order</button></p>\n</form>\n</body>\n</html>\n"
    )
}

fn slideshow() -> serde_json::Value {
    json!({
        "slideshow": {
            "author": "Yours Truly",
            "date": "date of publication",
            "slides": [
                { "title": "What a load line is", "type": "all" },
                { "items": ["It is seen from outside", "It is asked for by law"],
                  "title": "Overview", "type": "all" },
            ],
            "title": "Sample Slide Show",
        }
    })
}

const XML: &str = "<?xml version=\"1.0\" encoding=\"us-ascii\"?>\n\
    <slideshow title=\"Sample Slide Show\" date=\"Date of publication\" author=\"Yours Truly\">\n  \
    <slide type=\"all\">\n    <title>What a load line is</title>\n  </slide>\n  \
    <slide type=\"all\">\n    <title>Overview</title>\n    \
    <item>It is seen from <em>outside</em></item>\n  </slide>\n</slideshow>\n";

/// One paragraph in each of several scripts.
pub(super) fn utf8() -> String {
    let lines = [
        ("en", "The ship carries what its mark allows."),
        ("de", "Schiffe dürfen bis zur Marke beladen werden; größere später."),
        ("el", "Το πλοίο φέρει όσο επιτρέπει το σημάδι του."),
        ("ru", "Судно несёт столько, сколько позволяет марка."),
        ("ja", "船は印の示すところまで積むことができる。"),
        ("he", "הספינה נושאת כפי שהסימן מתיר."),
        ("", "∮ E·da = Q, n → ∞, ∑ f(i) = ∏ g(i), 🚢"),
    ];
    let mut page = String::from("<!DOCTYPE html>\n<meta charset=\"utf-8\">\n<h1>Unicode</h1>\n");
    for (language, line) in lines {
        let written = writeln!(page, "<p lang=\"{language}\">{line}</p>");
        debug_assert!(written.is_ok(), "writing to a string succeeds");
    }
    page
}

/// `/links/{n}/{i}`: links to all pages of the row but the own one.
fn links(count: &str, place: Option<&str>) -> Reply {
    let Ok(count) = count.parse::<u32>() else {
        return refused(StatusCode::BAD_REQUEST, "the number of links is not a number\n");
    };
    let count = count.clamp(1, LINKS_MAX);
    let Some(place) = place.filter(|place| !place.is_empty()) else {
        return redirect(StatusCode::FOUND, &format!("/links/{count}/0"));
    };
    let links: Vec<_> = (0..count)
        .map(|link| {
            let own = place.parse() == Ok(link);
            if own {
                link.to_string()
            } else {
                format!("<a href=\"/links/{count}/{link}\">{link}</a>")
            }
        })
        .collect();
    html(format!(
        "<!DOCTYPE html>\n<html><head><title>Links</title></head><body>{}</body></html>\n",
        links.join(" ")
    ))
}

fn image() -> Reply {
    static IMAGE: LazyLock<Bytes> = LazyLock::new(|| png().unwrap_or_default().into());
    with_type(StatusCode::OK, "image/png", Body::from(IMAGE.clone()))
}

/// A gray square that grows lighter towards the right.
fn png() -> io::Result<Vec<u8>> {
    let mut header = Vec::new();
    header.extend(IMAGE_SIDE.to_be_bytes());
    header.extend(IMAGE_SIDE.to_be_bytes());
    // 8 bits of gray; the only methods of compression, filtering and order that are simple.
    header.extend([8, 0, 0, 0, 0]);
    let row: Vec<u8> = std::iter::once(0).chain((0..IMAGE_SIDE).map(|x| (x * 8) as u8)).collect();
    let rows = row.repeat(IMAGE_SIDE as usize);
    let mut image = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, data) in [(b"IHDR", header), (b"IDAT", encoding::zlib(&rows)?), (b"IEND", vec![])] {
        image.extend((data.len() as u32).to_be_bytes());
        let mut sum = flate2::Crc::new();
        sum.update(kind);
        sum.update(&data);
        image.extend(kind);
        image.extend(data);
        image.extend(sum.sum().to_be_bytes());
    }
    Ok(image)
}
