//! One cluster, its documents, and everything that the contenders need to push the same objects.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, ensure};
use cofferdam_integration::assets::{self, Tool, Version};
use cofferdam_integration::cluster::ADMIN;
use cofferdam_integration::cofferdam::Project;
use cofferdam_integration::{
    Cluster, ClusterOptions, Proxy, SeedOptions, User, kubeconfig, seed_standard,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::contender::{Contender, IN_FLIGHT};
use super::documents::{self, NAMESPACES, POLICIES, namespace};
use super::measure::Measured;
use super::state::{State, as_stored, manifests};
use crate::say;

/// The round trip that the proxy adds.
pub(super) const ROUND_TRIP: Duration = Duration::from_millis(10);

/// What runs.
#[derive(Debug, Clone)]
pub(super) struct Programs {
    /// Ours, built for release.
    pub(super) cofferdam: PathBuf,
    /// This program, built for release: the floor.
    pub(super) xtask: PathBuf,
    /// From the same Go module as the API server.
    pub(super) kubectl: PathBuf,
}

impl Programs {
    /// The built programs.
    pub(super) fn new(cofferdam: PathBuf, xtask: PathBuf) -> Result<Self> {
        let kubectl = assets::binary(Version::V1_36, Tool::Kubectl)?;
        Ok(Self {
            cofferdam,
            xtask,
            kubectl,
        })
    }
}

/// How the API server is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    /// Directly.
    Loopback,
    /// Through the proxy.
    Distant,
}

impl Route {
    /// Both.
    pub(super) const ALL: [Self; 2] = [Self::Loopback, Self::Distant];

    fn as_str(self) -> &'static str {
        match self {
            Self::Loopback => "loopback",
            Self::Distant => "distant",
        }
    }
}

/// A cluster without policies, ready to be pushed to.
#[derive(Debug)]
pub(super) struct Rig {
    /// The cluster.
    pub(super) cluster: Cluster,
    /// The documents.
    pub(super) project: Project,
    /// What runs.
    pub(super) programs: Programs,
    /// What every contender has to reach.
    pub(super) wanted: State,
    directory: TempDir,
    addresses: [String; 2],
    _proxy: Proxy,
}

impl Rig {
    /// Starts the cluster, labels its namespaces and writes the files of every contender.
    pub(super) fn start(programs: &Programs) -> Result<Self> {
        say("bench: starting a cluster")?;
        let cluster = Cluster::start(options("bench")?)?;
        prepare(&cluster)?;
        let project = project(&[&cluster])?;
        let programs = programs.clone();
        let directory = tempfile::tempdir()?;
        let proxy = Proxy::start(cluster.port(), ROUND_TRIP)?;
        let (near, far) = (cluster.url(), proxy.url());
        let host = |url: &str| url.trim_start_matches("https://").to_owned();
        let addresses = [host(&near), host(&far)];
        for contender in Contender::ALL {
            for (route, url) in [(Route::Loopback, &near), (Route::Distant, &far)] {
                let mut access = cluster.access(contender.user())?;
                access.server.clone_from(url);
                let path = kubeconfig_path(directory.path(), contender, route);
                kubeconfig::write(&path, &[access])?;
            }
        }
        let mut rig = Self {
            cluster,
            project,
            programs,
            wanted: State::default(),
            directory,
            addresses,
            _proxy: proxy,
        };
        rig.write_inputs()?;
        // The first pass labels the namespaces; the measured ones write policies only.
        Contender::Ours.push(&rig, Route::Loopback)?;
        State::of_cluster(&rig.cluster)?.expect(&rig.wanted)?;
        reset(&rig.cluster)?;
        Ok(rig)
    }

    /// Where the contenders' files are.
    pub(super) fn home(&self) -> &Path {
        self.directory.path()
    }

    /// The path of one of these files.
    pub(super) fn file(&self, name: &str) -> String {
        self.home().join(name).display().to_string()
    }

    /// Host and port of the API server.
    pub(super) fn address(&self, route: Route) -> &str {
        let [near, far] = &self.addresses;
        match route {
            Route::Loopback => near,
            Route::Distant => far,
        }
    }

    /// The kubeconfig of a contender.
    pub(super) fn kubeconfig(&self, contender: Contender, route: Route) -> String {
        kubeconfig_path(self.home(), contender, route)
            .display()
            .to_string()
    }

    /// Compiles the bundle, for kubectl as manifests and for the floor as patches.
    fn write_inputs(&mut self) -> Result<()> {
        let compiled = self.home().join("compiled");
        Measured {
            program: &self.programs.cofferdam,
            arguments: [
                "-C",
                &self.project.path().display().to_string(),
                "compile",
                "--out",
            ]
            .into_iter()
            .map(str::to_owned)
            .chain([compiled.display().to_string()])
            .collect(),
            home: self.home(),
        }
        .run()?;
        let bundle = compiled.join("bench");
        // Namespaces are labelled already, and not ours alone.
        fs::remove_dir_all(bundle.join("_cluster"))?;
        fs::rename(&bundle, self.home().join("manifests"))?;
        let objects = manifests(&self.home().join("manifests"), "NetworkPolicy")?;
        self.wanted = State::of(&objects)?;
        let (count, wanted) = (self.wanted.len(), POLICIES);
        ensure!(
            count == wanted,
            "the model compiles to {count} policies, not {wanted}"
        );
        let mut patches = File::create(self.home().join("patches.tsv"))?;
        let mut bytes = 0;
        let compared = self.home().join("compared");
        fs::create_dir(&compared)?;
        for (number, object) in objects.iter().enumerate() {
            let (path, body) = patch(object)?;
            bytes += body.len();
            writeln!(patches, "{path}\t{body}")?;
            let object = as_stored(object.clone()).to_string();
            fs::write(compared.join(format!("{number:04}.json")), object)?;
        }
        fs::write(self.home().join("ca.pem"), self.cluster.ca_pem())?;
        fs::write(self.home().join("floor.token"), token(&self.cluster)?)?;
        say(&format!(
            "bench: {count} policies of {} bytes",
            bytes / count
        ))
    }
}

fn kubeconfig_path(directory: &Path, contender: Contender, route: Route) -> PathBuf {
    directory.join(format!(
        "{}-{}.kubeconfig",
        contender.user(),
        route.as_str()
    ))
}

/// The same patch that ours sends: one that creates, and overwrites nothing.
fn patch(object: &Value) -> Result<(String, String)> {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    let namespace = text("/metadata/namespace").context("a policy without a namespace")?;
    let name = text("/metadata/name").context("a policy without a name")?;
    let path = format!(
        "/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies/{name}?fieldManager=floor&force=true"
    );
    let mut body = object.clone();
    let metadata = body.get_mut("metadata").and_then(Value::as_object_mut);
    metadata
        .context("a policy without metadata")?
        .insert("resourceVersion".to_owned(), json!("1"));
    Ok((path, body.to_string()))
}

fn token(cluster: &Cluster) -> Result<String> {
    match cluster.access(Contender::Floor.user())?.credential {
        kubeconfig::Credential::Token(token) => Ok(token),
        kubeconfig::Credential::Certificate(_) => Err(anyhow!("the floor has no token")),
    }
}

/// A cluster with a disk that is written to, as in production, and a user for each contender.
pub(super) fn options(name: &str) -> Result<ClusterOptions> {
    let mut options = ClusterOptions::new(name);
    options.fsync = true;
    for contender in Contender::ALL {
        options = options.user(User::new(contender.user(), &[])?);
    }
    Ok(options)
}

/// Makes the cluster look like a real one, with empty namespaces, and gives every contender the same
/// few rights.
pub(super) fn prepare(cluster: &Cluster) -> Result<()> {
    seed_standard(cluster, &SeedOptions::default())?;
    cluster.apply_yaml(ADMIN, &documents::namespaces())?;
    let project = Project::new(&[])?;
    for contender in Contender::ALL {
        let subject = format!("user:{}", contender.user());
        for profile in ["policies", "nodes"] {
            let run = project.run(&["rbac", "--profile", profile, "--subject", &subject])?;
            ensure!(run.code == 0, "rbac: {}", run.stderr);
            let text = run
                .stdout
                .replace("name: cofferdam-", &format!("name: {}-", contender.user()));
            cluster.apply_yaml(ADMIN, &text)?;
        }
    }
    Ok(())
}

/// The documents of a fleet of these clusters, pinned.
pub(super) fn project(clusters: &[&Cluster]) -> Result<Project> {
    let files = documents::files();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(path, text)| (*path, text.as_str()))
        .collect();
    let project = Project::new(&files)?;
    for cluster in clusters {
        let (name, kubeconfig) = (cluster.name(), cluster.kubeconfig("cofferdam")?);
        let text = format!(
            "apiVersion: cofferdam.io/v1alpha1
kind: Cluster
metadata: {{ name: {name}, labels: {{ environment: bench }} }}
spec:
  access: {{ kubeconfig: {} }}
  mode: manage
  limits: {{ requestsPerSecond: 100000, inFlight: {IN_FLIGHT} }}
",
            kubeconfig.display()
        );
        project.write(&format!("fleet/clusters/{name}.yaml"), &text)?;
    }
    let doctor = project.run(&["doctor", "--pin", "--write"])?;
    ensure!(
        doctor.code == 0,
        "doctor: {}\n{}",
        doctor.stdout,
        doctor.stderr
    );
    // The others write no guard rails, and so that the same is compared, neither do we.
    for cluster in clusters {
        let file = format!("fleet/clusters/{}.yaml", cluster.name());
        let writers = "  guards: { writers: [\"user:cofferdam\"] }\n";
        project.edit(&file, writers, "")?;
    }
    Ok(project)
}

/// Takes away all policies and our record, so that the next push is a first one.
pub(super) fn reset(cluster: &Cluster) -> Result<()> {
    // Asked for once: a kubeconfig is written anew each time that somebody asks.
    let kubeconfig = cluster.kubeconfig(ADMIN)?;
    let empty = |numbers: Vec<usize>| -> Result<()> {
        for number in numbers {
            let namespace = namespace(number);
            let url = format!("/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies");
            cluster.kubectl_with(&kubeconfig, &["delete", "--raw", &url])?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let threads = (0..4).map(|part| {
            let numbers = (0..NAMESPACES)
                .filter(|number| number % 4 == part)
                .collect();
            {
                let empty = &empty;
                scope.spawn(move || empty(numbers))
            }
        });
        let threads: Vec<_> = threads.collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().map_err(|_| anyhow!("a thread panicked"))?)
    })?;
    let record = [
        "delete",
        "configmap",
        "--namespace=cofferdam-system",
        "cofferdam",
        "--ignore-not-found",
    ];
    cluster.kubectl(&record)?;
    State::of_cluster(cluster)?.expect(&State::default())
}
