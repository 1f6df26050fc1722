//! The order of parents and children in a log: a child may log before its parent's `clone` returns.

use crate::script::{Expr, Outcome, Statement};
use crate::sorted::{SortedMap, SortedSet};

/// The child that a call made, as a log names it.
fn child_of(statement: &Statement) -> Option<String> {
    let makes = matches!(statement.call.name.as_str(), "fork" | "vfork" | "clone" | "clone3");
    match &statement.outcome {
        Some(Outcome::Value(Expr::Int(child))) if makes => Some(child.to_string()),
        _ => None,
    }
}

/// Puts each call that makes a process before the child's first call since then, in time that grows with the calls.
pub(super) fn parents_first(statements: Vec<Statement>) -> Vec<Statement> {
    let mut places: SortedMap<&str, Vec<usize>> = SortedMap::new();
    for (at, statement) in statements.iter().enumerate() {
        if let Some(process) = &statement.process {
            places.entry(process.as_str()).or_default().push(at);
        }
    }
    // What is moved before a statement, in order.
    let mut before: SortedMap<usize, Vec<usize>> = SortedMap::new();
    for (at, statement) in statements.iter().enumerate() {
        let Some(own) = child_of(statement).and_then(|child| places.get(child.as_str())) else { continue };
        // A number may have been another process's before.
        let first = own.get(own.partition_point(|place| statements[*place].line < statement.began));
        if let Some(first) = first.filter(|first| **first < at) {
            before.entry(*first).or_default().push(at);
        }
    }
    if before.is_empty() {
        return statements;
    }
    let moved: SortedSet<usize> = before.values().flatten().copied().collect();
    let mut order = Vec::with_capacity(statements.len());
    for at in (0..statements.len()).filter(|at| !moved.contains(at)) {
        emit(at, &before, &mut order);
    }
    let mut taken: Vec<_> = statements.into_iter().map(Some).collect();
    order.into_iter().filter_map(|at: usize| taken[at].take()).collect()
}

/// A statement behind all that are moved before it, and before each of these what is moved before that.
fn emit(at: usize, before: &SortedMap<usize, Vec<usize>>, order: &mut Vec<usize>) {
    let mut stack = vec![(at, false)];
    while let Some((at, ready)) = stack.pop() {
        if ready || !before.contains_key(&at) {
            order.push(at);
            continue;
        }
        stack.push((at, true));
        stack.extend(before[&at].iter().rev().map(|moved| (*moved, false)));
    }
}

#[cfg(test)]
mod tests {
    use crate::log::read;

    #[test]
    fn a_parent_stands_before_its_child_however_deep() {
        let log = "10 clone(child_stack=NULL, flags=SIGCHLD <unfinished ...>\n\
                   11 clone(child_stack=NULL, flags=SIGCHLD <unfinished ...>\n\
                   12 brk(NULL) = 0\n11 <... clone resumed>) = 12\n10 <... clone resumed>) = 11\n";
        let lines: Vec<_> = read(log).statements.iter().map(|statement| statement.line).collect();
        assert_eq!(lines, [5, 4, 3]);
    }
}
