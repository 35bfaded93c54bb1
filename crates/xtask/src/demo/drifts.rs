//! Six drifts, each made by somebody else with another tool, and what is to be found of each.

use anyhow::{Result, bail};
use serde_json::Value;

use super::terminal::{Terminal, Typed};

/// What somebody does to a cluster, and what `drift` is to say about it.
#[derive(Debug)]
pub(super) struct Drift {
    /// Why they do it.
    pub(super) story: &'static str,
    /// Whose kubeconfig they use.
    who: &'static str,
    cluster: &'static str,
    arguments: &'static [&'static str],
    typed: Typed<'static>,
    /// Who takes it back.
    pub(super) healed_by: Healer,
    class: &'static str,
    object: (&'static str, &'static str, &'static str),
    tool: &'static str,
    user: &'static str,
}

/// Who takes a drift back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Healer {
    /// The next `apply`.
    Apply,
    /// A person, since it is not ours.
    Person,
}

impl Drift {
    /// Lets it happen.
    pub(super) fn make(&self, terminal: &Terminal) -> Result<()> {
        Terminal::say(self.story)?;
        let arguments = [&["--context", self.cluster], self.arguments].concat();
        terminal.kubectl(self.who, &arguments, &self.typed)
    }

    /// Its finding in a report of `drift -o json`.
    pub(super) fn finding<'a>(&self, report: &'a Value) -> Option<&'a Value> {
        let clusters = report.get("clusters").and_then(Value::as_array)?;
        let cluster = clusters
            .iter()
            .find(|cluster| text(cluster, "/name") == self.cluster)?;
        let findings = cluster.get("findings").and_then(Value::as_array)?;
        let (kind, namespace, name) = self.object;
        findings.iter().find(|finding| {
            text(finding, "/class") == self.class
                && text(finding, "/object/kind") == kind
                && text(finding, "/object/namespace") == namespace
                && text(finding, "/object/name") == name
        })
    }

    /// One line about the finding, which must be there and name the tool and the user.
    pub(super) fn check_found(&self, report: &Value) -> Result<String> {
        let shown = self.shown();
        let Some(finding) = self.finding(report) else {
            bail!(
                "`drift` did not find that {} made {shown} `{}`",
                self.who,
                self.class
            );
        };
        let (tool, user) = (text(finding, "/by/manager"), text(finding, "/by/user"));
        if (tool, user) != (self.tool, self.user) || text(finding, "/by/trust") != "audited" {
            bail!(
                "`drift` blames tool `{tool}` and user `{user}` for {shown}, not `{}` and `{}`",
                self.tool,
                self.user
            );
        }
        let (class, severity) = (self.class, text(finding, "/severity"));
        Ok(format!("{severity:9} {class:19} {shown}: {tool}, {user}"))
    }

    fn shown(&self) -> String {
        let (kind, namespace, name) = self.object;
        let parts = [self.cluster, kind, namespace, name];
        parts
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join("/")
    }
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// The six, in the order in which they happen.
pub(super) const ALL: [Drift; 6] = [
    Drift {
        story: "1. Alice is on call. Payments time out, so she opens the namespace \"for a minute\".",
        who: "alice",
        cluster: "prod",
        arguments: &[
            "-n",
            "payments",
            "edit",
            "networkpolicy",
            "cofferdam-default-deny-ingress",
        ],
        typed: Typed {
            editor: Some(ALLOW_EVERYTHING),
            input: None,
        },
        healed_by: Healer::Apply,
        class: "changed",
        object: (
            "NetworkPolicy",
            "payments",
            "cofferdam-default-deny-ingress",
        ),
        tool: "kubectl-edit",
        user: "alice",
    },
    Drift {
        story: "2. Bob's export from the ledger hangs. He deletes what looks to be in its way.",
        who: "bob",
        cluster: "prod",
        arguments: &[
            "-n",
            "ledger",
            "delete",
            "networkpolicy",
            "cofferdam-default-deny-egress",
        ],
        typed: Typed {
            editor: None,
            input: None,
        },
        healed_by: Healer::Apply,
        class: "missing",
        object: ("NetworkPolicy", "ledger", "cofferdam-default-deny-egress"),
        tool: "kubectl",
        user: "bob",
    },
    Drift {
        story: "3. A chart of the shop brings a policy of its own. Policies add up: it opens what ours close.",
        who: "release-bot",
        cluster: "prod",
        arguments: &["apply", "--server-side", "--field-manager=helm", "-f", "-"],
        typed: Typed {
            editor: None,
            input: Some(CHART_POLICY),
        },
        healed_by: Healer::Person,
        class: "foreign-policy",
        object: ("NetworkPolicy", "orders", "orders-allow-all"),
        tool: "helm",
        user: "release-bot",
    },
    Drift {
        story: "4. Carol tidies labels. By its label, monitoring is now in another zone.",
        who: "carol",
        cluster: "management",
        arguments: &[
            "label",
            "namespace",
            "monitoring",
            "cofferdam.io/zone=platform",
            "--overwrite",
        ],
        typed: Typed {
            editor: None,
            input: None,
        },
        healed_by: Healer::Apply,
        class: "changed",
        object: ("Namespace", "", "monitoring"),
        tool: "kubectl-label",
        user: "carol",
    },
    Drift {
        story: "5. Argo CD syncs a namespace that says it is in the zone of card data. It is not, but \
                whoever reads the label would believe it.",
        who: "argocd",
        cluster: "staging",
        arguments: &[
            "apply",
            "--server-side",
            "--field-manager=argocd-controller",
            "-f",
            "-",
        ],
        typed: Typed {
            editor: None,
            input: Some(IMPOSTOR),
        },
        healed_by: Healer::Person,
        class: "impostor-namespace",
        object: ("Namespace", "", "scratch"),
        tool: "argocd-controller",
        user: "system:serviceaccount:argocd:argocd-application-controller",
    },
    Drift {
        story: "6. Dave needs room for a batch job, and frees a node that was kept for card data.",
        who: "dave",
        cluster: "prod",
        arguments: &["taint", "nodes", "prod-node-1", "cofferdam.io/pool-"],
        typed: Typed {
            editor: None,
            input: None,
        },
        healed_by: Healer::Apply,
        class: "changed",
        object: ("Node", "", "prod-node-1"),
        tool: "kubectl-taint",
        user: "dave",
    },
];

/// What Alice types: a rule that allows everything.
const ALLOW_EVERYTHING: &str = r"sed -i 's/^spec:/spec:\n  ingress: [{}]/'";

const CHART_POLICY: &str = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: orders-allow-all, namespace: orders }
spec: { podSelector: {}, policyTypes: [Ingress], ingress: [{}] }
";

/// What Argo CD applies.
pub(super) const IMPOSTOR: &str = "
apiVersion: v1
kind: Namespace
metadata: { name: scratch, labels: { cofferdam.io/zone: cardholder } }
";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn report(cluster: &str, name: &str, user: &str) -> Value {
        json!({ "clusters": [{ "name": cluster, "findings": [{
            "class": "missing", "severity": "critical",
            "object": { "kind": "NetworkPolicy", "namespace": "ledger", "name": name },
            "by": { "manager": "kubectl", "user": user, "trust": "audited" },
        }] }] })
    }

    #[test]
    fn a_drift_is_found_by_cluster_class_and_object_and_blamed_on_its_user() {
        let [_, deleted, ..] = &ALL;
        let name = "cofferdam-default-deny-egress";
        assert!(deleted.check_found(&report("prod", name, "bob")).is_ok());
        assert!(deleted.check_found(&report("prod", name, "alice")).is_err());
        assert!(
            deleted
                .check_found(&report("prod", "another", "bob"))
                .is_err()
        );
        assert!(
            deleted
                .check_found(&report("staging", name, "bob"))
                .is_err()
        );
        assert!(deleted.check_found(&json!({})).is_err());
    }
}
