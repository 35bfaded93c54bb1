//! What a detected mesh needs: its control plane, its probes, and its ports between enrolled pods.

use cofferdam_model::capabilities::{Mesh, MeshKind};
use cofferdam_model::flow::Protocol;
use cofferdam_model::names::NamespaceName;
use k8s_openapi::api::networking::v1::NetworkPolicyPort;

use super::builder::{Builder, Draft, Rule};
use super::peers::{block_peer, namespaces_peer, numbered};

/// The address from which Istio ambient sends the kubelet's probes.
const AMBIENT_PROBES: &str = "169.254.7.127/32";

/// Adds `cofferdam-mesh` to an enrolled namespace: egress to the control plane, ingress of probes.
pub(super) fn add_mesh(builder: &mut Builder<'_>, namespace: &NamespaceName) {
    let Some(mesh) = enrolled(builder, namespace) else {
        return;
    };
    let control_plane = Rule {
        peers: vec![namespaces_peer(
            &[mesh.control_plane_namespace.clone()].into(),
        )],
        ports: control_plane_ports(mesh.kind)
            .iter()
            .map(|port| numbered(Protocol::Tcp, *port))
            .collect(),
    };
    let probes = match (mesh.kind, AMBIENT_PROBES.parse()) {
        (MeshKind::IstioAmbient, Ok(network)) => Some(vec![Rule {
            peers: vec![block_peer(network, &[])],
            ports: Vec::new(),
        }]),
        _ => None,
    };
    let source = format!("derived,mesh/{}", mesh.kind.as_str());
    builder.add(
        namespace,
        Draft {
            name: "cofferdam-mesh".to_owned(),
            ingress: probes,
            egress: Some(vec![control_plane]),
            source,
            ..Draft::default()
        },
    );
}

/// The ports to add to a rule between two enrolled namespaces; none where either is not.
///
/// Inside a mesh the packet goes to the proxy's port, so that the flow's own port is decided by the
/// mesh alone.
pub(super) fn tunnel_ports<'n>(
    builder: &Builder<'_>,
    here: &NamespaceName,
    mut peers: impl Iterator<Item = &'n NamespaceName>,
) -> Vec<NetworkPolicyPort> {
    let Some(mesh) = enrolled(builder, here) else {
        return Vec::new();
    };
    if !peers.any(|peer| mesh.enrolled.contains(peer)) {
        return Vec::new();
    }
    let port = match mesh.kind {
        MeshKind::IstioAmbient | MeshKind::IstioSidecar => 15008,
        MeshKind::Linkerd => 4143,
    };
    vec![numbered(Protocol::Tcp, port)]
}

fn enrolled<'a>(builder: &Builder<'a>, namespace: &NamespaceName) -> Option<&'a Mesh> {
    let mesh = builder.scope.capabilities?.mesh.as_ref()?;
    mesh.enrolled.contains(namespace).then_some(mesh)
}

fn control_plane_ports(kind: MeshKind) -> &'static [u16] {
    match kind {
        MeshKind::IstioSidecar | MeshKind::IstioAmbient => &[15010, 15012],
        MeshKind::Linkerd => &[8080, 8086, 8090],
    }
}
