//! Workloads that a server without mutating policies cannot pin.

use cofferdam_model::labels::Labels;
use cofferdam_state::finding::Class;
use cofferdam_state::observed::Template;
use cofferdam_testkit::toleration;

use super::*;

const LABEL: (&str, &str) = ("cofferdam.node-restriction.kubernetes.io/pool", "pci");

fn template(workload: &str, namespace: &str, selector: &[(&str, &str)]) -> Template {
    let pairs = selector.iter();
    let pairs = pairs.map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    Template {
        workload: workload.to_owned(),
        namespace: namespace.to_owned(),
        tolerations: vec![toleration("cofferdam.io/pool", "pci")],
        node_selector: pairs.collect::<Labels>(),
        ..Template::default()
    }
}

#[test]
fn what_nothing_pins_is_told_once_per_pool_until_it_asks_for_the_nodes_itself() {
    let told = |serves: bool, templates: &[Template]| {
        let mut trial = Trial::shop(SHOP, planner);
        trial.cluster.capabilities.admission.mutating_policies = serves;
        trial.cluster.templates = templates.to_vec();
        trial.apply();
        let found = find(&trial).into_iter();
        let found = found.filter(|one| one.class == Class::NodePool);
        let found = found.map(|one| (one.message, one.hint.unwrap_or_default()));
        found.collect::<Vec<_>>()
    };
    let lacking = [
        template("Deployment/app", "orders", &[]),
        template("StatefulSet/data", "orders", &[(LABEL.0, "other")]),
        template("Deployment/app", "web", &[]),
    ];
    let message = "nothing binds new pods of its zones to pool `pci`: this API server does not serve \
                   MutatingAdmissionPolicy, and Deployment/orders/app, StatefulSet/orders/data ask for no nodes of the \
                   pool by themselves";
    let hint = "write nodeSelector `cofferdam.node-restriction.kubernetes.io/pool: pci` and a toleration of \
                `cofferdam.io/pool=pci:NoSchedule` into their pod templates";
    assert_eq!(
        told(false, &lacking),
        [(message.to_owned(), hint.to_owned())]
    );
    assert_eq!(told(true, &lacking), []);
    let asking = [template("Deployment/app", "orders", &[LABEL])];
    assert_eq!(told(false, &asking), []);
}
