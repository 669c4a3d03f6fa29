//! Allele sizes: calls that are numbers, kept as text of a fixed width.

/// The most bytes an allele size may have.
pub(crate) const SSR_BYTES: usize = 8;

/// Whether a cell is an allele size: N, or digits with at most one `/` between them.
pub(super) fn is_size(cell: &[u8]) -> bool {
    let digits = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    let mut parts = cell.splitn(2, |byte| *byte == b'/');
    cell == b"N" || (cell.len() <= SSR_BYTES && parts.all(digits))
}

/// Whether an allele size means a missing call.
pub(super) fn is_missing(cell: &[u8]) -> bool {
    cell == b"N" || cell.iter().all(|byte| matches!(byte, b'0' | b'/'))
}

/// Appends a size in eight bytes, what is left of them zero.
pub(super) fn keep(cell: &[u8], out: &mut Vec<u8>) {
    let mut kept = [0; SSR_BYTES];
    kept[..cell.len()].copy_from_slice(cell);
    out.extend_from_slice(&kept);
}

/// Appends kept sizes, a tab behind each.
pub(super) fn write(kept: &[u8], out: &mut Vec<u8>) {
    for cell in kept.chunks_exact(SSR_BYTES) {
        let end = cell.iter().position(|byte| *byte == 0).unwrap_or(SSR_BYTES);
        out.extend_from_slice(&cell[..end]);
        out.push(b'\t');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_allele_size_has_digits_and_at_most_one_slash() {
        for good in ["N", "01230125", "159/161", "0"] {
            assert!(is_size(good.as_bytes()), "{good}");
        }
        for bad in ["", "/", "1/", "1/2/3", "123456789", "12a", "NN"] {
            assert!(!is_size(bad.as_bytes()), "{bad}");
        }
    }

    #[test]
    fn a_kept_size_comes_back_as_it_was() {
        let mut kept = Vec::new();
        [&b"N"[..], b"120/1240", b"7"].iter().for_each(|cell| keep(cell, &mut kept));
        let mut text = Vec::new();
        write(&kept, &mut text);
        assert_eq!(text, b"N\t120/1240\t7\t");
    }
}
