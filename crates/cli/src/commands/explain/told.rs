//! An explanation in words, with the places of what it cites.

use anyhow::Result;
use cofferdam_model::dialect::Dialect;
use cofferdam_report::wire::explain::{Answer, WirePolicy, WireRule, WireSide};
use cofferdam_semantics::Verdict;
use cofferdam_semantics::connectivity::Endpoint;
use cofferdam_semantics::connectivity::explain::{Cited, CitedRule, Exemption, Explanation, Side};
use cofferdam_semantics::policy::Action;

use super::ends::{Asked, End};
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
    pub(super) fn answer(
        &mut self,
        asked: &Asked,
        explained: &[(Dialect, Explanation)],
    ) -> Result<Answer> {
        let widest = explained.iter().min_by_key(|(_, one)| one.verdict);
        let Some((_, explanation)) = widest else {
            anyhow::bail!("no network plugin was asked");
        };
        let others = explained
            .iter()
            .filter(|(_, one)| one.verdict != explanation.verdict);
        let hints =
            others.map(|(dialect, one)| format!("under {} it is {}", dialect.name, one.verdict));
        let Asked {
            from,
            to,
            protocol,
            port,
        } = asked;
        Ok(Answer {
            from: from.name.clone(),
            to: to.name.clone(),
            protocol: protocol.as_str(),
            port: *port,
            verdict: word(explanation.verdict),
            exemption: explanation.exemption.map(exemption),
            egress: self.side(&explanation.egress)?,
            ingress: self.side(&explanation.ingress)?,
            changes: self.changes(asked, explanation),
            hints: hints.collect(),
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
            action,
            ports,
        } = rule;
        Ok(WireRule {
            policy: of.policy.to_string(),
            path: path.clone(),
            place: self.input.place_of(of.source, path)?,
            action: action.as_str(),
            ports: ports.to_string(),
        })
    }

    /// What would have to change for another verdict.
    fn changes(&self, asked: &Asked, explanation: &Explanation) -> Vec<String> {
        let Explanation {
            verdict,
            exemption,
            egress,
            ingress,
        } = explanation;
        if exemption.is_some() {
            return Vec::new();
        }
        let port = format!("{} {}", asked.protocol.as_str(), asked.port);
        let (from, to) = (&asked.from, &asked.to);
        if *verdict == Verdict::Denied {
            let sides = [
                (egress, from, "egress", "to", to),
                (ingress, to, "ingress", "from", from),
            ];
            let denied = sides
                .into_iter()
                .filter(|(side, ..)| side.verdict == Verdict::Denied);
            return denied
                .map(|(side, own, direction, word, peer)| {
                    self.opened(
                        side,
                        own,
                        &format!("{direction} {word} {} on {port}", peer.name),
                    )
                })
                .collect();
        }
        let guarded = [(egress, from, "egress"), (ingress, to, "ingress")].into_iter();
        let pods = guarded.filter(|(_, end, _)| matches!(end.endpoint, Endpoint::Pod(_)));
        pods.map(|(side, end, direction)| {
            let rules: Vec<String> = side
                .matched
                .iter()
                .filter(|rule| rule.action == Action::Allow)
                .map(|rule| format!("{} {}", rule.of.policy, rule.path))
                .collect();
            let name = &end.name;
            match (rules.is_empty(), side.isolated_by.is_empty()) {
                (true, true) => format!("a policy that isolates {name} for {direction} denies it"),
                _ => format!(
                    "for {direction} of {name}, it would take that {} allow it no more",
                    rules.join(" and ")
                ),
            }
        })
        .collect()
    }

    /// What would open a side.
    fn opened(&self, side: &Side, own: &End, connection: &str) -> String {
        let denying = side.matched.iter().find(|rule| rule.action == Action::Deny);
        if let Some(rule) = denying {
            return format!(
                "{} {} denies it before any NetworkPolicy is asked: a rule that allows {connection} would have to come before it",
                rule.of.policy, rule.path
            );
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
            "a NetworkPolicy in namespace {namespace} that selects {} and allows {connection}",
            own.name
        )
    }
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
        Exemption::NoCommonFamily => "the two have no addresses of one family",
        Exemption::ProtocolDropped => "the network plugin lets the protocol through to nobody",
    };
    told.to_owned()
}
