//! How long it takes to solve clusters of growing size, and against the oracle. `cargo xtask bench reach` runs it.
#![expect(
    clippy::print_stdout,
    reason = "a bench tells its figures on standard output"
)]

use std::collections::BTreeMap;
use std::fs;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cofferdam_model::dialect::{DIALECTS, Dialect};
use cofferdam_model::flow::Protocol;
use cofferdam_oracle::{Oracle, Peer};
use cofferdam_semantics::connectivity::Connectivity;
use cofferdam_semantics::facts::Facts;
use cofferdam_semantics::incremental::{Change, Solution};
use cofferdam_semantics::policy::Source;
use cofferdam_semantics::solver::Solver;
use cofferdam_semantics::states::{Draft, Place};
use cofferdam_semantics::{Classes, Reader};
use serde_json::{Value, json};

/// Runs of each figure, of which the fastest counts: whatever else runs only makes it slower.
const ROUNDS: usize = 5;

/// Pairs that the oracle is asked about, as a sample of all.
const SAMPLE: usize = 300;

/// A cluster to be solved.
#[derive(Clone, Copy)]
struct Size {
    namespaces: usize,
    workloads: usize,
    replicas: usize,
}

fn main() {
    against_the_oracle();
    in_classes();
    in_replicas();
    one_change();
    two_states();
    large();
    a_hundred_clusters();
}

/// All pairs of 400 workloads with 400 policies.
fn against_the_oracle() {
    let size = Size {
        namespaces: 10,
        workloads: 400,
        replicas: 1,
    };
    let objects = objects(size);
    let facts = read(&objects);
    let ours = fastest(|| solve(&facts));
    let oracle = Oracle::new(&objects, dialect());
    let pods = oracle.pods();
    let peer = |(namespace, name): &(String, String)| Peer::Pod {
        namespace: namespace.clone(),
        name: name.clone(),
    };
    let start = Instant::now();
    let every = |step| pods.iter().cycle().step_by(step);
    for (from, to) in every(7).zip(every(13)).take(SAMPLE) {
        let (from, to) = (peer(from), peer(to));
        black_box(oracle.verdict(&from, &to, Protocol::Tcp, 8080));
    }
    let sample = u32::try_from(SAMPLE).unwrap_or(u32::MAX);
    let pairs = u32::try_from(pods.len() * pods.len()).unwrap_or(u32::MAX);
    let theirs = start.elapsed() / sample * pairs;
    println!("400 workloads, 400 policies, 400 classes");
    println!("  solved in {}", told(ours));
    println!(
        "  the oracle asks every policy about every pair, on one port: {} (from {SAMPLE} pairs), {:.0} times as long",
        told(theirs),
        theirs.as_secs_f64() / ours.as_secs_f64()
    );
}

/// Growing with classes and policies.
fn in_classes() {
    println!("classes = policies = workloads");
    let mut figures = Vec::new();
    for workloads in [500, 1_000, 2_000, 4_000] {
        let size = Size {
            namespaces: 10,
            workloads,
            replicas: 1,
        };
        let facts = read(&objects(size));
        let time = fastest(|| solve(&facts));
        println!("  {workloads}: {}", told(time));
        figures.push((workloads, time));
    }
    println!("  exponent {:.2}", exponent(&figures));
}

/// Growing with replicas of the same classes.
fn in_replicas() {
    println!("replicas of 200 classes with 200 policies, solved without reading");
    let mut figures = Vec::new();
    for replicas in [1, 10, 50, 100] {
        let size = Size {
            namespaces: 10,
            workloads: 200,
            replicas,
        };
        let facts = read(&objects(size));
        let classes = Arc::new(Classes::of(&facts));
        let time = fastest(|| blocks(&classes));
        println!("  {} pods: {}", 200 * replicas, told(time));
        figures.push((replicas, time));
    }
    println!("  exponent {:.2}", exponent(&figures));
}

/// One change of a cluster with 2,000 policies, and what it opens and closes, against a solution from scratch.
fn one_change() {
    let size = Size {
        namespaces: 10,
        workloads: 2_000,
        replicas: 1,
    };
    let facts = read(&objects(size));
    println!("one change at 2,000 policies, against a solution from scratch in the same round");
    for (what, change) in changes(&facts) {
        let (mut scratch, mut applied, mut told_apart) = (Vec::new(), Vec::new(), Vec::new());
        let (mut connections, mut full) = (0, 0);
        for _ in 0..ROUNDS {
            scratch.push(timed(|| solve(&facts)));
            let (mut one, mut other) = (solution(&facts), solution(&facts));
            let (first, second) = (change.clone(), vec![change.clone()]);
            applied.push(timed(|| drop(black_box(one.apply(first)))));
            told_apart.push(timed(|| {
                connections = other.effect(second).connections.len();
            }));
            full += one.full_solves() + other.full_solves() - 2;
        }
        let least = |times: Vec<Duration>| times.into_iter().min().unwrap_or_default();
        let (scratch, applied, told_apart) = (least(scratch), least(applied), least(told_apart));
        let ratio = |time: Duration| scratch.as_secs_f64() / time.as_secs_f64();
        println!(
            "  {what}: {} of {} (1/{:.0}); with the {connections} connections that differ {} (1/{:.0}); {full} full solves",
            told(applied),
            told(scratch),
            ratio(applied),
            told(told_apart),
            ratio(told_apart),
        );
    }
}

/// What a plan closes that isolates every namespace, told between a few places.
fn two_states() {
    println!(
        "a plan that isolates namespaces of two workloads and lets the next one in: what it closes"
    );
    let mut figures = Vec::new();
    for namespaces in [250, 500, 1_000, 2_000] {
        let mut draft = Draft::default();
        let (mut policies, mut labels) = (Vec::new(), BTreeMap::new());
        for number in 0..namespaces {
            for workload in 0..2 {
                draft.shared(&pod(number, 2 * number + workload, 0));
            }
            let next = format!("ns-{}", (number + 1) % namespaces);
            let from = json!([{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": next}}}]);
            policies.push(json!({
                "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
                "metadata": {"namespace": format!("ns-{number}"), "name": "next"},
                "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "ingress": [{"from": from}], "egress": [{}]},
            }));
            labels.insert(format!("ns-{number}"), BTreeMap::new());
        }
        let before = draft.state([].into_iter(), &labels);
        let after = draft.state(policies.into_iter(), &labels);
        let mut states = draft.finish(&[], &[dialect()]);
        let (before, after) = (states.solve(&before), states.solve(&after));
        let name = |place: Place<'_>| match place {
            Place::Pod(pod) => pod.namespace.len() % 2,
            Place::Nodes(_) | Place::Outside(_) => 2,
        };
        let time = fastest(|| {
            black_box(states.changes(&before, &after, name));
        });
        println!("  {namespaces}: {}", told(time));
        figures.push((namespaces, time));
    }
    println!("  exponent {:.2}", exponent(&figures));
}

/// A hundred clusters with the same policies, and pods of the same kinds under other names and addresses.
fn a_hundred_clusters() {
    let size = Size {
        namespaces: 10,
        workloads: 400,
        replicas: 1,
    };
    let clusters = (0..100).map(|cluster| {
        let mut objects = objects(size);
        for object in objects.iter_mut().filter(|object| object["kind"] == "Pod") {
            for (pointer, from, to) in [
                ("/metadata/name", "app", format!("app-{cluster}")),
                ("/status/podIP", "10.", format!("{}.", 10 + cluster)),
            ] {
                if let Some(value) = object.pointer_mut(pointer) {
                    *value = json!(value.as_str().unwrap_or_default().replacen(from, &to, 1));
                }
            }
        }
        read(&objects)
    });
    let clusters: Vec<Arc<Facts>> = clusters.collect();
    let (mut alone, mut shared) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        alone.push(timed(|| clusters.iter().for_each(solve)));
        shared.push(timed(|| {
            let mut solver = Solver::default();
            for facts in &clusters {
                black_box(solver.solve(facts, &[dialect()]));
            }
        }));
    }
    let least = |times: Vec<Duration>| times.into_iter().min().unwrap_or_default();
    let (alone, shared) = (least(alone), least(shared));
    println!("a hundred clusters with the same 400 policies and 400 workloads");
    println!(
        "  each alone {}, together {}: 1/{:.1}",
        told(alone),
        told(shared),
        alone.as_secs_f64() / shared.as_secs_f64()
    );
}

/// A solution that shares nothing with another one.
fn solution(facts: &Facts) -> Solution {
    Solution::new(&Arc::new(facts.clone()), dialect())
}

/// Changes of every kind of reach: of one class, of a namespace, of all.
fn changes(facts: &Facts) -> Vec<(&'static str, Change)> {
    let of = |object: Value| read(&[object]).policies.first().cloned();
    let set = |object| of(object).map(|policy| Change::SetPolicy(Box::new(policy)));
    let added = |name: &str, spec: Value| {
        let metadata = json!({"namespace": "ns-7", "name": name});
        set(
            json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}),
        )
    };
    let labelled = |app: &str| {
        let mut pod = facts
            .pods
            .iter()
            .find(|pod| *pod.name == *"app-7-0")?
            .clone();
        pod.labels = Arc::new([("app".to_owned(), app.to_owned())].into());
        Some(Change::SetPod(Box::new(pod)))
    };
    let removed = of(policy(7, 7, &[])).map(|policy| Change::RemovePolicy(policy.id));
    let isolating = json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]});
    let new_key = json!({"podSelector": {"matchLabels": {"pod-template-hash": "7"}}});
    let all = [
        ("a policy replaced", set(policy(7, 7, &[17, 57]))),
        ("a policy removed", removed),
        ("a pod labelled as another one is", labelled("app-17")),
        ("a pod labelled as no other is", labelled("app-none")),
        (
            "a policy added by a label key that is new, and that every pod has",
            added("new-key", new_key),
        ),
        (
            "a policy added that isolates a namespace of 200 classes",
            added("deny", isolating),
        ),
    ];
    let all = all.into_iter();
    all.filter_map(|(what, change)| Some((what, change?)))
        .collect()
}

fn timed(run: impl FnOnce()) -> Duration {
    let start = Instant::now();
    run();
    start.elapsed()
}

/// 100,000 pods and 75,000 policies in 25,000 namespaces, read one by one.
fn large() {
    let before = resident();
    let start = Instant::now();
    let mut reader = Reader::default();
    let mut number = 0;
    for namespace in 0..25_000 {
        for object in namespace_of_four(namespace) {
            reader.read(&object, Source(number));
            number += 1;
        }
    }
    let facts = Arc::new(reader.finish());
    let loaded = start.elapsed();
    let start = Instant::now();
    let classes = Arc::new(Classes::of(&facts));
    let mut connectivity = Connectivity::solve(classes, dialect());
    let blocks = connectivity.blocks().len();
    println!("100,000 pods, 75,000 policies, 25,000 namespaces");
    println!(
        "  made and read in {}, solved in {} ({blocks} blocks), {} MB at most",
        told(loaded),
        told(start.elapsed()),
        (resident() - before) / 1024
    );
}

fn solve(facts: &Arc<Facts>) {
    blocks(&Arc::new(Classes::of(facts)));
}

fn blocks(classes: &Arc<Classes>) {
    let mut connectivity = Connectivity::solve(Arc::clone(classes), dialect());
    black_box(connectivity.blocks());
}

fn dialect() -> Dialect {
    let [first, ..] = DIALECTS;
    first
}

fn read(objects: &[Value]) -> Arc<Facts> {
    let mut reader = Reader::default();
    for (number, object) in (0..).zip(objects) {
        reader.read(object, Source(number));
    }
    Arc::new(reader.finish())
}

/// Workloads of which each lets the next three of its namespace in, and is let in by them.
fn objects(size: Size) -> Vec<Value> {
    let mut objects: Vec<Value> = (0..size.namespaces).map(namespace).collect();
    for workload in 0..size.workloads {
        let home = workload % size.namespaces;
        for replica in 0..size.replicas {
            objects.push(pod(home, workload, replica));
        }
        let near: Vec<usize> = (1..=3)
            .map(|step| (workload + step * size.namespaces) % size.workloads)
            .collect();
        objects.push(policy(home, workload, &near));
    }
    objects
}

fn namespace(number: usize) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": format!("ns-{number}"), "labels": {"team": format!("team-{}", number % 7)}}})
}

fn pod(home: usize, workload: usize, replica: usize) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "namespace": format!("ns-{home}"),
            "name": format!("app-{workload}-{replica}"),
            "labels": {"app": format!("app-{workload}"), "pod-template-hash": format!("{workload:x}")},
        },
        "spec": {"containers": [{"name": "main", "ports": [{"name": "http", "containerPort": 8080}]}]},
        "status": {"phase": "Running", "podIP": format!("10.{}.{}.{}", workload % 200, replica % 250, workload / 200)},
    })
}

fn policy(home: usize, workload: usize, near: &[usize]) -> Value {
    let peers: Vec<Value> = near
        .iter()
        .map(|near| json!({"podSelector": {"matchLabels": {"app": format!("app-{near}")}}}))
        .collect();
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"namespace": format!("ns-{home}"), "name": format!("app-{workload}")},
        "spec": {
            "podSelector": {"matchLabels": {"app": format!("app-{workload}")}},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"from": peers, "ports": [{"port": 8080 + workload % 3}]}],
            "egress": [{"to": peers, "ports": [{"port": 8080}, {"port": 8081}, {"port": 8082}]}],
        },
    })
}

/// A namespace with four pods, a default deny and two policies that let something through.
fn namespace_of_four(number: usize) -> Vec<Value> {
    let home = format!("ns-{number}");
    let named = |name: &str| json!({"namespace": home, "name": name});
    let kind = "NetworkPolicy";
    let version = "networking.k8s.io/v1";
    let mut objects = vec![
        namespace(number),
        json!({"apiVersion": version, "kind": kind, "metadata": named("deny"), "spec": {"policyTypes": ["Ingress", "Egress"]}}),
        json!({"apiVersion": version, "kind": kind, "metadata": named("web"), "spec": {
            "podSelector": {"matchLabels": {"app": "web"}},
            "ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": format!("ns-{}", (number + 1) % 25_000)}}, "podSelector": {"matchLabels": {"app": "api"}}}], "ports": [{"port": 8080}]}],
        }}),
        json!({"apiVersion": version, "kind": kind, "metadata": named("api"), "spec": {
            "podSelector": {"matchLabels": {"app": "api"}}, "policyTypes": ["Egress"],
            "egress": [{"to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": format!("ns-{}", (number + 24_999) % 25_000)}}}], "ports": [{"port": 8080}]}],
        }}),
    ];
    for (replica, app) in ["web", "web", "api", "api"].into_iter().enumerate() {
        objects.push(json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"namespace": home, "name": format!("{app}-{replica}"), "labels": {"app": app, "pod-template-hash": format!("{number:x}")}},
            "spec": {"nodeName": format!("node-{}", number % 500), "containers": [{"name": "main"}]},
            "status": {"phase": "Running", "podIP": format!("10.{}.{}.{replica}", number / 250, number % 250)},
        }));
    }
    objects
}

fn fastest(run: impl Fn()) -> Duration {
    let times = (0..ROUNDS).map(|_| {
        let start = Instant::now();
        run();
        start.elapsed()
    });
    times.min().unwrap_or_default()
}

/// The slope of time over size, both as logarithms, by least squares.
fn exponent(figures: &[(usize, Duration)]) -> f64 {
    let points: Vec<(f64, f64)> = figures
        .iter()
        .map(|(size, time)| {
            let size = u32::try_from(*size).unwrap_or(u32::MAX);
            (f64::from(size).ln(), time.as_secs_f64().ln())
        })
        .collect();
    let count = f64::from(u32::try_from(points.len()).unwrap_or(1));
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let up: f64 = points
        .iter()
        .map(|point| (point.0 - x) * (point.1 - y))
        .sum();
    let across: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    up / across
}

fn told(time: Duration) -> String {
    if time < Duration::from_secs(1) {
        format!("{:.2} ms", time.as_secs_f64() * 1000.0)
    } else {
        format!("{:.1} s", time.as_secs_f64())
    }
}

/// The most memory that this process has used so far, in KiB.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}
