//! The decoder as a source of hits.

use std::io;

use super::{Decoder, Next};
use crate::results::{Hit, Source, Step, input::Input};

/// Results in our own format.
pub(in crate::results) struct Binary {
    input: Input,
    decoder: Decoder,
}

impl Binary {
    pub(in crate::results) fn new(input: Input) -> Binary {
        Binary { input, decoder: Decoder::new() }
    }
}

impl Source for Binary {
    fn advance(&mut self) -> io::Result<Step> {
        loop {
            return Ok(match self.decoder.advance() {
                Next::Hit => Step::Hit,
                Next::Start(start) => Step::Start(start),
                Next::End(end) => Step::End(end),
                Next::Damage(damage) => Step::Damage(damage),
                Next::Hungry => {
                    if self.input.rest().is_empty() && !self.input.more()? {
                        if self.decoder.is_finished() {
                            return Ok(Step::Over);
                        }
                        self.decoder.finish();
                    }
                    let length = self.input.rest().len();
                    self.decoder.feed(self.input.rest());
                    self.input.take(length);
                    continue;
                }
            });
        }
    }

    fn hit(&self) -> Hit<'_> {
        self.decoder.hit()
    }
}
