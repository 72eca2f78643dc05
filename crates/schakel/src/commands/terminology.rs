//! `schakel terminology`: releases of code systems, loaded into a directory that
//! `files.terminology` of a node names.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, bail, ensure};
use clap::{Args, Subcommand, ValueEnum};
use fhir::json::Document;
use terminology::{
    code_system::{CodeSystem, Header},
    load::{
        Separator, fhir_json,
        loinc::Loinc,
        rf2::{Rf2, Rf2File},
        table::{self, Columns},
    },
};

use crate::{releases, resource_file};

/// How many bytes a file in an archive may unpack to (8 GiB).
const UNPACKED_BYTES_MAX: u64 = 8 * 1024 * 1024 * 1024;

/// How deep the folders of a release may nest.
const FOLDERS_DEEP_MAX: usize = 16;

#[derive(Debug, Args)]
pub(crate) struct Terminology {
    #[command(subcommand)]
    command: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Load a release that you have a licence for
    Load(Box<Load>),
    /// Tell what is loaded
    List {
        /// The directory of loaded releases
        directory: PathBuf,
    },
}

#[derive(Debug, Args)]
struct Load {
    /// The directory of loaded releases; it is made when it is not there
    #[arg(long, value_name = "DIR")]
    into: PathBuf,
    #[command(subcommand)]
    release: Release,
}

#[derive(Debug, Subcommand)]
enum Release {
    /// SNOMED CT: the snapshot of one edition in RF2, as a directory or a .zip
    Snomed {
        /// The URI of edition and date: `http://snomed.info/sct/11000146104/version/20260331`
        #[arg(long, value_name = "URI")]
        version: String,
        /// The release
        from: PathBuf,
    },
    /// LOINC: `Loinc.csv`
    Loinc {
        /// The version: `2.81`
        #[arg(long)]
        version: String,
        /// Names in another language: `nl=nlNL9LinguisticVariant.csv`
        #[arg(long, value_name = "LANGUAGE=FILE")]
        variant: Vec<String>,
        /// The table
        from: PathBuf,
    },
    /// A table with a code in every row, such as those of NHG and ICPC
    Table(Table),
    /// A FHIR CodeSystem in JSON
    Fhir {
        /// The resource
        from: PathBuf,
    },
}

#[derive(Debug, Args)]
struct Table {
    /// The canonical URL of the code system
    #[arg(long)]
    url: String,
    /// Its version
    #[arg(long, default_value = "")]
    version: String,
    /// Its name
    #[arg(long, default_value = "")]
    title: String,
    /// The language of names that tell none
    #[arg(long, default_value = "nl")]
    language: String,
    /// What stands between columns
    #[arg(long, value_enum, default_value = "semicolon")]
    separator: Between,
    /// The column with codes; without it, columns are known by the names code,
    /// display (or display_nl and so on), parent and inactive
    #[arg(long, value_name = "COLUMN")]
    code: Option<String>,
    /// A column with names: `nl=Omschrijving`
    #[arg(long, value_name = "LANGUAGE=COLUMN", requires = "code")]
    display: Vec<String>,
    /// The column with the code of the concept above
    #[arg(long, value_name = "COLUMN", requires = "code")]
    parent: Option<String>,
    /// The column that says that a code is no longer in use
    #[arg(long, value_name = "COLUMN", requires = "code")]
    inactive: Option<String>,
    /// The table holds only a part of the codes: one that is not in it may be right
    #[arg(long)]
    part: bool,
    /// The table, in UTF-8, with the names of the columns in its first line
    from: PathBuf,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Between {
    Tab,
    Comma,
    Semicolon,
}

impl Terminology {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            What::List { directory } => {
                for (path, system) in releases::list(&directory)? {
                    super::print(&format!("{}  {}", path.display(), told(&system)));
                }
            }
            What::Load(load) => {
                let system = load.release.read()?;
                ensure!(!system.is_empty(), "the release holds no concepts");
                let path = releases::write(&load.into, &system)
                    .with_context(|| format!("cannot write into `{}`", load.into.display()))?;
                super::print(&format!("{}  {}", path.display(), told(&system)));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn told(system: &CodeSystem) -> String {
    let header = system.header();
    let (concepts, names) = (system.len(), system.names());
    format!(
        "{}|{}  {concepts} concepts, {names} names",
        header.url, header.version
    )
}

impl Release {
    fn read(self) -> anyhow::Result<CodeSystem> {
        match self {
            Self::Snomed { version, from } => {
                ensure!(
                    version.starts_with("http://snomed.info/sct/"),
                    "`{version}` is no version of SNOMED CT: it begins with http://snomed.info/sct/"
                );
                snomed(&version, &from).with_context(|| format!("`{}`", from.display()))
            }
            Self::Loinc {
                version,
                variant,
                from,
            } => {
                let mut loinc = Loinc::new(&version);
                read_with(&from, |source| Ok(loinc.table(source)?))?;
                for variant in variant {
                    let (language, file) = pair(&variant)?;
                    read_with(Path::new(&file), |source| {
                        Ok(loinc.variant(&language, source)?)
                    })?;
                }
                Ok(loinc.finish()?)
            }
            Self::Table(table) => table.read(),
            Self::Fhir { from } => {
                let document = Document::parse(resource_file::read(&from)?);
                let document = document
                    .map_err(|error| anyhow::anyhow!("{error}"))
                    .with_context(|| format!("`{}`", from.display()))?;
                fhir_json::read(document.root()).with_context(|| format!("`{}`", from.display()))
            }
        }
    }
}

impl Table {
    fn read(self) -> anyhow::Result<CodeSystem> {
        let columns = match self.code {
            None => None,
            Some(code) => {
                let mut displays = Vec::new();
                for display in &self.display {
                    let (language, column) = pair(display)?;
                    displays.push((column, language));
                }
                Some(Columns {
                    code,
                    displays,
                    parent: self.parent,
                    inactive: self.inactive,
                })
            }
        };
        let header = Header {
            url: self.url,
            version: self.version,
            title: self.title,
            is_complete: !self.part,
            ignores_case: false,
            language: self.language,
        };
        let separator = match self.separator {
            Between::Tab => Separator::Tab,
            Between::Comma => Separator::Comma,
            Between::Semicolon => Separator::Semicolon,
        };
        read_with(&self.from, |source| {
            Ok(table::read(header, separator, columns, source)?)
        })
    }
}

/// `a=b` as two texts.
fn pair(text: &str) -> anyhow::Result<(String, String)> {
    match text.split_once('=') {
        Some((one, other)) if !one.is_empty() && !other.is_empty() => {
            Ok((one.to_owned(), other.to_owned()))
        }
        _ => bail!("`{text}` is not of the form language=name"),
    }
}

fn read_with<T>(
    path: &Path,
    read: impl FnOnce(&mut dyn BufRead) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let what = || format!("`{}`", path.display());
    let file = File::open(path).with_context(what)?;
    read(&mut BufReader::new(file)).with_context(what)
}

/// Reads the files of an edition that are known by their names, in the order that
/// they need one another.
fn snomed(version: &str, from: &Path) -> anyhow::Result<CodeSystem> {
    let mut rf2 = Rf2::new(version);
    if from.is_dir() {
        let mut found = Vec::new();
        find(from, 0, &mut found)?;
        found.sort();
        check(found.iter().map(|(kind, _)| *kind))?;
        for (kind, path) in found {
            read_with(&path, |source| Ok(rf2.read(kind, source)?))?;
        }
        return Ok(rf2.finish()?);
    }
    let mut archive = zip::ZipArchive::new(BufReader::new(File::open(from)?))?;
    let mut found = Vec::new();
    for at in 0..archive.len() {
        let entry = archive.by_index(at)?;
        let path = entry.name()?;
        let name = path.rsplit('/').next().unwrap_or_default();
        found.extend(Rf2File::of_name(name).map(|kind| (kind, at)));
    }
    found.sort_unstable();
    check(found.iter().map(|(kind, _)| *kind))?;
    for (kind, at) in found {
        let entry = archive.by_index(at)?;
        let name = entry.name()?.into_owned();
        let plain = std::io::Read::take(entry, UNPACKED_BYTES_MAX);
        rf2.read(kind, BufReader::new(plain))
            .with_context(|| format!("`{name}`"))?;
    }
    Ok(rf2.finish()?)
}

/// That what no edition lacks is there.
fn check(kinds: impl Iterator<Item = Rf2File>) -> anyhow::Result<()> {
    let kinds: Vec<Rf2File> = kinds.collect();
    for (kind, name) in [
        (Rf2File::Concepts, "sct2_Concept_Snapshot_….txt"),
        (Rf2File::Descriptions, "sct2_Description_Snapshot-….txt"),
        (Rf2File::Relationships, "sct2_Relationship_Snapshot_….txt"),
    ] {
        ensure!(kinds.contains(&kind), "the release has no file `{name}`");
    }
    Ok(())
}

fn find(folder: &Path, depth: usize, found: &mut Vec<(Rf2File, PathBuf)>) -> anyhow::Result<()> {
    ensure!(
        depth < FOLDERS_DEEP_MAX,
        "folders nest deeper than {FOLDERS_DEEP_MAX}"
    );
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            find(&path, depth + 1, found)?;
        } else if let Some(kind) = Rf2File::of_name(&entry.file_name().to_string_lossy()) {
            found.push((kind, path));
        }
    }
    Ok(())
}
