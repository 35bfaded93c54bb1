//! Zone documents.

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_model::labels::Selector;
use cofferdam_model::names::{NamespaceName, TierName, TrustDomainName, ZoneName};
use cofferdam_model::zone::{
    Enforcement, EnforcementByDomain, Internet, NamespaceChoice, NamespaceRule, Sensitivity,
    WithinZone, Zone,
};

use crate::finding::Reporter;
use crate::nearest::{did_you_mean, one_of};
use crate::raw::zone as raw;
use crate::raw::{Document, Metadata};
use crate::resolve::healing::healing as read_healing;
use crate::resolve::label::{check_value, selector};
use crate::resolve::names::Names;
use crate::resolve::pod_security::pod_security as read_pod_security;
use crate::shape::join;

/// Reads a zone.
pub(crate) fn zone(
    reporter: &mut Reporter<'_>,
    document: &Document<Metadata, raw::ZoneSpec>,
    names: &Names,
) -> Option<Zone> {
    let name = reporter.name("metadata.name", &document.metadata.name, ZoneName::parse);
    let raw::ZoneSpec {
        tier,
        sensitivity,
        scope,
        trust_domains,
        enforcement,
        namespaces,
        pod_security,
        internet,
        within_zone,
        healing,
    } = &document.spec;
    let tier = read_tier(reporter, tier, names);
    let reference = ("TrustDomain", trust_domains.as_slice());
    let path = "spec.trustDomains";
    let domains = names.references(reporter, path, reference, TrustDomainName::parse);
    let enforcement = match enforcement {
        None => Some(everywhere(names.defaults.enforcement)),
        Some(raw::ZoneEnforcement::Everywhere(word)) => Some(everywhere(*word)),
        Some(raw::ZoneEnforcement::ByDomain(words)) => {
            let default = names.defaults.enforcement;
            read_enforcement(reporter, words, default, domains.as_ref())
        }
    };
    let rules: Vec<Option<NamespaceRule>> = namespaces
        .iter()
        .enumerate()
        .map(|(index, raw)| namespace_rule(reporter, &format!("spec.namespaces[{index}]"), raw))
        .collect();
    let pod_security = read_pod_security(reporter, pod_security.as_ref(), &names.defaults);
    let healing = read_healing(reporter, healing.as_ref());
    Some(Zone {
        name: name?,
        tier: tier?,
        sensitivity: match sensitivity {
            raw::Sensitivity::Public => Sensitivity::Public,
            raw::Sensitivity::Low => Sensitivity::Low,
            raw::Sensitivity::Medium => Sensitivity::Medium,
            raw::Sensitivity::High => Sensitivity::High,
        },
        scope: read_scope(reporter, scope)?,
        trust_domains: domains?,
        enforcement: enforcement?,
        namespaces: rules.into_iter().collect::<Option<_>>()?,
        pod_security: pod_security?,
        internet: Internet {
            ingress: internet.ingress == raw::Permission::Allow,
            egress: internet.egress == raw::Permission::Allow,
        },
        within_zone: match within_zone.unwrap_or(names.defaults.within_zone) {
            raw::WithinZone::Deny => WithinZone::Deny,
            raw::WithinZone::SameNamespace => WithinZone::SameNamespace,
            raw::WithinZone::Allow => WithinZone::Allow,
        },
        healing: healing?,
    })
}

#[expect(
    clippy::option_option,
    reason = "no tier and a wrong tier are different things"
)]
fn read_tier(reporter: &mut Reporter<'_>, raw: &str, names: &Names) -> Option<Option<TierName>> {
    if raw == "none" {
        return Some(None);
    }
    let known = names.tiers.as_ref()?;
    if !known.iter().any(|tier| tier == raw) {
        let candidates = known.iter().map(String::as_str).chain(["none"]);
        let hint = did_you_mean(raw, candidates.clone())
            .unwrap_or_else(|| format!("known are {}", one_of(candidates)));
        let message = format!("the zone model has no tier `{raw}`");
        reporter
            .error("spec.tier", "dangling-reference", message)
            .hint(hint);
        return None;
    }
    TierName::parse(raw).ok().map(Some)
}

fn everywhere(raw: raw::Enforcement) -> EnforcementByDomain {
    EnforcementByDomain {
        default: enforcement_of(raw),
        by_domain: BTreeMap::new(),
    }
}

fn read_enforcement(
    reporter: &mut Reporter<'_>,
    raw: &BTreeMap<String, raw::Enforcement>,
    default: raw::Enforcement,
    domains: Option<&BTreeSet<TrustDomainName>>,
) -> Option<EnforcementByDomain> {
    let mut read = everywhere(raw.get("default").copied().unwrap_or(default));
    let mut good = true;
    for (key, word) in raw.iter().filter(|(key, _)| *key != "default") {
        let path = join("spec.enforcement", key);
        let known = domains?.iter().map(TrustDomainName::as_str);
        if let Some(domain) = domains?.get(key.as_str()) {
            read.by_domain.insert(domain.clone(), enforcement_of(*word));
        } else {
            let hint = did_you_mean(key, known.chain(["default"]));
            let message = format!("the zone is not present in a trust domain `{key}`");
            reporter
                .error(&path, "dangling-reference", message)
                .maybe(hint);
            good = false;
        }
    }
    good.then_some(read)
}

fn enforcement_of(raw: raw::Enforcement) -> Enforcement {
    match raw {
        raw::Enforcement::Observe => Enforcement::Observe,
        raw::Enforcement::Stage => Enforcement::Stage,
        raw::Enforcement::Enforce => Enforcement::Enforce,
    }
}

fn namespace_rule(
    reporter: &mut Reporter<'_>,
    path: &str,
    raw: &raw::NamespaceRule,
) -> Option<NamespaceRule> {
    let choice = match (&raw.name, &raw.selector) {
        (Some(name), None) => reporter
            .name(&format!("{path}.name"), name, NamespaceName::parse)
            .map(NamespaceChoice::Name),
        (None, Some(raw)) => namespace_selector(reporter, &format!("{path}.selector"), raw),
        (None, None) | (Some(_), Some(_)) => {
            let message = "wanted exactly one of `name` and `selector`";
            reporter.error(path, "namespace-choice", message);
            None
        }
    };
    if raw.selector.is_some() {
        for (field, set, why) in [
            (
                "create",
                raw.create,
                "a selector names nothing that could be created",
            ),
            (
                "system",
                raw.system,
                "a system namespace is chosen by its name only",
            ),
        ] {
            if set {
                reporter.error(&format!("{path}.{field}"), "namespace-choice", why);
            }
        }
    }
    if let Some(team) = &raw.team {
        check_value(reporter, &format!("{path}.team"), team);
    }
    let clusters = selector(reporter, &format!("{path}.clusters"), &raw.clusters);
    Some(NamespaceRule {
        choice: choice?,
        team: raw.team.clone(),
        create: raw.create,
        system: raw.system,
        enforcement: raw.enforcement.map(enforcement_of),
        clusters: clusters?,
    })
}

fn namespace_selector(
    reporter: &mut Reporter<'_>,
    path: &str,
    raw: &crate::raw::selector::LabelSelector,
) -> Option<NamespaceChoice> {
    let read = selector(reporter, path, raw)?;
    if read.is_empty() {
        let message = "an empty selector takes in every namespace of the cluster";
        reporter.error(path, "invalid-selector", message);
        return None;
    }
    if let Some(key) = Selector::keys(&read).find(|key| key.starts_with("cofferdam.io/")) {
        let message = format!("`{key}` is a label that zones give: a zone cannot rest on it");
        reporter.error(path, "invalid-selector", message);
        return None;
    }
    Some(NamespaceChoice::Selector(read))
}

fn read_scope(
    reporter: &mut Reporter<'_>,
    raw: &BTreeMap<String, String>,
) -> Option<BTreeMap<String, String>> {
    let mut good = true;
    for (key, value) in raw {
        let known: &[&str] = match key.as_str() {
            "pci" => &["cde", "connected", "out"],
            "hipaa" => &["ephi", "none"],
            _ => continue,
        };
        if !known.contains(&value.as_str()) {
            let words = one_of(known.iter().copied());
            let message = format!("`{value}` is not known here; wanted {words}");
            let hint = did_you_mean(value, known.iter().copied());
            reporter
                .error(&join("spec.scope", key), "unknown-word", message)
                .maybe(hint);
            good = false;
        }
    }
    good.then(|| raw.clone())
}
