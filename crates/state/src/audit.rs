//! Who wrote what, as an API server's audit log says.

use cofferdam_objects::key::{Kind, ObjectKey};

/// A completed write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditedWrite {
    /// The user, as the API server authenticated them.
    pub user: String,
    /// The tool, as it called itself: the field manager asked for, else the product of its `User-Agent`.
    pub tool: Option<String>,
    /// When the request came, RFC 3339 in UTC.
    pub received: String,
    /// When it was answered, RFC 3339 in UTC.
    pub completed: String,
    /// The kind written.
    pub kind: Kind,
    /// The namespace; none for cluster-scoped kinds.
    pub namespace: Option<String>,
    /// The object; none where a whole collection was deleted.
    pub name: Option<String>,
    /// Whether it deleted what it names.
    pub deletes: bool,
}

impl AuditedWrite {
    /// Whether the write was one of this object.
    pub fn is_about(&self, object: &ObjectKey) -> bool {
        let name = self.name.as_ref().is_none_or(|name| *name == object.name);
        // A collection of all namespaces has none.
        let any_namespace = self.name.is_none() && self.namespace.is_none();
        self.kind == object.kind && name && (any_namespace || self.namespace == object.namespace)
    }

    /// Whether it was under way in the second that a time without fraction names.
    pub fn spans(&self, at: &str) -> bool {
        second(&self.received) <= second(at) && second(at) <= second(&self.completed)
    }

    /// Whether it was completed in the second that a time names, or later.
    pub fn is_since(&self, at: &str) -> bool {
        second(at) <= second(&self.completed)
    }
}

/// A time in RFC 3339 and UTC up to its second, so that such times compare as text.
fn second(time: &str) -> &str {
    time.get(..19).unwrap_or(time)
}
