//! Guard rails that stand although nobody asks for them any more.

use cofferdam_state::guard::GuardLevel;
use cofferdam_state::observed::{Observed, Reading};
use cofferdam_testkit::Act;

use super::*;
use crate::guards::unasked_guards;

/// Such rails as `name level`, with why they stay where they do.
fn rails(trial: &Trial, observed: &Observed) -> Vec<String> {
    let bundle = trial.bundle();
    let view = View::new(&bundle, observed, Delivery::Push);
    let show = |rail: crate::guards::UnaskedGuard<'_>| {
        let level = rail.in_force.map_or("broken", GuardLevel::as_str);
        let stays = rail.stays.map(|(why, _)| format!(": {why}"));
        format!("{} {level}{}", rail.name, stays.unwrap_or_default())
    };
    unasked_guards(&view).into_iter().map(show).collect()
}

/// The findings about guard rails as `class object: message (hint)`.
fn found(trial: &Trial, observed: &Observed) -> Vec<String> {
    let bundle = trial.bundle();
    let view = View::new(&bundle, observed, Delivery::Push);
    let mut found = crate::find(&view, trial.document(), None);
    found.retain(|one| matches!(one.object.kind, cofferdam_objects::key::Kind::Admission(_)));
    let show = |one: &cofferdam_state::finding::Finding| {
        let hint = one.hint.as_deref().unwrap_or_default();
        let severity = one
            .severity
            .map_or("-", cofferdam_state::finding::Severity::as_str);
        let class = one.class.as_str();
        format!(
            "{severity} {class} {}: {} ({hint})",
            one.object, one.message
        )
    };
    found.iter().map(show).collect()
}

/// The shop with rails in force, after which all zones are merely observed.
fn observed_only() -> Trial {
    let mut trial = shop(&documents());
    trial.apply();
    assert_eq!(
        rails(&trial, &trial.cluster.observe()),
        Vec::<String>::new()
    );
    assert_eq!(
        found(&trial, &trial.cluster.observe()),
        Vec::<String>::new()
    );
    trial.model = model(&documents().replace("enforcement: enforce", "enforcement: observe"));
    trial
}

#[test]
fn every_rail_that_nobody_asks_for_is_told_with_its_level_until_it_is_gone() {
    let mut trial = observed_only();
    let observed = trial.cluster.observe();
    let told = rails(&trial, &observed);
    let all = [
        "daemon-sets-pci",
        "lease",
        "namespaces",
        "nodes",
        "pin-pci",
        "pods-pci",
        "policies",
        "probes",
        "record",
        "registration-pci",
    ];
    assert_eq!(told, all.map(|name| format!("cofferdam-{name} Deny")));
    let told = found(&trial, &observed);
    assert_eq!(told.len(), 2 * all.len(), "{told:#?}");
    let one = "medium orphan ValidatingAdmissionPolicy/cofferdam-nodes: no zone or pool asks for this guard rail any \
               more, and it is in force (`cofferdam apply --allow-weakening` deletes it)";
    assert!(told.contains(&one.to_owned()), "{told:#?}");
    trial.apply();
    let observed = trial.cluster.observe();
    assert_eq!(rails(&trial, &observed), Vec::<String>::new());
    assert_eq!(found(&trial, &observed), Vec::<String>::new());
}

#[test]
fn a_pin_that_pods_need_is_told_to_stay() {
    let owned = |text: &str| text.replace("zones: [back]", "zones: [back], manage: report");
    let mut trial = shop(&owned(&documents()));
    let (node, taint) = ("pci-1".to_owned(), taint("pci"));
    trial.cluster.act(&Act::Taint { node, taint });
    trial.apply();
    trial.model = model(&owned(&staged()));
    let mut observed = trial.cluster.observe();
    let need = "new pods of Deployment/orders/server need it: they tolerate `cofferdam.io/pool=pci:NoSchedule` of \
                Node/pci-1 by it alone";
    let stays = format!("cofferdam-pin-pci Deny: {need}");
    let told = rails(&trial, &observed);
    assert!(told.contains(&stays), "{told:#?}");
    let told = found(&trial, &observed).join("\n");
    let pin = "medium orphan MutatingAdmissionPolicy/cofferdam-pin-pci: no zone or pool asks for this guard rail any \
               more, and it is in force; it stays:";
    assert!(told.contains(&format!("{pin} {need}")), "{told}");
    observed.nodes = Reading::Unknown("forbidden".to_owned());
    let told = found(&trial, &observed).join("\n");
    assert!(
        told.contains(&format!("{pin} nodes could not be read")),
        "{told}"
    );
}

#[test]
fn what_is_in_our_name_and_not_in_the_record_is_left_to_removal() {
    let mut trial = observed_only();
    trial.cluster.record = None;
    let told = rails(&trial, &trial.cluster.observe()).join("\n");
    let why = "cofferdam-nodes Deny: it carries our label and is not in our record";
    assert!(told.contains(why), "{told}");
    let mut observed = trial.cluster.observe();
    observed.admission = Reading::Unknown("forbidden".to_owned());
    assert_eq!(rails(&trial, &observed), Vec::<String>::new());
}

#[test]
fn a_rail_of_which_half_is_gone_is_not_in_force() {
    let mut trial = observed_only();
    let binding = ObjectKey::admission(AdmissionKind::ValidatingBinding, "cofferdam-nodes");
    trial.cluster.admission.remove(&binding);
    let told = rails(&trial, &trial.cluster.observe());
    assert!(
        told.contains(&"cofferdam-nodes broken".to_owned()),
        "{told:#?}"
    );
}
