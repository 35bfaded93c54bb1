//! Ports that move from one flow to another.

use cofferdam_testkit::model;

use super::*;

/// Two flows between the same zones, with these ports.
fn flows(ports: [&str; 2]) -> String {
    let (rest, flow) = SHOP.rsplit_once("---\n").unwrap();
    let flow = |name: &str, ports: &str| {
        let ports = format!(
            "{{ protocol: TCP, port: {} }}",
            ports.replace(' ', " }, { protocol: TCP, port: ")
        );
        let flow = flow.replace("web-to-orders", name);
        flow.replace("{ protocol: TCP, port: 8080 }", &ports)
    };
    let [a, b] = ports;
    format!("{rest}---\n{}---\n{}", flow("a", a), flow("b", b))
}

const A: &str = "NetworkPolicy/web/cofferdam-flow-a-out";
const B: &str = "NetworkPolicy/web/cofferdam-flow-b-out";

/// A plan that moves ports between the two flows, legal as it is.
fn scene(before: [&str; 2], after: [&str; 2]) -> Scene {
    let mut trial = shop(&flows(before));
    trial.apply();
    trial.model = model(&flows(after));
    let scene = Scene::of(&trial);
    assert_eq!(shown(&scene.judge()), Vec::<String>::new());
    scene
}

/// That the policies of flow `a` give up what those of flow `b` take over.
fn refused(object: &str) -> String {
    let heir = object.replace("flow-a", "flow-b");
    let heir = heir.rsplit('/').next().unwrap();
    format!("order: {object}: gives up what `{heir}` takes over, and that is not in place before")
}

#[test]
fn a_policy_that_gives_up_what_another_takes_over_in_the_same_phase_is_refused() {
    let mut scene = scene(["1 2", "3"], ["1", "2 3"]);
    scene.step(Phase::Narrow, A).phase = Phase::Allow;
    scene.plan.steps.sort_by_key(|step| step.phase);
    assert_eq!(shown(&scene.judge()), [refused(A)]);
}

#[test]
fn a_policy_that_gives_up_before_another_takes_over_is_refused() {
    let mut scene = scene(["1 2", "3"], ["1", "2 3"]);
    scene.step(Phase::Narrow, A).phase = Phase::Allow;
    scene.step(Phase::Allow, B).phase = Phase::Narrow;
    scene.plan.steps.sort_by_key(|step| step.phase);
    assert_eq!(shown(&scene.judge()), [refused(A)]);
}

#[test]
fn what_narrows_goes_in_the_order_in_which_it_is_taken_over() {
    let mut scene = scene(["1 2", "3"], ["1", "2 3"]);
    scene.step(Phase::Allow, B).phase = Phase::Narrow;
    scene.plan.steps.sort_by_key(|step| step.phase);
    let order = |scene: &mut Scene, name: &str| {
        let is_first = |step: &Step| step.action.object().to_string() == name;
        scene
            .plan
            .steps
            .sort_by_key(|step| (step.phase, !is_first(step)));
        shown(&scene.judge())
    };
    assert_eq!(order(&mut scene, B), Vec::<String>::new());
    assert_eq!(order(&mut scene, A), [refused(A)]);
}

#[test]
fn policies_that_swap_have_no_order() {
    scene(["1 2", "3"], ["1 3", "2"]);
}

#[test]
fn a_peer_of_several_namespaces_is_given_up_one_by_one() {
    let shops = |namespaces: [&str; 2]| {
        let [a, b] = namespaces;
        let zone = SHOP.replace("[{ name: web }]", "[{ name: web }, { name: shelf }]");
        let (rest, flow) = zone.rsplit_once("---\n").unwrap();
        let flow = |name: &str, namespaces: &str| {
            let from = format!("from: {{ zone: front, namespaces: [{namespaces}] }}");
            flow.replace("web-to-orders", name)
                .replace("from: { zone: front }", &from)
        };
        format!("{rest}---\n{}---\n{}", flow("a", a), flow("b", b))
    };
    let mut trial = shop(&shops(["web, shelf", "web"]));
    trial.cluster.add_namespace("shelf", &[]);
    trial.apply();
    trial.model = model(&shops(["web", "web, shelf"]));
    let mut scene = Scene::of(&trial);
    assert_eq!(shown(&scene.judge()), Vec::<String>::new());
    let object = "NetworkPolicy/orders/cofferdam-flow-a-in";
    scene.step(Phase::Narrow, object).phase = Phase::Allow;
    scene.plan.steps.sort_by_key(|step| step.phase);
    assert_eq!(shown(&scene.judge()), [refused(object)]);
}
