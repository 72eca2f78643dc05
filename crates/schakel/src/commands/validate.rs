//! `schakel validate`: whether resources obey FHIR and the profiles that they claim.

use std::{io::Read, path::Path, path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::{Context, ensure};
use clap::Args;
use fhir::{
    FhirVersion,
    json::Value,
    outcome::operation_outcome,
    validation::{self, PACKAGE_FILE_BYTES_MAX, Package, Validator},
};

use terminology::session::Loaded;

use crate::{releases, resource_file};

/// How many bytes all files of a package may have together (1 GiB).
const PACKAGE_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// How deep the folders of a package may nest.
const FOLDERS_DEEP_MAX: usize = 16;

#[derive(Debug, Args)]
pub(crate) struct Validate {
    /// The version of FHIR that the files are in: `r4` or `stu3`
    #[arg(long, value_name = "VERSION", default_value = "r4")]
    fhir: FhirVersion,
    /// A package of profiles, value sets and code systems: a directory or a .tgz
    #[arg(long, value_name = "DIR|TGZ")]
    package: Vec<PathBuf>,
    /// A directory with loaded releases, so that their codes are judged too
    #[arg(long, value_name = "DIR")]
    terminology: Option<PathBuf>,
    /// A profile that every file must fit, besides those that it claims itself
    #[arg(long, value_name = "URL")]
    profile: Vec<String>,
    /// Resources in JSON or XML
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

impl Validate {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let mut packages = Vec::new();
        for path in &self.package {
            packages.push(read_package(self.fhir, path)?);
        }
        let mut validator = Validator::new(self.fhir, packages);
        if let Some(directory) = &self.terminology {
            let loaded = Loaded(releases::open(Some(directory))?);
            validator = validator.with_terminology(Arc::new(loaded));
        }
        let profiles: Vec<&str> = self.profile.iter().map(String::as_str).collect();
        let mut is_right = true;
        for file in &self.files {
            let bytes = resource_file::read(file)?;
            let outcome = match resource_file::parse(self.fhir, &bytes) {
                Ok(resource) => {
                    let findings = validator.validate(&resource, &profiles);
                    is_right &= !findings.iter().any(validation::Finding::is_error);
                    validation::outcome(&findings)
                }
                Err(issues) => {
                    is_right = false;
                    operation_outcome(&issues)
                }
            };
            let mut line = Value::object();
            line.set("file", file.display().to_string());
            line.set("outcome", outcome);
            super::print(&String::from_utf8_lossy(&line.to_bytes()));
        }
        Ok(if is_right {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}

/// The definitions in a directory, with those below it, or in a .tgz.
fn read_package(version: FhirVersion, path: &Path) -> anyhow::Result<Package> {
    let mut package = Package::new(version);
    let what = || format!("cannot read the package `{}`", path.display());
    if path.is_dir() {
        add_folder(&mut package, path, 0).with_context(what)?;
    } else {
        let file = std::fs::File::open(path).with_context(what)?;
        add_archive(&mut package, file).with_context(what)?;
    }
    ensure!(
        !package.is_empty(),
        "the package `{}` holds no definitions",
        path.display()
    );
    Ok(package)
}

/// Adds what is a definition; a file that cannot be read is named and left out.
fn add(package: &mut Package, name: &Path, bytes: &[u8]) {
    if let Err(error) = package.add(bytes) {
        eprintln!("warning: `{}`: {error}", name.display());
    }
}

fn is_definition(path: &Path) -> bool {
    let is_hidden = path
        .file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with('.'));
    let is_fhir = path
        .extension()
        .is_some_and(|extension| extension == "json" || extension == "xml");
    is_fhir && !is_hidden
}

fn add_folder(package: &mut Package, folder: &Path, depth: usize) -> anyhow::Result<()> {
    ensure!(
        depth < FOLDERS_DEEP_MAX,
        "folders nest deeper than {FOLDERS_DEEP_MAX}"
    );
    let mut entries = std::fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::path);
    for entry in entries {
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            add_folder(package, &path, depth + 1)?;
        } else if is_definition(&path) {
            add(package, &path, &std::fs::read(&path)?);
        }
    }
    Ok(())
}

fn add_archive(package: &mut Package, file: std::fs::File) -> anyhow::Result<()> {
    let plain = flate2::read::GzDecoder::new(file).take(PACKAGE_BYTES_MAX);
    let mut archive = tar::Archive::new(plain);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        if !is_definition(&path) || !entry.header().entry_type().is_file() {
            continue;
        }
        let mut bytes = Vec::new();
        entry
            .by_ref()
            .take(PACKAGE_FILE_BYTES_MAX as u64 + 1)
            .read_to_end(&mut bytes)?;
        add(package, &path, &bytes);
    }
    Ok(())
}
