//! Interfaces and TCP of the host, or rather of the network namespace that the monitor is in.

use std::collections::HashMap;

use plimsoll_metrics::TagSet;

use super::metrics;
use crate::{increase::Increase, metric::Metric, readings::Readings};

/// Interfaces that are told of; further ones are left out.
pub(super) const INTERFACES_LIMIT: usize = 64;

/// One line of `/proc/net/dev`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Interface<'a> {
    pub(super) name: &'a str,
    pub(super) received_bytes: u64,
    pub(super) received_packets: u64,
    pub(super) sent_bytes: u64,
    pub(super) sent_packets: u64,
    pub(super) dropped_packets: u64,
}

/// Interfaces that have ever moved a packet.
pub(super) fn parse_interfaces(text: &str) -> impl Iterator<Item = Interface<'_>> {
    text.lines()
        .filter_map(interface)
        .filter(|interface| interface.received_packets > 0 || interface.sent_packets > 0)
}

fn interface(line: &str) -> Option<Interface<'_>> {
    let (name, values) = line.split_once(':')?;
    let mut numbers = [0_u64; 12];
    let mut fields = values.split_ascii_whitespace();
    for number in &mut numbers {
        *number = fields.next()?.parse().ok()?;
    }
    let [
        received_bytes,
        received_packets,
        _,
        received_drops,
        _,
        _,
        _,
        _,
        sent_bytes,
        sent_packets,
        _,
        sent_drops,
    ] = numbers;
    Some(Interface {
        name: name.trim(),
        received_bytes,
        received_packets,
        sent_bytes,
        sent_packets,
        dropped_packets: received_drops.saturating_add(sent_drops),
    })
}

/// The value of `key` in a text of pairs of lines, names above and numbers below: `/proc/net/snmp` and
/// `/proc/net/netstat`.
pub(super) fn value_below(text: &str, protocol: &str, key: &str) -> Option<u64> {
    let mut lines = text.lines().filter_map(|line| line.strip_prefix(protocol)?.strip_prefix(": "));
    let (names, values) = (lines.next()?, lines.next()?);
    let mut pairs = names.split_ascii_whitespace().zip(values.split_ascii_whitespace());
    pairs.find(|(name, _)| *name == key)?.1.parse().ok()
}

/// A number of `/proc/net/sockstat`, such as `tw` of `TCP`.
pub(super) fn sockstat(text: &str, protocol: &str, key: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(protocol)?.strip_prefix(": "))?;
    let mut words = line.split_ascii_whitespace();
    words.find(|word| *word == key)?;
    words.next()?.parse().ok()
}

/// Remembers the last look.
#[derive(Default)]
pub(super) struct Network {
    interfaces: HashMap<String, Counters>,
    sent: Increase,
    retransmits: Increase,
    overflows: Increase,
    drops: Increase,
}

struct Counters {
    tags: TagSet,
    increases: [Increase; 5],
}

impl Network {
    pub(super) fn read_interfaces(&mut self, text: &str, readings: &Readings) {
        for interface in parse_interfaces(text).take(INTERFACES_LIMIT) {
            if !self.interfaces.contains_key(interface.name)
                && self.interfaces.len() < INTERFACES_LIMIT
            {
                let tags = readings.host().with("interface", interface.name);
                let counters = Counters { tags, increases: [Increase::new(); 5] };
                self.interfaces.insert(interface.name.to_owned(), counters);
            }
            if let Some(counters) = self.interfaces.get_mut(interface.name) {
                counters.read(&interface, readings);
            }
        }
    }

    pub(super) fn read_snmp(&mut self, text: &str, readings: &Readings) {
        let value = |key| value_below(text, "Tcp", key);
        add(&metrics::TCP_SEGMENTS_SENT, &mut self.sent, value("OutSegs"), readings);
        add(&metrics::TCP_RETRANSMITS, &mut self.retransmits, value("RetransSegs"), readings);
    }

    pub(super) fn read_netstat(&mut self, text: &str, readings: &Readings) {
        let value = |key| value_below(text, "TcpExt", key);
        add(&metrics::LISTEN_OVERFLOWS, &mut self.overflows, value("ListenOverflows"), readings);
        add(&metrics::LISTEN_DROPS, &mut self.drops, value("ListenDrops"), readings);
    }
}

impl Counters {
    fn read(&mut self, interface: &Interface<'_>, readings: &Readings) {
        let totals = [
            (&metrics::NETWORK_RECEIVED, interface.received_bytes),
            (&metrics::NETWORK_SENT, interface.sent_bytes),
            (&metrics::NETWORK_RECEIVED_PACKETS, interface.received_packets),
            (&metrics::NETWORK_SENT_PACKETS, interface.sent_packets),
            (&metrics::NETWORK_DROPPED_PACKETS, interface.dropped_packets),
        ];
        for ((metric, total), increase) in totals.into_iter().zip(&mut self.increases) {
            if let Some(added) = increase.of(total) {
                readings.record(metric, &self.tags, added as f64);
            }
        }
    }
}

fn add(metric: &'static Metric, increase: &mut Increase, total: Option<u64>, readings: &Readings) {
    if let Some(added) = total.and_then(|total| increase.of(total)) {
        readings.record(metric, readings.host(), added as f64);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Recorded on Linux 6.18.
    const DEV: &str = "Inter-|   Receive                    |  Transmit\n \
        face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop\n    \
        lo: 77410930002 426234888    0 5154    0     0          0         0 77410930002 426234888    \
        0    2    0     0       0          0\n  \
        ifb0:       0       0    0    0    0     0          0         0        0       0    0    0    0     0 \
        0          0\n  \
        eth0:713306649   32851    0    0    0     0          0         0  2093074   22908    0    0    0     0 \
        0          0\n";

    const SNMP: &str = "Ip: Forwarding DefaultTTL\nIp: 2 64\n\
        Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets \
        CurrEstab InSegs OutSegs RetransSegs InErrs OutRsts InCsumErrors\n\
        Tcp: 1 200 120000 -1 1109840 602387 255353 32809 4 392437198 392295507 148549 11017 287630 0\n";

    const SOCKSTAT: &str =
        "sockets: used 21\nTCP: inuse 1 orphan 3 tw 12 alloc 1 mem 0\nUDP: inuse 0 mem 0\n";

    #[test]
    fn interfaces_that_were_used() {
        let found: Vec<_> = parse_interfaces(DEV).collect();
        assert_eq!(
            found.iter().map(|interface| interface.name).collect::<Vec<_>>(),
            ["lo", "eth0"]
        );
        assert_eq!((found[0].received_packets, found[0].dropped_packets), (426_234_888, 5_156));
        assert_eq!((found[1].received_bytes, found[1].sent_bytes), (713_306_649, 2_093_074));
    }

    #[test]
    fn values_by_name() {
        assert_eq!(value_below(SNMP, "Tcp", "RetransSegs"), Some(148_549));
        assert_eq!(value_below(SNMP, "Tcp", "CurrEstab"), Some(4));
        assert_eq!(value_below(SNMP, "Tcp", "MaxConn"), None);
        assert_eq!(value_below(SNMP, "Udp", "InErrors"), None);
        let netstat = "TcpExt: SyncookiesSent ListenOverflows ListenDrops\nTcpExt: 1899 404479 404480\n\
            IpExt: InNoRoutes\nIpExt: 0\n";
        assert_eq!(value_below(netstat, "TcpExt", "ListenDrops"), Some(404_480));
        assert_eq!(sockstat(SOCKSTAT, "TCP", "tw"), Some(12));
        assert_eq!(sockstat(SOCKSTAT, "TCP", "none"), None);
        assert_eq!(sockstat(SOCKSTAT, "UDP", "mem"), Some(0));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_text_panics(text in "([a-zA-Z0-9]{0,4}: |[0-9]{1,22} |inuse |\\n){0,40}") {
            prop_assert!(parse_interfaces(&text).count() <= text.lines().count());
            value_below(&text, "Tcp", "OutSegs");
            sockstat(&text, "TCP", "inuse");
        }
    }
}
