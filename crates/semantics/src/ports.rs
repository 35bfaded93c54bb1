//! Sets of protocols and ports.

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;

use cofferdam_model::flow::Protocol;
use range_set_blaze::RangeSetBlaze;

/// A set of protocols and ports, of TCP, UDP and SCTP and 1 to 65535.
///
/// Held as ranges of numbers in which each protocol has 65,536 of its own; copies share them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PortSet(Arc<RangeSetBlaze<u32>>);

/// The protocols that policies know, in the order of output.
pub const PROTOCOLS: [Protocol; 3] = [Protocol::Tcp, Protocol::Udp, Protocol::Sctp];

/// Ports of a protocol.
pub const ALL_PORTS: RangeInclusive<u16> = 1..=u16::MAX;

impl PortSet {
    /// No port.
    pub fn none() -> Self {
        Self::default()
    }

    /// Every port of every protocol.
    pub fn all() -> Self {
        Self::of_protocols(PROTOCOLS)
    }

    /// Every port of these protocols.
    pub fn of_protocols(protocols: impl IntoIterator<Item = Protocol>) -> Self {
        let ranges = protocols.into_iter().map(|one| numbers(one, ALL_PORTS));
        Self(Arc::new(ranges.collect()))
    }

    /// A range of ports of one protocol.
    pub fn range(protocol: Protocol, ports: RangeInclusive<u16>) -> Self {
        Self(Arc::new(RangeSetBlaze::from_iter([numbers(
            protocol, ports,
        )])))
    }

    /// One port of one protocol.
    pub fn one(protocol: Protocol, port: u16) -> Self {
        Self::range(protocol, port..=port)
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many ports it holds, those of each protocol by themselves.
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// Whether it holds every port of every protocol.
    pub fn is_all(&self) -> bool {
        *self == Self::all()
    }

    /// Whether it holds a port of a protocol.
    pub fn contains(&self, protocol: Protocol, port: u16) -> bool {
        self.0.contains(base(protocol) + u32::from(port))
    }

    /// Whether it holds everything that another does.
    pub fn covers(&self, other: &Self) -> bool {
        other.0.is_subset(&self.0)
    }

    /// What both hold.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self(Arc::new(&*self.0 & &*other.0))
    }

    /// What either holds.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        if self == other || other.is_empty() {
            return self.clone();
        }
        if self.is_empty() {
            return other.clone();
        }
        Self(Arc::new(&*self.0 | &*other.0))
    }

    /// What it holds and another does not.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        Self(Arc::new(&*self.0 - &*other.0))
    }

    /// Its first port, by protocol and number.
    pub fn first(&self) -> Option<(Protocol, u16)> {
        self.ranges()
            .next()
            .map(|(protocol, first, _)| (protocol, first))
    }

    /// Its ranges as protocol, first and last port, in the order of protocols.
    pub fn ranges(&self) -> impl Iterator<Item = (Protocol, u16, u16)> {
        PROTOCOLS.into_iter().flat_map(|protocol| {
            let own = RangeSetBlaze::from_iter([numbers(protocol, ALL_PORTS)]);
            let ranges: Vec<RangeInclusive<u32>> = (&*self.0 & &own).into_ranges().collect();
            ranges.into_iter().map(move |range| {
                let port = |number: u32| u16::try_from(number - base(protocol)).unwrap_or(u16::MAX);
                (protocol, port(*range.start()), port(*range.end()))
            })
        })
    }
}

/// `all`, or the protocols with their ports: `TCP 80,443-445; UDP 53`; a protocol without numbers has
/// all of its ports.
impl fmt::Display for PortSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_all() {
            return f.write_str("all");
        }
        let mut last = None;
        for (protocol, from, to) in self.ranges() {
            match last {
                Some(one) if one == protocol => f.write_str(",")?,
                Some(_) => write!(f, "; {} ", protocol.as_str())?,
                None => write!(f, "{} ", protocol.as_str())?,
            }
            last = Some(protocol);
            if from == to {
                write!(f, "{from}")?;
            } else {
                write!(f, "{from}-{to}")?;
            }
        }
        Ok(())
    }
}

/// Where the numbers of a protocol begin.
fn base(protocol: Protocol) -> u32 {
    match protocol {
        Protocol::Tcp => 0,
        Protocol::Udp => 1 << 16,
        Protocol::Sctp => 2 << 16,
    }
}

fn numbers(protocol: Protocol, ports: RangeInclusive<u16>) -> RangeInclusive<u32> {
    base(protocol) + u32::from(*ports.start())..=base(protocol) + u32::from(*ports.end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(ports: RangeInclusive<u16>) -> PortSet {
        PortSet::range(Protocol::Tcp, ports)
    }

    #[test]
    fn a_set_is_written_by_protocol_and_in_order() {
        let web = tcp(443..=445).or(&tcp(80..=80));
        for (set, want) in [
            (PortSet::none(), ""),
            (PortSet::all(), "all"),
            (
                web.or(&PortSet::one(Protocol::Udp, 53)),
                "TCP 80,443-445; UDP 53",
            ),
            (PortSet::of_protocols([Protocol::Udp]), "UDP 1-65535"),
            (
                PortSet::all().without(&tcp(1..=9)),
                "TCP 10-65535; UDP 1-65535; SCTP 1-65535",
            ),
        ] {
            assert_eq!(set.to_string(), want);
        }
    }

    #[test]
    fn sets_of_protocols_do_not_touch() {
        let ends = tcp(65535..=65535).or(&PortSet::one(Protocol::Udp, 1));
        assert_eq!(ends.to_string(), "TCP 65535; UDP 1");
        assert_eq!(
            ends.and(&PortSet::of_protocols([Protocol::Udp])).first(),
            Some((Protocol::Udp, 1))
        );
    }
}
