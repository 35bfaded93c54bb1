//! Who connects to what is behind an Ingress or a Gateway.

use std::collections::BTreeSet;

use crate::facts::{AskedClass, Class, Facts, Gateway, Pod};

/// Who connects to what is behind a way in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Controller {
    /// These pods, by their places in the facts.
    Pods(BTreeSet<usize>),
    /// A load balancer that is not in the cluster.
    Outside,
    /// It is not known.
    Unknown,
}

/// A controller, and where its proxies are.
struct Known {
    /// The names by which classes mean it.
    names: &'static [&'static str],
    /// The names that its classes usually have.
    classes: &'static [&'static str],
    /// Labels of which its pods have one line; none where it is a load balancer outside.
    pods: &'static [&'static [(&'static str, &'static str)]],
}

const NAME: &str = "app.kubernetes.io/name";
const COMPONENT: &str = "app.kubernetes.io/component";

/// The controllers of Ingresses that are known, with the labels that their own manifests give their pods.
const INGRESS: [Known; 9] = [
    Known {
        names: &["k8s.io/ingress-nginx"],
        classes: &["nginx"],
        pods: &[&[(NAME, "ingress-nginx"), (COMPONENT, "controller")]],
    },
    Known {
        names: &["nginx.org/ingress-controller"],
        classes: &[],
        pods: &[&[(NAME, "nginx-ingress")], &[("app", "nginx-ingress")]],
    },
    Known {
        names: &["traefik.io/ingress-controller"],
        classes: &["traefik"],
        pods: &[&[(NAME, "traefik")]],
    },
    Known {
        names: &[
            "haproxy.org/ingress-controller",
            "haproxy-ingress.github.io/controller",
        ],
        classes: &["haproxy"],
        pods: &[
            &[(NAME, "kubernetes-ingress")],
            &[(NAME, "haproxy-ingress")],
        ],
    },
    Known {
        names: &["ingress-controllers.konghq.com/kong"],
        classes: &["kong"],
        pods: &[&[(NAME, "kong")], &[("app", "proxy-kong")]],
    },
    Known {
        names: &["projectcontour.io/ingress-controller"],
        classes: &["contour"],
        pods: &[
            &[(NAME, "contour"), (COMPONENT, "envoy")],
            &[("app", "envoy")],
        ],
    },
    Known {
        names: &["openshift.io/ingress-to-route"],
        classes: &["openshift-default"],
        pods: &[&[(
            "ingresscontroller.operator.openshift.io/deployment-ingresscontroller",
            "default",
        )]],
    },
    Known {
        names: &["istio.io/ingress-controller"],
        classes: &["istio"],
        pods: &[&[("istio", "ingressgateway")]],
    },
    Known {
        names: &[
            "ingress.k8s.aws/alb",
            "k8s.io/ingress-gce",
            "azure/application-gateway",
        ],
        classes: &["alb", "gce", "gce-internal", "azure-application-gateway"],
        pods: &[],
    },
];

/// The controllers of Gateways that do not label the pods of each.
const GATEWAY: [Known; 4] = [
    Known {
        names: &["traefik.io/gateway-controller"],
        classes: &[],
        pods: &[&[(NAME, "traefik")]],
    },
    Known {
        names: &["projectcontour.io/gateway-controller"],
        classes: &[],
        pods: &[
            &[(NAME, "contour"), (COMPONENT, "envoy")],
            &[("app", "envoy")],
        ],
    },
    Known {
        names: &["konghq.com/kic-gateway-controller"],
        classes: &[],
        pods: &[&[(NAME, "kong")], &[("app", "proxy-kong")]],
    },
    Known {
        names: &[
            "gateway.k8s.aws/alb",
            "gateway.k8s.aws/nlb",
            "application-networking.k8s.aws/gateway-api-controller",
            "networking.gke.io/gateway",
            "alb.networking.azure.io/alb-controller",
        ],
        classes: &[],
        pods: &[],
    },
];

/// The label that a Gateway's own pods carry, with its name.
const GATEWAY_NAME: &str = "gateway.networking.k8s.io/gateway-name";

/// The labels of Envoy Gateway, whose pods are in its own namespace.
const OWNING_GATEWAY: [&str; 2] = [
    "gateway.envoyproxy.io/owning-gateway-name",
    "gateway.envoyproxy.io/owning-gateway-namespace",
];

/// Who serves Ingresses of a class.
pub(super) fn of_ingress(facts: &Facts, asked: &AskedClass) -> Controller {
    let classes = &facts.entrances.ingress_classes;
    let class = match asked {
        AskedClass::Named(name) => classes.iter().find(|class| class.name == *name),
        AskedClass::Default => classes.iter().find(|class| class.is_default),
    };
    let known = match (class, asked) {
        (Some(class), _) => by_name(&INGRESS, class),
        (None, AskedClass::Named(name)) => {
            let mut known = INGRESS.iter();
            known.find(|one| one.classes.contains(&&**name))
        }
        // Some controllers serve what names no class.
        (None, AskedClass::Default) => {
            let all = INGRESS.iter().filter(|one| !one.pods.is_empty());
            return found(all.flat_map(|one| pods_of(facts, one)).collect());
        }
    };
    of_known(facts, known)
}

/// Who serves a Gateway.
pub(super) fn of_gateway(facts: &Facts, gateway: &Gateway) -> Controller {
    let (name, namespace) = (&gateway.id.name, &gateway.id.namespace);
    let [owning_name, owning_namespace] = OWNING_GATEWAY;
    let own = facts.pods.iter().enumerate().filter(|(_, pod)| {
        let has = |key: &str, value: &str| pod.labels.get(key).is_some_and(|one| one == value);
        (pod.namespace == *namespace && has(GATEWAY_NAME, name))
            || (has(owning_name, name) && has(owning_namespace, namespace))
    });
    let own: BTreeSet<usize> = own.map(|(place, _)| place).collect();
    if !own.is_empty() {
        return Controller::Pods(own);
    }
    let mut classes = facts.entrances.gateway_classes.iter();
    let class = classes.find(|class| class.name == gateway.class);
    of_known(facts, class.and_then(|class| by_name(&GATEWAY, class)))
}

fn by_name(known: &'static [Known], class: &Class) -> Option<&'static Known> {
    known
        .iter()
        .find(|one| one.names.contains(&&*class.controller))
}

fn of_known(facts: &Facts, known: Option<&'static Known>) -> Controller {
    match known {
        Some(known) if known.pods.is_empty() => Controller::Outside,
        Some(known) => found(pods_of(facts, known).collect()),
        None => Controller::Unknown,
    }
}

fn found(pods: BTreeSet<usize>) -> Controller {
    if pods.is_empty() {
        Controller::Unknown
    } else {
        Controller::Pods(pods)
    }
}

fn pods_of(facts: &Facts, known: &'static Known) -> impl Iterator<Item = usize> {
    let is_one = |pod: &Pod| {
        known.pods.iter().any(|labels| {
            let mut labels = labels.iter();
            labels.all(|(key, value)| pod.labels.get(*key).is_some_and(|one| one == value))
        })
    };
    let pods = facts.pods.iter().enumerate();
    pods.filter(move |(_, pod)| is_one(pod))
        .map(|(place, _)| place)
}
