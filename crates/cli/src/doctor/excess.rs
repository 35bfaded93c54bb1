//! What a credential may do beyond what its purposes need: whoever steals it may do that too.

use std::collections::BTreeSet;

use cofferdam_cluster::GrantedRule;
use cofferdam_model::count::counted;

use crate::args::Profile;
use crate::rights::{Names, Rule, cluster_rules, own_rules, probe_rules};

/// How many rights are named.
const NAMED: usize = 8;

/// Kinds by which everybody may ask about themselves (the built-in role `system:basic-user`).
const OF_EVERYBODY: [(&str, &str); 3] = [
    ("authentication.k8s.io", "selfsubjectreviews"),
    ("authorization.k8s.io", "selfsubjectaccessreviews"),
    ("authorization.k8s.io", "selfsubjectrulesreviews"),
];

/// Everything that some profiles need, in our own namespaces too.
pub(super) fn needed(profiles: &[Profile], names: &Names) -> Vec<Rule> {
    let rules = profiles.iter().flat_map(|profile| {
        let all = [
            cluster_rules(*profile, names),
            own_rules(*profile),
            probe_rules(*profile),
        ];
        all.into_iter().flatten()
    });
    rules.collect()
}

/// The rights that are granted and not needed, as `verb resource`, sorted.
pub(super) fn excess(granted: &[GrantedRule], needed: &[Rule]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for rule in granted {
        for group in &rule.api_groups {
            for resource in &rule.resources {
                if OF_EVERYBODY.contains(&(group.as_str(), resource.as_str())) {
                    continue;
                }
                let beyond = rule.verbs.iter().filter(|verb| {
                    let asked = (verb.as_str(), group.as_str(), resource.as_str());
                    !needed
                        .iter()
                        .any(|need| covers(need, asked, &rule.resource_names))
                });
                found.extend(beyond.map(|verb| told(verb, group, resource, &rule.resource_names)));
            }
        }
    }
    found
}

/// The first few, and how many more there are.
pub(super) fn summary(excess: &BTreeSet<String>) -> String {
    let named: Vec<&str> = excess.iter().take(NAMED).map(String::as_str).collect();
    match excess.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => format!("{} and {}", named.join(", "), counted(more, "other")),
    }
}

fn covers(need: &Rule, (verb, group, resource): (&str, &str, &str), names: &[String]) -> bool {
    let by_name = need.names.is_empty()
        || (!names.is_empty() && names.iter().all(|name| need.names.contains(name)));
    need.group == group
        && need.resources.contains(&resource)
        // Whoever follows a cluster sees no more than whoever reads it.
        && need.following().contains(&verb)
        && by_name
}

fn told(verb: &str, group: &str, resource: &str, names: &[String]) -> String {
    let group = match group {
        "" => String::new(),
        group => format!(".{group}"),
    };
    match names {
        [] => format!("{verb} {resource}{group}"),
        names => format!("{verb} {resource}{group}/{}", names.join(",")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(group: &str, resource: &str, verb: &str, names: &[&str]) -> GrantedRule {
        GrantedRule {
            verbs: vec![verb.to_owned()],
            api_groups: vec![group.to_owned()],
            resources: vec![resource.to_owned()],
            resource_names: names.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    #[track_caller]
    fn check(profiles: &[Profile], rule: GrantedRule, want: &[&str]) {
        let needed = needed(profiles, &Names::default());
        let found: Vec<String> = excess(&[rule], &needed).into_iter().collect();
        assert_eq!(found, want);
    }

    #[test]
    fn what_no_purpose_needs_is_too_much() {
        let (observe, all) = (
            &[Profile::Observe],
            &[
                Profile::Observe,
                Profile::Policies,
                Profile::Nodes,
                Profile::Guards,
            ],
        );
        check(observe, granted("", "pods", "list", &[]), &[]);
        check(
            observe,
            granted("", "pods", "delete", &[]),
            &["delete pods"],
        );
        check(all, granted("", "secrets", "get", &[]), &["get secrets"]);
        check(
            observe,
            granted("", "nodes", "patch", &[]),
            &["patch nodes"],
        );
        check(all, granted("", "nodes", "patch", &[]), &[]);
        check(all, granted("*", "*", "*", &[]), &["* *.*"]);
        check(
            all,
            granted("", "configmaps", "patch", &[]),
            &["patch configmaps"],
        );
        check(all, granted("", "configmaps", "patch", &["cofferdam"]), &[]);
        check(
            all,
            granted("", "configmaps", "patch", &["cofferdam", "other"]),
            &["patch configmaps/cofferdam,other"],
        );
        let reviews = "selfsubjectaccessreviews";
        check(
            observe,
            granted("authorization.k8s.io", reviews, "create", &[]),
            &[],
        );
    }
}
