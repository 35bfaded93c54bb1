//! What was typed.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use cofferdam_model::names::PoolName;

use crate::durations;

mod arrival;
mod budget;
mod connectivity;
mod controller;
mod departure;
mod history;
mod selection;

pub(crate) use arrival::{ImportArguments, InitArguments};
pub(crate) use budget::BudgetArguments;
pub(crate) use connectivity::{
    BlastArguments, DiffArguments, ExplainArguments, LintArguments, Live, Objects, ProveArguments,
    ReachArguments, Reading,
};
pub(crate) use controller::{ControllerArguments, Printed};
pub(crate) use departure::{AdoptArguments, DetachArguments};
pub(crate) use history::{
    Acknowledging, HistoryArguments, HistoryCommand, RolloutArguments, Said, Server,
};
pub(crate) use selection::Selection;

/// One zone model, pushed to many clusters and kept there.
///
/// Reads `fleet/` and `policies/` below a directory, compiles a bundle of namespaces, node pools and
/// NetworkPolicies for every cluster, writes it through one kubeconfig each, and finds what drifts.
#[derive(Debug, Parser)]
#[command(name = "cofferdam", version, arg_required_else_help = true, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The directory that holds `fleet/` and `policies/`
    #[arg(
        short = 'C',
        long = "directory",
        global = true,
        help_heading = GLOBAL,
        default_value = ".",
        value_name = "DIR"
    )]
    pub(crate) directory: PathBuf,
    /// Text for people or JSON for programs; `check` and `lint` also write SARIF, `reach` also csv, dot and svg
    #[arg(
        short,
        long,
        global = true,
        help_heading = GLOBAL,
        default_value = "text",
        value_name = "FORMAT"
    )]
    pub(crate) output: Format,
    /// Log to standard error: retries and phases; twice, every request
    #[arg(short, long, global = true, help_heading = GLOBAL, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// What to do
    #[command(subcommand)]
    pub(crate) command: Command,
}

const GLOBAL: &str = "Everywhere";
const HOW: &str = "How";

const EXAMPLES: &str = "Examples:
  cofferdam init --kubeconfig ~/.kube/config   write a start
  cofferdam import --cluster prod              draft zones and flows from what lives there
  cofferdam doctor --pin --write               look at the clusters, pin and store what they are
  cofferdam check                              validate the documents
  cofferdam plan                               what would be written where, and why
  cofferdam apply                              write it, in waves
  cofferdam drift                              what is not as written

Exit codes: 0 fine, 1 failure or refusal, 2 difference found, 3 something is unknown.";

/// A format of output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// For programs
    Json,
    /// For code scanning (`check` and `lint` only)
    Sarif,
    /// Comma-separated values (`reach` only)
    Csv,
    /// A graph for Graphviz (`reach` only)
    Dot,
    /// A picture (`reach` only)
    Svg,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write a start, or what it lacks: a Cluster document per kubeconfig context, and a minimal model
    Init(InitArguments),
    /// Draft zones, flows and node pools from what lives in a cluster; overwrites nothing
    ///
    /// A way in for clusters that run. Reads one cluster whose document exists, and writes drafts to
    /// `policies/NAME-zones.yaml`, `policies/NAME-flows.yaml` and `fleet/NAME-node-pools.yaml`; beside them what
    /// is missing of zone model, trust domain and stored capabilities. It needs only rights to read, and
    /// everything is drafted as `observe`, so that nothing is written to the cluster.
    ///
    /// Namespaces become zones by their label `cofferdam.io/zone`; else by the label that groups best among
    /// `app.kubernetes.io/part-of`, `team`, `owner`, `department`, `environment` and `env`: the one on most
    /// namespaces, on half of them at least, and with fewer values than namespaces; else, and without the label,
    /// each is a zone. System namespaces and those of the model are left out.
    ///
    /// NetworkPolicies become flows where both ends let a connection through. Whatever is not drafted, or not
    /// exactly, is listed, and stands as a comment at the end of the drafts. Ends with 0 when everything was
    /// read, with 3 when something was not.
    Import(ImportArguments),
    /// Parse and validate the documents; talks to no cluster
    Check,
    /// Write each cluster's bundle as YAML, for review or GitOps, or print it as JSON
    Compile(CompileArguments),
    /// Show what would be written where, and why
    Plan(PlanArguments),
    /// Write the bundles, in waves
    Apply(ApplyArguments),
    /// Find what is not as written, in each cluster and between clusters
    Drift(DriftArguments),
    /// One line per cluster: reached, verdict, findings, network plugin, credential
    ///
    /// LOOKED is how long ago the cluster was looked at, SEQUENCE the number of the last apply there.
    /// Differences between clusters are counted below; `drift` names them.
    Status(DriftArguments),
    /// Look at the clusters: rights, versions, network plugin, identity
    Doctor(DoctorArguments),
    /// Guard rails: how far they are taken in each cluster, and their removal
    Guards(GuardsArguments),
    /// Take over what others hold and the bundle asks for, after showing the difference
    ///
    /// Writes the record only: the next `plan` shows what `apply` changes in what was taken over.
    Adopt(AdoptArguments),
    /// Let go of a cluster, or of the namespaces of a zone that left the model
    ///
    /// With `--remove`, every object and key of the record goes, in an order in which nothing is denied that was
    /// allowed; what somebody changed since is theirs, stays, and is named. Then record, lease and our namespaces
    /// go, as far as they hold nothing else. Namespaces that were created stay.
    Detach(DetachArguments),
    /// Who reaches whom, by workload: what all policies of some objects allow together
    ///
    /// Reads `NetworkPolicy` and the policies of administrators (`AdminNetworkPolicy`, `BaselineAdminNetworkPolicy` and
    /// `ClusterNetworkPolicy`), and pods or whatever makes them. Ends with 3 where something was not read or not understood: what is missing from the answer
    /// is then not known to be impossible.
    Reach(ReachArguments),
    /// What a compromised workload reaches, directly and through what it compromises in turn
    ///
    /// A workload counts as compromised as soon as one of its pods may be reached on any port. Addresses and nodes end a way.
    /// Of live clusters, connections are followed into others where their documents say that pod addresses are routed
    /// (`podAddressesRouted`) or what is exposed (`exposedCidrs`). Ends with 3 where something was not read or understood, or a
    /// way leads into a cluster that was not looked at: what is missing is then not known to be out of reach.
    Blast(BlastArguments),
    /// Prove every guarantee: of what the documents ask for, and of what every cluster really holds
    ///
    /// What is proved holds of every pod that is there, and of every pod that could be made in the namespaces that are. What
    /// is broken is shown by a witness: the connections that should not be possible. Ways lead into other clusters too, as far as
    /// these are looked at: of one that is left out by `--cluster`, what it could change is unknown. Ends with 2 when a guarantee is
    /// broken and not waived, with 3 when something is unknown.
    Prove(ProveArguments),
    /// Why a connection is allowed or denied: the rules that decide it on each side, and what would change it
    Explain(ExplainArguments),
    /// Connections opened and closed between two sets of manifests or live clusters, not lines of YAML
    ///
    /// Ends with 2 when they differ, with 3 when they do not and something was not read or not understood.
    Diff(DiffArguments),
    /// Find faults that policies often have
    ///
    /// Reads policies as `reach` does, and tells what can hardly be meant as it is, with its place. Most lints need the
    /// pods, namespaces or Services that they are about among the objects. Ends with 2 when there is an error or a
    /// warning, with 3 when there is none and something was not read or not understood. Waivers below the directory of
    /// `-C` turn what they cover into notices.
    Lint(LintArguments),
    /// Watch every cluster, and tell what begins and ends to differ from the documents
    ///
    /// Runs until it is told to end. Follows every cluster and the documents: documents with errors are told of, and
    /// those before stay in force; kubeconfigs may be replaced. Each finding is told as one JSON line on standard error when
    /// it begins, changes and ends; none ends while something is unknown. All of it is kept, people are told, and what the
    /// documents say is put back where `healing` asks for that.
    Controller(ControllerArguments),
    /// What a controller saw and did: episodes of drift, passes, and when clusters were watched
    History(HistoryArguments),
    /// How new documents reach the fleet; pause, resume, abort, approve or roll back
    Rollout(RolloutArguments),
    /// Print the least rights for a purpose, as manifests
    Rbac(RbacArguments),
    /// Print the JSON Schema of a kind of document
    Schema(SchemaArguments),
    /// Print shell completion
    Completions(CompletionsArguments),
}

/// Arguments of `compile`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cofferdam compile --out bundles && git diff bundles\n  cofferdam compile -o json | jq '.clusters[0].objects' | kubectl diff -f -"
)]
pub(crate) struct CompileArguments {
    /// Where to write, one directory per cluster; with `-o json` not needed
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

/// Arguments of `plan`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cofferdam plan --trust-domain staging\n  cofferdam plan --cluster prod-eu --only policies\n  cofferdam plan -o json | jq '.clusters[].steps[].object'"
)]
pub(crate) struct PlanArguments {
    #[command(flatten)]
    pub(crate) selection: Selection,
    #[command(flatten)]
    pub(crate) budget: BudgetArguments,
}

/// Arguments of `apply`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cofferdam apply --cluster staging-eu\n  cofferdam apply --yes --soak                 in a pipeline, with the waits between waves\n  cofferdam apply --cluster prod-eu --only nodes --kubeconfig admin.yaml\n  cofferdam apply --rollback                   back to an older revision of the documents"
)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag that stands alone"
)]
pub(crate) struct ApplyArguments {
    #[command(flatten)]
    pub(crate) selection: Selection,
    #[command(flatten)]
    pub(crate) budget: BudgetArguments,
    /// Do not ask
    #[arg(long, short, help_heading = HOW)]
    pub(crate) yes: bool,
    /// Show the plan and stop
    #[arg(long, help_heading = HOW)]
    pub(crate) dry_run: bool,
    /// Wait this long for policies to take effect before open policies go
    #[arg(long, default_value = "10s", value_parser = durations::settling, allow_hyphen_values = true, help_heading = HOW, value_name = "DURATION")]
    pub(crate) settle: Duration,
    /// Keep the waits that the trust domains ask for between waves
    #[arg(long, help_heading = HOW)]
    pub(crate) soak: bool,
    /// Every cluster at once, not in waves
    #[arg(long, help_heading = HOW)]
    pub(crate) all_at_once: bool,
    /// Write although a controller manages the cluster, and have it pause this long
    #[arg(long, value_parser = durations::pause, allow_hyphen_values = true, help_heading = HOW, value_name = "DURATION")]
    pub(crate) take_over: Option<Duration>,
}

/// Arguments of `drift` and `status`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cofferdam drift --cluster prod-eu\n  cofferdam status -o json | jq '.clusters[] | {name, verdict}'"
)]
pub(crate) struct DriftArguments {
    #[command(flatten)]
    pub(crate) selection: Selection,
    #[command(flatten)]
    pub(crate) server: Server,
}

/// Arguments of `doctor`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cofferdam doctor                  look, write nothing\n  cofferdam doctor --pin --write    pin identities, store capabilities; commit the result"
)]
pub(crate) struct DoctorArguments {
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Write each cluster's identity into its document
    #[arg(long, help_heading = HOW)]
    pub(crate) pin: bool,
    /// Store what was found in `fleet/capabilities/`
    #[arg(long, help_heading = HOW)]
    pub(crate) write: bool,
}

/// Arguments of `guards`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cofferdam guards                                    what is in force, and why not the rest
  cofferdam guards --remove --cluster prod-eu --kubeconfig admin.yaml    for who is locked out
  cofferdam apply --only guards --cluster prod-eu --kubeconfig admin.yaml    put them in")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag that stands alone"
)]
pub(crate) struct GuardsArguments {
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Show what is in force; the same as without any flag
    #[arg(long, help_heading = HOW, conflicts_with = "remove")]
    pub(crate) status: bool,
    /// Remove them: bindings first, then policies
    #[arg(long, help_heading = HOW)]
    pub(crate) remove: bool,
    /// Do not ask
    #[arg(long, short, help_heading = HOW, requires = "remove")]
    pub(crate) yes: bool,
    /// Show what would be removed and stop
    #[arg(long, help_heading = HOW, requires = "remove")]
    pub(crate) dry_run: bool,
}

/// A purpose of a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Profile {
    /// Read what plan, drift and status need
    Observe,
    /// Write namespaces and NetworkPolicies
    Policies,
    /// Write labels and taints of nodes
    Nodes,
    /// Write guard rails, and try them out
    Guards,
    /// Take everything back, and delete what is kept for it
    Detach,
}

/// Arguments of `rbac`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cofferdam rbac --profile observe --cluster staging-eu | kubectl apply -f -
  cofferdam rbac --profile observe --watch --subject serviceaccount:cofferdam-system/controller
  cofferdam rbac --profile policies --subject serviceaccount:ci/cofferdam | kubectl apply -f -")]
pub(crate) struct RbacArguments {
    /// What the credential is for
    #[arg(long, value_name = "PROFILE")]
    pub(crate) profile: Profile,
    /// Who gets the rights: `user:NAME`, `group:NAME` or `serviceaccount:NAMESPACE/NAME`; may be repeated,
    /// as all of them share one binding; no cluster is asked then, so that it goes without `--cluster`,
    /// `--trust-domain` and `--kubeconfig` [default: who the clusters say that their credential is]
    #[arg(long, value_name = "SUBJECT", conflicts_with_all = ["cluster", "trust_domain", "kubeconfig"])]
    pub(crate) subject: Vec<String>,
    /// Rights also to watch what is read, as `controller` does
    #[arg(long)]
    pub(crate) watch: bool,
    /// Rights also to be elected the active one of several controllers, where this cluster elects it
    #[arg(long, requires = "watch")]
    pub(crate) standby: bool,
    /// Rights also on the guard rails of a pool that has left the documents, or had this name before, so that they can be
    /// taken away; may be repeated
    #[arg(long, value_name = "NAME", value_parser = PoolName::parse)]
    pub(crate) former_pool: Vec<PoolName>,
    /// Whose credentials are asked about.
    #[command(flatten)]
    pub(crate) selection: Selection,
}

/// Arguments of `schema`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  cofferdam schema Zone > zone.schema.json")]
pub(crate) struct SchemaArguments {
    /// The kind, such as `Zone`; without it the kinds are listed
    pub(crate) kind: Option<String>,
}

/// Arguments of `completions`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  cofferdam completions bash > /etc/bash_completion.d/cofferdam")]
pub(crate) struct CompletionsArguments {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}
