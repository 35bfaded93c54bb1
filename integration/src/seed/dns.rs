//! `CoreDNS`, as kubeadm installs it.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use super::application::{Application, Kind, Port, Service};
use super::labels;

/// The tenth address of the first service range, as everywhere.
pub(super) fn address(service_range: &str) -> Result<String> {
    let network = service_range.split(['/', ',']).next().unwrap_or_default();
    let (prefix, _) = network.rsplit_once('.').with_context(|| {
        format!("the first service range of `{service_range}` is not an IPv4 one")
    })?;
    Ok(format!("{prefix}.10"))
}

pub(super) fn application(address: &str) -> Application {
    let service = Service {
        name: "kube-dns".to_owned(),
        address: Some(address.to_owned()),
        labels: labels(&[("k8s-app", "kube-dns"), ("kubernetes.io/name", "CoreDNS")]),
    };
    Application {
        namespace: "kube-system".to_owned(),
        name: "coredns".to_owned(),
        kind: Kind::Deployment(2),
        labels: labels(&[("k8s-app", "kube-dns")]),
        image: "registry.k8s.io/coredns/coredns:v1.12.0".to_owned(),
        host_network: false,
        node_selector: BTreeMap::new(),
        tolerations: BTreeMap::new(),
        ports: vec![
            Port {
                name: "dns",
                number: 53,
                protocol: "UDP",
            },
            Port {
                name: "dns-tcp",
                number: 53,
                protocol: "TCP",
            },
        ],
        service: Some(service),
    }
}
