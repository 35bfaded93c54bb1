//! What a list says of the objects in it.

use serde_json::Value;

/// Group, version and kind of the items of a list; empty where each item says its own.
#[derive(Debug, Default)]
pub(super) struct ListHead {
    api_version: String,
    item_kind: String,
}

/// How the `items` of an object look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Items {
    Absent,
    Nothing,
    Listed,
    Other,
}

impl ListHead {
    /// None for what is no list: a kind that ends in `List` may be one of its own, as `AllowList`.
    pub(super) fn of(kind: &str, api_version: &str, items: Items) -> Option<Self> {
        let item_kind = kind.strip_suffix("List")?;
        let is_list = match items {
            Items::Absent => item_kind.is_empty(),
            Items::Nothing | Items::Listed => true,
            Items::Other => false,
        };
        is_list.then(|| Self {
            api_version: api_version.to_owned(),
            item_kind: item_kind.to_owned(),
        })
    }

    /// Gives an item what it leaves to the list to say.
    pub(super) fn complete(&self, item: &mut Value) {
        let Some(item) = item.as_object_mut() else {
            return;
        };
        if self.item_kind.is_empty() || item.contains_key("kind") {
            return;
        }
        item.insert("kind".to_owned(), self.item_kind.as_str().into());
        let version = item.entry("apiVersion");
        version.or_insert_with(|| self.api_version.as_str().into());
    }
}
