//! What is in a cluster, as far as a push decides it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use cofferdam_integration::Cluster;
use serde_json::{Value, json};

/// Policies by namespace and name: labels, annotations and spec.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct State(BTreeMap<(String, String), Value>);

impl State {
    /// What a cluster holds.
    pub(super) fn of_cluster(cluster: &Cluster) -> Result<Self> {
        let list = cluster.get_json(&["networkpolicies", "--all-namespaces"])?;
        let items = list.get("items").and_then(Value::as_array);
        Self::of(items.into_iter().flatten())
    }

    /// What a list of objects says.
    pub(super) fn of<'a>(objects: impl IntoIterator<Item = &'a Value>) -> Result<Self> {
        let mut all = BTreeMap::new();
        for object in objects {
            let text = |pointer: &str| {
                let value = object.pointer(pointer).and_then(Value::as_str);
                value.map(str::to_owned).context("an object without a name")
            };
            let key = (text("/metadata/namespace")?, text("/metadata/name")?);
            let object = as_stored(object.clone());
            let spec = object.get("spec");
            let part = |field| object.pointer(&format!("/metadata/{field}")).cloned();
            let value =
                json!({"labels": part("labels"), "annotations": part("annotations"), "spec": spec});
            all.insert(key, value);
        }
        Ok(Self(all))
    }

    /// Fails with the first difference.
    pub(super) fn expect(&self, wanted: &Self) -> Result<()> {
        for (key, want) in &wanted.0 {
            let have = self.0.get(key);
            ensure!(have == Some(want), "{key:?} is {have:?}, not {want}");
        }
        let surplus = self.0.keys().find(|key| !wanted.0.contains_key(*key));
        ensure!(surplus.is_none(), "{surplus:?} is not wanted");
        Ok(())
    }

    /// How many policies there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

/// An object without empty lists of rules, which the server does not keep; kubectl takes them for
/// differences forever.
pub(super) fn as_stored(mut object: Value) -> Value {
    if let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) {
        spec.retain(|_, value| value != &json!([]));
    }
    object
}

/// The objects of all manifests of a kind below a directory, in the order of their files' names.
pub(super) fn manifests(directory: &Path, kind: &str) -> Result<Vec<Value>> {
    let mut objects = Vec::new();
    let mut entries: Vec<_> = fs::read_dir(directory)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        if path.is_dir() {
            objects.extend(manifests(&path, kind)?);
            continue;
        }
        let object: Value = serde_yaml::from_str(&fs::read_to_string(&path)?)
            .with_context(|| format!("cannot parse `{}`", path.display()))?;
        if object.get("kind").and_then(Value::as_str) == Some(kind) {
            objects.push(object);
        }
    }
    Ok(objects)
}
