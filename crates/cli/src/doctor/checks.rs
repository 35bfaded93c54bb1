//! What is found of a cluster, one check after the other.

use cofferdam_cluster::Connection;
use cofferdam_model::capabilities::{Capabilities, Enforces};
use cofferdam_model::cluster::{Delivery, Mode};
use cofferdam_model::count::counted;
use cofferdam_model::zone::Enforcement;
use cofferdam_objects::keys::{PROBE_NAMESPACE, SYSTEM_NAMESPACE};
use cofferdam_pass::clock;
use cofferdam_pass::examined::Examined;
use cofferdam_report::wire::doctor::{DoctorCheck, DoctorStatus};
use cofferdam_state::observed::told_unknowns;
use futures_util::future::join_all;

use super::excess::{excess, needed, summary};
use crate::args::Profile;
use crate::rights::{Names, grant, write_rights};
use crate::warnings::SOON_SECONDS;

/// Minor versions of Kubernetes that are tested.
const TESTED: std::ops::RangeInclusive<u32> = 33..=36;
/// Leases and the ages of verdicts compare two clocks.
const SKEW_SECONDS: i64 = 5;

/// Every check of a cluster; asks the server which rights we have. `pins`: this very run writes the
/// identity into the document.
pub(crate) async fn all(one: &Examined<'_>, names: &Names, pins: bool) -> Vec<DoctorCheck> {
    let (Some(connection), None) = (&one.connection, &one.unreachable) else {
        return unreachable(one);
    };
    let mut checks = identity(one, pins);
    checks.extend(credential(one, connection));
    checks.extend(rights(one, names, connection).await);
    checks.push(excess_rights(one, names, connection).await);
    checks.extend(unguarded(one));
    checks.extend(clock_skew(connection));
    if let Some(known) = one.observed.capabilities.known() {
        checks.extend(of_capabilities(known));
    }
    let unknowns = told_unknowns(&one.observed.all_unknowns()).into_iter();
    checks.extend(unknowns.map(|told| DoctorCheck::new("not read", DoctorStatus::Unknown, told)));
    checks
}

fn unreachable(one: &Examined<'_>) -> Vec<DoctorCheck> {
    let why = one.unreachable.as_ref();
    let reason = why.map(|why| why.reason.clone()).unwrap_or_default();
    let answered = why.is_some_and(|why| why.denied.is_some());
    let told = if answered { "yes, but" } else { "no:" };
    let message = format!("{told} {reason}");
    let mut check = DoctorCheck::new("reached", DoctorStatus::Unknown, message);
    check.hint = why.and_then(|why| why.hint.clone());
    vec![check]
}

fn identity(one: &Examined<'_>, pins: bool) -> Vec<DoctorCheck> {
    let mut checks = Vec::new();
    let name = &one.cluster.name;
    if let Some(uid) = one.observed.uid.known() {
        checks.push(match &one.cluster.uid {
            Some(pinned) if pinned == uid => {
                DoctorCheck::ok("identity", format!("{uid}, as pinned"))
            }
            Some(pinned) => {
                let message = format!("{uid}, but the document is pinned to {pinned}");
                DoctorCheck::new("identity", DoctorStatus::Failed, message)
                    .with_hint("check `access` and `identity` of the Cluster document")
            }
            None if pins && one.twin.is_none() => {
                DoctorCheck::ok("identity", format!("{uid}, pinned now"))
            }
            None => {
                let message = format!("{uid}, not pinned: nothing will be written");
                let status = match one.cluster.mode {
                    Mode::Manage => DoctorStatus::Failed,
                    Mode::ReadOnly => DoctorStatus::Warning,
                };
                DoctorCheck::new("identity", status, message)
                    .with_hint(format!("cofferdam doctor --pin --cluster {name}"))
            }
        });
    }
    if let Some(twin) = &one.twin {
        let message = format!("the same cluster as `{twin}`: both have one UID");
        checks.push(DoctorCheck::new("identity", DoctorStatus::Failed, message));
    }
    checks
}

fn credential(one: &Examined<'_>, connection: &Connection) -> Vec<DoctorCheck> {
    let mut checks = Vec::new();
    if let Some(identity) = one.observed.identity.known() {
        checks.push(DoctorCheck::ok("user", identity.user.clone()));
    }
    if let Some(at) = connection.credential_expires_at() {
        let left = clock::seconds_until(&at).unwrap_or_default();
        checks.push(if left < SOON_SECONDS {
            let message = format!("expires at {at}");
            DoctorCheck::new("credential", DoctorStatus::Warning, message).with_hint("renew it")
        } else {
            DoctorCheck::ok("credential", format!("valid until {at}"))
        });
    }
    checks
}

/// Reading is tried out by the observation; writing is asked about.
async fn rights(one: &Examined<'_>, names: &Names, connection: &Connection) -> Vec<DoctorCheck> {
    if one.cluster.mode == Mode::ReadOnly {
        let message = "not asked: its document says `mode: readOnly`";
        return vec![DoctorCheck::ok("rights to write", message)];
    }
    let profiles = profiles(one);
    if profiles.is_empty() {
        let message = "not asked: its document says `delivery: gitops`";
        return vec![DoctorCheck::ok("rights to write", message)];
    }
    let mut checks = Vec::new();
    for profile in profiles {
        let mut check = rights_of(connection, profile, names).await;
        if check.status == DoctorStatus::Failed {
            check.hint = Some(grant(one, profile));
        }
        checks.push(check);
    }
    checks
}

/// That nothing keeps others from undoing what is written here.
fn unguarded(one: &Examined<'_>) -> Option<DoctorCheck> {
    let written = one.cluster.mode == Mode::Manage
        && one
            .bundle
            .namespaces
            .values()
            .any(|wanted| wanted.enforcement > Enforcement::Observe);
    (written && one.cluster.guards.writers.is_empty()).then(|| {
        let told = "none: the document names no `guards.writers`, so whoever has edit rights can undo the segmentation";
        DoctorCheck::new("guard rails", DoctorStatus::Warning, told)
            .with_hint(format!("cofferdam doctor --pin --cluster {}", one.cluster.name))
    })
}

/// The purposes that a credential serves in a cluster, beside looking. What a GitOps controller applies takes
/// no rights of ours; nodes and guard rails are no matter of manifests.
fn profiles(one: &Examined<'_>) -> Vec<Profile> {
    if one.cluster.mode == Mode::ReadOnly {
        return Vec::new();
    }
    let is_pushed = one.cluster.delivery == Delivery::Push;
    let policies = is_pushed.then_some(Profile::Policies);
    let nodes = (!one.bundle.pools.is_empty()).then_some(Profile::Nodes);
    let guards = (!one.bundle.guards.is_empty()).then_some(Profile::Guards);
    policies.into_iter().chain(nodes).chain(guards).collect()
}

/// What the credential may do that none of its purposes needs.
async fn excess_rights(one: &Examined<'_>, names: &Names, connection: &Connection) -> DoctorCheck {
    let title = "excess rights";
    let served: Vec<Profile> = [Profile::Observe]
        .into_iter()
        .chain(profiles(one))
        .collect();
    let needed = needed(&served, names);
    let places = ["default", SYSTEM_NAMESPACE, PROBE_NAMESPACE];
    let mut granted = Vec::new();
    for answer in join_all(places.map(|place| connection.rules(place))).await {
        match answer {
            Ok((rules, None)) => granted.extend(rules),
            Ok((_, Some(why))) => {
                let told = format!("the server does not tell all rights: {why}");
                return DoctorCheck::new(title, DoctorStatus::Warning, told);
            }
            Err(error) => {
                return DoctorCheck::new(title, DoctorStatus::Unknown, error.reason());
            }
        }
    }
    let found = excess(&granted, &needed);
    if found.is_empty() {
        return DoctorCheck::ok(title, "none");
    }
    let profiles: Vec<&str> = served.into_iter().map(Profile::as_str).collect();
    let told = format!("beyond {}: {}", profiles.join(", "), summary(&found));
    DoctorCheck::new(title, DoctorStatus::Warning, told)
        .with_hint("who steals the credential has them too; `cofferdam rbac` prints what is needed")
}

/// Whether we have the rights that `apply` needs for a part of the bundle; it fails without them.
async fn rights_of(connection: &Connection, profile: Profile, names: &Names) -> DoctorCheck {
    let wanted = write_rights(profile, names);
    let answers = join_all(wanted.iter().map(|right| connection.may(right))).await;
    let mut missing = Vec::new();
    for (right, answer) in wanted.iter().zip(answers) {
        match answer {
            Ok(true) => {}
            Ok(false) => missing.push(right.to_string()),
            Err(error) => {
                let reason = error.reason();
                return DoctorCheck::new("rights to write", DoctorStatus::Unknown, reason);
            }
        }
    }
    let profile = profile.as_str();
    if missing.is_empty() {
        return DoctorCheck::ok("rights to write", format!("all of profile `{profile}`"));
    }
    let message = format!("profile `{profile}` lacks: {}", missing.join(", "));
    DoctorCheck::new("rights to write", DoctorStatus::Failed, message)
}

fn clock_skew(connection: &Connection) -> Option<DoctorCheck> {
    let ahead = connection.clock_skew_seconds()?;
    if ahead.abs() <= SKEW_SECONDS {
        return Some(DoctorCheck::ok("clock", "as ours, within 5 s"));
    }
    let side = if ahead > 0 { "ahead of" } else { "behind" };
    let message = format!("the server's is {} s {side} ours", ahead.abs());
    let check = DoctorCheck::new("clock", DoctorStatus::Warning, message);
    Some(check.with_hint("leases and the ages of verdicts compare the two: set the clocks"))
}

fn of_capabilities(known: &Capabilities) -> Vec<DoctorCheck> {
    let endpoints: Vec<String> = known
        .api_server
        .endpoints
        .iter()
        .map(|(ip, port)| format!("{ip}:{port}"))
        .collect();
    let mesh = known.mesh.as_ref().map_or_else(
        || "none detected".to_owned(),
        |mesh| format!("{} ({})", mesh.kind.as_str(), mesh.evidence),
    );
    let served = |served: bool| if served { "served" } else { "not served" };
    let admission = format!(
        "ValidatingAdmissionPolicy {}, MutatingAdmissionPolicy {}",
        served(known.admission.validating_policies),
        served(known.admission.mutating_policies)
    );
    let nodes = match known.node_addresses.len() {
        0 => "none tells an address of its own".to_owned(),
        number => counted(number, "internal address"),
    };
    vec![
        version(&known.version),
        cni(known),
        DoctorCheck::ok("dns", known.dns.evidence.clone()),
        DoctorCheck::ok("api server", endpoints.join(", ")),
        DoctorCheck::ok("callers", known.callers.evidence.clone()),
        DoctorCheck::ok("mesh", mesh),
        DoctorCheck::ok("admission", admission),
        DoctorCheck::ok("namespaces", known.namespaces.len().to_string()),
        DoctorCheck::ok("nodes", nodes),
    ]
}

fn version(version: &str) -> DoctorCheck {
    let mut parts = version.trim_start_matches('v').split('.');
    let major = parts.next();
    let digits = |text: &str| {
        text.trim_end_matches(|c: char| !c.is_ascii_digit())
            .parse()
            .ok()
    };
    let minor: Option<u32> = parts.next().and_then(digits);
    if major == Some("1") && minor.is_some_and(|minor| TESTED.contains(&minor)) {
        return DoctorCheck::ok("version", version);
    }
    let (first, last) = (TESTED.start(), TESTED.end());
    let message = format!("{version}; tested are 1.{first} to 1.{last}");
    DoctorCheck::new("version", DoctorStatus::Warning, message)
}

fn cni(known: &Capabilities) -> DoctorCheck {
    let cni = &known.cni;
    let enforces = cni.enforces.as_str();
    let message = format!("{}, enforces: {enforces} ({})", cni.name, cni.evidence);
    let status = match cni.enforces {
        Enforces::Yes => return DoctorCheck::ok("cni", message),
        Enforces::No => DoctorStatus::Warning,
        Enforces::Unknown => DoctorStatus::Unknown,
    };
    DoctorCheck::new("cni", status, message)
        .with_hint("policies are accepted here and have no effect until a plugin enforces them")
}
