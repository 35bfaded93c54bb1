//! The question and its answer.

use std::collections::BTreeSet;
use std::net::IpAddr;

use cofferdam_model::dialect::{Dialect, OwnNode, Sctp};
use cofferdam_model::flow::Protocol;
use ipnet::IpNet;
use serde_json::Value;

use crate::cluster::Cluster;
use crate::connection::{Connection, Direction, Match, Side};
use crate::fields::text;
use crate::network_policy;
use crate::tier::{Decision, Tier, decide};
use crate::valid::is_valid;

/// Answers questions about the objects of one cluster.
#[derive(Debug)]
pub struct Oracle<'a> {
    cluster: Cluster<'a>,
    dialect: Dialect,
}

/// One end of a connection.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Peer {
    /// A pod. One that is not there, or has finished, reaches nothing and is not reached.
    Pod {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// An address outside the pod network: of a node or from outside the cluster. It is no pod to a
    /// selector, even where a pod has it.
    Address(IpAddr),
}

/// Whether a connection can be made, from certain to impossible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Under every reading that the API leaves open.
    Allowed,
    /// Under some of them.
    Undecided,
    /// Under none.
    Denied,
}

impl<'a> Oracle<'a> {
    /// Reads objects as `kubectl get -o json` shows them. An object that an API server would refuse is
    /// as if not there.
    pub fn new(objects: &'a [Value], dialect: Dialect) -> Self {
        let objects = objects.iter().filter(|object| is_valid(object)).collect();
        Self {
            cluster: Cluster {
                objects,
                pod_networks: &[],
            },
            dialect,
        }
    }

    /// The same where the addresses of pods that are not known lie in these networks.
    #[must_use]
    pub fn with_pod_networks(mut self, networks: &'a [IpNet]) -> Self {
        self.cluster.pod_networks = networks;
        self
    }

    /// Namespace and name of every pod that can be an end of a connection, in the order of the objects.
    pub fn pods(&self) -> Vec<(String, String)> {
        let name = |pod: &Value, path| text(pod, path).to_owned();
        let pods = self.cluster.pods();
        pods.map(|pod| {
            (
                name(pod, "/metadata/namespace"),
                name(pod, "/metadata/name"),
            )
        })
        .collect()
    }

    /// Whether the one can connect to the other.
    ///
    /// Each pair of addresses of one family is a way to connect, and one that works is enough.
    pub fn verdict(&self, from: &Peer, to: &Peer, protocol: Protocol, port: u16) -> Verdict {
        let said = self.said_by_policies(from, to, protocol, port);
        let may_be_off = protocol == Protocol::Sctp && self.dialect.sctp == Sctp::MayBeOff;
        if said == Verdict::Allowed && may_be_off {
            return Verdict::Undecided;
        }
        said
    }

    /// What becomes of it where every protocol arrives.
    fn said_by_policies(&self, from: &Peer, to: &Peer, protocol: Protocol, port: u16) -> Verdict {
        let destinations = self.cluster.sides(to);
        if from == to && !destinations.is_empty() {
            return Verdict::Allowed;
        }
        let mut best = Verdict::Denied;
        for from in self.cluster.sides(from) {
            for to in destinations.iter().copied() {
                if from.is_ipv4 == to.is_ipv4 {
                    best = best.min(self.between([from, to], protocol, port));
                }
            }
        }
        best
    }

    /// Over one pair of addresses, wherever the two run as far as that is not known.
    fn between(&self, [from, to]: [Side<'_>; 2], protocol: Protocol, port: u16) -> Verdict {
        let over = |supposes_one_node| {
            self.over(&Connection {
                from,
                to,
                protocol,
                port,
                supposes_one_node,
            })
        };
        let apart = over(false);
        let mut sides = [from, to].into_iter();
        if !sides.any(|side| self.cluster.is_node(side)) || apart == over(true) {
            return apart;
        }
        Verdict::Undecided
    }

    /// Both directions have to allow it.
    fn over(&self, connection: &Connection) -> Verdict {
        let egress = self.outcome(Direction::Egress, connection);
        let ingress = self.outcome(Direction::Ingress, connection);
        verdict_of(&egress).max(verdict_of(&ingress))
    }

    /// Everything that may come out in one direction.
    fn outcome(&self, direction: Direction, connection: &Connection) -> BTreeSet<Decision> {
        if self.is_exempt(direction, connection) {
            return BTreeSet::from([Decision::Allow]);
        }
        let admin = decide(
            &self.cluster,
            self.dialect,
            Tier::Admin,
            direction,
            connection,
        );
        let mut outcome = admin.possible;
        if outcome.remove(&Decision::Pass) || !admin.is_sure {
            outcome.extend(self.below_admin(direction, connection));
        }
        outcome
    }

    /// Whether no policy of any kind governs the connection in this direction.
    fn is_exempt(&self, direction: Direction, connection: &Connection) -> bool {
        let Some(subject) = direction.subject(connection).pod else {
            return true;
        };
        let own_node = match direction {
            Direction::Ingress => self.dialect.ingress_from_own_node,
            Direction::Egress => self.dialect.egress_to_own_node,
        };
        let peer = direction.peer(connection);
        own_node == OwnNode::Exempt
            && (self.cluster).is_own_node(subject, peer, connection.supposes_one_node)
    }

    fn below_admin(&self, direction: Direction, connection: &Connection) -> BTreeSet<Decision> {
        match network_policy::allows(&self.cluster, self.dialect, direction, connection) {
            Some(Match::Surely) => BTreeSet::from([Decision::Allow]),
            Some(Match::Perhaps) => BTreeSet::from([Decision::Allow, Decision::Deny]),
            Some(Match::No) => BTreeSet::from([Decision::Deny]),
            None => self.baseline(direction, connection),
        }
    }

    fn baseline(&self, direction: Direction, connection: &Connection) -> BTreeSet<Decision> {
        let baseline = decide(
            &self.cluster,
            self.dialect,
            Tier::Baseline,
            direction,
            connection,
        );
        let mut outcome = baseline.possible;
        if outcome.remove(&Decision::Pass) || !baseline.is_sure {
            outcome.insert(Decision::Allow);
        }
        outcome
    }
}

/// What certainty a set of possible outcomes leaves.
fn verdict_of(outcome: &BTreeSet<Decision>) -> Verdict {
    if !outcome.contains(&Decision::Deny) {
        Verdict::Allowed
    } else if outcome.contains(&Decision::Allow) {
        Verdict::Undecided
    } else {
        Verdict::Denied
    }
}
