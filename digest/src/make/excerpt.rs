//! What people see of a line: the cell in question, among its neighbours.

use std::ops::Range;

use schema::Excerpt;

/// How many bytes of a line are shown.
const SHOWN_BYTES: usize = 200;

/// How many of them a cell in question may have.
const CELL_BYTES: usize = 80;

/// Shows a cell of a line with as many others beside it as there is room for, whole ones if the
/// delimiter is a byte.
pub(super) fn excerpt(line: &[u8], cell: Range<usize>, delimiter: Option<u8>) -> Excerpt {
    let shown = cell.start..char_end(line, cell.end.min(cell.start + CELL_BYTES), cell.start);
    let room = SHOWN_BYTES - shown.len();
    let behind = (line.len() - shown.end).min(room / 2);
    let start = start(line, shown.start, room - behind, delimiter);
    let end = match shown.end < cell.end {
        true => shown.end,
        false => end(line, shown.end, room - (shown.start - start), delimiter),
    };
    let text = |part: Range<usize>| String::from_utf8_lossy(&line[part]).into_owned();
    Excerpt {
        before: text(start..shown.start),
        cell: text(shown.clone()),
        after: text(shown.end..end),
        cut_before: start > 0,
        cut_after: end < line.len(),
    }
}

/// Where to begin in front of a cell.
fn start(line: &[u8], cell: usize, room: usize, delimiter: Option<u8>) -> usize {
    let Some(from @ 1..) = cell.checked_sub(room) else { return 0 };
    let whole = delimiter.and_then(|byte| memchr::memchr(byte, &line[from - 1..cell]));
    match whole.map(|at| from + at) {
        Some(start) if start < cell => start,
        _ => (from..cell).find(|at| is_char_start(line[*at])).unwrap_or(cell),
    }
}

/// Where to end behind a cell.
fn end(line: &[u8], cell_end: usize, room: usize, delimiter: Option<u8>) -> usize {
    let to = cell_end + room;
    if to >= line.len() {
        return line.len();
    }
    let whole = delimiter.and_then(|byte| memchr::memrchr(byte, &line[cell_end..=to]));
    match whole {
        Some(at @ 1..) => cell_end + at,
        _ => char_end(line, to, cell_end),
    }
}

/// The last end of a character from `least` to `most`.
fn char_end(line: &[u8], most: usize, least: usize) -> usize {
    let is_end = |at: &usize| line.get(*at).is_none_or(|byte| is_char_start(*byte));
    (least..=most).rev().find(is_end).unwrap_or(most)
}

fn is_char_start(byte: u8) -> bool {
    !matches!(byte, 0x80..=0xbf)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(line: &str, cell: &str) -> Excerpt {
        let at = line.find(cell).unwrap();
        excerpt(line.as_bytes(), at..at + cell.len(), Some(b'\t'))
    }

    fn whole(excerpt: &Excerpt) -> String {
        [&*excerpt.before, &*excerpt.cell, &*excerpt.after].concat()
    }

    #[test]
    fn a_short_line_is_shown_as_it_is() {
        let excerpt = shown("m1\tAA\tZZ\tCC", "ZZ");
        assert_eq!((&*excerpt.before, &*excerpt.cell, &*excerpt.after), ("m1\tAA\t", "ZZ", "\tCC"));
        assert!(!excerpt.cut_before && !excerpt.cut_after);
    }

    #[test]
    fn of_a_long_line_whole_cells_are_shown_on_both_sides() {
        let calls = vec!["ACGT"; 500].join("\t");
        let excerpt = shown(&format!("{calls}\t!\t{calls}"), "!");
        assert_eq!(excerpt.before, "ACGT\t".repeat(20));
        assert_eq!(excerpt.after, "\tACGT".repeat(19));
        assert!(excerpt.cut_before && excerpt.cut_after);
    }

    #[test]
    fn room_that_one_side_does_not_need_is_the_other_ones() {
        let calls = vec!["ACGT"; 500].join("\t");
        let first = shown(&format!("!\t{calls}"), "!");
        assert_eq!((first.before.len(), first.after.len()), (0, 195));
        let last = shown(&format!("{calls}\t!"), "!");
        assert_eq!((last.before.len(), last.after.len()), (195, 0));
    }

    #[test]
    fn a_long_cell_is_cut_and_nothing_is_shown_behind_it() {
        let excerpt = shown(&format!("m\t{}\tn", "x".repeat(300)), &"x".repeat(300));
        assert_eq!((&*excerpt.before, excerpt.cell.len(), &*excerpt.after), ("m\t", 80, ""));
        assert!(excerpt.cut_after);
    }

    #[test]
    fn a_long_neighbour_is_shown_in_part() {
        let excerpt = shown(&format!("{}\t!\tn", "é".repeat(300)), "!");
        assert!(
            excerpt.before.ends_with("é\t") && excerpt.before.chars().all(|c| "é\t".contains(c))
        );
        assert_eq!(excerpt.after, "\tn");
    }

    proptest! {
        #[test]
        fn an_excerpt_is_a_part_of_its_line_within_bounds(
            line in "([aé世]{0,90}\t){0,9}", (a, b) in (0..1500usize, 0..1500usize), cut in any::<bool>()
        ) {
            let ends: Vec<_> = line.char_indices().map(|(at, _)| at).chain([line.len()]).collect();
            let (a, b) = (ends[a % ends.len()], ends[b % ends.len()]);
            let excerpt = excerpt(line.as_bytes(), a.min(b)..a.max(b), cut.then_some(b'\t'));
            let text = whole(&excerpt);
            prop_assert!(line.contains(&text) && text.len() <= SHOWN_BYTES);
            prop_assert!(line[..a.min(b)].ends_with(&excerpt.before));
            prop_assert!(line[a.min(b)..].starts_with(&*(excerpt.cell + &excerpt.after)));
            prop_assert_eq!(text.len() < line.len(), excerpt.cut_before || excerpt.cut_after);
        }
    }
}
