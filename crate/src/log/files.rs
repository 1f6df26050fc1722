//! The files of `strace -ff -o NAME`, one for each process (`NAME.1234`), as one log.

use super::lines::End;
use super::noise;
use super::prefix::{self, Core};
use crate::sort;
use crate::sorted::SortedMap;

/// The first line of a log whose processes' lines have no known order.
const UNORDERED: &str = "@log unordered\n";

/// Several logs as one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Joined {
    /// The lines, each with its process before it.
    pub text: String,
    /// The order of calls of different processes is known, from the times that all lines carry.
    pub is_ordered: bool,
}

/// A file that is being merged.
struct File<'a> {
    pid: String,
    lines: Vec<&'a str>,
    at: usize,
}

/// Puts files together. A process is known by the number that its file's name ends in; a file without one
/// is taken as it is.
pub fn join_files(files: &[(&str, &str)]) -> Joined {
    if let [(_, text)] = files {
        return Joined { text: (*text).to_string(), is_ordered: true };
    }
    let mut parts: Vec<_> = files.iter().map(|(name, text)| File { pid: pid_of(name), lines: text.lines().collect(), at: 0 }).collect();
    let times: Option<Vec<Vec<u128>>> = parts.iter().map(|file| times(&file.lines)).collect();
    match times {
        Some(times) => Joined { text: by_time(&parts, &times), is_ordered: true },
        None => Joined { text: format!("{UNORDERED}{}", by_birth(&mut parts)), is_ordered: false },
    }
}

/// `NAME.1234` → `1234`
fn pid_of(name: &str) -> String {
    let last = name.rsplit('.').next().unwrap_or_default();
    if !last.is_empty() && last.bytes().all(|b| b.is_ascii_digit()) { last.to_string() } else { String::new() }
}

/// The absolute time of each line, which those without one take from the line before; `None` if there are none.
fn times(lines: &[&str]) -> Option<Vec<u128>> {
    let mut last = None;
    let mut times = Vec::with_capacity(lines.len());
    for line in lines {
        let core = prefix::find_core(line, false);
        let stamp = core.and_then(|(at, _)| prefix::head(&line[..at]).time).and_then(nanoseconds);
        if core.is_some() && stamp.is_none() {
            return None;
        }
        last = stamp.or(last);
        times.push(last.unwrap_or(0));
    }
    last.map(|_| times)
}

/// `12:34:56.789` or `1700000000.123456`; a few seconds alone are no absolute time.
fn nanoseconds(stamp: &str) -> Option<u128> {
    let (whole, part) = stamp.split_once('.').unwrap_or((stamp, ""));
    let part: String = part.chars().chain("000000000".chars()).take(9).collect();
    let seconds = match whole.contains(':') {
        true => whole.split(':').try_fold(0u128, |sum, digits| Some(sum * 60 + digits.parse::<u128>().ok()?))?,
        false => whole.parse::<u128>().ok().filter(|seconds| *seconds > 1_000_000)?,
    };
    Some(seconds * 1_000_000_000 + part.parse::<u128>().ok()?)
}

/// A call ends somewhere before its thread's next line: where others' lines stand in between, it is written as two halves.
fn by_time(parts: &[File], times: &[Vec<u128>]) -> String {
    /// The moment, whether something begins then, the file and the line.
    type Moment = (u128, bool, usize, usize);
    let mut order: Vec<Moment> = Vec::new();
    for (file, times) in times.iter().enumerate() {
        for (line, time) in times.iter().enumerate() {
            order.push((*time, true, file, line));
            order.extend(times.get(line + 1).map(|next| (*next, false, file, line)));
        }
    }
    sort::by(&mut order, Ord::cmp);
    let mut text = String::new();
    let mut halves: SortedMap<(usize, usize), String> = SortedMap::new();
    for (at, (_, begins, file, line)) in order.iter().copied().enumerate() {
        let (pid, whole) = (&parts[file].pid, parts[file].lines[line]);
        if !begins {
            if let Some(rest) = halves.remove(&(file, line)) {
                push(&mut text, pid, &rest);
            }
            continue;
        }
        let is_alone = order.get(at + 1).is_none_or(|(_, _, next, _)| *next == file);
        match in_halves(whole).filter(|_| !is_alone && line + 1 < parts[file].lines.len()) {
            Some((first, rest)) => {
                push(&mut text, pid, &first);
                halves.insert((file, line), rest);
            }
            None => push(&mut text, pid, whole),
        }
    }
    text
}

/// `f(x) = 0` as `f(x <unfinished ...>` and `<... f resumed>) = 0`.
fn in_halves(line: &str) -> Option<(String, String)> {
    let (start, core) = prefix::find_core(line, false)?;
    let call = &line[start..];
    let (Core::Call, Some(End::Result(result))) = (core, noise::end(call, core)) else { return None };
    let close = call[..result].rfind(')')?;
    let name = noise::name_of(call);
    let first = format!("{} <unfinished ...>", &line[..start + close]);
    Some((first, format!("<... {name} resumed>{}", &call[close..])))
}

/// Each process's lines stand behind the call that made it.
fn by_birth(parts: &mut [File]) -> String {
    let numbers: SortedMap<String, usize> = parts.iter().enumerate().map(|(at, file)| (file.pid.clone(), at)).collect();
    let made: Vec<usize> =
        parts.iter().flat_map(|file| file.lines.iter().filter_map(|line| child(line, &numbers)).collect::<Vec<_>>()).collect();
    let mut text = String::new();
    // First those that no file makes, then whatever a circle of reused numbers left.
    let roots: Vec<usize> = (0..parts.len()).filter(|at| !made.contains(at)).chain(0..parts.len()).collect();
    for root in roots {
        let mut stack = vec![root];
        while let Some(&file) = stack.last() {
            let part = &mut parts[file];
            let Some(line) = part.lines.get(part.at) else {
                stack.pop();
                continue;
            };
            part.at += 1;
            push(&mut text, &part.pid, line);
            stack.extend(child(line, &numbers).filter(|child| parts[*child].at == 0));
        }
    }
    text
}

/// The file of the process that a line's call makes.
fn child(line: &str, numbers: &SortedMap<String, usize>) -> Option<usize> {
    let (at, _) = prefix::find_core(line, false)?;
    if !matches!(noise::name_of(&line[at..]), "clone" | "clone3" | "fork" | "vfork") {
        return None;
    }
    let result = line.rsplit_once("= ")?.1.split_whitespace().next()?;
    numbers.get(result).copied()
}

fn push(text: &mut String, pid: &str, line: &str) {
    // Stacks stand alone on their lines.
    if !pid.is_empty() && !noise::is_stack(line.trim()) && !line.trim().is_empty() {
        text.push_str(pid);
        text.push(' ');
    }
    text.push_str(line);
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_go_by_their_times_or_behind_the_call_that_made_their_process() {
        let parent = "1700000000.1 clone(flags=SIGCHLD) = 8\n1700000000.3 brk(NULL) = 0x1000\n";
        let joined = join_files(&[("x.8", "1700000000.2 brk(NULL) = 0x2000\n"), ("x.7", parent)]);
        assert!(joined.is_ordered);
        assert_eq!(
            joined.text,
            "7 1700000000.1 clone(flags=SIGCHLD <unfinished ...>\n8 1700000000.2 brk(NULL) = 0x2000\n7 <... clone resumed>) = 8\n\
             7 1700000000.3 brk(NULL) = 0x1000\n"
        );
        let joined = join_files(&[("x.8", "brk(NULL) = 0x2000\n"), ("x.7", "clone(flags=SIGCHLD) = 8\nbrk(NULL) = 0x1000\n")]);
        assert!(!joined.is_ordered);
        assert_eq!(joined.text, "@log unordered\n7 clone(flags=SIGCHLD) = 8\n8 brk(NULL) = 0x2000\n7 brk(NULL) = 0x1000\n");
    }
}
