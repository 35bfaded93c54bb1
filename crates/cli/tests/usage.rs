//! What is said to whoever mistypes or misses something: arguments beside exit code and words.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context as _, Result};
use serde_json::Value;
use tempfile::TempDir;

const CONTEXTS: &str = "
apiVersion: v1
kind: Config
current-context: staging
clusters: [{ name: c, cluster: { server: 'https://127.0.0.1:1' } }]
users: [{ name: u, user: { token: t } }]
contexts:
- { name: staging, context: { cluster: c, user: u } }
- { name: 'arn:aws:eks:eu-west-1:1234:cluster/prod', context: { cluster: c, user: u } }
";

/// A directory with these files, readable by nobody else.
fn directory(files: &[(&str, &str)]) -> Result<TempDir> {
    let directory = tempfile::tempdir()?;
    for (path, text) in files {
        let path = directory.path().join(path);
        std::fs::create_dir_all(path.parent().context("a parent")?)?;
        std::fs::write(&path, text)?;
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&path, mode)?;
    }
    Ok(directory)
}

fn run(directory: &Path, arguments: &[&str]) -> Result<Output> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cofferdam"));
    command
        .current_dir(directory)
        .env_remove("KUBECONFIG")
        .env("HOME", directory)
        .args(arguments);
    Ok(command.output()?)
}

/// Runs the binary in a directory, and compares exit code, standard output and standard error, in which
/// `DIR` stands for the directory.
#[track_caller]
fn check(
    directory: &Path,
    arguments: &[&str],
    (code, output, talk): (i32, &str, &str),
) -> Result<()> {
    let run = run(directory, arguments)?;
    let told = |bytes: Vec<u8>| {
        String::from_utf8_lossy(&bytes).replace(&*directory.to_string_lossy(), "DIR")
    };
    assert_eq!(
        (run.status.code(), told(run.stdout), told(run.stderr)),
        (Some(code), output.to_owned(), talk.to_owned()),
        "{arguments:?}"
    );
    Ok(())
}

/// The same for what says nothing on standard output.
#[track_caller]
fn check_talk(directory: &Path, arguments: &[&str], code: i32, talk: &str) -> Result<()> {
    check(directory, arguments, (code, "", talk))
}

#[test]
fn init_adds_what_is_missing_and_says_what_it_left_alone() -> Result<()> {
    let dir = directory(&[("config", CONTEXTS)])?;
    let init = ["init", "--kubeconfig", "config"];
    let next =
        "next: `cofferdam doctor --pin --write`, then edit `policies/` and `cofferdam plan`\n";
    let first = "wrote fleet/clusters/staging.yaml\n\
                 wrote fleet/clusters/prod.yaml\n\
                 wrote fleet/trust-domains.yaml\n\
                 wrote policies/model.yaml\n";
    check_talk(dir.path(), &init, 0, &format!("{first}{next}"))?;
    let model = dir.path().join("policies/model.yaml");
    let mine = std::fs::read_to_string(&model)? + "# mine\n";
    std::fs::write(&model, &mine)?;
    std::fs::remove_file(dir.path().join("fleet/clusters/prod.yaml"))?;
    let again = "left alone: context `staging` is cluster `staging` already (fleet/clusters/staging.yaml)\n\
                 wrote fleet/clusters/prod.yaml\n\
                 left alone: the zone model that is there\n";
    check_talk(dir.path(), &init, 0, &format!("{again}{next}"))?;
    let nothing = "left alone: context `staging` is cluster `staging` already (fleet/clusters/staging.yaml)\n\
                   left alone: context `arn:aws:eks:eu-west-1:1234:cluster/prod` is cluster `prod` already (fleet/clusters/prod.yaml)\n\
                   left alone: the zone model that is there\n\
                   nothing was missing\n";
    check_talk(dir.path(), &init, 0, nothing)?;
    assert_eq!(std::fs::read_to_string(&model)?, mine);
    Ok(())
}

#[test]
fn init_says_that_a_kubeconfig_is_one_that_others_can_read() -> Result<()> {
    let dir = directory(&[("config", CONTEXTS)])?;
    let exposed = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(dir.path().join("config"), exposed)?;
    let run = run(dir.path(), &["init", "--kubeconfig", "config"])?;
    let warning = "warning: kubeconfig `config`: everybody can read it; run `chmod 600` on it; until then it is refused";
    let told = String::from_utf8(run.stderr)?;
    assert_eq!(told.lines().next(), Some(warning));
    Ok(())
}

#[test]
fn init_writes_a_path_without_detours() -> Result<()> {
    let dir = directory(&[("config", CONTEXTS)])?;
    std::fs::create_dir(dir.path().join("sub"))?;
    run(dir.path(), &["init", "--kubeconfig", "./sub/.././config"])?;
    let document = std::fs::read_to_string(dir.path().join("fleet/clusters/staging.yaml"))?;
    let line = document.lines().find(|line| line.contains("kubeconfig:"));
    assert_eq!(line.map(str::trim), Some("kubeconfig: \"../../config\""));
    Ok(())
}

#[test]
fn init_tells_a_kubeconfig_that_is_missing_from_one_that_is_none() -> Result<()> {
    let dir = directory(&[("bad", "a: ["), ("empty", ""), ("fleet/a.yaml", "a: [")])?;
    let init = |file| ["-C", "new", "init", "--kubeconfig", file];
    let missing = "error: kubeconfig `nowhere`: there is no such file\n";
    check_talk(dir.path(), &init("nowhere"), 1, missing)?;
    let malformed =
        "error: kubeconfig `bad`: it is no kubeconfig, or a malformed one: see line 1, column 4\n";
    check_talk(dir.path(), &init("bad"), 1, malformed)?;
    let a_directory = "error: kubeconfig `fleet`: it is a directory\n";
    check_talk(dir.path(), &init("fleet"), 1, a_directory)?;
    let empty = "error: kubeconfig `empty` has no context\n";
    check_talk(dir.path(), &init("empty"), 1, empty)?;
    let broken = "error: fleet/a.yaml:2: not valid YAML: while parsing a node, did not find expected node content; \
                  mend it first, it may name contexts already\n";
    check_talk(dir.path(), &["init"], 1, broken)?;
    assert!(!dir.path().join("new").exists());
    Ok(())
}

#[test]
fn nonsense_is_refused_before_anything_is_done() -> Result<()> {
    let dir = directory(&[])?;
    let refused = |flag: &str, value: &str, why: &str| {
        let talk = format!(
            "error: invalid value '{value}' for '{flag}': {why}\n\nFor more information, try '--help'.\n"
        );
        let name = flag.split(' ').next().unwrap_or_default();
        check_talk(dir.path(), &["apply", name, value], 1, &talk)
    };
    let timeout = "--timeout <DURATION>";
    refused(timeout, "0s", "`0s` is not from 1s to 1h")?;
    refused(timeout, "-5s", "`-5s` is not from 1s to 1h")?;
    refused(timeout, "900h", "`900h` is not from 1s to 1h")?;
    refused("--settle <DURATION>", "2h", "`2h` is not from 0s to 1h")?;
    refused(
        "--take-over <DURATION>",
        "0s",
        "`0s` is not from 1m to 168h",
    )?;
    let in_flight = "--max-in-flight <N>";
    refused(in_flight, "0", "0 is not in 1..=65536")?;
    refused(in_flight, "-1", "-1 is not in 1..=65536")?;
    refused(in_flight, "99999999", "99999999 is not in 1..=65536")?;
    Ok(())
}

const FLEET: &str = "
apiVersion: cofferdam.io/v1alpha1
kind: Cluster
metadata: { name: prod-eu, labels: { environment: production } }
spec: { access: { kubeconfig: nowhere } }
---
apiVersion: cofferdam.io/v1alpha1
kind: Cluster
metadata: { name: test-eu, labels: { environment: staging } }
spec: { access: { kubeconfig: nowhere } }
---
apiVersion: cofferdam.io/v1alpha1
kind: TrustDomain
metadata: { name: production }
spec: { clusters: { matchLabels: { environment: production } } }
---
apiVersion: cofferdam.io/v1alpha1
kind: TrustDomain
metadata: { name: staging }
spec: { clusters: { matchLabels: { environment: staging } } }
---
apiVersion: cofferdam.io/v1alpha1
kind: TrustDomain
metadata: { name: nobody }
spec: { clusters: { matchLabels: { environment: nobody } } }
";

const MODEL: &str = "
apiVersion: cofferdam.io/v1alpha1
kind: ZoneModel
metadata: { name: main }
spec: { tiers: [data] }
";

#[test]
fn names_that_do_not_exist_are_answered_with_those_that_do() -> Result<()> {
    let dir = directory(&[("fleet/all.yaml", FLEET), ("policies/model.yaml", MODEL)])?;
    for (arguments, why) in [
        (
            &["drift", "--cluster", "prod-us"][..],
            "there is no cluster `prod-us`; there are prod-eu, test-eu (did you mean `prod-eu`?)",
        ),
        (
            &["import", "--cluster", "prod-us"],
            "there is no cluster `prod-us`; there are prod-eu, test-eu (did you mean `prod-eu`?)",
        ),
        (
            &["plan", "--cluster", "nope"],
            "there is no cluster `nope`; there are prod-eu, test-eu",
        ),
        (
            &["status", "--trust-domain", "nope"],
            "there is no trust domain `nope`; there are nobody, production, staging",
        ),
        (
            &["status", "--trust-domain", "stagin"],
            "there is no trust domain `stagin`; there are nobody, production, staging (did you mean `staging`?)",
        ),
        (
            &["status", "--trust-domain", "nobody"],
            "no cluster is in trust domain nobody",
        ),
        (
            &["apply", "--cluster", "prod-eu", "--trust-domain", "staging"],
            "`--cluster` and `--trust-domain` must both hold, and `prod-eu` is in trust domain `production`",
        ),
        (
            &["schema", "Zoen"],
            "there is no kind of document `Zoen`; there are Cluster, TrustDomain, NodePool, Capabilities, ZoneModel, \
             Zone, Flow, ExternalNetwork, Guarantee, Waiver (did you mean `Zone`?)",
        ),
    ] {
        check_talk(dir.path(), arguments, 1, &format!("error: {why}\n"))?;
    }
    let bare = directory(&[("policies/model.yaml", MODEL)])?;
    let none = "error: the fleet has no clusters; `cofferdam init --kubeconfig FILE` writes a document for each context\n";
    check_talk(bare.path(), &["plan"], 1, none)?;
    check_talk(bare.path(), &["compile", "--out", "out"], 1, none)
}

#[test]
fn directories_that_are_none_are_named() -> Result<()> {
    let dir = directory(&[("file", ""), ("policies/model.yaml", MODEL), ("fleet", "")])?;
    let empty = directory(&[])?;
    for (directory, arguments, why) in [
        (
            &dir,
            &["-C", "nowhere", "plan"][..],
            "there is no directory `nowhere`",
        ),
        (
            &dir,
            &["-C", "file", "check"],
            "`file` is no directory: `-C` names the one that holds `fleet/` and `policies/`",
        ),
        (&dir, &["-C", "file", "init"], "`file` is no directory"),
        (&dir, &["init"], "`fleet`: it is no directory"),
        (
            &empty,
            &["drift"],
            "`.` has neither `fleet/` nor `policies/`; `cofferdam init` writes a start, `-C DIR` names another directory",
        ),
    ] {
        check_talk(directory.path(), arguments, 1, &format!("error: {why}\n"))?;
    }
    let next = "wrote fleet/trust-domains.yaml\n\
                wrote policies/model.yaml\n\
                next: `cofferdam init --kubeconfig FILE` adds a cluster for each of its contexts\n";
    check_talk(empty.path(), &["init"], 0, next)
}

#[test]
fn files_that_cannot_be_read_hide_no_other_finding() -> Result<()> {
    let (fleet, _) = FLEET.rsplit_once("---").context("two documents")?;
    let wrong = MODEL.replace("tiers", "tires");
    let dir = directory(&[
        ("fleet/all.yaml", fleet),
        ("fleet/folder.yaml/a.yaml", MODEL),
        ("policies/model.yaml", &wrong),
    ])?;
    std::fs::write(dir.path().join("policies/latin.yaml"), b"a: \xe9\n")?;
    std::os::unix::fs::symlink("nowhere", dir.path().join("policies/link.yaml"))?;
    let found = "fleet/folder.yaml: error[unreadable-file]: it is a directory with the name of a document\n\
                 policies/latin.yaml: error[unreadable-file]: it is not UTF-8\n\
                 policies/link.yaml: error[unreadable-file]: it cannot be read: No such file or directory (os error 2)\n\
                 policies/model.yaml:5:9: error[unknown-field]: unknown field `tires` (spec.tires)\n    \
                 hint: did you mean `tiers`?\n";
    let output = format!("{found}4 errors, 0 warnings, 0 notices\n");
    check(dir.path(), &["check"], (1, &output, ""))?;
    let talk = format!("{output}error: the documents have errors; nothing is done with them\n");
    check_talk(dir.path(), &["plan"], 1, &talk)?;
    // What a file would define that cannot be read is not said to be missing.
    let alone = directory(&[("fleet/all.yaml", fleet)])?;
    std::fs::create_dir(alone.path().join("policies"))?;
    std::fs::write(alone.path().join("policies/model.yaml"), b"a: \xe9\n")?;
    let output = "policies/model.yaml: error[unreadable-file]: it is not UTF-8\n\
                  1 error, 0 warnings, 0 notices\n";
    check(alone.path(), &["check"], (1, output, ""))
}

#[test]
fn links_that_cannot_be_followed_hide_no_documents() -> Result<()> {
    let (fleet, _) = FLEET.rsplit_once("---").context("two documents")?;
    let link =
        |dir: &TempDir, to: &str, name: &str| std::os::unix::fs::symlink(to, dir.path().join(name));
    let dir = directory(&[("fleet/all.yaml", fleet), ("policies/model.yaml", MODEL)])?;
    std::fs::create_dir(dir.path().join("elsewhere"))?;
    link(&dir, "../elsewhere", "policies/there")?;
    link(&dir, "somebody@host.1234", "policies/.#model.yaml")?;
    assert_eq!(run(dir.path(), &["check"])?.status.code(), Some(0));
    link(&dir, "gone", "policies/team")?;
    link(&dir, "round", "fleet/round")?;
    let output = "fleet/round: error[unreadable-file]: it cannot be read: Too many levels of symbolic links (os error 40)\n\
                  policies/team: error[unreadable-file]: it cannot be read: No such file or directory (os error 2)\n\
                  2 errors, 0 warnings, 0 notices\n";
    check(dir.path(), &["check"], (1, output, ""))?;
    let talk = format!("{output}error: the documents have errors; nothing is done with them\n");
    check_talk(dir.path(), &["plan"], 1, &talk)?;
    // So are the directories that everything lies in, one or both.
    let why = "it cannot be read: No such file or directory (os error 2)";
    let dir = directory(&[("fleet/all.yaml", fleet)])?;
    link(&dir, "gone", "policies")?;
    let output =
        format!("policies: error[unreadable-file]: {why}\n1 error, 0 warnings, 0 notices\n");
    check(dir.path(), &["check"], (1, &output, ""))?;
    check_talk(
        dir.path(),
        &["init"],
        1,
        &format!("error: `policies`: {why}\n"),
    )?;
    let dir = directory(&[])?;
    link(&dir, "gone", "policies")?;
    check(dir.path(), &["check"], (1, &output, ""))
}

#[test]
fn clusters_that_were_not_reached_are_counted_and_never_fine() -> Result<()> {
    let dir = directory(&[
        (
            "fleet/all.yaml",
            &FLEET.replace("nowhere }", "config, context: test }"),
        ),
        ("fleet/config", CONTEXTS),
        ("policies/model.yaml", MODEL),
    ])?;
    let why = "cannot use kubeconfig ./fleet/config: it has no context `test`, but staging, \
               arn:aws:eks:eu-west-1:1234:cluster/prod";
    let text = format!(
        "prod-eu (production): UNREACHABLE\n  ! {why}\n\n\
         test-eu (staging): UNREACHABLE\n  ! {why}\n\n\
         Plan: 0 steps on 2 clusters, 2 unreachable.\n"
    );
    check(dir.path(), &["plan"], (3, &text, ""))?;
    let given = ["plan", "--cluster", "prod-eu", "--kubeconfig", "nowhere"];
    let text = "prod-eu (production): UNREACHABLE\n  \
                ! cannot use kubeconfig nowhere: there is no such file\n\n\
                Plan: 0 steps on 1 cluster, 1 unreachable.\n";
    check(dir.path(), &given, (3, text, ""))?;
    std::fs::remove_file(dir.path().join("fleet/config"))?;
    let text = "prod-eu (production): UNREACHABLE\n  \
                ! cannot use kubeconfig ./fleet/config: there is no such file\n    \
                hint: see `access.kubeconfig` of the Cluster document; relative paths begin at its file\n\n\
                Plan: 0 steps on 1 cluster, 1 unreachable.\n";
    check(dir.path(), &["plan", "--cluster", "prod-eu"], (3, text, ""))
}

/// Runs the binary, and gives what it writes as JSON.
fn json(directory: &Path, arguments: &[&str]) -> Result<Value> {
    let run = run(directory, arguments)?;
    serde_json::from_slice(&run.stdout)
        .with_context(|| String::from_utf8_lossy(&run.stderr).into_owned())
}

#[test]
fn bundles_are_not_written_where_documents_are_read() -> Result<()> {
    let fleet = FLEET.replace("name: test-eu", "name: policies");
    let dir = directory(&[("fleet/all.yaml", &fleet), ("policies/model.yaml", MODEL)])?;
    std::os::unix::fs::symlink(dir.path().join("fleet"), dir.path().join("link"))?;
    for (out, place, root) in [
        ("policies", "policies/policies", "policies"),
        (
            "new/../policies/deep",
            "new/../policies/deep/policies",
            "policies",
        ),
        ("link/bundles", "link/bundles/policies", "fleet"),
        (".", "./policies", "policies"),
    ] {
        let why = format!(
            "error: `{place}` would be below `{root}/`, where documents are read; write elsewhere, as with \
             `--out bundles`\n"
        );
        check_talk(dir.path(), &["compile", "--out", out], 1, &why)?;
    }
    assert!(!dir.path().join("new").exists());
    Ok(())
}

#[test]
fn the_rights_of_a_profile_are_for_every_subject_that_is_named() -> Result<()> {
    let dir = directory(&[])?;
    let rbac = ["rbac", "--profile", "policies", "-o", "json"];
    let subjects = |more: &[&str]| -> Result<Vec<String>> {
        let list = json(dir.path(), &[&rbac[..], more].concat())?;
        let items = list["items"].as_array().into_iter().flatten();
        let subjects = items
            .filter_map(|item| item["subjects"].as_array())
            .map(|all| {
                let all = all
                    .iter()
                    .map(|one| format!("{}/{}", one["kind"], one["name"]));
                all.collect::<Vec<_>>().join(" ").replace('"', "")
            });
        Ok(subjects.collect())
    };
    assert_eq!(subjects(&["--subject", "group:c"])?, ["Group/c"; 2]);
    let both = ["--subject", "user:a", "--subject", "serviceaccount:ci/b"];
    assert_eq!(subjects(&both)?, ["User/a ServiceAccount/b"; 2]);
    let nobody = "error: nobody was named with `--subject`, and who uses the credentials cannot be told: `.` has neither \
                  `fleet/` nor `policies/`; `cofferdam init` writes a start, `-C DIR` names another directory\n";
    check_talk(dir.path(), &["rbac", "--profile", "observe"], 1, nobody)?;
    Ok(())
}

#[test]
fn a_flow_that_expired_is_told_where_clusters_are_looked_at() -> Result<()> {
    let more = "---
apiVersion: cofferdam.io/v1alpha1
kind: Zone
metadata: { name: shop }
spec:
  tier: data
  sensitivity: low
  trustDomains: [production]
  namespaces: [{ name: shop, team: shop }]
---
apiVersion: cofferdam.io/v1alpha1
kind: Flow
metadata: { name: within }
spec:
  from: { zone: shop }
  to: { zone: shop }
  ports: [{ port: 8080 }]
  justification: j
  owner: o
  review: { last: 2026-01-01 }
  expires: 2026-01-01
";
    let model = format!(
        "{}{more}",
        MODEL.replace("[data] ", "[data], defaults: { reviewEvery: 36500d } ")
    );
    let dir = directory(&[("fleet/all.yaml", FLEET), ("policies/model.yaml", &model)])?;
    let due = "policies/model.yaml:26:12: warning[flow-expired]: the flow expired on 2026-01-01; it stays in force (spec.expires)\n    \
               hint: delete the document, or have it approved again\n\n";
    let only = ["--cluster", "prod-eu"];
    for command in ["plan", "drift"] {
        let arguments = [&[command][..], &only].concat();
        let told = run(dir.path(), &arguments)?;
        let text = String::from_utf8_lossy(&told.stdout).into_owned();
        assert_eq!(told.status.code(), Some(3), "{text}");
        assert_eq!(text.matches(due).count(), 1, "{text}");
        let report = json(dir.path(), &[&arguments[..], &["-o", "json"]].concat())?;
        assert_eq!(report["warnings"][0]["code"], "flow-expired");
        assert_eq!(report["warnings"].as_array().map(Vec::len), Some(1));
    }
    Ok(())
}

#[test]
fn json_is_written_where_it_is_asked_for_or_refused() -> Result<()> {
    let zone = "---
apiVersion: cofferdam.io/v1alpha1
kind: Zone
metadata: { name: shop }
spec:
  tier: data
  sensitivity: low
  trustDomains: [production]
  enforcement: stage
  namespaces: [{ name: shop, team: shop }]
";
    let model = format!("{MODEL}{zone}");
    let dir = directory(&[("fleet/all.yaml", FLEET), ("policies/model.yaml", &model)])?;
    let of_objects = |list: &Value| -> Vec<String> {
        assert_eq!(list["kind"], "List");
        let items = list["items"].as_array().into_iter().flatten();
        let told = |one: &Value| format!("{} {}", one["kind"], one["metadata"]["name"]);
        items.map(|object| told(object).replace('"', "")).collect()
    };
    let compiled = json(dir.path(), &["compile", "-o", "json"])?;
    assert_eq!(compiled["kind"], "CompileReport");
    let [prod, test] = [0, 1].map(|index| &compiled["clusters"][index]);
    assert_eq!(
        (&prod["name"], &prod["trustDomain"]),
        (&"prod-eu".into(), &"production".into())
    );
    assert_eq!(
        of_objects(&prod["objects"]),
        [
            "Namespace shop",
            "NetworkPolicy cofferdam-allow-dns",
            "NetworkPolicy cofferdam-open-egress",
            "NetworkPolicy cofferdam-open-ingress",
            "NetworkPolicy cofferdam-within-zone",
        ]
    );
    assert_eq!(of_objects(&test["objects"]), Vec::<String>::new());
    let rbac = ["rbac", "--profile=observe", "--subject=user:a", "-o=json"];
    assert_eq!(
        of_objects(&json(dir.path(), &rbac)?),
        [
            "Namespace cofferdam-system",
            "ClusterRole cofferdam-observe",
            "ClusterRoleBinding cofferdam-observe",
            "Role cofferdam-observe",
            "RoleBinding cofferdam-observe",
        ]
    );
    assert_eq!(json(dir.path(), &["schema", "-o", "json"])?[0], "Cluster");
    for (arguments, why) in [
        (
            &["compile"][..],
            "say where to write with `--out DIR`, or print the objects with `-o json`",
        ),
        (
            &["init", "-o", "json"],
            "`init` writes documents and no report: leave `-o json` out",
        ),
        (
            &["completions", "bash", "-o", "json"],
            "`completions` writes a script of a shell: leave `-o json` out",
        ),
        (
            &["plan", "-o", "sarif"],
            "only `check` and `lint` write SARIF",
        ),
    ] {
        check_talk(dir.path(), arguments, 1, &format!("error: {why}\n"))?;
    }
    Ok(())
}

#[test]
fn whose_zones_are_meant_is_said_of_manifests_alone() -> Result<()> {
    let dir = directory(&[])?;
    for (arguments, error) in [
        (
            ["reach", "--zones", "--cluster=prod", "--for=prod"].as_slice(),
            "error: the argument '--cluster <NAME>' cannot be used with '--for <CLUSTER>'",
        ),
        (
            &["reach", "manifests", "--for=prod"],
            "error: the following required arguments were not provided:",
        ),
    ] {
        let told = run(dir.path(), arguments)?;
        let talk = String::from_utf8(told.stderr)?;
        assert_eq!(
            (told.status.code(), talk.lines().next()),
            (Some(1), Some(error))
        );
    }
    Ok(())
}
