//! Ends of connections as they are named on the command line.

use std::collections::BTreeSet;
use std::net::IpAddr;

use anyhow::{Result, bail};
use cofferdam_documents::did_you_mean;
use cofferdam_semantics::facts::{Facts, Pod};
use cofferdam_semantics::parties::Party;
use ipnet::IpNet;

/// Which ends are asked for; without any, all are.
#[derive(Debug)]
pub(crate) struct Ends(Vec<End>);

#[derive(Debug)]
enum End {
    Namespace(String),
    Workload {
        namespace: String,
        name: String,
        told_as: ToldAs,
    },
    Network {
        network: IpNet,
        told_as: ToldAs,
    },
}

/// The names under which connections tell the pods of an end: those of their workloads, and, where policies tell these
/// apart, their own.
type ToldAs = BTreeSet<String>;

impl Ends {
    /// Reads `namespace`, `namespace/workload`, `namespace/workload[Kind]`, addresses and CIDRs.
    pub(crate) fn parse(words: &[String]) -> Result<Self> {
        words
            .iter()
            .map(|word| parse(word))
            .collect::<Result<_>>()
            .map(Self)
    }

    /// Whether an end is among those asked for.
    pub(crate) fn include(&self, party: &Party) -> bool {
        self.0.is_empty() || self.0.iter().any(|end| end.is(party))
    }

    /// The namespaces that are asked for as a whole.
    pub(crate) fn namespaces(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|end| match end {
            End::Namespace(name) => Some(name.as_str()),
            End::Workload { .. } | End::Network { .. } => None,
        })
    }

    /// Looks up the pods that are meant; an error where a namespace or workload does not exist.
    pub(crate) fn look_up(&mut self, option: &str, facts: &Facts) -> Result<()> {
        for end in &mut self.0 {
            end.look_up(facts);
            let (asked, known): (String, BTreeSet<String>) = match end {
                End::Network { .. } => continue,
                End::Namespace(name) => (
                    name.clone(),
                    facts.namespaces.keys().map(ToString::to_string).collect(),
                ),
                End::Workload { told_as, .. } if !told_as.is_empty() => continue,
                End::Workload {
                    namespace, name, ..
                } => {
                    let names = facts.pods.iter().flat_map(names_of);
                    (format!("{namespace}/{name}"), names.collect())
                }
            };
            if !known.contains(&asked) {
                let hint = did_you_mean(&asked, known.iter().map(String::as_str));
                let hint = hint.map(|hint| format!("; {hint}")).unwrap_or_default();
                bail!("`{option} {asked}` names nothing that is there{hint}");
            }
        }
        Ok(())
    }
}

/// The names by which a pod may be asked for.
fn names_of(pod: &Pod) -> [String; 4] {
    let Pod {
        namespace,
        workload,
        name,
        ..
    } = pod;
    [
        format!("{namespace}/{}", workload.name),
        format!("{namespace}/{workload}"),
        format!("{namespace}/{name}[Pod]"),
        format!("{namespace}/{name}"),
    ]
}

fn parse(word: &str) -> Result<End> {
    if let Ok(network) = word.parse::<IpNet>() {
        return Ok(End::network(network.trunc()));
    }
    if let Ok(address) = word.parse::<IpAddr>() {
        return Ok(End::network(address.into()));
    }
    match word.split_once('/') {
        _ if word.is_empty() => bail!("an end without a name"),
        Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() => Ok(End::Workload {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            told_as: ToldAs::new(),
        }),
        Some(_) => {
            bail!("`{word}` is none of `namespace`, `namespace/workload`, an address and a CIDR")
        }
        None => Ok(End::Namespace(word.to_owned())),
    }
}

impl End {
    fn network(network: IpNet) -> Self {
        let told_as = ToldAs::new();
        Self::Network { network, told_as }
    }

    fn look_up(&mut self, facts: &Facts) {
        let mut pods = facts.pods.iter();
        let told = |pod: &Pod| {
            let namespace = &pod.namespace;
            [
                format!("{namespace}/{}", pod.workload),
                format!("{namespace}/{}[Pod]", pod.name),
            ]
        };
        match self {
            Self::Namespace(_) => {}
            Self::Workload {
                namespace,
                name,
                told_as,
            } => {
                let asked = format!("{namespace}/{name}");
                let meant = pods.filter(|pod| names_of(pod).contains(&asked));
                told_as.extend(meant.flat_map(told));
            }
            Self::Network { network, told_as } => {
                let holds = |pod: &&Pod| {
                    let addresses = facts.addresses_of(pod);
                    addresses.iter().any(|address| network.contains(address))
                };
                told_as.extend(pods.by_ref().filter(holds).flat_map(told));
            }
        }
    }

    fn is(&self, party: &Party) -> bool {
        match (self, party) {
            (Self::Namespace(name), Party::Workload { namespace, .. }) => **namespace == **name,
            (
                Self::Workload { told_as, .. } | Self::Network { told_as, .. },
                Party::Workload { .. },
            ) => told_as.contains(&party.to_string()),
            (Self::Network { network, .. }, Party::Addresses(first, last)) => {
                *first <= network.broadcast()
                    && network.network() <= *last
                    && first.is_ipv4() == network.addr().is_ipv4()
            }
            (Self::Namespace(_) | Self::Workload { .. }, Party::Addresses(..)) => false,
        }
    }
}
