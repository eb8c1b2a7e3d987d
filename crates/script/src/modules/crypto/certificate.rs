//! X.509 certificates: the parts that `k6/crypto/x509` tells. No JavaScript here.

use super::curve::Curve;
use x509_parser::{
    extensions::GeneralName,
    oid_registry::Oid,
    pem::parse_x509_pem,
    prelude::{FromDer, X509Certificate, X509Name},
    public_key::PublicKey,
    time::ASN1Time,
};

/// Why a text is not a certificate, in k6's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CertificateError {
    #[error("failed to decode certificate PEM file")]
    Pem,
    #[error("failed to parse certificate: x509: malformed certificate")]
    Malformed,
    #[error("unsupported public key algorithm")]
    PublicKey,
}

/// One `type=value` of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NamePart {
    /// Object identifier with dots.
    pub(crate) kind: String,
    pub(crate) value: String,
}

/// Of a subject or issuer, in the certificate's order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Name(pub(crate) Vec<NamePart>);

impl Name {
    fn of(name: &X509Name<'_>) -> Name {
        let parts = name.iter_attributes().map(|attribute| NamePart {
            kind: attribute.attr_type().to_id_string(),
            value: String::from_utf8_lossy(attribute.as_slice()).into_owned(),
        });
        Name(parts.collect())
    }

    /// All values of that object identifier.
    pub(crate) fn all(&self, kind: &str) -> Vec<&str> {
        self.0.iter().filter(|part| part.kind == kind).map(|part| part.value.as_str()).collect()
    }

    /// The last value of that object identifier, empty without one.
    pub(crate) fn last(&self, kind: &str) -> &str {
        self.all(kind).last().copied().unwrap_or_default()
    }
}

/// Numbers as lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Rsa { modulus: String, exponent: u64 },
    Ecdsa { curve: &'static Curve, x: String, y: String },
    Dsa { p: String, q: String, g: String, y: String },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Certificate {
    pub(crate) subject: Name,
    pub(crate) issuer: Name,
    /// As `2026-01-31T23:59:59Z`.
    pub(crate) not_before: String,
    pub(crate) not_after: String,
    /// Host names, then e-mail addresses, IP addresses and URIs.
    pub(crate) alt_names: Vec<String>,
    pub(crate) signature_algorithm: &'static str,
    /// SHA-1 of the whole certificate.
    pub(crate) fingerprint: Vec<u8>,
    /// `Err` for kinds of keys that k6 does not know either.
    pub(crate) key: Result<Key, CertificateError>,
}

impl Certificate {
    /// The first certificate of a PEM text; what the text calls it does not matter.
    pub(crate) fn parse(pem: &str) -> Result<Certificate, CertificateError> {
        use sha1::{Digest, Sha1};
        let (_, pem) = parse_x509_pem(pem.as_bytes()).map_err(|_| CertificateError::Pem)?;
        let (_, certificate) =
            X509Certificate::from_der(&pem.contents).map_err(|_| CertificateError::Malformed)?;
        Ok(Certificate {
            subject: Name::of(certificate.subject()),
            issuer: Name::of(certificate.issuer()),
            not_before: iso(certificate.validity().not_before),
            not_after: iso(certificate.validity().not_after),
            alt_names: alt_names(&certificate),
            signature_algorithm: signature_name(&certificate.signature_algorithm.algorithm),
            fingerprint: Sha1::digest(&pem.contents).to_vec(),
            key: key(&certificate),
        })
    }
}

fn iso(time: ASN1Time) -> String {
    let time = time.to_datetime();
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        time.year(),
        u8::from(time.month()),
        time.day(),
        time.hour(),
        time.minute(),
        time.second()
    )
}

fn alt_names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else { return Vec::new() };
    let mut named: Vec<(u8, String)> =
        extension.value.general_names.iter().filter_map(ranked).collect();
    // Stable: names of one kind stay in order.
    named.sort_by_key(|(rank, _)| *rank);
    named.into_iter().map(|(_, name)| name).collect()
}

fn ranked(name: &GeneralName<'_>) -> Option<(u8, String)> {
    Some(match name {
        GeneralName::DNSName(name) => (0, name.to_string()),
        GeneralName::RFC822Name(name) => (1, name.to_string()),
        GeneralName::IPAddress(bytes) => {
            let address = match <[u8; 4]>::try_from(*bytes) {
                Ok(bytes) => std::net::IpAddr::from(bytes),
                Err(_) => std::net::IpAddr::from(<[u8; 16]>::try_from(*bytes).ok()?),
            };
            (2, address.to_string())
        }
        GeneralName::URI(uri) => (3, uri.to_string()),
        _ => return None,
    })
}

fn signature_name(algorithm: &Oid<'_>) -> &'static str {
    match algorithm.to_id_string().as_str() {
        "1.2.840.113549.1.1.4" => "MD5-RSA",
        "1.2.840.113549.1.1.5" => "SHA1-RSA",
        "1.2.840.113549.1.1.11" => "SHA256-RSA",
        "1.2.840.113549.1.1.12" => "SHA384-RSA",
        "1.2.840.113549.1.1.13" => "SHA512-RSA",
        "1.2.840.113549.1.1.10" => "SHA256-RSAPSS",
        "1.2.840.10040.4.3" => "DSA-SHA1",
        "2.16.840.1.101.3.4.3.2" => "DSA-SHA256",
        "1.2.840.10045.4.1" => "ECDSA-SHA1",
        "1.2.840.10045.4.3.2" => "ECDSA-SHA256",
        "1.2.840.10045.4.3.3" => "ECDSA-SHA384",
        "1.2.840.10045.4.3.4" => "ECDSA-SHA512",
        "1.3.101.112" => "Ed25519",
        _ => "0",
    }
}

fn key(certificate: &X509Certificate<'_>) -> Result<Key, CertificateError> {
    let info = certificate.public_key();
    match info.parsed().map_err(|_| CertificateError::PublicKey)? {
        PublicKey::RSA(key) => Ok(Key::Rsa {
            modulus: hex(key.modulus),
            exponent: key.try_exponent().map_err(|_| CertificateError::Malformed)?,
        }),
        PublicKey::EC(point) => {
            let curve = info.algorithm.parameters.as_ref().and_then(|curve| curve.as_oid().ok());
            let curve = curve.and_then(|curve| Curve::find(&curve.to_id_string()));
            let curve = curve.ok_or(CertificateError::PublicKey)?;
            // An uncompressed point is 4 and both numbers.
            let numbers = point.data().strip_prefix(&[4]).ok_or(CertificateError::Malformed)?;
            let (x, y) = numbers.split_at(numbers.len() / 2);
            Ok(Key::Ecdsa { curve, x: hex(x), y: hex(y) })
        }
        PublicKey::DSA(y) => {
            let parameters =
                info.algorithm.parameters.as_ref().ok_or(CertificateError::Malformed)?;
            let (_, numbers) = x509_parser::der_parser::der::parse_der_sequence_of(
                x509_parser::der_parser::der::parse_der_integer,
            )(parameters.as_bytes())
            .map_err(|_| CertificateError::Malformed)?;
            let number = |index: usize| {
                let numbers = numbers.as_sequence().ok()?;
                Some(hex(numbers.get(index)?.as_slice().ok()?))
            };
            match (number(0), number(1), number(2)) {
                (Some(p), Some(q), Some(g)) => Ok(Key::Dsa { p, q, g, y: hex(y) }),
                _ => Err(CertificateError::Malformed),
            }
        }
        _ => Err(CertificateError::PublicKey),
    }
}

/// Without leading zero bytes.
fn hex(bytes: &[u8]) -> String {
    let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
    super::hash::hex(bytes.get(start..).unwrap_or_default())
}
