//! The client's settings: `hosts`, `blockHostnames`, `blacklistIPs`, `--local-ips`, proxy variables.

use std::net::IpAddr;

use bolero::{check, produce};
use plimsoll_clients::http::{
    Url,
    config::{HostOverrides, HostPatterns, IpRanges, LocalIps, Proxies},
};

use crate::near::Corpus;

const SEEDS: &[&str] = &[
    "a.test",
    "*.a.test",
    "a.test:8080",
    "127.0.0.1",
    "127.0.0.1:80",
    "[::1]:443",
    "::1",
    "10.0.0.0/8",
    "fd00::/8",
    "::ffff:10.0.0.0/104",
    "127.0.0.1-127.0.0.9,::1-::3,10.0.0.0/24",
    "http://user:pass@proxy.test:3128",
    "socks5://127.0.0.1:1080",
    "localhost,.a.test,10.0.0.0/8,*",
];

const WORDS: &[&str] = &[
    "*",
    ".",
    ":",
    "/",
    "-",
    ",",
    "[",
    "]",
    "0",
    "32",
    "129",
    "255.255.255.255",
    "ffff:",
    "::",
    "%eth0",
    "65535",
    "65536",
    " ",
    "@",
    "http://",
    "https://",
    "socks5h://",
    "\u{e9}",
    "\0",
    "xn--",
];

#[test]
fn settings() {
    let corpus = || Corpus::of_texts(SEEDS, WORDS).text();
    let inputs = (corpus(), corpus(), produce::<u64>());
    check!().with_generator(inputs).for_each(|(one, other, number)| {
        let address =
            IpAddr::from(number.to_be_bytes().first_chunk::<4>().copied().unwrap_or_default());
        if let Ok(hosts) = HostOverrides::parse([(one.as_str(), other.as_str())]) {
            hosts.find(one, 80);
            hosts.find("b.a.test", 8080);
        }
        if let Ok(patterns) = HostPatterns::parse([one, other]) {
            patterns.find(one);
            patterns.find("b.a.test");
        }
        if let Ok(ranges) = IpRanges::parse([one, other]) {
            ranges.find(address);
        }
        if let Ok(ips) = LocalIps::parse(one) {
            ips.pick(*number);
        }
        let proxies = Proxies::from_variables(|name| {
            Some(if name.to_ascii_lowercase().starts_with("no") { one } else { other }.clone())
        });
        for url in ["http://a.test/", "https://[::1]:8443/", "http://10.0.0.1/"] {
            proxies.find(&Url::parse(url).expect("a valid URL"));
        }
    });
}
