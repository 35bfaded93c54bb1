//! Which namespaces of a source cluster may reach out unhindered, by what lives there.

use cofferdam_model::Model;
use cofferdam_model::capabilities::Enforces;
use cofferdam_model::cluster::Delivery;
use cofferdam_model::names::NamespaceName;
use cofferdam_model::zone::Enforcement;
use cofferdam_objects::policy::{Direction, allows_anything};
use cofferdam_state::bundle::{Bundle, Role, role_of};
use cofferdam_state::observed::Observed;

use crate::standing::Standing;

/// A source cluster: what it is to hold beside what it holds.
pub(super) struct Source<'a> {
    pub(super) model: &'a Model,
    pub(super) bundle: &'a Bundle,
    pub(super) observed: &'a Observed,
}

/// Why a namespace is not known to be hindered.
pub(super) struct Open<'a> {
    pub(super) namespace: &'a str,
    pub(super) why: String,
    pub(super) remedy: String,
}

impl<'a> Source<'a> {
    /// What would have to be known and is not, with the reason.
    pub(super) fn unknown(&self) -> Option<(&'static str, &'a str)> {
        let seen = self.observed;
        let parts = [
            ("identity of the cluster", seen.uid.unknown()),
            ("capabilities", seen.capabilities.unknown()),
            ("record", seen.record.unknown()),
            ("namespaces", seen.namespaces.unknown()),
            ("NetworkPolicies", seen.policies.unknown()),
            (
                "policies of kinds that are not modelled",
                seen.other_policies.unknown(),
            ),
        ];
        parts
            .into_iter()
            .find_map(|(what, reason)| Some((what, reason?)))
    }

    /// Whether it is the cluster that its document is pinned to; none where it is not pinned, so that
    /// nothing says which one has to answer.
    pub(super) fn is_itself(&self) -> Option<bool> {
        let cluster = self.model.clusters.get(&self.bundle.cluster)?;
        let pinned = cluster.uid.as_ref()?;
        Some(self.observed.uid.known() == Some(pinned))
    }

    /// Whether its network plugin enforces policies, as far as that is known.
    pub(super) fn enforces(&self) -> Enforces {
        let known = self.observed.capabilities.known();
        known.map_or(Enforces::Unknown, |known| known.cni.enforces)
    }

    /// A live namespace, no system namespace, whose pods may reach out unhindered.
    ///
    /// What the bundle is to write there proves nothing: it may not have been applied yet, or somebody
    /// may have changed it since. And `stage` denies nothing.
    pub(super) fn open_namespace(&self) -> Option<Open<'a>> {
        let known = self.observed.capabilities.known()?;
        let names = self.observed.namespaces.known()?.keys();
        names
            .filter(|name| !self.model.is_system_namespace(name, Some(known)))
            .find_map(|name| self.opening(name))
    }

    fn opening(&self, name: &'a str) -> Option<Open<'a>> {
        let open = |why: &str, remedy: &str| {
            let (why, remedy) = (why.to_owned(), remedy.to_owned());
            let namespace = name;
            Some(Open {
                namespace,
                why,
                remedy,
            })
        };
        let parsed = NamespaceName::parse(name).ok()?;
        let is_wanted = self.bundle.denies(&parsed, Direction::Egress);
        let in_zone = self.bundle.namespaces.get(&parsed);
        match in_zone.map(|wanted| wanted.enforcement) {
            Some(Enforcement::Observe | Enforcement::Stage) => {
                return open("is not enforced", "enforce its zone there");
            }
            None if !is_wanted => {
                let remedy = "put it into a zone, or isolate unassigned namespaces there";
                return open("is not isolated", remedy);
            }
            Some(Enforcement::Enforce) | None => {}
        }
        let cluster = self.model.clusters.get(&self.bundle.cluster);
        let standing = Standing {
            bundle: self.bundle,
            observed: self.observed,
            delivery: cluster.map_or(Delivery::Push, |cluster| cluster.delivery),
        };
        let policies = self.observed.policies.known().into_iter().flatten();
        let mut here = policies.filter(|((of, _), _)| of == name);
        let mut stranger = here.clone().filter(|((_, policy), live)| {
            allows_anything(&live.spec, Direction::Egress)
                && !standing.is_in_place(&parsed, policy, live)
        });
        if let Some(((_, policy), _)) = stranger.next() {
            let why = format!("lets out what policy `{policy}` allows and the model does not");
            return open(&why, "delete that policy, or let the model allow it");
        }
        let mut others = self.observed.other_policies.known().into_iter().flatten();
        let other = others.find(|other| other.namespace.as_deref().is_none_or(|of| of == name));
        if let Some(other) = other {
            let why = format!("may let out what {other} allows, a kind that is not modelled");
            return open(&why, "delete it");
        }
        let denied = here.any(|((_, policy), live)| {
            role_of(policy) == Role::Deny(Direction::Egress)
                && standing.is_in_place(&parsed, policy, live)
        });
        if denied {
            return None;
        }
        let source = &self.bundle.cluster;
        let remedy = format!("apply to cluster `{source}` first, with `--cluster {source}`");
        open("is not isolated yet", &remedy)
    }
}
