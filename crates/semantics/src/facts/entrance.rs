//! What passes connections from outside on to Services: Ingresses, Gateways and routes, as they are written.

use std::fmt;
use std::sync::Arc;

use cofferdam_model::labels::Selector;

use crate::policy::Source;

/// Everything that was read of the ways in.
#[derive(Debug, Clone, Default)]
pub struct Entrances {
    /// Ingresses.
    pub ingresses: Vec<Ingress>,
    /// `IngressClass`es.
    pub ingress_classes: Vec<Class>,
    /// Gateways.
    pub gateways: Vec<Gateway>,
    /// `GatewayClass`es.
    pub gateway_classes: Vec<Class>,
    /// Routes of every kind.
    pub routes: Vec<Route>,
    /// Grants to refer to Services of other namespaces.
    pub grants: Vec<ReferenceGrant>,
}

impl Entrances {
    /// Puts all of them into an order that does not rest on that of the input.
    pub(crate) fn sort(&mut self) {
        let Self {
            ingresses,
            ingress_classes,
            gateways,
            gateway_classes,
            routes,
            grants,
        } = self;
        ingresses.sort_by(|a, b| (&a.id, a.source).cmp(&(&b.id, b.source)));
        ingress_classes.sort();
        gateways.sort_by(|a, b| (&a.id, a.source).cmp(&(&b.id, b.source)));
        gateway_classes.sort();
        routes.sort_by(|a, b| (&a.id, a.source).cmp(&(&b.id, b.source)));
        grants.sort();
    }
}

/// What names an object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectName {
    /// Its kind.
    pub kind: Arc<str>,
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.kind, self.namespace, self.name)
    }
}

/// A class of Ingresses or Gateways.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Class {
    /// Its name.
    pub name: Arc<str>,
    /// The controller that serves it.
    pub controller: Arc<str>,
    /// Whether it is the class of Ingresses that name none.
    pub is_default: bool,
}

/// Which class an Ingress asks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum AskedClass {
    /// The default one.
    Default,
    /// This one.
    Named(Arc<str>),
}

/// An Ingress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ingress {
    /// What names it.
    pub id: ObjectName,
    /// The object.
    pub source: Source,
    /// Its class.
    pub class: AskedClass,
    /// Whether its load balancer is reached from private networks alone, as an annotation says.
    pub is_internal: bool,
    /// Where it leads.
    pub backends: Vec<BackendReference>,
}

/// A Gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gateway {
    /// What names it.
    pub id: ObjectName,
    /// The object.
    pub source: Source,
    /// The name of its class.
    pub class: Arc<str>,
    /// Its listeners.
    pub listeners: Vec<Listener>,
}

/// A listener of a Gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// Its name.
    pub name: Arc<str>,
    /// Its port.
    pub port: u16,
    /// The protocol that it speaks.
    pub protocol: Arc<str>,
    /// Of which namespaces it admits routes.
    pub admits: Admission,
}

/// Of which namespaces routes are admitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// That of the Gateway.
    Same,
    /// All.
    All,
    /// Those with these labels.
    Selected(Selector),
    /// None.
    Nobody,
}

/// A route of any kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// What names it.
    pub id: ObjectName,
    /// The object.
    pub source: Source,
    /// What it is attached to.
    pub parents: Vec<ParentReference>,
    /// Where it leads.
    pub backends: Vec<BackendReference>,
}

/// What a route is attached to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ParentReference {
    /// The group of its kind.
    pub group: Arc<str>,
    /// The object.
    pub id: ObjectName,
    /// The only listener meant.
    pub section: Option<Arc<str>>,
    /// The only port meant.
    pub port: Option<u16>,
}

/// Where an Ingress or a route leads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BackendReference {
    /// The group of its kind; empty for Services.
    pub group: Arc<str>,
    /// The object.
    pub id: ObjectName,
    /// The port of the Service.
    pub port: Option<PortReference>,
}

/// A port of a Service.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum PortReference {
    /// A number.
    Number(u16),
    /// A name.
    Name(String),
}

/// That objects of one namespace may refer to those of another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReferenceGrant {
    /// The namespace of what is referred to.
    pub namespace: Arc<str>,
    /// Who may refer.
    pub from: Vec<GrantedSource>,
    /// What may be referred to.
    pub to: Vec<GrantedTarget>,
}

/// Whose references are granted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct GrantedSource {
    /// The group of their kind.
    pub group: Arc<str>,
    /// Their kind.
    pub kind: Arc<str>,
    /// Their namespace.
    pub namespace: Arc<str>,
}

/// To what references are granted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct GrantedTarget {
    /// The group of its kind.
    pub group: Arc<str>,
    /// Its kind.
    pub kind: Arc<str>,
    /// Its name; all of the kind where there is none.
    pub name: Option<Arc<str>>,
}
