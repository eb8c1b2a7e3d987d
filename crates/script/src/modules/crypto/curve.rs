//! The elliptic curves of keys in certificates: parameters of FIPS 186-4, as hexadecimal digits.

/// A curve `y² = x³ - 3x + b` modulo `p`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Curve {
    /// As NIST calls it
    pub(crate) name: &'static str,
    pub(crate) bits: u32,
    pub(crate) p: &'static str,
    /// Order of the base point
    pub(crate) n: &'static str,
    pub(crate) b: &'static str,
    /// The base point
    pub(crate) gx: &'static str,
    pub(crate) gy: &'static str,
    object_identifier: &'static str,
}

impl Curve {
    /// By its object identifier with dots.
    pub(crate) fn find(object_identifier: &str) -> Option<&'static Curve> {
        CURVES.iter().find(|curve| curve.object_identifier == object_identifier)
    }
}

const CURVES: &[Curve] = &[
    Curve {
        name: "P-224",
        bits: 224,
        p: "ffffffffffffffffffffffffffffffff000000000000000000000001",
        n: "ffffffffffffffffffffffffffff16a2e0b8f03e13dd29455c5c2a3d",
        b: "b4050a850c04b3abf54132565044b0b7d7bfd8ba270b39432355ffb4",
        gx: "b70e0cbd6bb4bf7f321390b94a03c1d356c21122343280d6115c1d21",
        gy: "bd376388b5f723fb4c22dfe6cd4375a05a07476444d5819985007e34",
        object_identifier: "1.3.132.0.33",
    },
    Curve {
        name: "P-256",
        bits: 256,
        p: "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
        n: "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
        b: "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
        gx: "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
        gy: "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
        object_identifier: "1.2.840.10045.3.1.7",
    },
    Curve {
        name: "P-384",
        bits: 384,
        p: "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff\
            0000000000000000ffffffff",
        n: "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db2\
            48b0a77aecec196accc52973",
        b: "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d\
            8a2ed19d2a85c8edd3ec2aef",
        gx: "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25d\
            bf55296c3a545e3872760ab7",
        gy: "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce\
            1d7e819d7a431d7c90ea0e5f",
        object_identifier: "1.3.132.0.34",
    },
    Curve {
        name: "P-521",
        bits: 521,
        p: "1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\
            fffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        n: "1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868\
            783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
        b: "51953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e1561939\
            51ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00",
        gx: "c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e\
            77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66",
        gy: "11839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee7\
            2995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650",
        object_identifier: "1.3.132.0.35",
    },
];
