//! `multipart/form-data` bodies as Go writes them: values first, then files.

use plimsoll_runtime::random::Random;

use super::{body::Field, marks::File};

/// Random bytes of a boundary, printed as hex.
const BOUNDARY_BYTES: usize = 30;

/// `(content type, body)`
pub(super) fn encode(fields: &[(String, Field)]) -> (String, Vec<u8>) {
    let boundary = boundary();
    let mut out = Vec::new();
    let texts = fields.iter().filter_map(|(name, field)| match field {
        Field::Texts(texts) => Some((name, texts)),
        Field::File(_) => None,
    });
    for (name, texts) in texts {
        for text in texts {
            part(&mut out, &boundary, &format!("form-data; name=\"{}\"", quoted(name)));
            out.extend_from_slice(b"\r\n");
            out.extend_from_slice(text.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
    }
    for (name, field) in fields {
        if let Field::File(file) = field {
            put_file(&mut out, &boundary, name, file);
        }
    }
    out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={boundary}"), out)
}

fn part(out: &mut Vec<u8>, boundary: &str, disposition: &str) {
    out.extend_from_slice(
        format!("--{boundary}\r\nContent-Disposition: {disposition}\r\n").as_bytes(),
    );
}

fn put_file(out: &mut Vec<u8>, boundary: &str, name: &str, file: &File) {
    let (name, filename) = (quoted(name), quoted(&file.filename));
    part(out, boundary, &format!("form-data; name=\"{name}\"; filename=\"{filename}\""));
    out.extend_from_slice(format!("Content-Type: {}\r\n\r\n", file.content_type).as_bytes());
    out.extend_from_slice(&file.data);
    out.extend_from_slice(b"\r\n");
}

fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

fn boundary() -> String {
    let mut bytes = [0_u8; BOUNDARY_BYTES];
    Random::from_entropy().fill(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::{Field, File, encode};

    #[test]
    fn values_then_files() {
        let file = File {
            data: b"abc".to_vec(),
            filename: "q\"u\\o.txt".to_owned(),
            content_type: "t/x".to_owned(),
        };
        let fields = [
            ("f".to_owned(), Field::File(file)),
            ("k\"q".to_owned(), Field::Texts(vec!["v".to_owned()])),
        ];
        let (content_type, body) = encode(&fields);
        let boundary =
            content_type.strip_prefix("multipart/form-data; boundary=").expect("a boundary");
        assert_eq!(boundary.len(), 60);
        let text = String::from_utf8(body).expect("text").replace(boundary, "B");
        let expected = "--B\r\nContent-Disposition: form-data; name=\"k\\\"q\"\r\n\r\nv\r\n\
            --B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"q\\\"u\\\\o.txt\"\r\n\
            Content-Type: t/x\r\n\r\nabc\r\n--B--\r\n";
        assert_eq!(text, expected);
    }
}
