//! Hash functions and keyed hashes by their k6 names, with incremental input.

use hmac::{Hmac, KeyInit, Mac};
use md4::Md4;
use md5::Md5;
use ripemd::Ripemd160;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512, Sha512_224, Sha512_256};

/// A hash under way.
pub(crate) trait Hasher {
    fn update(&mut self, bytes: &[u8]);

    /// The digest of all input so far; more may follow.
    fn digest(&self) -> Vec<u8>;
}

struct Plain<D>(D);

impl<D: Digest + Clone> Hasher for Plain<D> {
    fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn digest(&self) -> Vec<u8> {
        self.0.clone().finalize().to_vec()
    }
}

struct Keyed<M>(M);

impl<M: Mac + Clone> Hasher for Keyed<M> {
    fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn digest(&self) -> Vec<u8> {
        self.0.clone().finalize().into_bytes().to_vec()
    }
}

/// All names that [`hasher`] and [`keyed`] know.
pub(crate) const ALGORITHMS: &[&str] =
    &["md4", "md5", "ripemd160", "sha1", "sha256", "sha384", "sha512", "sha512_224", "sha512_256"];

/// `None` for an unknown algorithm.
pub(crate) fn hasher(algorithm: &str) -> Option<Box<dyn Hasher>> {
    Some(match algorithm {
        "md4" => Box::new(Plain(Md4::new())),
        "md5" => Box::new(Plain(Md5::new())),
        "ripemd160" => Box::new(Plain(Ripemd160::new())),
        "sha1" => Box::new(Plain(Sha1::new())),
        "sha256" => Box::new(Plain(Sha256::new())),
        "sha384" => Box::new(Plain(Sha384::new())),
        "sha512" => Box::new(Plain(Sha512::new())),
        "sha512_224" => Box::new(Plain(Sha512_224::new())),
        "sha512_256" => Box::new(Plain(Sha512_256::new())),
        _ => return None,
    })
}

/// HMAC; `None` for an unknown algorithm.
pub(crate) fn keyed(algorithm: &str, key: &[u8]) -> Option<Box<dyn Hasher>> {
    fn of<M: Mac + KeyInit + Clone + 'static>(key: &[u8]) -> Option<Box<dyn Hasher>> {
        // HMAC takes keys of any length.
        let mac = <M as KeyInit>::new_from_slice(key).ok()?;
        Some(Box::new(Keyed(mac)))
    }
    match algorithm {
        "md4" => of::<Hmac<Md4>>(key),
        "md5" => of::<Hmac<Md5>>(key),
        "ripemd160" => of::<Hmac<Ripemd160>>(key),
        "sha1" => of::<Hmac<Sha1>>(key),
        "sha256" => of::<Hmac<Sha256>>(key),
        "sha384" => of::<Hmac<Sha384>>(key),
        "sha512" => of::<Hmac<Sha512>>(key),
        "sha512_224" => of::<Hmac<Sha512_224>>(key),
        "sha512_256" => of::<Hmac<Sha512_256>>(key),
        _ => None,
    }
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble & 15)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the algorithms' own specifications: the digest of `abc`.
    fn check(algorithm: &str, expected: &str) {
        let mut hasher = hasher(algorithm).unwrap();
        hasher.update(b"a");
        hasher.update(b"bc");
        assert_eq!(hex(&hasher.digest()), expected, "{algorithm}");
        assert_eq!(hex(&hasher.digest()), expected, "{algorithm}, again");
    }

    #[test]
    fn known_digests() {
        check("md4", "a448017aaf21d8525fc10ae87aa6729d");
        check("md5", "900150983cd24fb0d6963f7d28e17f72");
        check("ripemd160", "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc");
        check("sha1", "a9993e364706816aba3e25717850c26c9cd0d89d");
        check("sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        check("sha512_224", "4634270f707b6a54daae7530460842e20e37ed265ceee9a43e8924aa");
        check("sha512_256", "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23");
    }

    #[test]
    fn known_keyed_digest() {
        // RFC 2202, test case 2 for HMAC-SHA-1.
        let mut mac = keyed("sha1", b"Jefe").unwrap();
        mac.update(b"what do ya want for nothing?");
        assert_eq!(hex(&mac.digest()), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    }

    #[test]
    fn all_names_are_known() {
        for algorithm in ALGORITHMS {
            assert!(hasher(algorithm).is_some() && keyed(algorithm, b"k").is_some(), "{algorithm}");
        }
        assert!(hasher("sha3").is_none() && keyed("sha3", b"k").is_none());
    }
}
