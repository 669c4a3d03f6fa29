//! `digester sample`: data that looks real, and instructions to load it.

mod data;
mod instruction;
mod random;

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::Args as ClapArgs;

use data::Size;
use random::Random;

/// Writes a HapMap, a VCF, a sample list and a broken file, each with its loader instruction.
#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    /// The folder to write to.
    folder: PathBuf,
    /// How many markers the HapMap has; the VCF has a quarter of them.
    #[arg(long, default_value_t = 20_000)]
    markers: u64,
    /// How many samples.
    #[arg(long, default_value_t = 500)]
    samples: u64,
    /// The same seed gives the same data.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where the instructions say that the data lies; the folder itself by default.
    #[arg(long)]
    source: Option<PathBuf>,
    /// Where the instructions say that the digest goes; `digest` in the folder by default.
    #[arg(long)]
    destination: Option<PathBuf>,
}

/// Writes everything, and prints where it is.
pub(crate) fn run(args: Args) -> anyhow::Result<ExitCode> {
    fs::create_dir_all(&args.folder).context("make the folder")?;
    let folder = fs::canonicalize(&args.folder).context("find the folder")?;
    let source = args.source.clone().unwrap_or_else(|| folder.clone());
    let destination = args.destination.clone().unwrap_or_else(|| folder.join("digest"));
    let size = Size { markers: args.markers, samples: args.samples };
    for (i, sample) in SAMPLES.iter().enumerate() {
        let mut random = Random::new(args.seed.wrapping_add(i as u64));
        sample.write(&folder, size, &mut random)?;
        let places = instruction::Places {
            source: text(&source.join(sample.name))?,
            destination: text(&destination.join(sample.name))?,
        };
        let path = folder.join(format!("{}.json", sample.name));
        let mut text = serde_json::to_string_pretty(&(sample.instruction)(&places))?;
        text.push('\n');
        fs::write(&path, text).with_context(|| format!("write {}", path.display()))?;
        writeln!(io::stdout(), "{}\n  {}", path.display(), sample.what)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn text(path: &Path) -> anyhow::Result<String> {
    Ok(path.to_str().context("the path must be a text")?.to_owned())
}

/// One set of data.
struct Sample {
    name: &'static str,
    file: &'static str,
    what: &'static str,
    data: fn(&mut dyn io::Write, Size, &mut Random) -> io::Result<()>,
    instruction: fn(&instruction::Places) -> serde_json::Value,
}

const SAMPLES: [Sample; 4] = [
    Sample {
        name: "hapmap",
        file: "maize.hmp.txt",
        what: "HapMap of two-letter calls, instruction in dialect A",
        data: data::hapmap,
        instruction: instruction::hapmap,
    },
    Sample {
        name: "vcf",
        file: "maize.vcf",
        what: "VCF, instruction in dialect B",
        data: data::vcf,
        instruction: instruction::vcf,
    },
    Sample {
        name: "samples",
        file: "samples.csv",
        what: "list of samples, instruction in dialect C",
        data: data::samples,
        instruction: instruction::samples,
    },
    Sample {
        name: "broken",
        file: "broken.hmp.txt",
        what: "HapMap with mistakes in it, instruction in dialect A",
        data: data::broken,
        instruction: instruction::hapmap,
    },
];

impl Sample {
    fn write(&self, folder: &Path, size: Size, random: &mut Random) -> anyhow::Result<()> {
        let folder = folder.join(self.name);
        let path = folder.join(self.file);
        let written =
            fs::create_dir_all(&folder).and_then(|()| fs::File::create(&path)).and_then(|file| {
                let mut out = io::BufWriter::with_capacity(1 << 20, file);
                (self.data)(&mut out, size, random)?;
                out.flush()
            });
        written.with_context(|| format!("write {}", path.display()))
    }
}
