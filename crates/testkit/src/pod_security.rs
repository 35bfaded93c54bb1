//! Pod Security as an API server has it: who is asked beforehand names the pods that violate a level, and who
//! writes it is only warned.

use cofferdam_objects::keys::{POD_SECURITY_ENFORCE, POD_SECURITY_ENFORCE_VERSION};
use cofferdam_state::observed::Reading;
use cofferdam_state::plan::LabelPatch;
use cofferdam_state::pod_security::{EnforceAnswer, EnforceAnswers, EnforceQuestion};

use crate::cluster::Cluster;

const LEVELS: [&str; 3] = ["privileged", "baseline", "restricted"];
const VERSIONS: [&str; 2] = ["latest", "v1.36"];

impl Cluster {
    /// The answers to every question that a zone could ask.
    pub(crate) fn enforce_answers(&self) -> EnforceAnswers {
        let mut answers = EnforceAnswers::new();
        for (namespace, live) in &self.namespaces {
            for (level, version) in LEVELS.into_iter().flat_map(|l| VERSIONS.map(|v| (l, v))) {
                let question = EnforceQuestion {
                    namespace: namespace.clone(),
                    uid: live.uid.clone(),
                    level: level.to_owned(),
                    version: version.to_owned(),
                };
                let warnings = self.warnings(namespace, level, version);
                let templates = Reading::Known(self.templates.clone());
                let answer = EnforceAnswer {
                    pods: Reading::Known(warnings),
                    workloads: question.workloads(&templates, Some(&self.capabilities.version)),
                };
                answers.insert(question, answer);
            }
        }
        answers
    }

    fn warnings(&self, namespace: &str, level: &str, version: &str) -> Vec<String> {
        let pods = self.privileged_pods.get(namespace);
        let pods = pods.filter(|pods| level != "privileged" && !pods.is_empty());
        let head = pods.map(|_| {
            format!(
                "existing pods in namespace \"{namespace}\" violate the new PodSecurity enforce level \"{level}:{version}\""
            )
        });
        let pods = pods.into_iter().flatten();
        head.into_iter()
            .chain(pods.map(|pod| format!("{pod}: privileged")))
            .collect()
    }

    /// Why a patch of labels is not carried out: the edge asks once more before it enforces a level.
    pub(crate) fn refuses_enforcing(&self, namespace: &str, patch: &LabelPatch) -> bool {
        let change = |key| patch.changes.iter().find(|change| change.key == key);
        let level = change(POD_SECURITY_ENFORCE).or_else(|| change(POD_SECURITY_ENFORCE_VERSION));
        let level = level.and_then(|change| change.new.as_deref());
        level.is_some_and(|level| !self.warnings(namespace, level, "latest").is_empty())
    }
}
