//! Private keys behind a password: PKCS #8 as today's openssl writes them, and the older way of
//! headers inside the PEM text, the only one that k6 1.1 reads.

use base64::{Engine, engine::general_purpose::STANDARD};
use cbc::{
    Decryptor,
    cipher::{BlockModeDecrypt, KeyIvInit, block_padding::Pkcs7},
};
use md5::{Digest, Md5};
use pkcs8::EncryptedPrivateKeyInfoRef;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer};

use super::TlsSetupError;

/// Label of a PKCS #8 key behind a password.
const PKCS8_LABEL: &str = "ENCRYPTED PRIVATE KEY";
/// What is neither of PBES2's ways may also be damaged.
const OLD_PKCS8: &str = "it is damaged, or encrypted in a way other than PBES2\n\
     hint: encrypt it with `openssl pkcs8 -topk8 -v2 aes-256-cbc`";
/// What an encrypted key of the older way begins with.
const PROC_TYPE: &str = "Proc-Type: 4,ENCRYPTED";
/// Of the older way: the first bytes of the initialization vector are the salt.
const SALT_BYTES: usize = 8;

/// One PEM section.
struct Section<'a> {
    label: &'a str,
    /// Value of `DEK-Info`: cipher and initialization vector.
    cipher: Option<&'a str>,
    bytes: Vec<u8>,
}

/// Whether the PEM text holds a key that needs a password.
pub(super) fn is_encrypted(pem: &str) -> bool {
    pem.contains(PROC_TYPE) || pem.contains("BEGIN ENCRYPTED PRIVATE KEY")
}

/// The first private key of the text, decrypted.
pub(super) fn decrypt(
    pem: &str,
    password: Option<&str>,
) -> Result<PrivateKeyDer<'static>, TlsSetupError> {
    let password = password.ok_or(TlsSetupError::NoKeyPassword)?;
    let damaged = || TlsSetupError::Key("damaged PEM text".to_owned());
    let section = section(pem).ok_or_else(damaged)?;
    if section.label == PKCS8_LABEL {
        let info = EncryptedPrivateKeyInfoRef::try_from(section.bytes.as_slice())
            .map_err(|_| TlsSetupError::Key(OLD_PKCS8.to_owned()))?;
        let document = info.decrypt(password).map_err(of_pkcs8)?;
        return Ok(PrivatePkcs8KeyDer::from(document.as_bytes().to_vec()).into());
    }
    let (cipher, vector) = section.cipher.and_then(|c| c.split_once(',')).ok_or_else(damaged)?;
    let vector = from_hex(vector.trim()).ok_or_else(damaged)?;
    let der = decrypt_legacy(cipher.trim(), password, &vector, section.bytes)?;
    // The padding of a wrong password is right by chance now and then; a key is a sequence.
    if der.first() != Some(&0x30) {
        return Err(TlsSetupError::KeyPassword);
    }
    match section.label {
        "RSA PRIVATE KEY" => Ok(PrivatePkcs1KeyDer::from(der).into()),
        "EC PRIVATE KEY" => Ok(PrivateSec1KeyDer::from(der).into()),
        "PRIVATE KEY" => Ok(PrivatePkcs8KeyDer::from(der).into()),
        label => Err(unsupported(&format!("a {label}"))),
    }
}

fn of_pkcs8(error: pkcs8::Error) -> TlsSetupError {
    use pkcs8::{Error, pkcs5};
    match error {
        Error::EncryptedPrivateKey(
            pkcs5::Error::NoPbes1CryptSupport
            | pkcs5::Error::UnsupportedAlgorithm { .. }
            | pkcs5::Error::AlgorithmParametersInvalid { .. },
        ) => TlsSetupError::Key(OLD_PKCS8.to_owned()),
        _ => TlsSetupError::KeyPassword,
    }
}

fn unsupported(what: &str) -> TlsSetupError {
    TlsSetupError::Key(format!("{what} is not supported"))
}

/// The first section that is a private key.
fn section(pem: &str) -> Option<Section<'_>> {
    let mut lines = pem.lines().map(str::trim);
    let label = lines.by_ref().find_map(|line| {
        let label = line.strip_prefix("-----BEGIN ")?.strip_suffix("-----")?;
        label.ends_with("PRIVATE KEY").then_some(label)
    })?;
    let (mut cipher, mut text) = (None, String::new());
    for line in lines {
        if line.starts_with("-----END ") {
            return Some(Section { label, cipher, bytes: STANDARD.decode(text).ok()? });
        }
        match line.split_once(':') {
            Some(("DEK-Info", value)) => cipher = Some(value.trim()),
            Some(_) => {}
            None => text.push_str(line),
        }
    }
    None
}

/// As RFC 1421 lays it out, with openssl's derivation of keys.
fn decrypt_legacy(
    cipher: &str,
    password: &str,
    vector: &[u8],
    bytes: Vec<u8>,
) -> Result<Vec<u8>, TlsSetupError> {
    match cipher {
        "AES-128-CBC" => run::<Decryptor<aes::Aes128>>(password, vector, bytes),
        "AES-192-CBC" => run::<Decryptor<aes::Aes192>>(password, vector, bytes),
        "AES-256-CBC" => run::<Decryptor<aes::Aes256>>(password, vector, bytes),
        "DES-EDE3-CBC" => run::<Decryptor<des::TdesEde3>>(password, vector, bytes),
        "DES-CBC" => run::<Decryptor<des::Des>>(password, vector, bytes),
        other => Err(unsupported(&format!("the cipher {other}"))),
    }
}

fn run<C: KeyIvInit + BlockModeDecrypt>(
    password: &str,
    vector: &[u8],
    mut bytes: Vec<u8>,
) -> Result<Vec<u8>, TlsSetupError> {
    let salt = vector.get(..SALT_BYTES).unwrap_or_default();
    let key = derive(password, salt, C::key_size());
    let cipher = C::new_from_slices(&key, vector)
        .map_err(|_| TlsSetupError::Key("damaged DEK-Info".to_owned()))?;
    let length =
        cipher.decrypt_padded::<Pkcs7>(&mut bytes).map_err(|_| TlsSetupError::KeyPassword)?.len();
    bytes.truncate(length);
    Ok(bytes)
}

/// openssl's EVP_BytesToKey: MD5, one round.
fn derive(password: &str, salt: &[u8], length: usize) -> Vec<u8> {
    let mut key: Vec<u8> = Vec::with_capacity(length + 16);
    let mut last: Vec<u8> = Vec::new();
    while key.len() < length {
        last =
            Md5::new().chain_update(last).chain_update(password).chain_update(salt).finalize()[..]
                .to_vec();
        key.extend_from_slice(&last);
    }
    key.truncate(length);
    key
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| match pair {
            [high, low] => Some(digit(high)? << 4 | digit(low)?),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{TlsSetupError, decrypt};

    /// One key of P-256, encrypted by openssl 3.0 with the password `secret` in several ways.
    const KEYS: &str = include_str!("testdata/encrypted_keys.pem");

    fn keys() -> Vec<String> {
        let end = "PRIVATE KEY-----\n";
        let texts = KEYS.split_inclusive(end).collect::<Vec<_>>();
        texts.chunks(2).map(|begin_and_rest| begin_and_rest.concat()).collect()
    }

    #[test]
    fn the_password_opens_every_kind() {
        let keys = keys();
        assert_eq!(keys.len(), 9);
        let mut scalars = Vec::new();
        for key in &keys {
            let key = decrypt(key, Some("secret")).unwrap_or_else(|e| panic!("{e}\n{key}"));
            let provider = rustls::crypto::ring::default_provider();
            let signer = provider.key_provider.load_private_key(key).expect("a valid key");
            scalars.push(signer.public_key().map(|public| public.to_vec()));
        }
        scalars.dedup();
        assert_eq!(scalars.len(), 1, "all are the same key");
    }

    #[test]
    fn without_the_password_nothing_opens() {
        for key in keys() {
            assert_eq!(decrypt(&key, Some("wrong")), Err(TlsSetupError::KeyPassword), "{key}");
            assert_eq!(decrypt(&key, None), Err(TlsSetupError::NoKeyPassword));
        }
    }

    #[test]
    fn old_ways_of_pkcs8_are_named() {
        let key = include_str!("testdata/pbes1_key.pem");
        let error = decrypt(key, Some("secret")).expect_err("PBES1");
        assert!(error.to_string().contains("other than PBES2"), "{error}");
    }

    #[test]
    fn damage_is_told() {
        for text in [
            "",
            "-----BEGIN ENCRYPTED PRIVATE KEY-----",
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nYQ==\n-----END ENCRYPTED PRIVATE KEY-----",
            "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nYQ==\n-----END EC PRIVATE KEY-----",
            "-----BEGIN EC PRIVATE KEY-----\nDEK-Info: AES-256-CBC,0G\n\nYQ==\n-----END EC PRIVATE KEY-----",
            "-----BEGIN EC PRIVATE KEY-----\nDEK-Info: AES-256-CBC,00\n\nYQ==\n-----END EC PRIVATE KEY-----",
            "-----BEGIN EC PRIVATE KEY-----\nDEK-Info: RC4,00\n\nYQ==\n-----END EC PRIVATE KEY-----",
        ] {
            let error = decrypt(text, Some("secret")).expect_err(text);
            assert!(matches!(error, TlsSetupError::Key(_)), "{text}: {error}");
        }
    }
}
