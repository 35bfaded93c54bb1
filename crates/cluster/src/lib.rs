//! The only crate with a Kubernetes client: connect, discover, observe, apply, lease.

pub mod apply;
pub mod audit_log;
mod capabilities;
pub mod connect;
pub mod error;
mod follow;
pub mod lease;
mod observe;
mod own;
pub mod patience;
mod pod_security;
mod probe;
mod record;
mod request;
mod rights;

pub use apply::{Writes, Written};
pub use connect::{ConnectOptions, Contexts, connect, contexts};
pub use error::{Category, Error};
pub use lease::{Held, Wait};
pub use own::OwnNamespace;
pub use request::Connection;
pub use rights::{GrantedRule, Right};
