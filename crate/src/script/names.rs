//! Names that statements have bound. What was bound when is kept, so that any earlier moment can be had again without a copy
//! of all names.

use super::evaluate::Names;
use std::ops::Deref;

/// The names of a running script.
#[derive(Clone, Debug, Default)]
pub(super) struct Bindings {
    names: Names,
    log: Vec<Binding>,
    /// How many of the log hold now.
    done: usize,
}

#[derive(Clone, Debug, PartialEq)]
struct Binding {
    name: String,
    before: Option<u64>,
    value: u64,
}

impl Deref for Bindings {
    type Target = Names;

    fn deref(&self) -> &Names {
        &self.names
    }
}

impl Bindings {
    /// Binds a name.
    pub(super) fn bind(&mut self, name: &str, value: u64) {
        let before = match self.names.get_mut(name) {
            Some(bound) => Some(std::mem::replace(bound, value)),
            None => self.names.insert(name.to_string(), value),
        };
        let binding = Binding { name: name.to_string(), before, value };
        if self.log.get(self.done) != Some(&binding) {
            self.log.truncate(self.done);
            self.log.push(binding);
        }
        self.done += 1;
    }

    /// The moment, for [`Bindings::go_to`].
    pub(super) fn moment(&self) -> usize {
        self.done
    }

    /// Goes to a moment, back or on.
    pub(super) fn go_to(&mut self, moment: usize) {
        while self.done > moment {
            self.done -= 1;
            let Binding { name, before, .. } = &self.log[self.done];
            match before {
                Some(before) => self.names.insert(name.clone(), *before),
                None => self.names.remove(name),
            };
        }
        while self.done < moment {
            let Binding { name, value, .. } = &self.log[self.done];
            self.names.insert(name.clone(), *value);
            self.done += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_moment_can_be_had_again() {
        let mut names = Bindings::default();
        names.bind("a", 1);
        names.bind("b", 2);
        let two = names.moment();
        names.bind("a", 3);
        let three = names.moment();
        names.go_to(1);
        assert_eq!((names.get("a"), names.get("b")), (Some(&1), None));
        names.go_to(three);
        assert_eq!((names.get("a"), names.get("b")), (Some(&3), Some(&2)));
        names.go_to(two);
        assert_eq!(names.get("a"), Some(&1));
        names.bind("c", 9);
        assert_eq!((names.log.len(), names.get("a"), names.get("c")), (3, Some(&1), Some(&9)));
    }
}
