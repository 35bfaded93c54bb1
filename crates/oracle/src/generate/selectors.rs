//! Labels and the selectors that look at them.

use serde_json::{Value, json};

use super::random::Random;
use super::{NAMESPACES, object};

/// Keys with their values.
pub(super) type Vocabulary = [(&'static str, [&'static str; 2]); 2];

pub(super) const NAMESPACE_LABELS: Vocabulary =
    [("team", ["red", "blue"]), ("env", ["prod", "test"])];
pub(super) const POD_LABELS: Vocabulary = [("app", ["web", "db"]), ("slot", ["one", "two"])];
pub(super) const NODE_LABELS: Vocabulary =
    [("role", ["worker", "control"]), ("env", ["prod", "test"])];

const NAMESPACE_NAME: &str = cofferdam_objects::keys::NAMESPACE_NAME;

impl Random {
    /// Labels of an object. Each key is absent now and then.
    pub(super) fn labels(&mut self, vocabulary: &Vocabulary) -> Value {
        let mut labels = serde_json::Map::new();
        for (key, values) in vocabulary {
            if self.chance(80) {
                labels.insert((*key).to_owned(), json!(self.value(values)));
            }
        }
        Value::Object(labels)
    }

    /// The name of a namespace, mostly one of the first, so that pods and policies meet there.
    pub(super) fn namespace(&mut self) -> &'static str {
        let most = 1 + self.below(NAMESPACES.len());
        let index = self.below(most);
        NAMESPACES.get(index).copied().unwrap_or_default()
    }

    pub(super) fn pod_selector(&mut self) -> Value {
        self.selector(&POD_LABELS)
    }

    pub(super) fn node_selector(&mut self) -> Value {
        self.selector(&NODE_LABELS)
    }

    /// It may ask for a name, also of a namespace that is not there.
    pub(super) fn namespace_selector(&mut self) -> Value {
        match self.below(10) {
            0 | 1 => json!({ "matchLabels": { NAMESPACE_NAME: self.namespace() } }),
            2 => {
                let operator = self.pick(&["In", "NotIn"]);
                let values = [self.namespace(), self.pick(&NAMESPACES)];
                json!({ "matchExpressions": [
                    { "key": NAMESPACE_NAME, "operator": operator, "values": values },
                ] })
            }
            _ => self.selector(&NAMESPACE_LABELS),
        }
    }

    fn selector(&mut self, vocabulary: &Vocabulary) -> Value {
        if self.chance(35) {
            return json!({});
        }
        let wanted = self.some(50, |random| {
            let (key, values) = random.pick(vocabulary);
            json!({ key: random.value(&values) })
        });
        let expressions = self.some(if wanted.is_some() { 25 } else { 90 }, |random| {
            let most = random.pick(&[1, 1, 2]);
            random.items(most, |random| random.expression(vocabulary))
        });
        object([("matchLabels", wanted), ("matchExpressions", expressions)])
    }

    /// Mostly the first, so that labels and selectors agree.
    fn value(&mut self, values: &[&'static str; 2]) -> &'static str {
        let [first, second] = *values;
        self.pick(&[first, first, second])
    }

    fn expression(&mut self, vocabulary: &Vocabulary) -> Value {
        let (key, values) = self.pick(vocabulary);
        // No object has this one.
        let key = if self.chance(15) { "absent" } else { key };
        let operator = self.pick(&["In", "NotIn", "Exists", "DoesNotExist"]);
        if ["Exists", "DoesNotExist"].contains(&operator) {
            return json!({ "key": key, "operator": operator });
        }
        let values = if self.chance(70) {
            json!([self.value(&values)])
        } else {
            json!(values)
        };
        json!({ "key": key, "operator": operator, "values": values })
    }
}
