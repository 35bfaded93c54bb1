//! What enforcing a Pod Security level would refuse, asked and judged without anything being written.

use std::collections::BTreeMap;

use cofferdam_objects::pod_security::{Level, NEWEST_KNOWN};

use crate::observed::{Reading, Template};

/// A question: what if this level were enforced in this namespace?
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct EnforceQuestion {
    /// The namespace.
    pub namespace: String,
    /// Its UID.
    pub uid: String,
    /// The level, as the label carries it.
    pub level: String,
    /// The version of the level: `latest` or `v1.N`.
    pub version: String,
}

/// What enforcing a level would refuse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnforceAnswer {
    /// What the server warned of, in its own words and order; nothing where no pod that runs there now violates
    /// the level.
    pub pods: Reading<Vec<String>>,
    /// Workloads whose next pods the level would refuse, as `Kind/name: reasons`, whether pods of them run or not.
    pub workloads: Reading<Vec<String>>,
}

/// What is known of each question.
pub type EnforceAnswers = BTreeMap<EnforceQuestion, EnforceAnswer>;

impl EnforceQuestion {
    /// The workloads of the namespace whose next pods the level would refuse, as `Kind/name: reasons`, on a
    /// server that says to be `served`, such as `v1.36.3`.
    pub fn workloads(
        &self,
        templates: &Reading<Vec<Template>>,
        served: Option<&str>,
    ) -> Reading<Vec<String>> {
        let unknown = |why: &str| Reading::Unknown(why.to_owned());
        let Some(level) = Level::of_label(&self.level) else {
            return Reading::Known(Vec::new());
        };
        let templates = match templates {
            Reading::Known(templates) => templates,
            Reading::Unknown(reason) => return unknown(&format!("workloads: {reason}")),
        };
        let here: Vec<&Template> = templates
            .iter()
            .filter(|template| template.namespace == self.namespace)
            .collect();
        if here.is_empty() {
            return Reading::Known(Vec::new());
        }
        let Some(minor) = served.and_then(minor) else {
            return unknown("the version of the server is not known");
        };
        // A server takes its own standards for those of later versions.
        let asked = minor.min(self::minor(&self.version).unwrap_or(minor));
        let refused: Vec<String> = here
            .iter()
            .map(|template| (template, template.pod_security.refusals(level, asked)))
            .filter(|(_, reasons)| !reasons.is_empty())
            .map(|(template, reasons)| format!("{}: {}", template.workload, reasons.join(", ")))
            .collect();
        if !refused.is_empty() {
            return Reading::Known(refused);
        }
        if asked > NEWEST_KNOWN {
            return unknown(&format!(
                "the standards of Kubernetes 1.{asked} are newer than those known here (1.{NEWEST_KNOWN}), by \
                 which pod templates are judged; `podSecurityVersion: v1.{NEWEST_KNOWN}` in the ZoneModel pins them"
            ));
        }
        let mut unclear = here
            .iter()
            .filter_map(|template| Some((template, template.pod_security.unclear(level)?)));
        match unclear.next() {
            Some((template, why)) => unknown(&format!("{}: {why}", template.workload)),
            None => Reading::Known(refused),
        }
    }
}

/// The minor version in `v1.N` or `v1.N.P`.
fn minor(version: &str) -> Option<u32> {
    let after = version.strip_prefix("v1.")?;
    let digits = after.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use cofferdam_objects::pod_security::PodSecurity;

    use super::*;

    fn template(namespace: &str, workload: &str, spec: &serde_json::Value) -> Template {
        let template = serde_json::from_value(serde_json::json!({"spec": spec})).unwrap();
        Template {
            workload: workload.to_owned(),
            namespace: namespace.to_owned(),
            pod_security: PodSecurity::of(&template),
            ..Template::default()
        }
    }

    /// What is told of `web`, in which a `CronJob` may be its node's root and a `Deployment` names a probe's host.
    fn web() -> Vec<Template> {
        let probe = serde_json::json!({"containers": [{"name": "c", "livenessProbe": {"tcpSocket": {"host": "h"}}}]});
        let root = serde_json::json!({"hostPID": true, "containers": [{"name": "c", "securityContext": {"privileged": true}}]});
        vec![
            template("web", "Deployment/shop", &probe),
            template("web", "CronJob/nightly", &root),
            template("other", "Job/other", &root),
        ]
    }

    #[track_caller]
    fn check(
        templates: Vec<Template>,
        (level, version, served): (&str, &str, Option<&str>),
        want: Result<&[&str], &str>,
    ) {
        let question = EnforceQuestion {
            namespace: "web".to_owned(),
            uid: "u".to_owned(),
            level: level.to_owned(),
            version: version.to_owned(),
        };
        let told = question.workloads(&Reading::Known(templates), served);
        let want = match want {
            Ok(told) => Reading::Known(told.iter().map(|&one| one.to_owned()).collect()),
            Err(why) => Reading::Unknown(why.to_owned()),
        };
        assert_eq!(told, want);
    }

    #[test]
    fn workloads_of_the_namespace_are_told_by_the_standards_that_the_server_takes() {
        let root = "CronJob/nightly: host namespaces, privileged";
        let probe = "Deployment/shop: probe or lifecycle host";
        for (version, served, want) in [
            ("latest", "v1.36.3", &[probe, root][..]),
            ("latest", "v1.33.13-gke.1", &[root]),
            ("v1.33", "v1.36.3", &[root]),
            ("v1.36", "v1.33.13", &[root]),
        ] {
            check(web(), ("baseline", version, Some(served)), Ok(want));
        }
        check(web(), ("privileged", "latest", None), Ok(&[]));
        let nobody = || web().split_off(2);
        check(nobody(), ("baseline", "latest", None), Ok(&[]));
    }

    #[test]
    fn what_cannot_be_told_is_unknown_and_never_nothing() {
        let unknown = "the version of the server is not known";
        check(web(), ("baseline", "latest", None), Err(unknown));
        let volume = serde_json::json!({"volumes": [{"name": "v", "newest": {}}]});
        let volume = || vec![template("web", "Job/new", &volume)];
        let why = "Job/new: a volume is of a type that is not known here";
        check(
            volume(),
            ("restricted", "latest", Some("v1.36.3")),
            Err(why),
        );
        check(volume(), ("baseline", "latest", Some("v1.36.3")), Ok(&[]));
        let newer = "the standards of Kubernetes 1.37 are newer than those known here (1.36), by which pod templates \
                     are judged; `podSecurityVersion: v1.36` in the ZoneModel pins them";
        check(
            volume(),
            ("baseline", "latest", Some("v1.37.0")),
            Err(newer),
        );
        check(volume(), ("baseline", "v1.36", Some("v1.37.0")), Ok(&[]));
        let question = EnforceQuestion {
            namespace: "web".to_owned(),
            uid: "u".to_owned(),
            level: "baseline".to_owned(),
            version: "latest".to_owned(),
        };
        let told = question.workloads(&Reading::Unknown("forbidden".to_owned()), Some("v1.36.3"));
        assert_eq!(told, Reading::Unknown("workloads: forbidden".to_owned()));
    }
}
