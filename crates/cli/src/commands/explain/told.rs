//! An explanation in words, with the places of what it cites.

use anyhow::Result;
use cofferdam_model::dialect::Sctp;
use cofferdam_model::flow::Protocol;
use cofferdam_report::wire::explain::{Answer, WirePolicy, WireRule, WireService, WireSide};
use cofferdam_semantics::Verdict;
use cofferdam_semantics::connectivity::explain::{
    Cited, CitedRule, Exemption, Explanation, Matches, Side,
};
use cofferdam_semantics::connectivity::{Endpoint, NodePort, ServiceAddress};
use cofferdam_semantics::policy::{Action, Stage};

use super::Explained;
use super::ends::{Asked, End};
use super::services::Through;
use crate::input::Input;

/// Finds the places of what answers cite.
pub(super) struct Teller<'a> {
    input: &'a Input,
}

impl<'a> Teller<'a> {
    pub(super) fn new(input: &'a Input) -> Self {
        Self { input }
    }

    /// The answer of the dialect that allows most, with what others say in its hints.
    pub(super) fn answer(&mut self, asked: &Asked, explained: &[Explained]) -> Result<Answer> {
        let widest = explained.iter().min_by_key(|one| one.explanation.verdict);
        let Some(told) = widest else {
            anyhow::bail!("no network plugin was asked");
        };
        let explanation = &told.explanation;
        let Asked { from, to, hints } = asked;
        let mut hints = hints.clone();
        let others = explained.iter();
        let others = others.filter(|one| one.explanation.verdict != explanation.verdict);
        hints.extend(others.map(|other| otherwise(other, to.protocol)));
        hints.extend(may_be_off(told, to.protocol).then(|| {
            format!(
                "under {} SCTP arrives only where it is switched on",
                told.dialect.name
            )
        }));
        hints.extend(of_source(asked, explanation.verdict));
        Ok(Answer {
            from: from.name.clone(),
            to: to.end.name.clone(),
            protocol: to.protocol.as_str(),
            port: to.port,
            service: to
                .through
                .as_ref()
                .and_then(|through| service(through, told)),
            verdict: word(explanation.verdict),
            exemption: explanation.exemption.map(exemption),
            egress: self.side(&explanation.egress)?,
            ingress: self.side(&explanation.ingress)?,
            changes: self.changes(asked, told),
            hints,
        })
    }

    fn side(&self, side: &Side) -> Result<WireSide> {
        let Side {
            verdict,
            isolated_by,
            matched,
            other_ports,
        } = side;
        Ok(WireSide {
            verdict: word(*verdict),
            isolated_by: isolated_by.iter().map(|one| self.policy(one)).collect(),
            rules: matched
                .iter()
                .map(|one| self.rule(one))
                .collect::<Result<_>>()?,
            on_other_ports: other_ports
                .iter()
                .map(|one| self.rule(one))
                .collect::<Result<_>>()?,
        })
    }

    fn policy(&self, cited: &Cited) -> WirePolicy {
        WirePolicy {
            policy: cited.policy.to_string(),
            place: self.input.place(cited.source),
        }
    }

    fn rule(&self, rule: &CitedRule) -> Result<WireRule> {
        let CitedRule {
            of,
            path,
            stage: _,
            action,
            ports,
            matches,
        } = rule;
        Ok(WireRule {
            policy: of.policy.to_string(),
            path: path.clone(),
            place: self.input.place_of(of.source, path)?,
            action: action.as_str(),
            ports: ports.to_string(),
            perhaps: *matches == Matches::Perhaps,
        })
    }

    /// What would have to change for another verdict.
    fn changes(&self, asked: &Asked, told: &Explained) -> Vec<String> {
        let Explanation {
            verdict: _,
            exemption,
            egress,
            ingress,
        } = &told.explanation;
        if exemption.is_some() {
            return Vec::new();
        }
        let (from, to) = (&asked.from, &asked.to.end);
        let on_port = |port: u16| format!("{} {port}", asked.to.protocol.as_str());
        let port = on_port(asked.to.port);
        let seen = told.service.map_or_else(
            || (to.name.clone(), port.clone()),
            |service| (address_of(service, asked), on_port(service.port)),
        );
        // A side may deny what is undecided as a whole, where the pod may see somebody else.
        let keeps_out = |side: &Side| side.verdict == Verdict::Denied;
        if keeps_out(egress) || keeps_out(ingress) {
            let sides = [
                (egress, from, "egress", "to", seen),
                (ingress, to, "ingress", "from", (from.name.clone(), port)),
            ];
            let denied = sides.into_iter().filter(|(side, ..)| keeps_out(side));
            return denied
                .map(|(side, own, direction, word, (peer, port))| {
                    self.opened(side, own, &format!("{direction} {word} {peer} on {port}"))
                })
                .collect();
        }
        let guarded = [(egress, from, "egress"), (ingress, to, "ingress")].into_iter();
        let pods = guarded.filter(|(_, end, _)| self.is_governed(end));
        pods.filter_map(|(side, end, direction)| {
            let rules: Vec<String> = side
                .matched
                .iter()
                .filter(|rule| rule.action == Action::Allow)
                .map(|rule| format!("{} {}", rule.of.policy, rule.path))
                .collect();
            let name = &end.name;
            match (rules.is_empty(), side.isolated_by.is_empty()) {
                (true, true) => Some(format!(
                    "a policy that isolates {name} for {direction} denies it"
                )),
                // What is let through is nothing that its policies say.
                (true, false) => None,
                (false, _) => Some(format!(
                    "for {direction} of {name}, it would take that {} allow it no more",
                    rules.join(" and ")
                )),
            }
        })
        .collect()
    }

    /// Whether policies govern it: a pod that has a network of its own.
    fn is_governed(&self, end: &End) -> bool {
        let Endpoint::Pod(pod) = end.endpoint else {
            return false;
        };
        let pod = self.input.facts.pods.get(pod);
        pod.is_some_and(|pod| !pod.place.host_network)
    }

    /// What would open a side.
    fn opened(&self, side: &Side, own: &End, connection: &str) -> String {
        let denying = side.matched.iter().find(|rule| rule.action == Action::Deny);
        let mut otherwise = String::new();
        if let Some(rule) = denying {
            let (policy, path) = (&rule.of.policy, &rule.path);
            match rule.stage {
                Stage::Admin(_) => {
                    return format!(
                        "{policy} {path} denies it before any NetworkPolicy is asked: a rule that allows {connection} would have to come before it"
                    );
                }
                Stage::Namespaced | Stage::Baseline(_) => {
                    otherwise =
                        format!(", as {policy} {path} denies only where no NetworkPolicy decides");
                }
            }
        }
        let namespace = match own.endpoint {
            Endpoint::Pod(place) => self
                .input
                .facts
                .pods
                .get(place)
                .map(|pod| pod.namespace.to_string()),
            Endpoint::Address(_) => None,
        };
        let namespace = namespace.unwrap_or_default();
        format!(
            "a NetworkPolicy in namespace {namespace} that selects {} and allows {connection}{otherwise}",
            own.name
        )
    }
}

/// What another network plugin says.
fn otherwise(other: &Explained, protocol: Protocol) -> String {
    let Explained {
        dialect,
        explanation,
        service,
    } = other;
    let because = match service {
        Some(_) => ", as it judges egress by the address of the Service",
        None if may_be_off(other, protocol) => {
            ", as SCTP arrives there only where it is switched on"
        }
        None => "",
    };
    format!(
        "under {} it is {}{because}",
        dialect.name, explanation.verdict
    )
}

/// Whether what policies may allow is undecided because nobody knows whether the protocol arrives.
fn may_be_off(told: &Explained, protocol: Protocol) -> bool {
    protocol == Protocol::Sctp
        && told.dialect.sctp == Sctp::MayBeOff
        && told.explanation.verdict == Verdict::Undecided
}

/// That pods behind a Service, or behind a port of a node, may not see who connects.
fn of_source(asked: &Asked, verdict: Verdict) -> Option<String> {
    let is_outside = matches!(asked.from.endpoint, Endpoint::Address(_));
    let through = asked.to.through.as_ref()?;
    if let Some(at) = &through.at_node {
        return (verdict == Verdict::Undecided).then(|| of_node(at, is_outside));
    }
    (is_outside && through.is_published).then(|| {
        "pods behind a Service may see a node in place of who connects from outside, and no NetworkPolicy keeps out their own node: what is only denied to the client is undecided, and `reach --exposure` tells of each source".to_owned()
    })
}

/// Whom policies may see behind a port of a node.
fn of_node(at: &NodePort, is_outside: bool) -> String {
    let seen = if at.keeps_client {
        "the client, or, where their own node passes the connection on as its own, that node, which no NetworkPolicy keeps out"
    } else {
        "the client, the node that was asked, or their own node, which no NetworkPolicy keeps out"
    };
    let egress = if is_outside {
        ""
    } else {
        "; policies of egress may see the node or the pod behind it"
    };
    format!(
        "pods behind a port of a node may see {seen}{egress}: what only some of these may is undecided"
    )
}

fn address_of(service: ServiceAddress, asked: &Asked) -> String {
    let name = asked.to.through.as_ref();
    let name = name.and_then(|one| one.service.as_deref());
    let unknown = || format!("the address of Service {}", name.unwrap_or_default());
    let address = service.address.map(|address| address.to_string());
    address.unwrap_or_else(unknown)
}

fn service(through: &Through, told: &Explained) -> Option<WireService> {
    let addresses = through.addresses.iter().map(ToString::to_string);
    Some(WireService {
        service: through.service.clone()?,
        addresses: addresses.collect(),
        port: through.port,
        judged_before_translation: told.service.is_some(),
    })
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allowed => "allowed",
        Verdict::Undecided => "undecided",
        Verdict::Denied => "denied",
    }
}

fn exemption(exemption: Exemption) -> String {
    let told = match exemption {
        Exemption::Itself => "a pod always reaches itself",
        Exemption::FromOwnNode => "a pod is always reached from the node on which it runs",
        Exemption::ToOwnNode => "a pod always reaches the node on which it runs",
        Exemption::MaybeOwnNode => {
            "a node and the pods on it reach each other, and whether these are on one node is not known"
        }
        Exemption::NoCommonFamily => "the two have no addresses of one family",
    };
    told.to_owned()
}
