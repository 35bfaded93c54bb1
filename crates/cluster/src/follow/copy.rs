//! A copy of the objects of one kind.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use super::event::{Event, Key};
use crate::error::Error;

/// The objects of one kind, as far as they are known.
#[derive(Debug)]
pub(super) struct Copy<T> {
    objects: BTreeMap<Key, T>,
    /// Those of a list that is not complete yet.
    coming: Option<BTreeMap<Key, T>>,
    standing: Standing,
}

/// How far a copy can be trusted.
#[derive(Debug)]
enum Standing {
    /// It was not read completely yet.
    Unread,
    /// It is what the server tells.
    Current,
    /// The server does not tell any more; why.
    Lost(Error),
}

impl<T> Default for Copy<T> {
    fn default() -> Self {
        Self {
            objects: BTreeMap::new(),
            coming: None,
            standing: Standing::Unread,
        }
    }
}

impl<T> Copy<T> {
    /// Whether it is known by now what can be said: the objects, or why they are not known.
    pub(super) fn is_settled(&self) -> bool {
        !matches!(self.standing, Standing::Unread)
    }

    /// A complete list begins.
    pub(super) fn begin(&mut self) {
        self.coming = Some(BTreeMap::new());
    }

    /// What it holds may be as it was, until it is listed again.
    pub(super) fn doubt(&mut self) {
        self.standing = Standing::Unread;
    }

    /// The server does not tell any more; whether that is new.
    pub(super) fn lose(&mut self, why: Error) -> bool {
        let is_new = !matches!(&self.standing, Standing::Lost(known) if *known == why);
        self.coming = None;
        self.standing = Standing::Lost(why);
        is_new
    }

    /// These are all.
    pub(super) fn replace(&mut self, all: BTreeMap<Key, T>) {
        self.coming = Some(all);
        self.complete();
    }

    /// The list that began is complete.
    fn complete(&mut self) {
        if let Some(all) = self.coming.take() {
            self.objects = all;
        }
        self.standing = Standing::Current;
    }
}

impl<T: DeserializeOwned> Copy<T> {
    /// Takes an event in; whether the objects that are known are others now.
    pub(super) fn take(&mut self, event: &Event<'_>) -> Result<bool, serde_json::Error> {
        let is_current = self.coming.is_none();
        let objects = self.coming.as_mut().unwrap_or(&mut self.objects);
        match event {
            Event::Is(key, object) => {
                objects.insert(key.clone(), serde_json::from_str(object.get())?);
                Ok(is_current)
            }
            Event::Gone(key) => Ok(objects.remove(key).is_some() && is_current),
            Event::Bookmark { ends_initial: true } if !is_current => {
                self.complete();
                Ok(true)
            }
            Event::Bookmark { .. } | Event::Expired => Ok(false),
        }
    }
}

impl<T: Clone> Copy<T> {
    /// Every object; why they are not known, where they are not.
    pub(super) fn objects(&self) -> Result<Vec<T>, Error> {
        match &self.standing {
            Standing::Lost(why) => Err(why.clone()),
            Standing::Unread | Standing::Current => Ok(self.objects.values().cloned().collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;
    use crate::error::Category;

    fn key(name: &str) -> Key {
        ("x".to_owned(), name.to_owned())
    }

    /// `+a=1` is there, `-a` is gone, `[` begins a list, `]` is the bookmark that ends it, `~` doubts, `!` loses the server.
    #[track_caller]
    fn check(steps: &str, expected: &str) {
        let mut copy: Copy<u32> = Copy::default();
        for step in steps.split_whitespace() {
            if step == "~" {
                copy.doubt();
            } else if let Some((name, value)) =
                step.strip_prefix('+').and_then(|one| one.split_once('='))
            {
                let value = RawValue::from_string(value.to_owned()).expect("JSON");
                copy.take(&Event::Is(key(name), &value)).expect("a number");
            } else if let Some(name) = step.strip_prefix('-') {
                copy.take(&Event::Gone(key(name)))
                    .expect("nothing to parse");
            } else if step == "[" {
                copy.begin();
            } else if step == "]" {
                let end = Event::Bookmark { ends_initial: true };
                copy.take(&end).expect("nothing to parse");
            } else {
                copy.lose(Error::new(
                    "prod",
                    Category::Unreachable,
                    "cannot list",
                    "gone",
                ));
            }
        }
        let told = match (copy.is_settled(), copy.objects()) {
            (false, _) => "unread".to_owned(),
            (true, Ok(all)) => format!("{all:?}"),
            (true, Err(why)) => why.to_string(),
        };
        assert_eq!(told, expected, "{steps}");
    }

    #[test]
    fn nothing_is_said_before_the_first_list_is_complete() {
        check("", "unread");
        check("[ +a=1", "unread");
        check("[ +a=1 ]", "[1]");
        check("[ ]", "[]");
    }

    #[test]
    fn later_events_change_what_is_there() {
        check("[ +a=1 ] +a=2 +b=3", "[2, 3]");
        check("[ +a=1 +b=2 ] -a", "[2]");
        check("[ +a=1 ] -b", "[1]");
    }

    #[test]
    fn what_a_later_list_does_not_hold_is_gone_and_only_once_it_is_complete() {
        check("[ +a=1 +b=2 ] [ +b=3", "[1, 2]");
        check("[ +a=1 +b=2 ] [ +b=3 ]", "[3]");
    }

    #[test]
    fn what_is_doubted_is_not_told_before_it_was_listed_again() {
        check("[ +a=1 ] ~", "unread");
        check("[ +a=1 ] ~ [ +b=2", "unread");
        check("[ +a=1 ] ~ [ +b=2 ]", "[2]");
    }

    #[test]
    fn what_is_not_told_any_more_is_not_known() {
        check("[ +a=1 ] !", "cluster prod: cannot list: gone");
        check("!", "cluster prod: cannot list: gone");
        check("[ +a=1 ] ! [ +a=1", "cluster prod: cannot list: gone");
        check("[ +a=1 ] ! [ +a=4 ]", "[4]");
    }
}
