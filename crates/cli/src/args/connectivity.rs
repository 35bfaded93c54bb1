//! Arguments of the commands about what can reach what.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::PossibleValuesParser;
use cofferdam_model::dialect::DIALECTS;

use super::{HOW, Selection};
use crate::durations;

/// Which objects.
#[derive(Debug, Args)]
pub(crate) struct Objects {
    /// Files or directories of manifests, `-` for standard input
    ///
    /// Directories are read below, hidden files aside: `.yaml`, `.yml` and `.json`.
    #[arg(
        value_name = "PATH",
        required_unless_present = "cluster",
        conflicts_with = "cluster"
    )]
    pub(crate) paths: Vec<PathBuf>,
    /// A live cluster instead, by the name of its document
    #[arg(long, value_name = "NAME")]
    pub(crate) cluster: Option<String>,
    #[command(flatten)]
    pub(crate) reading: Reading,
    #[command(flatten)]
    pub(crate) live: Live,
}

/// How a live cluster is reached.
#[derive(Debug, Args)]
pub(crate) struct Live {
    /// Give up on a cluster when nothing came from it for this long, 1s to 1h
    #[arg(long, help_heading = HOW, default_value = "60s", value_parser = durations::patience, allow_hyphen_values = true, value_name = "DURATION")]
    pub(crate) timeout: Duration,
    /// Use this kubeconfig instead of the document's
    #[arg(long, help_heading = HOW, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
}

impl Live {
    /// One cluster, and how it is reached.
    pub(crate) fn selection(&self, cluster: &str) -> Selection {
        Selection::of_one(cluster, self.timeout, self.kubeconfig.as_deref())
    }
}

/// How policies are read.
#[derive(Debug, Args)]
pub(crate) struct Reading {
    /// The network plugin whose reading counts where the Kubernetes API leaves something open
    ///
    /// Without it, what any known plugin allows is told, with what others deny of it.
    #[arg(long, help_heading = HOW, value_name = "NAME", value_parser = PossibleValuesParser::new(DIALECTS.map(|dialect| dialect.name)))]
    pub(crate) dialect: Option<String>,
}

/// Arguments of `reach`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cofferdam reach manifests/\n  kubectl get ns,node,pod,svc,deploy,rs,netpol -A -o json | cofferdam reach -\n  cofferdam reach manifests/ --from shop --to shop/db -o csv\n  cofferdam reach manifests/ -o svg > reach.svg\n  cofferdam reach --cluster prod-eu --from shop\n  cofferdam reach --cluster prod-eu --exposure\n  cofferdam reach --cluster prod-eu --zones\n  cofferdam reach manifests/ bundles/prod-eu --zones --for prod-eu"
)]
pub(crate) struct ReachArguments {
    #[command(flatten)]
    pub(crate) objects: Objects,
    /// Only from these: `namespace`, `namespace/workload`, an address, or what has an address in a CIDR; may be repeated
    #[arg(long, help_heading = HOW, value_name = "END")]
    pub(crate) from: Vec<String>,
    /// Only to these
    #[arg(long, help_heading = HOW, value_name = "END")]
    pub(crate) to: Vec<String>,
    /// Tell how far each workload is open instead: from and to the internet, and from and to the whole cluster
    ///
    /// The internet comes in through Services, Ingresses and Gateways; the cluster is every pod, also one that does not exist
    /// yet. `--to` picks workloads. As text, JSON or CSV.
    #[arg(long, conflicts_with = "from")]
    pub(crate) exposure: bool,
    /// Tell what is possible between the zones of a cluster instead, beside what the model declares there
    ///
    /// Declared is what the bundle would allow if every zone were enforced. Pods that do not exist yet count. Manifests are taken
    /// for all that a cluster holds, as what it is was stored. As text or JSON.
    #[arg(long, conflicts_with_all = ["from", "to", "exposure", "dialect"])]
    pub(crate) zones: bool,
    /// The cluster for which manifests are meant, by the name of its document; nobody talks to it [default: the only one]
    #[arg(
        long = "for",
        value_name = "CLUSTER",
        requires = "zones", conflicts_with_all = ["cluster", "from", "to", "exposure"]
    )]
    pub(crate) of_cluster: Option<String>,
}

/// Arguments of `blast`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cofferdam blast                                  the workloads of every cluster that reach most\n  cofferdam blast --from zone/web --cluster prod-eu\n  cofferdam blast --from pod/shop/web-0\n  cofferdam blast manifests/ --from namespace/shop -o json"
)]
pub(crate) struct BlastArguments {
    /// Files or directories of manifests instead of live clusters, `-` for standard input
    ///
    /// The zone of a namespace is then that of its label `cofferdam.io/zone`.
    #[arg(value_name = "PATH", conflicts_with_all = ["cluster", "trust_domain", "kubeconfig"])]
    pub(crate) paths: Vec<PathBuf>,
    /// What is compromised: `zone/NAME`, `namespace/NAME` or `pod/NAMESPACE/NAME`, by the name of the pod or of its workload
    /// [default: each workload alone; those that reach most are told]
    #[arg(long, help_heading = HOW, value_name = "END")]
    pub(crate) from: Option<String>,
    /// Tell this many workloads of each cluster that reach most
    #[arg(long, help_heading = HOW, value_name = "N", default_value = "20", conflicts_with = "from")]
    pub(crate) top: NonZeroUsize,
    #[command(flatten)]
    pub(crate) reading: Reading,
    #[command(flatten)]
    pub(crate) selection: Selection,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cofferdam explain manifests/ --from shop/web --to shop/db --port 5432\n  cofferdam explain manifests/ --from shop/web --to 203.0.113.7 --port 53/UDP\n  cofferdam explain manifests/ --from shop/web --to shop/db-service --port sql\n  cofferdam explain --cluster prod-eu --from shop/web --to shop/db --port 5432"
)]
pub(crate) struct ExplainArguments {
    #[command(flatten)]
    pub(crate) objects: Objects,
    /// Who opens the connection: `namespace/pod`, `namespace/workload` or an address
    #[arg(long, value_name = "END")]
    pub(crate) from: String,
    /// Who accepts it: `namespace/pod`, `namespace/workload`, `namespace/service` or an address, which may be that of a Service,
    /// or of a node of which the port leads to pods
    #[arg(long, value_name = "END")]
    pub(crate) to: String,
    /// On which port: a number or, of a pod or Service, a name; TCP where no protocol is given
    #[arg(long, value_name = "PORT[/PROTOCOL]")]
    pub(crate) port: String,
}

/// Arguments of `lint`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cofferdam lint manifests/\n  kubectl get ns,node,pod,svc,deploy,rs,netpol -A -o json | cofferdam lint - --dialect cilium\n  cofferdam lint manifests/ -o sarif > lint.sarif\n  cofferdam lint --cluster prod-eu"
)]
pub(crate) struct LintArguments {
    #[command(flatten)]
    pub(crate) objects: Objects,
    /// Print the lints, each with what it finds, and nothing else
    #[arg(long, help_heading = HOW, exclusive = true)]
    pub(crate) list: bool,
}

/// Arguments of `diff`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cofferdam diff before/ after/\n  cofferdam diff git:main:manifests manifests\n  cofferdam diff git:v1.2:manifests git:v1.3:manifests\n  kubectl get ns,pod,netpol -A -o json | cofferdam diff - manifests/ -o json\n  cofferdam diff cluster:prod-eu cluster:prod-us"
)]
pub(crate) struct DiffArguments {
    /// A file or directory of manifests as it was, `-` for standard input, `git:REVISION:PATH` for what Git has, or
    /// `cluster:NAME` for a live cluster
    #[arg(value_name = "BEFORE")]
    pub(crate) before: String,
    /// The same as it is to be
    #[arg(value_name = "AFTER")]
    pub(crate) after: String,
    #[command(flatten)]
    pub(crate) reading: Reading,
    #[command(flatten)]
    pub(crate) live: Live,
}

/// Arguments of `prove`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cofferdam prove --model              what the documents ask for; talks to no cluster\n  cofferdam prove --cluster prod-eu\n  cofferdam prove -o json | jq '.clusters[].proofs[] | select(.verdict != \"proved\")'"
)]
pub(crate) struct ProveArguments {
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Only of what the documents ask for, with stored capabilities; talk to no cluster
    #[arg(long, help_heading = HOW)]
    pub(crate) model: bool,
}
