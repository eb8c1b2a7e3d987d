//! Bodies of forms: urlencoded and multipart.

use memchr::memmem;

/// Parts of a multipart body; later ones are left out.
const PARTS_MAX: usize = 1000;

/// Names with values, in their order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) fields: Vec<(String, String)>,
    /// With the content of the file.
    pub(super) files: Vec<(String, Vec<u8>)>,
}

/// `None` when the content is not a form's.
pub(super) fn parse(content_type: &str, body: &[u8]) -> Option<Form> {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        let fields = url::form_urlencoded::parse(body)
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        return Some(Form { fields, files: Vec::new() });
    }
    if kind.eq_ignore_ascii_case("multipart/form-data") {
        return Some(multipart(&parameter(content_type, "boundary")?, body));
    }
    None
}

/// Parts that are not well formed are left out.
fn multipart(boundary: &str, body: &[u8]) -> Form {
    let mut form = Form::default();
    let delimiter = format!("--{boundary}");
    let finder = memmem::Finder::new(delimiter.as_bytes());
    let mut starts = finder.find_iter(body).map(|at| (at, at + delimiter.len())).peekable();
    let mut parts = 0;
    while let Some((_, start)) = starts.next() {
        let end = starts.peek().map_or(body.len(), |&(at, _)| at);
        let Some(part) = body.get(start..end).and_then(|part| part.strip_prefix(b"\r\n")) else {
            continue;
        };
        parts += 1;
        if parts > PARTS_MAX {
            break;
        }
        add_part(&mut form, part.strip_suffix(b"\r\n").unwrap_or(part));
    }
    form
}

fn add_part(form: &mut Form, part: &[u8]) {
    let Some(blank) = memmem::find(part, b"\r\n\r\n") else { return };
    let (Some(head), Some(content)) = (part.get(..blank), part.get(blank + 4..)) else { return };
    let head = String::from_utf8_lossy(head);
    let disposition = head.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-disposition").then_some(value)
    });
    let Some(disposition) = disposition else { return };
    let Some(name) = parameter(disposition, "name") else { return };
    if parameter(disposition, "filename").is_some() {
        form.files.push((name, content.to_vec()));
    } else {
        form.fields.push((name, String::from_utf8_lossy(content).into_owned()));
    }
}

/// The value of `; name=value` or `; name="value"` in a header.
fn parameter(header: &str, wanted: &str) -> Option<String> {
    let mut rest = header.split_once(';')?.1;
    loop {
        let (name, value) = rest.split_once('=')?;
        let (value, after) = match value.trim_start().strip_prefix('"') {
            Some(quoted) => unquoted(quoted),
            None => {
                let (value, after) = value.split_once(';').unwrap_or((value, ""));
                (value.trim().to_owned(), after)
            }
        };
        if name.trim().eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
        rest = after;
    }
}

/// Up to the closing quote, and what follows the next semicolon.
fn unquoted(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => {
                let after = text.get(at + 1..).unwrap_or_default();
                return (value, after.split_once(';').map_or("", |(_, after)| after));
            }
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            other => value.push(other),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fields(content_type: &str, body: &str) -> Option<Vec<(String, String)>> {
        parse(content_type, body.as_bytes()).map(|form| form.fields)
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.into(), value.into())
    }

    #[test]
    fn urlencoded_fields_are_decoded() {
        assert_eq!(
            fields("application/x-www-form-urlencoded; charset=utf-8", "a=1&b=x+y%21&a=2"),
            Some(vec![pair("a", "1"), pair("b", "x y!"), pair("a", "2")])
        );
        assert_eq!(fields("text/plain", "a=1"), None);
        assert_eq!(fields("multipart/form-data", "a=1"), None);
    }

    #[test]
    fn multipart_tells_fields_from_files() {
        let body =
            b"preamble\r\n--b0\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\ntwo\r\n\
            --b0\r\ncontent-disposition: form-data; filename=\"x \\\"y\\\"; z\"; name=f\r\n\
            Content-Type: image/png\r\n\r\n\xff\x00\r\n--b0--\r\n";
        let form = parse("multipart/form-data; boundary=\"b0\"", body).unwrap();
        assert_eq!(form.fields, [pair("a", "one\r\ntwo")]);
        assert_eq!(form.files, [("f".to_owned(), b"\xff\x00".to_vec())]);
    }

    #[test]
    fn broken_parts_are_left_out() {
        let body = "--b\r\nno blank line\r\n--b\r\nX: y\r\n\r\nno name\r\n--b\r\n\
            Content-Disposition: form-data; name=a\r\n\r\ncut off";
        assert_eq!(
            fields("multipart/form-data; boundary=b", body),
            Some(vec![pair("a", "cut off")])
        );
    }

    proptest! {
        #[test]
        fn any_body_is_taken(content_type in "multipart/form-data; ?.{0,20}", body: Vec<u8>) {
            let form = parse(&content_type, &body);
            prop_assert!(form.is_none_or(|form| form.fields.len() + form.files.len() <= PARTS_MAX));
        }
    }
}
