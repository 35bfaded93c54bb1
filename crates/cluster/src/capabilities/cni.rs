//! Which network plugin runs, and whether it enforces NetworkPolicy.

use cofferdam_model::capabilities::{Cni, Enforces};

use super::Inputs;
use super::homes::{self, Home};
use crate::observe::wire::Workload;

const CILIUM_CONFIG: &str = "cilium-config";
const AWS_CONFIG: &str = "amazon-vpc-cni";
const AUTO_MODE: &str = "eks.amazonaws.com/compute-type";
const NODE_ARGS: &str = "k3s.io/node-args";

/// The plugins that run as a DaemonSet: how it is named, and part of its image's name. The engines
/// that enforce over another plugin's network come first.
const PLUGINS: &[(Plugin, &[&str], &str)] = &[
    (Plugin::Canal, &["canal", "rke2-canal"], "\0"),
    (Plugin::Cilium, &["cilium"], "cilium/cilium:"),
    (Plugin::Anetd, &["anetd"], "\0"),
    (Plugin::Calico, &["calico-node"], "calico/node:"),
    (Plugin::Antrea, &["antrea-agent"], "antrea/antrea-agent"),
    (Plugin::Ovn, &["ovnkube-node"], "\0"),
    (Plugin::KubeRouter, &["kube-router"], "/kube-router:"),
    (Plugin::AzureNpm, &["azure-npm"], "\0"),
    (Plugin::Weave, &["weave-net"], "\0"),
    (Plugin::Aws, &["aws-node"], "\0"),
    (
        Plugin::Flannel,
        &["kube-flannel-ds", "kube-flannel"],
        "flannel/flannel:",
    ),
    (Plugin::Kindnet, &["kindnet"], "/kindnetd:"),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plugin {
    Canal,
    Cilium,
    Anetd,
    Calico,
    Antrea,
    Ovn,
    KubeRouter,
    AzureNpm,
    Weave,
    Aws,
    Flannel,
    Kindnet,
}

impl Plugin {
    fn name(self) -> &'static str {
        match self {
            Self::Canal => "canal",
            Self::Cilium => "cilium",
            Self::Anetd => "gke-dataplane-v2",
            Self::Calico => "calico",
            Self::Antrea => "antrea",
            Self::Ovn => "ovn-kubernetes",
            Self::KubeRouter => "kube-router",
            Self::AzureNpm => "azure-npm",
            Self::Weave => "weave",
            Self::Aws => "aws-vpc-cni",
            Self::Flannel => "flannel",
            Self::Kindnet => "kindnet",
        }
    }

    fn home(self) -> Home {
        match self {
            Self::Cilium => homes::CILIUM,
            Self::Calico => homes::CALICO,
            Self::Ovn => homes::OVN,
            Self::Flannel => homes::FLANNEL,
            Self::Canal
            | Self::Anetd
            | Self::Antrea
            | Self::KubeRouter
            | Self::AzureNpm
            | Self::Weave
            | Self::Aws
            | Self::Kindnet => homes::SYSTEM,
        }
    }
}

/// The namespaces of the plugins' agents, and those that come with the plugin that was found.
pub(super) fn namespaces<'a>(inputs: &Inputs<'a>) -> impl Iterator<Item = &'a str> {
    let agents = inputs.daemon_sets();
    let agents = agents.filter(|set| plugin_of(set).is_some() || is_engine(set));
    let more = plugin(inputs).map_or(&[][..], |(plugin, _)| plugin.home().more);
    agents
        .map(|set| set.metadata.namespace.as_str())
        .chain(more.iter().copied())
}

pub(super) fn wanted_configs(inputs: &Inputs<'_>) -> Vec<(String, &'static str)> {
    match plugin(inputs) {
        Some((Plugin::Cilium, set)) => vec![(set.metadata.namespace.clone(), CILIUM_CONFIG)],
        Some((Plugin::Aws, set)) => vec![(set.metadata.namespace.clone(), AWS_CONFIG)],
        None if is_auto_mode(inputs) => vec![("kube-system".to_owned(), AWS_CONFIG)],
        Some(_) | None => Vec::new(),
    }
}

pub(super) fn of(inputs: &Inputs<'_>) -> Cni {
    let base = match plugin(inputs) {
        Some((plugin, set)) => {
            let (enforces, why) = match judge(inputs, plugin, set) {
                (Enforces::Yes, why) => match idle(inputs, set) {
                    Some(idle) => (Enforces::Unknown, format!("{idle}; else {why}")),
                    None => (Enforces::Yes, why),
                },
                other => other,
            };
            let place = format!("{}/{}", set.metadata.namespace, set.metadata.name);
            cni(plugin.name(), enforces, format!("DaemonSet {place}: {why}"))
        }
        None if is_k3s(inputs) => k3s(inputs),
        None if is_auto_mode(inputs) => {
            let (enforces, why) = controller(inputs);
            cni("eks-auto-mode", enforces, why)
        }
        None => cni(
            "unknown",
            Enforces::Unknown,
            "no DaemonSet of a known network plugin".to_owned(),
        ),
    };
    let Some(engine) = inputs.daemon_sets().find(|set| is_engine(set)) else {
        return base;
    };
    if base.enforces == Enforces::Yes {
        return base;
    }
    let place = format!("{}/{}", engine.metadata.namespace, engine.metadata.name);
    let name = if base.name == "unknown" {
        "kube-network-policies"
    } else {
        &base.name
    };
    let (enforces, does) = match idle(inputs, engine) {
        Some(idle) => (Enforces::Unknown, format!("would enforce: {idle}")),
        None => (Enforces::Yes, "enforces".to_owned()),
    };
    let evidence = format!("DaemonSet {place} {does}; {}", base.evidence);
    cni(name, enforces, evidence)
}

/// Why a DaemonSet does nothing, whatever its template says: none of its pods is ready.
fn idle(inputs: &Inputs<'_>, set: &Workload) -> Option<String> {
    let status = &set.status;
    match (status.desired_number_scheduled, status.number_ready) {
        (_, 1..) => None,
        (0, 0) if inputs.nodes.is_empty() => None,
        (0, 0) => Some("its status says that it runs on no node".to_owned()),
        (desired, _) => Some(format!("0 of {desired} pods are ready")),
    }
}

fn cni(name: &str, enforces: Enforces, evidence: String) -> Cni {
    Cni {
        name: name.to_owned(),
        enforces,
        evidence,
    }
}

fn plugin<'a>(inputs: &Inputs<'a>) -> Option<(Plugin, &'a Workload)> {
    let rank = |plugin: Plugin| PLUGINS.iter().position(|(other, _, _)| *other == plugin);
    let found = inputs
        .daemon_sets()
        .filter_map(|set| Some((plugin_of(set)?, set)));
    found.min_by_key(|(plugin, _)| rank(*plugin))
}

fn plugin_of(set: &Workload) -> Option<Plugin> {
    let name = set.metadata.name.as_str();
    let by_name = PLUGINS.iter().find(|(_, names, _)| names.contains(&name));
    let by_image = || {
        let mut all = PLUGINS.iter();
        all.find(|(_, _, image)| containers(set).any(|(_, own)| own.contains(image)))
    };
    let found = by_name.or_else(by_image).map(|(plugin, _, _)| *plugin);
    found.filter(|plugin| plugin.home().has(set))
}

fn is_engine(set: &Workload) -> bool {
    let engine = "kube-network-policies";
    let is = set.metadata.name == engine
        || containers(set).any(|(name, image)| name == engine || image.contains(engine));
    is && homes::ENGINE.has(set)
}

fn containers(set: &Workload) -> impl Iterator<Item = (&str, &str)> {
    let all = set.template().containers.iter();
    all.map(|container| (container.name.as_str(), container.image.as_str()))
}

/// The value of a command line option, written with one dash or two; `true` where it has none.
pub(super) fn flag(set: &Workload, option: &str) -> Option<String> {
    let all = set.template().containers.iter();
    let words: Vec<&String> = all.flat_map(|c| c.command.iter().chain(&c.args)).collect();
    let mut words = words.into_iter().peekable();
    while let Some(word) = words.next() {
        let Some(rest) = word.trim_start_matches('-').strip_prefix(option) else {
            continue;
        };
        if !word.starts_with('-') {
            continue;
        }
        if let Some(value) = rest.strip_prefix('=') {
            return Some(value.to_owned());
        }
        if rest.is_empty() {
            let next = words.peek().filter(|next| !next.starts_with('-'));
            return Some(next.map_or_else(|| "true".to_owned(), |next| (*next).clone()));
        }
    }
    None
}

fn judge(inputs: &Inputs<'_>, plugin: Plugin, set: &Workload) -> (Enforces, String) {
    let yes = |why: &str| (Enforces::Yes, why.to_owned());
    match plugin {
        Plugin::Canal
        | Plugin::Anetd
        | Plugin::Calico
        | Plugin::Antrea
        | Plugin::Ovn
        | Plugin::AzureNpm => yes("it always enforces"),
        Plugin::Cilium => cilium(inputs),
        Plugin::KubeRouter => match flag(set, "run-firewall").as_deref() {
            None | Some("true") => yes("--run-firewall is on"),
            Some(_) => (Enforces::No, "--run-firewall is off".to_owned()),
        },
        Plugin::Weave => {
            if containers(set).any(|(name, _)| name == "weave-npc") {
                yes("container weave-npc")
            } else {
                (Enforces::No, "there is no container weave-npc".to_owned())
            }
        }
        Plugin::Aws => match flag(set, "enable-network-policy").as_deref() {
            Some("true") => controller(inputs),
            _ => (
                Enforces::No,
                "its agent runs without --enable-network-policy=true".to_owned(),
            ),
        },
        Plugin::Flannel => {
            if is_engine(set) {
                yes("container kube-network-policies")
            } else {
                (Enforces::No, "flannel alone does not enforce".to_owned())
            }
        }
        Plugin::Kindnet => kindnet(set),
    }
}

fn cilium(inputs: &Inputs<'_>) -> (Enforces, String) {
    let config = match inputs.configs.get(CILIUM_CONFIG) {
        Some(Ok(Some(config))) => config,
        Some(Err(why)) => return (Enforces::Unknown, why.clone()),
        Some(Ok(None)) | None => {
            let why = "there is no ConfigMap cilium-config";
            return (Enforces::Unknown, why.to_owned());
        }
    };
    for (key, off) in [
        ("enable-policy", "never"),
        ("policy-audit-mode", "true"),
        ("enable-k8s-networkpolicy", "false"),
    ] {
        if config.get(key).is_some_and(|value| value == off) {
            return (Enforces::No, format!("cilium-config says {key}: {off}"));
        }
    }
    (
        Enforces::Yes,
        "cilium-config does not turn policies off".to_owned(),
    )
}

/// Whether the controller half of the Amazon plugin is on.
fn controller(inputs: &Inputs<'_>) -> (Enforces, String) {
    let key = "enable-network-policy-controller";
    match inputs.configs.get(AWS_CONFIG) {
        Some(Ok(Some(config))) => match config.get(key).map(String::as_str) {
            Some("true") => (Enforces::Yes, format!("{AWS_CONFIG} says {key}: true")),
            _ => (
                Enforces::No,
                format!("{AWS_CONFIG} does not say {key}: true"),
            ),
        },
        Some(Err(why)) => (Enforces::Unknown, why.clone()),
        Some(Ok(None)) | None => (
            Enforces::Unknown,
            format!("there is no ConfigMap {AWS_CONFIG}"),
        ),
    }
}

/// kindnet enforces since late 2024; its tag is `vYYYYMMDD-commit`.
fn kindnet(set: &Workload) -> (Enforces, String) {
    let tags = containers(set).filter_map(|(_, image)| image.rsplit_once(':').map(|(_, t)| t));
    let dates = tags.filter_map(|tag| tag.strip_prefix('v')?.get(..8)?.parse::<u32>().ok());
    match dates.max() {
        Some(date) if date >= 20_241_212 => (Enforces::Yes, format!("its version is of {date}")),
        Some(date) => (
            Enforces::Unknown,
            format!("its version of {date} may be too old"),
        ),
        None => (
            Enforces::Unknown,
            "its version cannot be told from its image".to_owned(),
        ),
    }
}

fn is_k3s(inputs: &Inputs<'_>) -> bool {
    let mut nodes = inputs.nodes.iter();
    nodes.any(|node| node.status.node_info.kubelet_version.contains("+k3s"))
}

fn k3s(inputs: &Inputs<'_>) -> Cni {
    let nodes = inputs.nodes.iter();
    let args: Vec<Vec<String>> = nodes
        .filter_map(|node| node.metadata.annotations.get(NODE_ARGS))
        .filter_map(|text| serde_json::from_str(text).ok())
        .collect();
    let name = "k3s";
    if args.is_empty() {
        let why = format!("no node has the annotation {NODE_ARGS}");
        return cni(name, Enforces::Unknown, why);
    }
    let given = |option: &str, value: &str| {
        let joined = format!("{option}={value}");
        let mut lists = args.iter();
        lists.any(|words| {
            let next = words.iter().skip(1).map(Some).chain([None]);
            words.iter().zip(next).any(|(word, next)| {
                *word == joined
                    || (word == option
                        && next.map_or(value == "true", |next| {
                            next == value || (value == "true" && next.starts_with('-'))
                        }))
            })
        })
    };
    if given("--disable-network-policy", "true") {
        let why = format!("{NODE_ARGS} has --disable-network-policy");
        return cni(name, Enforces::No, why);
    }
    if given("--flannel-backend", "none") {
        let why = format!("{NODE_ARGS} has --flannel-backend=none, and no other plugin is known");
        return cni("unknown", Enforces::Unknown, why);
    }
    let why = format!("{NODE_ARGS} does not turn its policy controller off");
    cni(name, Enforces::Yes, why)
}

fn is_auto_mode(inputs: &Inputs<'_>) -> bool {
    let mut nodes = inputs.nodes.iter();
    nodes.any(|node| {
        let kind = node.metadata.labels.get(AUTO_MODE);
        kind.is_some_and(|kind| kind == "auto")
    })
}
