//! From an observation to what the engine knows.

use cofferdam_objects::key::ObjectKey;
use cofferdam_semantics::Reader;
use cofferdam_semantics::facts::{Facts, Gap, GapKind};
use cofferdam_state::observed::{Observed, told_unknowns};

/// What decides what can be reached in a cluster, as it was seen; a source is the place of the object in
/// [`Observed::objects`]. What was not seen is a gap.
pub fn facts_of(observed: &Observed) -> Facts {
    let mut reader = Reader::reading(observed.objects());
    for reason in observed.unread_objects() {
        reader.gap(not_read(observed, reason));
    }
    // Which workloads the internet reaches may not be known, and which reach each other nonetheless.
    let entrances = observed.entrances.iter();
    let unknown = entrances.filter_map(|(what, seen)| Some((*what, seen.unknown()?)));
    for reason in told_unknowns(&unknown.collect::<Vec<_>>()) {
        reader.gap_of_entrances(not_read(observed, reason));
    }
    Facts {
        has_every_node: observed.nodes.known().is_some(),
        ..reader.finish()
    }
}

fn not_read(observed: &Observed, reason: String) -> Gap {
    Gap {
        object: ObjectKey::cluster(observed.cluster.as_str()).to_string(),
        reason,
        source: None,
        kind: GapKind::NotRead,
    }
}

#[cfg(test)]
mod tests {
    use cofferdam_state::observed::Reading;
    use cofferdam_testkit::{Cluster, pod};

    use super::*;

    fn gaps(observed: &Observed) -> Vec<String> {
        let facts = facts_of(observed);
        facts.gaps.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_was_seen_is_read_and_what_was_not_is_a_gap() {
        let mut cluster = Cluster::new("prod");
        cluster.add_namespace("shop", &[("team", "shop")]);
        cluster.pods.push(pod("shop", "web", &[("app", "web")]));
        let mut seen = cluster.observe();
        assert_eq!(gaps(&seen), Vec::<String>::new());
        let facts = facts_of(&seen);
        let told: Vec<String> = facts
            .pods
            .iter()
            .map(|pod| pod.workload.to_string())
            .collect();
        assert_eq!(told, ["web[Pod]"]);
        assert!(facts.namespaces["shop"].labels.contains_key("team"));
        assert!(facts.has_every_node);

        seen.nodes = Reading::Unknown("cut off".to_owned());
        seen.services = Reading::Unknown("cut off".to_owned());
        seen.cluster_policies = Reading::Unknown("forbidden".to_owned());
        let forbidden = Reading::Unknown("forbidden".to_owned());
        seen.entrances.insert("Ingresses", forbidden);
        // Nothing about reachability rests on it.
        seen.admission = Reading::Unknown("cut off".to_owned());
        assert_eq!(
            gaps(&seen),
            [
                "Cluster/prod: nodes and services: cut off",
                "Cluster/prod: policies of administrators: forbidden",
            ]
        );
        let facts = facts_of(&seen);
        assert_eq!(facts.pods.len(), 1);
        assert!(!facts.has_every_node);
        let ways_in: Vec<String> = facts
            .entrance_gaps
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(ways_in, ["Cluster/prod: Ingresses: forbidden"]);
    }

    #[test]
    fn of_a_cluster_that_did_not_answer_everything_is_one_gap() {
        let name = Cluster::new("prod").name;
        let seen = Observed::unreachable(name, String::new(), "no answer");
        assert_eq!(
            gaps(&seen),
            [
                "Cluster/prod: namespaces, NetworkPolicies, policies of administrators, policies of kinds that are \
                 not modelled, nodes, pods, workloads and services: no answer"
            ]
        );
    }
}
