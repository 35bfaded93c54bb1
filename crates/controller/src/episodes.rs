//! What begins, changes and ends between two looks at a cluster.

use std::collections::BTreeMap;

use cofferdam_state::finding::{Class, Finding};

/// What became of a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It was not there before.
    Began(Finding),
    /// It was there, and is now like this.
    Changed(Finding),
    /// It is there no more; this is how it was.
    Ended(Finding),
}

/// Findings that are open, by their stable ids.
#[derive(Debug, Default, Clone)]
pub(crate) struct Episodes(BTreeMap<String, Finding>);

impl Episodes {
    /// Takes in what was found; what became of each finding by that.
    ///
    /// Where something is unknown, nothing has ended or changed: less of it may only have been seen.
    pub(crate) fn take(&mut self, findings: &[Finding]) -> Vec<Turn> {
        let is_unknown = |finding: &Finding| finding.class == Class::Unknown;
        let is_whole = !findings.iter().any(is_unknown);
        let now: BTreeMap<String, &Finding> = findings.iter().map(|one| (one.id(), one)).collect();
        let mut turns = Vec::new();
        for (id, finding) in &now {
            let turn = match self.0.get(id) {
                None => Turn::Began,
                Some(before) if before == *finding => continue,
                Some(_) if !is_whole && !is_unknown(finding) => continue,
                Some(_) => Turn::Changed,
            };
            turns.push(turn((*finding).clone()));
            self.0.insert(id.clone(), (*finding).clone());
        }
        let ended = self.0.extract_if(.., |id, finding| {
            !now.contains_key(id) && (is_whole || is_unknown(finding))
        });
        turns.extend(ended.map(|(_, finding)| Turn::Ended(finding)));
        turns
    }
}

#[cfg(test)]
mod tests {
    use cofferdam_model::names::ClusterName;
    use cofferdam_objects::key::ObjectKey;
    use cofferdam_state::finding::Effect;

    use super::*;

    /// A finding about an object; `?` is that something is unknown.
    fn finding(name: &str) -> Finding {
        let (name, message) = name.split_once('=').unwrap_or((name, ""));
        Finding {
            class: if name == "?" {
                Class::Unknown
            } else {
                Class::Changed
            },
            cluster: ClusterName::parse("prod").expect("a name"),
            zone: None,
            object: ObjectKey::policy("web", name),
            fields: Vec::new(),
            by: None,
            effect: Effect::Unknown,
            changes: None,
            severity: None,
            message: message.to_owned(),
            hint: None,
            waiver: None,
        }
    }

    /// What the last of several looks turns.
    #[track_caller]
    fn check(looks: &[&str], expected: &[&str]) {
        let mut episodes = Episodes::default();
        let mut turns = Vec::new();
        for look in looks {
            let found: Vec<Finding> = look.split_whitespace().map(finding).collect();
            turns = episodes.take(&found);
        }
        let turns = turns.iter().map(|turn| match turn {
            Turn::Began(one) => format!("began {}", one.object.name),
            Turn::Changed(one) => format!("changed {} {}", one.object.name, one.message),
            Turn::Ended(one) => format!("ended {}", one.object.name),
        });
        assert_eq!(turns.collect::<Vec<_>>(), expected, "{looks:?}");
    }

    #[test]
    fn a_finding_begins_once_and_ends_once() {
        check(&["a"], &["began a"]);
        check(&["a", "a"], &[]);
        check(&["a", "a=wider"], &["changed a wider"]);
        check(&["a", "b"], &["began b", "ended a"]);
        check(&["a", "", ""], &[]);
        check(&["a", "", "a"], &["began a"]);
    }

    #[test]
    fn nothing_ends_while_something_is_unknown() {
        check(&["a", "?"], &["began ?"]);
        check(&["a", "a=less ?"], &["began ?"]);
        check(&["a", "a=less ?", "a=less"], &["changed a less", "ended ?"]);
        check(&["a", "?", "a"], &["ended ?"]);
        check(&["a", "?", ""], &["ended a", "ended ?"]);
    }
}
