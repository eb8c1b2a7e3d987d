//! Arguments by chance: few keys and values, so that they meet again, and some that make no sense.

use plimsoll_runtime::random::Random;

use super::Command;

pub(super) struct Arguments<'r> {
    random: &'r mut Random,
    command: Command,
}

const KEYS: &[&str] = &["a", "b", "c", "{a}d", "e", "{e}f"];
const VALUES: &[&str] =
    &["", "1", "-7", "10", "abc", "3.5", "hello world", "00", "9223372036854775807", "b", "x1"];
const MEMBERS: &[&str] = &["a", "b", "c", "d", "1", "2", "30", "-5", "long member of a collection"];
const INTEGERS: &[i64] = &[0, 1, 2, 3, 5, 10, 100, -1, -2, -3, -100];
const ODD_NUMBERS: &[&str] = &["", "x", "1.5", " 1", "9223372036854775808", "1e3", "inf"];
const FLOATS: &[&str] = &["0", "1", "-1", "2.5", "0.1", "3", "-2.25", "10", "1e3", "inf", "-inf"];
const PATTERNS: &[&str] = &["*", "a*", "?", "[ab]", "*d", "{*}?", "nothing", "[^a]*"];

impl<'r> Arguments<'r> {
    pub(super) fn new(random: &'r mut Random) -> Arguments<'r> {
        Arguments { random, command: Command::new() }
    }

    /// Takes one of these at random.
    pub(super) fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.random.below(of.len())]
    }

    /// Once in so many times.
    pub(super) fn rarely(&mut self, once_in: usize) -> bool {
        self.random.below(once_in) == 0
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.random.below(bound)
    }

    /// Ends the command.
    pub(super) fn take(&mut self) -> Command {
        std::mem::take(&mut self.command)
    }

    pub(super) fn word(&mut self, word: impl AsRef<[u8]>) -> &mut Self {
        self.command.push(word.as_ref().to_vec());
        self
    }

    pub(super) fn key(&mut self) -> &mut Self {
        let key = self.one(KEYS);
        self.word(key)
    }

    /// At least one.
    pub(super) fn keys(&mut self, most: usize) -> &mut Self {
        for _ in 0..=self.random.below(most) {
            self.key();
        }
        self
    }

    pub(super) fn value(&mut self) -> &mut Self {
        if self.rarely(15) {
            let length = self.one(&[50, 300, 20_000]);
            return self.word("v".repeat(length));
        }
        let value = self.one(VALUES);
        self.word(value)
    }

    pub(super) fn member(&mut self) -> &mut Self {
        if self.rarely(4) {
            let number = self.random.below(200);
            return self.word(format!("m{number}"));
        }
        if self.rarely(30) {
            return self.word("w".repeat(70));
        }
        let member = self.one(MEMBERS);
        self.word(member)
    }

    pub(super) fn members(&mut self, most: usize) -> &mut Self {
        for _ in 0..=self.random.below(most) {
            self.member();
        }
        self
    }

    pub(super) fn integer(&mut self) -> &mut Self {
        if self.rarely(25) {
            let odd = self.one(ODD_NUMBERS);
            return self.word(odd);
        }
        let integer = self.one(INTEGERS);
        self.word(integer.to_string())
    }

    pub(super) fn float(&mut self) -> &mut Self {
        if self.rarely(25) {
            let odd = self.one(&["", "x", "nan", " 1", "1 "]);
            return self.word(odd);
        }
        let float = self.one(FLOATS);
        self.word(float)
    }

    pub(super) fn pattern(&mut self) -> &mut Self {
        let pattern = self.one(PATTERNS);
        self.word(pattern)
    }

    /// One of these words, or none.
    pub(super) fn maybe(&mut self, words: &[&str]) -> &mut Self {
        if self.rarely(2) {
            let word = self.one(words);
            self.word(word);
        }
        self
    }
}
