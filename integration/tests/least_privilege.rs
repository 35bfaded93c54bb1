//! Each profile of `rbac` as a user who has nothing else: what it is for works, and nothing beyond.

use anyhow::{Result, ensure};
use cofferdam_integration::assets::Version;
use cofferdam_integration::cluster::ADMIN;
use cofferdam_integration::guarded::{POOL, POOL_FILE};
use cofferdam_integration::options::ClusterOptions;
use cofferdam_integration::seed::SeedOptions;
use cofferdam_integration::shop::{CLUSTER_FILE, Shop};
use cofferdam_integration::user::User;

/// A user per profile.
const USERS: [(&str, &str); 4] = [
    ("watcher", "observe"),
    ("segmenter", "policies"),
    ("pooler", "nodes"),
    ("guardian", "guards"),
];

/// The shop with a pool; the users are writers, but for the one who only looks.
fn start(version: Version) -> Result<Shop> {
    let mut options = ClusterOptions::new("prod").version(version);
    for (user, _) in USERS {
        options = options.user(User::new(user, &[])?);
    }
    let fast = [("disk".to_owned(), "fast".to_owned())].into();
    let seed = SeedOptions {
        node_labels: vec![[].into(), fast],
        ..SeedOptions::default()
    };
    let shop = Shop::start_with(options, seed)?;
    shop.project.write(POOL_FILE, POOL)?;
    let writers = "writers: [\"user:cofferdam\", user:segmenter, user:pooler, user:guardian]";
    shop.project
        .edit(CLUSTER_FILE, "writers: [\"user:cofferdam\"]", writers)?;
    for (user, profile) in USERS {
        let subject = format!("user:{user}");
        // A profile has one binding, so all of its subjects are named at once.
        let all = ["--subject", &subject, "--subject", "user:cofferdam"];
        let arguments = [&["rbac", "--profile", profile][..], &all].concat();
        let manifests = shop.expect(&arguments, 0)?;
        shop.cluster.apply_yaml(ADMIN, &manifests.stdout)?;
    }
    Ok(shop)
}

/// Arguments that use the credential of another user for the one cluster.
fn as_user(shop: &Shop, user: &str) -> Result<[String; 4]> {
    let file = shop.cluster.kubeconfig(user)?.display().to_string();
    let words = ["--cluster", "prod", "--kubeconfig", &file];
    Ok(words.map(ToOwned::to_owned))
}

/// Runs `cofferdam` as a user; fails unless it ends with this code.
fn run(shop: &Shop, user: &str, arguments: &[&str], code: i32) -> Result<String> {
    let credential = as_user(shop, user)?;
    let credential = credential.iter().map(String::as_str);
    let all: Vec<&str> = arguments.iter().copied().chain(credential).collect();
    let run = shop.expect(&all, code)?;
    Ok(format!("{}{}", run.stdout, run.stderr))
}

/// Whether the API server lets a user do something, in the words of `kubectl auth can-i`.
fn may(shop: &Shop, user: &str, what: &str) -> bool {
    let words: Vec<&str> = ["auth", "can-i", "--quiet"]
        .into_iter()
        .chain(what.split(' '))
        .collect();
    shop.cluster.kubectl_as(user, &words).is_ok()
}

#[test]
fn each_part_is_written_by_who_has_the_rights_for_it_alone() -> Result<()> {
    for version in [Version::V1_36, Version::V1_33] {
        let shop = start(version)?;
        run(&shop, "watcher", &["plan"], 2)?;
        let only = |part| ["apply", "--yes", "--settle", "0s", "--only", part];
        let refused = run(&shop, "watcher", &only("policies,namespaces"), 1)?;
        ensure!(refused.contains("forbidden"), "{refused}");
        run(&shop, "segmenter", &only("namespaces,policies"), 0)?;
        // Where nothing pins pods, the taint waits for those that do not tolerate it.
        let pins = version == Version::V1_36;
        // Pods are bound to labelled nodes only, and nodes tainted only once pods are bound.
        let told = run(&shop, "guardian", &only("guards"), i32::from(pins))?;
        let waits =
            "it rests on what is to be written to Node/prod-node-1, and `--only` leaves that out";
        ensure!(told.contains(waits) == pins, "{told}");
        run(&shop, "pooler", &only("nodes"), 1)?;
        run(&shop, "guardian", &only("guards"), 0)?;
        run(&shop, "pooler", &only("nodes"), i32::from(!pins))?;
        let named = shop.drift()?;
        let elsewhere = |one: &String| one.starts_with("misplaced-pod ");
        let mutating = |one: &String| {
            let of_pins = ["guard-missing MutatingAdmissionPolicy", "node-pool "];
            !pins && of_pins.iter().any(|start| one.starts_with(start))
        };
        let left: Vec<&String> = named
            .iter()
            .filter(|one| !elsewhere(one) && !mutating(one) && !one.starts_with("bundle-skew"))
            .collect();
        ensure!(left.is_empty(), "{version:?}: {left:?}");
        // What is in force now is in nobody's way.
        run(&shop, "segmenter", &only("namespaces,policies"), 0)?;
        run(&shop, "watcher", &["status"], 2)?;
    }
    Ok(())
}

#[test]
fn no_profile_grants_more_than_its_purpose() -> Result<()> {
    let shop = start(Version::V1_36)?;
    let everybody = [
        "get secrets --all-namespaces",
        "create pods -n orders",
        "delete namespaces",
        "create nodes",
        "delete nodes",
        "update nodes",
        "create clusterrolebindings",
        "escalate clusterroles",
        "impersonate users",
        "create serviceaccounts/token -n orders",
        "create pods/exec -n orders",
        "create pods/binding -n orders",
        "create validatingwebhookconfigurations",
        "update configmaps/other -n cofferdam-system",
        "delete configmaps -n cofferdam-system",
        "create namespaces/anything",
        "delete validatingadmissionpolicies/of-somebody-else",
        "create validatingadmissionpolicies/of-somebody-else",
    ];
    let own = [
        (
            "watcher",
            &["list pods"][..],
            &["patch namespaces", "create networkpolicies", "patch nodes"][..],
        ),
        (
            "segmenter",
            &[
                "patch namespaces",
                "create networkpolicies",
                "create namespaces/ledger",
            ],
            &[
                "patch nodes",
                "create validatingadmissionpolicies",
                "create pods -n cofferdam-probe",
            ],
        ),
        (
            "pooler",
            &["patch nodes", "create pods -n cofferdam-probe"],
            &[
                "create networkpolicies",
                "patch namespaces",
                "create validatingadmissionpolicies",
            ],
        ),
        (
            "guardian",
            &[
                "delete validatingadmissionpolicybindings/cofferdam-pods-back",
                "create mutatingadmissionpolicies/cofferdam-pin-back",
                "create pods -n cofferdam-probe",
            ],
            &["patch nodes", "patch namespaces", "create networkpolicies"],
        ),
    ];
    for (user, can, cannot) in own {
        for what in can {
            ensure!(may(&shop, user, what), "{user} must be able to {what}");
        }
        for what in cannot.iter().chain(&everybody) {
            ensure!(!may(&shop, user, what), "{user} may {what}");
        }
    }
    Ok(())
}

#[test]
fn rights_beyond_the_purposes_are_reported() -> Result<()> {
    let shop = start(Version::V1_36)?;
    let doctor = shop.expect(&["doctor"], 0)?.stdout;
    ensure!(doctor.contains("excess rights    none"), "{doctor}");
    let told = run(&shop, "guardian", &["doctor"], 1)?;
    ensure!(told.contains("profile `policies` lacks"), "{told}");
    shop.cluster.kubectl(&[
        "create",
        "clusterrolebinding",
        "too-much",
        "--clusterrole=cluster-admin",
        "--user=cofferdam",
    ])?;
    let doctor = shop.expect(&["doctor"], 0)?.stdout;
    ensure!(
        doctor.contains("beyond observe, policies, nodes, guards: * *"),
        "{doctor}"
    );
    Ok(())
}
