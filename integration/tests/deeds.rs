//! Each deed of somebody else is found with the one who did it, and healed where it is ours to heal.

use anyhow::{Context as _, Result};
use cofferdam_integration::shop::{SOMEBODY, Shop};
use serde_json::Value;

/// One thing that somebody does.
struct Deed {
    /// What they type after `kubectl`.
    kubectl: &'static [&'static str],
    /// What they pipe into it.
    input: &'static str,
    /// What is found, as `class Kind/name`.
    found: &'static str,
    /// The tool and effect that the finding names.
    tool: &'static str,
    effect: &'static str,
    /// Whether `apply` mends it.
    healed: bool,
}

const DEEDS: &[Deed] = &[
    Deed {
        kubectl: &[
            "-n",
            "orders",
            "patch",
            "netpol",
            "cofferdam-default-deny-ingress",
            "--type=merge",
            "-p",
            r#"{"spec":{"ingress":[{}]}}"#,
        ],
        input: "",
        found: "changed NetworkPolicy/cofferdam-default-deny-ingress",
        tool: "kubectl-patch",
        effect: "widens",
        healed: true,
    },
    Deed {
        kubectl: &[
            "-n",
            "ledger",
            "patch",
            "netpol",
            "cofferdam-default-deny-egress",
            "--type=merge",
            "-p",
            r#"{"spec":{"egress":[{}]}}"#,
        ],
        input: "",
        found: "changed NetworkPolicy/cofferdam-default-deny-egress",
        tool: "kubectl-patch",
        effect: "widens",
        healed: true,
    },
    Deed {
        kubectl: &[
            "-n",
            "web",
            "delete",
            "netpol",
            "cofferdam-default-deny-egress",
        ],
        input: "",
        found: "missing NetworkPolicy/cofferdam-default-deny-egress",
        tool: "kubectl",
        // The other policies of `web` isolate it too.
        effect: "none",
        healed: true,
    },
    Deed {
        kubectl: &[
            "-n",
            "orders",
            "delete",
            "netpol",
            "cofferdam-flow-web-to-orders-in",
        ],
        input: "",
        found: "missing NetworkPolicy/cofferdam-flow-web-to-orders-in",
        tool: "kubectl",
        effect: "narrows",
        healed: true,
    },
    Deed {
        kubectl: &[
            "-n",
            "web",
            "label",
            "netpol",
            "cofferdam-within-zone",
            "cofferdam.io/instance-",
        ],
        input: "",
        found: "changed NetworkPolicy/cofferdam-within-zone",
        tool: "kubectl-label",
        effect: "none",
        healed: true,
    },
    Deed {
        kubectl: &[
            "label",
            "namespace",
            "orders",
            "cofferdam.io/zone=front",
            "--overwrite",
        ],
        input: "",
        found: "changed Namespace/orders",
        tool: "kubectl-label",
        effect: "none",
        healed: true,
    },
    Deed {
        kubectl: &[
            "label",
            "namespace",
            "web",
            "pod-security.kubernetes.io/warn-",
        ],
        input: "",
        found: "changed Namespace/web",
        tool: "kubectl-label",
        effect: "none",
        healed: true,
    },
    Deed {
        kubectl: &["create", "-f", "-"],
        input: "{apiVersion: v1, kind: Namespace, metadata: {name: rogue, labels: {cofferdam.io/zone: back}}}",
        found: "impostor-namespace Namespace/rogue",
        tool: "kubectl-create",
        effect: "none",
        healed: false,
    },
    Deed {
        kubectl: &["apply", "--server-side", "--field-manager=helm", "-f", "-"],
        input: "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: scrape, namespace: orders }
spec: { podSelector: {}, policyTypes: [Ingress], ingress: [{ ports: [{ port: 9090 }] }] }
",
        found: "foreign-policy NetworkPolicy/scrape",
        tool: "helm",
        effect: "widens",
        healed: false,
    },
    Deed {
        kubectl: &["create", "-f", "-"],
        input: "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: like-ours, namespace: web, labels: { cofferdam.io/instance: shop } }
spec: { podSelector: {}, policyTypes: [Ingress], ingress: [{}] }
",
        found: "impostor-object NetworkPolicy/like-ours",
        tool: "kubectl-create",
        effect: "widens",
        healed: false,
    },
];

#[test]
fn each_deed_is_found_with_its_author_and_healed_where_it_is_ours() -> Result<()> {
    let shop = Shop::start()?;
    shop.apply(&[], 0)?;
    assert_eq!(shop.drift()?, Vec::<String>::new());
    for deed in DEEDS {
        shop.cluster
            .kubectl_input(SOMEBODY, deed.kubectl, deed.input)?;
    }
    let mut expected: Vec<&str> = DEEDS.iter().map(|deed| deed.found).collect();
    expected.sort_unstable();
    assert_eq!(shop.drift()?, expected);

    let findings = shop.findings()?;
    for deed in DEEDS {
        let finding = find(&findings, deed)?;
        let by = &finding["by"];
        assert_eq!(by["user"], SOMEBODY, "{}: {by}", deed.found);
        assert_eq!(by["trust"], "audited", "{}", deed.found);
        assert_eq!(by["manager"], deed.tool, "{}", deed.found);
        assert_eq!(finding["effect"], deed.effect, "{}", deed.found);
    }

    shop.apply(&[], 0)?;
    let left: Vec<&str> = DEEDS
        .iter()
        .filter(|deed| !deed.healed)
        .map(|deed| deed.found)
        .collect();
    let mut left: Vec<String> = left.into_iter().map(str::to_owned).collect();
    left.sort();
    assert_eq!(shop.drift()?, left);
    for (namespace, policy, rules) in [
        ("orders", "cofferdam-default-deny-ingress", "ingress"),
        ("ledger", "cofferdam-default-deny-egress", "egress"),
    ] {
        let live = shop
            .cluster
            .get_json(&["-n", namespace, "netpol", policy])?;
        assert_eq!(live["spec"].get(rules), None, "{live}");
    }
    Ok(())
}

fn find<'a>(findings: &'a [Value], deed: &Deed) -> Result<&'a Value> {
    let (class, object) = deed.found.split_once(' ').unwrap_or_default();
    let (kind, name) = object.split_once('/').unwrap_or_default();
    let namespace = match deed.kubectl {
        ["-n", namespace, ..] => Some(*namespace),
        _ => None,
    };
    findings
        .iter()
        .find(|finding| {
            let object = &finding["object"];
            finding["class"] == class
                && object["kind"] == kind
                && object["name"] == name
                && namespace.is_none_or(|namespace| object["namespace"] == namespace)
        })
        .with_context(|| format!("no {}", deed.found))
}
