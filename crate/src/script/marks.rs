//! Lines that are no statements: `>` expectations, `<` inputs.

use super::ast::{Expectation, Input, MapsExpectation};
use super::expression::number;
use super::parse::{Result, by_hand, expected, identifier};
use super::relation::{Wanted, wanted};
use crate::addr::VirtRange;
use crate::machine::MapsLine;
use crate::settings::Cursor;
use winnow::ascii::{digit1, hex_digit1, space0, space1};
use winnow::combinator::{alt, cut_err, delimited, eof, fail, opt, preceded, separated, terminated};
use winnow::prelude::*;
use winnow::token::{any, one_of, rest, take_while};

fn range(input: &mut &str) -> Result<VirtRange> {
    by_hand(input, Cursor::range)
}

/// A line of `/proc/PID/maps`.
fn maps_line(input: &mut &str) -> Result<MapsLine> {
    by_hand(input, Cursor::maps_line)
}

/// Whether a line is one of `/proc/PID/maps`.
pub(super) fn is_maps_line(line: &str) -> bool {
    Cursor::new(line).maps_line().is_ok()
}

fn owner(input: &mut &str) -> Result<Option<String>> {
    opt(terminated(delimited('[', identifier_or_number, ']'), space1)).parse_next(input)
}

fn identifier_or_number(input: &mut &str) -> Result<String> {
    alt((identifier, digit1.map(str::to_string))).parse_next(input)
}

pub(super) fn expectation(input: &mut &str) -> Result<Expectation> {
    (any, space0).parse_next(input)?;
    let who = owner(input)?;
    let kind =
        cut_err(identifier).context(expected("minflt, majflt, mincore, status, maps, nmaps, pagemap, smaps or mtime")).parse_next(input)?;
    space0.parse_next(input)?;
    let parsed = match kind.as_str() {
        "minflt" if opt('?').parse_next(input)?.is_some() => Expectation::AnyFaults,
        "minflt" => Expectation::MinorFaults(one_wanted(input)?),
        "majflt" => Expectation::MajorFaults(one_wanted(input)?),
        "nmaps" => Expectation::MapsCount(one_wanted(input)?),
        "mtime" => {
            let fd = cut_err(number).context(expected("a descriptor")).parse_next(input)?;
            let word = cut_err(preceded(space1, alt(("changed", "same")))).context(expected("changed or same")).parse_next(input)?;
            Expectation::Mtime(fd, word == "changed")
        }
        "mincore" => take_while(0.., ['0', '1']).map(|digits: &str| Expectation::Mincore(digits.into())).parse_next(input)?,
        "status" => Expectation::Status(who, fields(input)?),
        "maps" => Expectation::Maps(who, cut_err(maps_expectation).parse_next(input)?),
        "pagemap" => {
            let range = cut_err(range).parse_next(input)?;
            let letters = preceded(space0, take_while(0.., |c: char| c.is_ascii_uppercase())).parse_next(input)?;
            Expectation::Pagemap(range, letters.to_string())
        }
        "smaps" => {
            let range = cut_err(range).parse_next(input)?;
            space0.parse_next(input)?;
            let fields = fields(input)?;
            let flags = opt(preceded(("VmFlags:", space0), rest)).parse_next(input)?;
            Expectation::Smaps(range, fields, flags.map(|flags: &str| flags.trim_end().to_string()))
        }
        _ => return cut_err(fail).context(expected("minflt, majflt, mincore, status, maps, nmaps, pagemap or smaps")).parse_next(input),
    };
    space0.parse_next(input)?;
    Ok(parsed)
}

fn one_wanted(input: &mut &str) -> Result<Wanted> {
    cut_err(wanted).context(expected("a number")).parse_next(input)
}

fn fields(input: &mut &str) -> Result<Vec<(String, Wanted)>> {
    let field = (identifier, preceded(space1, wanted));
    terminated(separated(0.., field, space1), space0).parse_next(input)
}

fn maps_expectation(input: &mut &str) -> Result<MapsExpectation> {
    let sign =
        one_of(['-', '+', '|', '~']).context(expected("- and a start, + and a line, | and a line, or ~ and a line")).parse_next(input)?;
    space0.parse_next(input)?;
    match sign {
        '-' => hex_digit1
            .try_map(|digits| u64::from_str_radix(digits, 16))
            .context(expected("a start address in hexadecimal"))
            .map(MapsExpectation::Gone)
            .parse_next(input),
        '+' => maps_line.map(MapsExpectation::New).parse_next(input),
        '|' => maps_line.map(MapsExpectation::Whole).parse_next(input),
        _ => maps_line.map(MapsExpectation::Extent).parse_next(input),
    }
}

pub(super) fn given(input: &mut &str) -> Result<Input> {
    (any, space0).parse_next(input)?;
    let kind = cut_err(identifier).context(expected("map, brk, stack, data or present")).parse_next(input)?;
    space0.parse_next(input)?;
    let parsed = match kind.as_str() {
        "map" => cut_err(maps_line).map(Input::Maps).parse_next(input)?,
        "brk" => cut_err(number).context(expected("an address")).map(Input::Brk).parse_next(input)?,
        "stack" => cut_err(number).context(expected("an address")).map(Input::Stack).parse_next(input)?,
        "data" => {
            let (start, end) = cut_err((number, preceded(space1, number))).context(expected("two addresses")).parse_next(input)?;
            Input::Data(start, end)
        }
        "present" => {
            let range = cut_err(range).parse_next(input)?;
            let how = cut_err(preceded(space1, alt(("written", "read")))).context(expected("written or read")).parse_next(input)?;
            Input::Present(range, how == "written")
        }
        _ => return cut_err(fail).context(expected("map, brk, stack, data or present")).parse_next(input),
    };
    (space0, opt(eof)).parse_next(input)?;
    Ok(parsed)
}
