//! What is measured.

use std::path::Path;

use crate::data::{
    columns, columns_instruction, hapmap, hapmap_instruction, samples, turn_instruction, vcf,
    vcf_instruction,
};

/// One input, how it is digested, and who else works on it.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) write: fn(&Path),
    pub(crate) instruction: fn(&Path, &Path) -> String,
    pub(crate) others: &'static [&'static [&'static str]],
    /// Runs only when it is named.
    pub(crate) huge: bool,
    /// Calls are counted for the report.
    pub(crate) counted: bool,
    /// It is cancelled, too.
    pub(crate) cancelled: bool,
}

fn two_letter(from: &Path, to: &Path) -> String {
    hapmap_instruction(from, to, "NUCLEOTIDE_2_LETTER")
}

fn iupac(from: &Path, to: &Path) -> String {
    hapmap_instruction(from, to, "IUPAC")
}

/// A small load; the other cases tell where they differ.
const USUAL: Case = Case {
    name: "small",
    write: |path| hapmap(path, 60, 24, false),
    instruction: iupac,
    others: &[],
    huge: false,
    counted: true,
    cancelled: false,
};

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "two-letter",
        write: |path| hapmap(path, 20_000, 5_000, true),
        instruction: two_letter,
        others: &[&["wc", "-l"], &["cut", "-f", "12-"]],
        cancelled: true,
        ..USUAL
    },
    Case {
        name: "uncounted",
        write: |path| hapmap(path, 20_000, 5_000, true),
        instruction: two_letter,
        counted: false,
        ..USUAL
    },
    Case {
        name: "iupac",
        write: |path| hapmap(path, 20_000, 5_000, false),
        instruction: iupac,
        others: &[&["cut", "-f", "12-"]],
        ..USUAL
    },
    Case {
        name: "vcf",
        write: |path| vcf(path, 50_000, 1_000),
        instruction: vcf_instruction,
        others: &[&["wc", "-l"], &["cut", "-f", "10-"], &["bcftools", "query", "-f", "[%TGT\t]\n"]],
        ..USUAL
    },
    Case {
        name: "turn",
        write: |path| samples(path, 5_000, 20_000),
        instruction: turn_instruction,
        others: &[&["cut", "-f", "2-"]],
        cancelled: true,
        ..USUAL
    },
    Case {
        name: "turn-4gib",
        write: |path| samples(path, 14_000, 102_000),
        instruction: turn_instruction,
        huge: true,
        ..USUAL
    },
    Case {
        name: "columns",
        write: |path| columns(path, 1_000_000, 50),
        instruction: columns_instruction,
        others: &[&["wc", "-l"], &["cut", "-f", "1,3,8,12,20,25,31,36,42,50"]],
        ..USUAL
    },
    USUAL,
    Case {
        name: "base",
        write: |path| hapmap(path, 20_000, 2_500, true),
        instruction: two_letter,
        huge: true,
        ..USUAL
    },
    Case {
        name: "rows-x10",
        write: |path| hapmap(path, 200_000, 2_500, true),
        instruction: two_letter,
        huge: true,
        ..USUAL
    },
    Case {
        name: "columns-x10",
        write: |path| hapmap(path, 20_000, 25_000, true),
        instruction: two_letter,
        huge: true,
        ..USUAL
    },
    Case {
        name: "long-line",
        write: |path| hapmap(path, 2, 11_000_000, true),
        instruction: two_letter,
        huge: true,
        ..USUAL
    },
];
