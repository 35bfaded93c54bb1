//! `healing` of zones and trust domains.

use cofferdam_model::class::Class;
use cofferdam_model::healing::{Healing, Response};

use crate::finding::Reporter;
use crate::nearest::{did_you_mean, one_of};
use crate::raw::healing as raw;
use crate::shape::join;

/// Reads what is to be done about findings.
pub(crate) fn healing(reporter: &mut Reporter<'_>, raw: Option<&raw::Healing>) -> Option<Healing> {
    let words = match raw {
        None => return Some(Healing::default()),
        Some(raw::Healing::Always(word)) => {
            return Some(Healing {
                default: Some(response_of(*word)),
                ..Healing::default()
            });
        }
        Some(raw::Healing::ByClass(words)) => words,
    };
    let mut read = Healing::default();
    let mut good = true;
    for (key, word) in words {
        let response = response_of(*word);
        let mut classes = Class::ALL.iter().copied();
        match classes.find(|class| class.as_str() == key) {
            _ if key == "default" => read.default = Some(response),
            Some(class) if response < Response::Heal || Healing::HEALED.contains(&class) => {
                read.by_class.insert(class, response);
            }
            known => {
                let (code, message) = match known {
                    Some(_) => ("not-healable", format!("nothing heals `{key}`")),
                    None => ("dangling-reference", format!("there is no class `{key}`")),
                };
                let words = || Class::ALL.iter().map(|class| class.as_str());
                let hint = known
                    .is_none()
                    .then(|| did_you_mean(key, words()))
                    .flatten();
                let healed = Healing::HEALED.map(Class::as_str);
                let hint = hint.unwrap_or_else(|| format!("healed are {}", one_of(healed)));
                reporter
                    .error(&join("spec.healing", key), code, message)
                    .hint(hint);
                good = false;
            }
        }
    }
    good.then_some(read)
}

fn response_of(raw: raw::Response) -> Response {
    match raw {
        raw::Response::Observe => Response::Observe,
        raw::Response::Alert => Response::Alert,
        raw::Response::Heal => Response::Heal,
    }
}
