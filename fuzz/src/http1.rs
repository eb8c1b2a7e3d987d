//! HTTP/1.1 responses: any bytes, cut anywhere, give what they give in one piece.

use bolero::{check, produce};
use plimsoll_wire::http1::{Error, Head, ResponseReader, Step};

use crate::near::{Corpus, Split};

const SEEDS: &[&str] = &[
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1;x=\"y\"\r\n!\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: a\r\n\r\n10\r\n0123456789abcdef\r\n\
     000\r\na: b\r\nc: d\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
    "HTTP/1.0 404 Not Found\r\nConnection: keep-alive\r\n\r\nuntil the end",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n\
     HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade, close\r\n\r\nraw",
    "HTTP/1.1 500\nA:b\n\nx",
    "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nContent-Length: 0\r\nSet-Cookie: a=b\r\n\r\n",
];

const WORDS: &[&str] = &[
    "\r\n",
    "\n",
    "\r\n\r\n",
    "\r",
    ":",
    " ",
    "\t",
    "\0",
    "\u{e9}",
    "0\r\n\r\n",
    ";",
    "ffffffffffffffff",
    "HTTP/1.1 ",
    "HTTP/2 ",
    "100",
    "204",
    "999",
    "Content-Length: ",
    "18446744073709551616",
    "-1",
    "5, 5",
    "Transfer-Encoding: chunked\r\n",
    "identity",
    "gzip, chunked",
    "Connection: close\r\n",
    "a: b\r\n",
];

#[derive(Debug, PartialEq)]
struct Outcome {
    heads: Vec<Head>,
    body: Vec<u8>,
    keep_alive: bool,
    /// Bytes that are not of the response, once it is complete.
    end: Result<usize, Error>,
}

fn read(pieces: &[&[u8]], head_request: bool) -> Outcome {
    let mut reader = ResponseReader::new(head_request);
    let (mut heads, mut body) = (Vec::new(), Vec::new());
    let mut waiting = Vec::new();
    let mut done = false;
    let mut end = Ok(0);
    'pieces: for piece in pieces {
        waiting.extend_from_slice(piece);
        while !done {
            let (taken, step) = match reader.read(&waiting, |data| body.extend_from_slice(data)) {
                Ok(found) => found,
                Err(error) => {
                    end = Err(error);
                    break 'pieces;
                }
            };
            assert!(taken <= waiting.len(), "took {taken} of {}", waiting.len());
            waiting.drain(..taken);
            match step {
                Step::NeedMore => break,
                Step::Done => done = true,
                Step::Interim(head) | Step::Head(head) => {
                    assert_eq!(head.length, taken);
                    for (start, length) in head.fields.iter().flat_map(|f| [f.name, f.value]) {
                        assert!(start as usize + length as usize <= taken, "a field outside");
                    }
                    heads.push(head);
                }
            }
        }
    }
    if end.is_ok() {
        end = if done { Ok(waiting.len()) } else { reader.end(&waiting).map(|()| 0) };
    }
    Outcome { heads, body, keep_alive: reader.keep_alive(), end }
}

#[test]
fn responses() {
    let inputs = (Corpus::of_texts(SEEDS, WORDS).bytes(), produce::<Split>(), produce::<bool>());
    check!().with_generator(inputs).for_each(|(bytes, split, head_request)| {
        let whole = read(&[&bytes.0], *head_request);
        assert_eq!(read(&split.pieces(&bytes.0), *head_request), whole);
    });
}
