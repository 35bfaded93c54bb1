//! The back end of `networking.k8s.io/v1` NetworkPolicies.

mod across;
mod addresses;
mod baseline;
mod builder;
mod derived;
mod dns;
mod flows;
mod internet;
mod mesh;
mod peers;
mod services;
mod unenforced;

use cofferdam_model::zone::Enforcement;

use crate::backend::{Backend, Policies, Scope};
use builder::Builder;

/// Compiles to NetworkPolicies.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NetworkPolicyBackend;

impl Backend for NetworkPolicyBackend {
    fn compile(&self, scope: &Scope<'_>) -> Policies {
        let mut builder = Builder::new(scope);
        for (namespace, member) in scope.members {
            if member.enforcement == Enforcement::Observe {
                continue;
            }
            let held_open = derived::add_derived(&mut builder, namespace);
            baseline::add_baseline(&mut builder, namespace, member, held_open);
            dns::add_dns(&mut builder, namespace);
            mesh::add_mesh(&mut builder, namespace);
        }
        baseline::isolate_unassigned(&mut builder);
        for flow in scope.model.flows.values() {
            flows::add_flow(&mut builder, flow);
        }
        builder.finish()
    }
}
