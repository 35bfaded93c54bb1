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

#[test]
fn a_policy_that_gives_up_what_another_takes_over_in_the_same_phase_is_refused() {
    let mut trial = shop(&flows(["1 2", "3"]));
    trial.apply();
    trial.model = model(&flows(["1", "2 3"]));
    let mut scene = Scene::of(&trial);
    assert_eq!(shown(&scene.judge()), Vec::<String>::new());
    let object = "NetworkPolicy/web/cofferdam-flow-a-out";
    scene.step(Phase::Narrow, object).phase = Phase::Allow;
    scene.plan.steps.sort_by_key(|step| step.phase);
    let want = format!("order: {object}: gives up what `cofferdam-flow-b-out` takes over at once");
    assert_eq!(shown(&scene.judge()), [want]);
}
