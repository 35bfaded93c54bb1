//! The definitions of the Gateway API, as it publishes them.

use anyhow::Result;

use crate::cluster::Cluster;
use crate::definitions::{Definition, define};

const MODULE: &str = "sigs.k8s.io/gateway-api@v1.5.1";

const GROUP: &str = "gateway.networking.k8s.io";

/// Plurals of the kinds of the standard channel that say where connections go.
const KINDS: [&str; 6] = [
    "gatewayclasses",
    "gateways",
    "grpcroutes",
    "httproutes",
    "referencegrants",
    "tlsroutes",
];

/// Has a cluster serve the standard channel of the Gateway API.
pub fn define_gateway_api(cluster: &Cluster) -> Result<()> {
    for plural in KINDS {
        define(
            cluster,
            Definition {
                module: MODULE,
                group: GROUP,
                plural,
            },
        )?;
    }
    Ok(())
}
