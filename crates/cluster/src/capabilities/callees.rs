//! Services that the control plane calls.

use cofferdam_model::capabilities::Callee;
use cofferdam_model::names::NamespaceName;

use super::{Inputs, ports};
use crate::observe::wire::ServiceReference;

pub(super) fn of(inputs: &Inputs<'_>) -> Vec<Callee> {
    let mut all = Vec::new();
    let hooks = [
        ("ValidatingWebhookConfiguration", inputs.validating),
        ("MutatingWebhookConfiguration", inputs.mutating),
    ];
    for (kind, list) in hooks {
        for configuration in list {
            for webhook in &configuration.webhooks {
                let service = webhook.client_config.service.as_ref();
                let name = &configuration.metadata.name;
                all.extend(callees(inputs, kind, name, service));
            }
        }
    }
    for api in inputs.api_services {
        let service = api.spec.service.as_ref();
        all.extend(callees(inputs, "APIService", &api.metadata.name, service));
    }
    for definition in inputs.definitions {
        let conversion = definition.spec.conversion.as_ref();
        let webhook = conversion.and_then(|conversion| conversion.webhook.as_ref());
        let service = webhook.and_then(|webhook| webhook.client_config.service.as_ref());
        let kind = "CustomResourceDefinition";
        all.extend(callees(inputs, kind, &definition.metadata.name, service));
    }
    all.sort();
    all.dedup();
    all
}

fn callees(
    inputs: &Inputs<'_>,
    kind: &str,
    name: &str,
    reference: Option<&ServiceReference>,
) -> Vec<Callee> {
    let Some(reference) = reference else {
        return Vec::new();
    };
    let Ok(namespace) = NamespaceName::parse(&reference.namespace) else {
        return Vec::new();
    };
    let service = inputs.service(&reference.namespace, &reference.name);
    let number = reference.port.unwrap_or(443);
    let targets = service.map_or_else(Vec::new, |service| {
        let port = service.spec.ports.iter().find(|port| port.port == number);
        port.map_or_else(Vec::new, |port| ports::targets(inputs, service, port))
    });
    let callee = |target| Callee {
        caller: format!("{kind}/{name}"),
        namespace: namespace.clone(),
        service: reference.name.clone(),
        pod_labels: service.map_or_else(Default::default, |s| s.spec.selector.clone()),
        target,
    };
    if targets.is_empty() {
        return vec![callee(None)];
    }
    targets.into_iter().map(|port| callee(Some(port))).collect()
}
