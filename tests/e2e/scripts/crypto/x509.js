// What certificates tell.

import { check } from 'k6';
import x509, { getAltNames, getIssuer, getSubject, parse } from 'k6/crypto/x509';

const rsa = open('./rsa.pem');
const ec = open('./ec.pem');
const same = (value, expected) => JSON.stringify(value) === JSON.stringify(expected);
const refused = (act) => {
  try {
    act();
    return '';
  } catch (e) {
    return String(e);
  }
};

export default function () {
  check(x509.parse(rsa), {
    'names of the subject': (c) =>
      c.subject.commonName === 'cn.example' &&
      c.subject.country === 'ZZ' &&
      c.subject.stateOrProvinceName === 'State' &&
      c.subject.localityName === 'City' &&
      c.subject.streetAddress === 'S1' &&
      c.subject.postalCode === 'P0' &&
      c.subject.organizationName === 'Org' &&
      same(c.subject.organizationalUnitName, ['Unit1', 'Unit2']),
    'all names in order': (c) =>
      c.subject.names.length === 10 && same(c.subject.names[6], { type: '2.5.4.3', value: 'cn.example' }),
    'names of the issuer': (c) => same(Object.keys(c.issuer).slice(0, 3), ['commonName', 'country', 'stateOrProvinceName']),
    'dates': (c) => c.notBefore === '2026-11-21T11:11:55Z' && c.notAfter === '2036-11-18T11:11:55Z',
    'other names': (c) =>
      same(c.altNames, ['a.example', '*.b.example', 'x@y.z', '10.0.0.1', '::1', 'http://u.example/x']),
    'signature': (c) => c.signatureAlgorithm === 'SHA256-RSA',
    'fingerprint': (c) => c.fingerPrint.length === 20 && c.fingerPrint[0] === 0x51 && c.fingerPrint[19] === 0xe8,
    'RSA key': (c) =>
      c.publicKey.algorithm === 'RSA' && c.publicKey.key.e === 65537 && c.publicKey.key.n.toString(16).startsWith('992571fb'),
  });
  check(parse(ec), {
    'missing names are empty': (c) =>
      c.subject.country === '' && same(c.subject.organizationalUnitName, []) && same(c.altNames, []),
    'signature of an elliptic curve': (c) => c.signatureAlgorithm === 'ECDSA-SHA256',
    'key of an elliptic curve': (c) => c.publicKey.algorithm === 'ECDSA' && c.publicKey.key.x > 0 && c.publicKey.key.y > 0,
  });
  const { curve, x, y, equal } = parse(ec).publicKey.key;
  check(curve.params(), {
    'parameters of the curve': (p) =>
      p.name === 'P-256' && p.bit_size === 256 && p.p.toString(16).startsWith('ffffffff00000001') && p.n.toString(16).endsWith('fc632551') &&
      p.b.toString(16).startsWith('5ac635d8') && p.gx.toString(16).startsWith('6b17d1f2') && p.gy.toString(16).startsWith('4fe342e2'),
    'points of the curve': (p) => curve.isOnCurve(x, y) && curve.isOnCurve(p.gx, p.gy) && !curve.isOnCurve(1n, 2n),
    'a key has them too': () => parse(ec).publicKey.key.params().gx === curve.params().gx && parse(ec).publicKey.key.isOnCurve(x, y),
    'equal keys': () => equal(parse(ec).publicKey.key) && !equal(parse(rsa).publicKey.key) && !equal(1),
    'equal RSA keys': () => parse(rsa).publicKey.key.equal(parse(rsa).publicKey.key) && parse(rsa).publicKey.key.size() === 256,
  });
  check(null, {
    getAltNames: () => getAltNames(rsa).length === 6,
    getIssuer: () => getIssuer(rsa).organizationName === 'Org',
    getSubject: () => getSubject(ec).commonName === 'ec',
    'what is no PEM': () => refused(() => parse('zzz')) === 'GoError: failed to decode certificate PEM file',
    'what is no certificate': () =>
      refused(() => parse('-----BEGIN CERTIFICATE-----\nYQ==\n-----END CERTIFICATE-----\n')) ===
      'GoError: failed to parse certificate: x509: malformed certificate',
  });
}
