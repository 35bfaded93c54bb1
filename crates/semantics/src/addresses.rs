//! Addresses that no block of any policy tells apart.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::ops::RangeInclusive;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use range_set_blaze::RangeSetBlaze;

use crate::sets::Table;

/// The family of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::V4, Self::V6];

    /// The family of an address.
    pub fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }

    /// All of its addresses.
    pub(crate) fn network(self) -> IpNet {
        match self {
            Self::V4 => IpNet::V4(Ipv4Net::default()),
            Self::V6 => IpNet::V6(Ipv6Net::default()),
        }
    }

    /// The greatest address as a number; the least is 0.
    fn last(self) -> u128 {
        match self {
            Self::V4 => u32::MAX.into(),
            Self::V6 => u128::MAX,
        }
    }

    /// How many addresses a network of a prefix has.
    pub(crate) fn addresses_of_prefix(self, prefix: u32) -> u128 {
        let bits: u32 = match self {
            Self::V4 => 32,
            Self::V6 => 128,
        };
        1_u128
            .checked_shl(bits.saturating_sub(prefix))
            .unwrap_or(u128::MAX)
    }

    /// The addresses that are routed on the internet.
    fn public(self) -> RangeSetBlaze<u128> {
        let of = |networks: &[&str]| {
            let networks = networks.iter().filter_map(|one| one.parse().ok());
            ranges(&networks.collect::<Vec<IpNet>>(), self)
        };
        match self {
            Self::V4 => of(&["0.0.0.0/0"]) - of(&NOT_PUBLIC),
            Self::V6 => of(&["2000::/3"]),
        }
    }

    fn address(self, number: u128) -> IpAddr {
        match self {
            Self::V4 => IpAddr::V4(u32::try_from(number).unwrap_or(u32::MAX).into()),
            Self::V6 => IpAddr::V6(number.into()),
        }
    }
}

/// Networks of IPv4 that no one routes on the internet.
const NOT_PUBLIC: [&str; 8] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "224.0.0.0/3",
];

/// The private networks of IPv4 (RFC 1918) and IPv6 (RFC 4193), in which sites and clusters have their addresses.
const PRIVATE: [&str; 4] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"];

/// A set of addresses as policies name it: networks without others inside them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Block {
    pub(crate) networks: Vec<IpNet>,
    pub(crate) except: Vec<IpNet>,
}

impl Block {
    fn ranges(&self, family: Family) -> RangeSetBlaze<u128> {
        ranges(&self.networks, family) - ranges(&self.except, family)
    }

    /// Whether it holds every address of a family.
    pub(crate) fn is_everything(&self, family: Family) -> bool {
        self.ranges(family) == RangeSetBlaze::from_iter([0..=family.last()])
    }

    /// Whether all of its addresses are in another.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        let mut families = Family::BOTH.into_iter();
        families.all(|family| self.ranges(family).is_subset(&other.ranges(family)))
    }

    /// Whether it holds an address.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        self.ranges(Family::of(address)).contains(number(address))
    }

    /// Whether it is every address of a family but those of private networks, as far as it says.
    pub(crate) fn is_internet_only(&self) -> bool {
        let private: Vec<IpNet> = PRIVATE.iter().filter_map(|one| one.parse().ok()).collect();
        let private = Self {
            networks: private,
            except: Vec::new(),
        };
        let mut families = Family::BOTH.into_iter();
        let is_whole = self
            .networks
            .iter()
            .all(|network| network.prefix_len() == 0);
        is_whole && families.all(|family| self.ranges(family).is_disjoint(&private.ranges(family)))
    }

    /// How many addresses of the internet it holds of a family.
    pub(crate) fn public_addresses(&self, family: Family) -> u128 {
        let public = self.ranges(family) & family.public();
        let sizes = public
            .into_ranges()
            .map(|range| range.end() - range.start());
        sizes.fold(0, |all, size| all.saturating_add(size.saturating_add(1)))
    }
}

/// The addresses of a family in some networks.
fn ranges(networks: &[IpNet], family: Family) -> RangeSetBlaze<u128> {
    let own = networks.iter();
    let own = own.filter(|network| Family::of(network.addr()) == family);
    own.map(|network| number(network.network())..=number(network.broadcast()))
        .collect()
}

/// An address as a number.
fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u32::from(address).into(),
        IpAddr::V6(address) => address.into(),
    }
}

/// The addresses of both families, in parts of which every block holds all or nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Atoms {
    /// Which blocks hold the addresses of an atom; an atom is named by its number here.
    signatures: Table<Signature>,
    /// The atom that begins at a number, until the next.
    starts: BTreeMap<(Family, u128), u32>,
}

/// The blocks that hold an address, by their numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct Signature {
    surely: Vec<u32>,
    /// Those that hold it or not, where it is not known.
    perhaps: Vec<u32>,
}

impl Atoms {
    /// Cuts the addresses at the ends of blocks, which are named by their numbers.
    pub(crate) fn cut(blocks: &Table<Block>) -> Self {
        let mut atoms = Self::default();
        for family in Family::BOTH {
            atoms.sweep(blocks, family);
        }
        atoms
    }

    fn sweep(&mut self, blocks: &Table<Block>, family: Family) {
        let mut changes: BTreeMap<u128, Vec<(bool, u32)>> = BTreeMap::from([(0, Vec::new())]);
        for (id, block) in blocks.iter() {
            for range in block.ranges(family).into_ranges() {
                changes.entry(*range.start()).or_default().push((true, id));
                if *range.end() < family.last() {
                    changes
                        .entry(range.end() + 1)
                        .or_default()
                        .push((false, id));
                }
            }
        }
        let mut active: BTreeSet<u32> = BTreeSet::new();
        for (start, changes) in changes {
            for (begins, id) in changes {
                if begins {
                    active.insert(id)
                } else {
                    active.remove(&id)
                };
            }
            let atom = self.signatures.id(Signature {
                surely: active.iter().copied().collect(),
                perhaps: Vec::new(),
            });
            self.starts.insert((family, start), atom);
        }
    }

    /// The atom of an address.
    pub(crate) fn of(&self, address: IpAddr) -> u32 {
        let until = (Family::of(address), number(address));
        let found = self.starts.range(..=until).next_back();
        found.map(|(_, atom)| *atom).unwrap_or_default()
    }

    /// The atom that stands for an address of a family that is in one of these networks, and is not known otherwise; none
    /// where no network is of the family.
    pub(crate) fn within(
        &mut self,
        networks: &[IpNet],
        family: Family,
        blocks: &Table<Block>,
    ) -> Option<u32> {
        let within = ranges(networks, family);
        let mut signature = Signature::default();
        for (id, block) in blocks.iter() {
            let block = block.ranges(family);
            if within.is_subset(&block) {
                signature.surely.push(id);
            } else if !within.is_disjoint(&block) {
                signature.perhaps.push(id);
            }
        }
        (!within.is_empty()).then(|| self.signatures.id(signature))
    }

    /// The atom that stands for an address of a family that is in no block but those of all its addresses.
    pub(crate) fn in_no_block(&mut self, family: Family, blocks: &Table<Block>) -> u32 {
        let everything = blocks.iter().filter(|(_, one)| one.is_everything(family));
        self.signatures.id(Signature {
            surely: everything.map(|(id, _)| id).collect(),
            perhaps: Vec::new(),
        })
    }

    /// The blocks that hold an atom.
    pub(crate) fn blocks_of(&self, atom: u32) -> &[u32] {
        let signature = self.signatures.get(atom);
        signature.map_or(&[], |one| one.surely.as_slice())
    }

    /// The blocks that hold an atom or not: the address for which it stands is not known.
    pub(crate) fn perhaps_in(&self, atom: u32) -> &[u32] {
        let signature = self.signatures.get(atom);
        signature.map_or(&[], |one| one.perhaps.as_slice())
    }

    /// Every atom.
    pub(crate) fn all(&self) -> impl Iterator<Item = u32> {
        0..self.signatures.len()
    }

    /// The atoms that addresses of a family fall into, each once.
    pub(crate) fn of_family(&self, family: Family) -> BTreeSet<u32> {
        let own = self.starts.range((family, 0)..=(family, family.last()));
        own.map(|(_, atom)| *atom).collect()
    }

    /// The parts of a network that lie in one atom each, from first to last address, in order.
    pub(crate) fn inside(&self, network: &IpNet) -> Vec<(IpAddr, IpAddr)> {
        let family = Family::of(network.addr());
        let (first, last) = (number(network.network()), number(network.broadcast()));
        let cuts = self.starts.range((family, first)..=(family, last));
        let cuts = cuts.map(|((_, start), _)| *start);
        let starts: BTreeSet<u128> = cuts.chain([first]).collect();
        let ends = starts.iter().skip(1).map(|next| next - 1).chain([last]);
        let parts = starts.iter().zip(ends);
        parts
            .map(|(start, end)| (family.address(*start), family.address(end)))
            .collect()
    }

    /// The ranges of addresses of an atom in a family.
    pub(crate) fn ranges(&self, family: Family, atom: u32) -> Vec<RangeInclusive<IpAddr>> {
        let own = self.starts.range((family, 0)..=(family, family.last()));
        let starts: Vec<(u128, u32)> = own.map(|((_, start), atom)| (*start, *atom)).collect();
        let ends = starts
            .iter()
            .skip(1)
            .map(|(next, _)| next - 1)
            .chain([family.last()]);
        let pieces = starts.iter().zip(ends).filter(|((_, one), _)| *one == atom);
        let address = |number| family.address(number);
        pieces
            .map(|((start, _), end)| address(*start)..=address(end))
            .collect()
    }
}

/// Some of the addresses outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Those that are routed on the internet.
    Internet,
    /// All.
    Anywhere,
    /// Those of these networks.
    Networks(Vec<IpNet>),
}

impl Scope {
    fn ranges(&self, family: Family) -> RangeSetBlaze<u128> {
        match self {
            Self::Internet => family.public(),
            Self::Anywhere => RangeSetBlaze::from_iter([0..=family.last()]),
            Self::Networks(networks) => ranges(networks, family),
        }
    }

    /// Whether no address of it is routed on the internet.
    pub(crate) fn is_private(&self) -> bool {
        let mut families = Family::BOTH.into_iter();
        families.all(|family| self.ranges(family).is_disjoint(&family.public()))
    }
}

/// What of some ranges of a family is in a scope, joined where they touch.
pub(crate) fn within(
    family: Family,
    ranges: &[RangeInclusive<IpAddr>],
    scope: &Scope,
) -> Vec<RangeInclusive<IpAddr>> {
    let numbers = ranges
        .iter()
        .map(|range| number(*range.start())..=number(*range.end()));
    let all: RangeSetBlaze<u128> = numbers.collect();
    let ranges = (all & scope.ranges(family)).into_ranges();
    ranges
        .map(|range| family.address(*range.start())..=family.address(*range.end()))
        .collect()
}

/// The addresses of a family that are routed on the internet.
pub(crate) fn internet(family: Family) -> Vec<RangeInclusive<IpAddr>> {
    within(family, &everything(family), &Scope::Internet)
}

/// All addresses of a family.
pub(crate) fn everything(family: Family) -> Vec<RangeInclusive<IpAddr>> {
    [family.address(0)..=family.address(family.last())].into()
}

/// Ranges of addresses of a family, joined where they touch.
pub(crate) fn join(
    family: Family,
    ranges: &[RangeInclusive<IpAddr>],
) -> Vec<RangeInclusive<IpAddr>> {
    let numbers = ranges
        .iter()
        .map(|range| number(*range.start())..=number(*range.end()));
    let joined: RangeSetBlaze<u128> = numbers.collect();
    let joined = joined.into_ranges();
    joined
        .map(|range| family.address(*range.start())..=family.address(*range.end()))
        .collect()
}

/// The address after another one of its family; none after the last.
pub(crate) fn after(address: IpAddr) -> Option<IpAddr> {
    let family = Family::of(address);
    let next = number(address).checked_add(1)?;
    (next <= family.last()).then(|| family.address(next))
}

/// The address before another one of its family; none before the first.
pub(crate) fn before(address: IpAddr) -> Option<IpAddr> {
    Some(Family::of(address).address(number(address).checked_sub(1)?))
}
