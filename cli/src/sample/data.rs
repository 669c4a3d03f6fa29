//! The data: maize, ten chromosomes, markers in order.

use std::io::{self, Write};

use super::random::Random;

/// How large.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub(super) markers: u64,
    pub(super) samples: u64,
}

const CHROMOSOMES: u64 = 10;
const LETTERS: &[u8; 4] = b"ACGT";
const MISSING_PER_MILLE: u64 = 30;

/// One marker: where it is, and how often its alleles occur.
struct Marker {
    name: String,
    chromosome: u64,
    position: u64,
    alleles: [u8; 2],
    /// How often the second allele occurs, in a thousand.
    frequency: u64,
}

fn markers(count: u64, mut random: Random) -> impl Iterator<Item = Marker> {
    let per_chromosome = count.div_ceil(CHROMOSOMES).max(1);
    let mut position = 0;
    (0..count).map(move |i| {
        if i % per_chromosome == 0 {
            position = 0;
        }
        position += 1 + random.below(9_000);
        let first = random.below(4);
        let second = (first + 1 + random.below(3)) % 4;
        Marker {
            name: format!("S{}_{position}", i / per_chromosome + 1),
            chromosome: i / per_chromosome + 1,
            position,
            alleles: [LETTERS[first as usize], LETTERS[second as usize]],
            frequency: 20 + random.below(480),
        }
    })
}

/// Which alleles a sample has (0 or 1 each), unless the call is missing.
fn call(marker: &Marker, random: &mut Random) -> Option<[usize; 2]> {
    if random.per_mille(MISSING_PER_MILLE) {
        return None;
    }
    let first = usize::from(random.per_mille(marker.frequency));
    // Inbred lines: the second allele is mostly the first one again.
    let second =
        if random.per_mille(800) { first } else { usize::from(random.per_mille(marker.frequency)) };
    Some([first, second])
}

fn run_name(i: u64) -> String {
    format!("DR_{:05}", i + 1)
}

/// A HapMap with calls of two letters.
pub(super) fn hapmap(out: &mut dyn Write, size: Size, random: &mut Random) -> io::Result<()> {
    let head = "rs#\talleles\tchrom\tpos\tstrand\tassembly#\tcenter\tprotLSID\tassayLSID\tpanelLSID\tQCcode";
    write!(out, "{head}")?;
    for i in 0..size.samples {
        write!(out, "\t{}", run_name(i))?;
    }
    writeln!(out)?;
    for marker in markers(size.markers, random.clone()) {
        let [a, b] = marker.alleles.map(char::from);
        let Marker { name, chromosome, position, .. } = &marker;
        let strand = if random.per_mille(500) { '+' } else { '-' };
        write!(
            out,
            "{name}\t{a}/{b}\t{chromosome}\t{position}\t{strand}\tAGPv4\tNA\tNA\tNA\tpanel1\tNA"
        )?;
        for _ in 0..size.samples {
            let pair = call(&marker, random).map(|[a, b]| [marker.alleles[a], marker.alleles[b]]);
            let [a, b] = pair.unwrap_or(*b"NN");
            out.write_all(&[b'\t', a, b])?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// A VCF with a quarter of the markers.
pub(super) fn vcf(out: &mut dyn Write, size: Size, random: &mut Random) -> io::Result<()> {
    writeln!(out, "##fileformat=VCFv4.2")?;
    writeln!(out, "##source=digester sample")?;
    for (id, what) in [("GT", "Genotype"), ("DP", "Read depth"), ("GQ", "Genotype quality")] {
        let kind = if id == "GT" { "String" } else { "Integer" };
        writeln!(out, "##FORMAT=<ID={id},Number=1,Type={kind},Description=\"{what}\">")?;
    }
    write!(out, "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT")?;
    for i in 0..size.samples {
        write!(out, "\t{}", run_name(i))?;
    }
    writeln!(out)?;
    for marker in markers(size.markers.div_ceil(4), random.clone()) {
        let [a, b] = marker.alleles.map(char::from);
        let Marker { name, chromosome, position, .. } = &marker;
        write!(out, "{chromosome}\t{position}\t{name}\t{a}\t{b}\t.\tPASS\t.\tGT:DP:GQ")?;
        for _ in 0..size.samples {
            let depth = 1 + random.below(40);
            match call(&marker, random) {
                Some([a, b]) => write!(out, "\t{a}/{b}:{depth}:{}", 20 + random.below(80))?,
                None => write!(out, "\t./.:0:.")?,
            }
        }
        writeln!(out)?;
    }
    Ok(())
}

/// A list of samples; some lines share a germplasm.
pub(super) fn samples(out: &mut dyn Write, size: Size, random: &mut Random) -> io::Result<()> {
    let head =
        "germplasm_name,external_code,species,type,dnasample,num,plate,dnarun,origin,rainfall";
    writeln!(out, "{head}")?;
    for i in 0..size.samples {
        let line = random.below(size.samples.div_ceil(2).max(1));
        let kind = random.one(&["Inbred line", "Landrace", "Hybrid"]);
        let origin = random.one(&["Mexico", "Kenya", "India", "Nigeria"]);
        let rain = 400 + random.below(1200);
        let (plate, run) = (i / 96 + 1, run_name(i));
        writeln!(
            out,
            "CML{line:04},EC{line:06},Zea mays,{kind},DS_{:05},{},P{plate:03},{run},{origin},{rain}",
            i + 1,
            i % 96 + 1
        )?;
    }
    Ok(())
}

/// A small HapMap in which some lines are cut short.
pub(super) fn broken(out: &mut dyn Write, _: Size, random: &mut Random) -> io::Result<()> {
    let mut good = Vec::new();
    hapmap(&mut good, Size { markers: 300, samples: 24 }, random)?;
    for (i, line) in String::from_utf8_lossy(&good).lines().enumerate() {
        let cells: Vec<_> = line.split('\t').collect();
        match i {
            57 => writeln!(out, "{}", cells[..cells.len() - 1].join("\t"))?,
            113 => writeln!(out, "{}", cells[..3].join("\t"))?,
            201 => writeln!(out, "{line}\tAA")?,
            250 => writeln!(out, "{}", line.replacen("\tNA\tpanel1", "\tpanel1", 1))?,
            _ => writeln!(out, "{line}")?,
        }
    }
    Ok(())
}
