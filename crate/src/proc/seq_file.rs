//! How much one read gives of a text that is made record by record (Linux `fs/seq_file.c:seq_read_iter`).

use crate::addr::PAGE_SIZE;

/// The bytes that a read of `count` at `offset` gives: the rest of the record in which it begins, then whole records as long
/// as they fit into the kernel's page, of which the last may be cut by the count. A record ends with a line, before a letter
/// that `begins` another one. Only what a page holds is looked through, however long the text is.
pub fn seq_read(text: &[u8], begins: fn(&u8) -> bool, offset: u64, count: u64) -> u64 {
    let Some((before, text)) = usize::try_from(offset).ok().and_then(|offset| text.split_at_checked(offset)) else { return 0 };
    let newlines = text.iter().enumerate().filter(|(_, letter)| **letter == b'\n');
    let mut ends = newlines.map(|(at, _)| at + 1).filter(|end| text.get(*end).is_none_or(begins)).map(|end| end as u64);
    let is_inside = before.last().is_some_and(|last| *last != b'\n' || !text.first().is_none_or(begins));
    let rest = if is_inside { ends.next().unwrap_or(text.len() as u64) } else { 0 };
    if rest >= count {
        return count;
    }
    let wanted = count - rest;
    let (mut size, mut whole) = (PAGE_SIZE, 0);
    for end in ends {
        let with = end - rest;
        // One that is larger than the page gets a larger room.
        while whole == 0 && with >= size {
            size *= 2;
        }
        if with >= size || whole >= wanted {
            break;
        }
        whole = with;
    }
    rest + whole.min(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Records of these lengths, each of lines of which only the first begins with a digit.
    fn text(lengths: &[usize]) -> Vec<u8> {
        lengths.iter().flat_map(|length| format!("1\nA{}\n", "b".repeat(length - 4)).into_bytes()).collect()
    }

    #[test]
    fn whole_records_as_the_page_holds_them() {
        let read = |lengths: &[usize], offset, count| seq_read(&text(lengths), u8::is_ascii_digit, offset, count);
        let ends = [744; 7];
        assert_eq!(read(&ends, 0, 1 << 14), 5 * 744);
        assert_eq!(read(&ends, 0, 100), 100);
        assert_eq!(read(&ends, 3500, 1 << 14), 7 * 744 - 3500);
        assert_eq!(read(&ends, 3500, 100), 100);
        assert_eq!(read(&ends, 10, 800), 800);
        // Behind a line that does not end its record.
        assert_eq!(read(&ends, 2, 742), 742);
        assert_eq!(read(&ends, 744, 1 << 14), 5 * 744);
        assert_eq!(read(&ends, 7 * 744, 10), 0);
        assert_eq!(read(&ends, 9999, 10), 0);
        assert_eq!(read(&[5000, 1000, 3000], 0, 1 << 14), 6000);
        assert_eq!(read(&[4095], 0, 1 << 14), 4095);
        assert_eq!(read(&[2000, 2096], 0, 1 << 14), 2000);
        assert_eq!(read(&[], 0, 10), 0);
    }
}
