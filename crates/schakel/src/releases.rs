//! The files of loaded releases: a directory with one `.codes` file for each code
//! system, and FHIR definitions as they came.

use std::{
    fs::File,
    io::{Read, Write},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, ensure};
use fhir::json::Document;
use terminology::{
    code_system::{
        CodeSystem, TextSource,
        file::{self, HEAD_BYTES, Head},
    },
    definitions::{Definitions, built_in},
};

use crate::resource_file;

/// What the name of a release's file ends in.
const EXTENSION: &str = "codes";

/// How many files a directory of releases may hold.
const FILES_MAX: usize = 10_000;

/// The names of a release, where its file has them.
#[derive(Debug)]
struct Names {
    file: File,
    start: u64,
}

impl TextSource for Names {
    fn read(&self, start: u64, length: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![0; length];
        let at = self.start.checked_add(start)?;
        self.file.read_exact_at(&mut bytes, at).ok()?;
        Some(bytes)
    }
}

/// What is built in, and what a directory holds besides.
pub(crate) fn open(directory: Option<&Path>) -> anyhow::Result<Arc<Definitions>> {
    let Some(directory) = directory else {
        return Ok(built_in());
    };
    let mut definitions = Definitions::over(built_in());
    for path in files(directory)? {
        let what = || format!("`{}`", path.display());
        let extension = path.extension().and_then(|extension| extension.to_str());
        match extension {
            Some(EXTENSION) => {
                definitions.add_release(Arc::new(read(&path).with_context(what)?));
            }
            Some("json") => {
                let document = Document::parse(resource_file::read(&path)?);
                let document = document.map_err(|error| anyhow::anyhow!("{error}"));
                definitions.add(document.with_context(what)?);
            }
            _ => {}
        }
    }
    Ok(Arc::new(definitions))
}

/// The files of a directory, by name.
fn files(directory: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let what = || format!("cannot read the directory `{}`", directory.display());
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(directory).with_context(what)? {
        ensure!(
            paths.len() < FILES_MAX,
            "more than {FILES_MAX} files in `{}`",
            directory.display()
        );
        paths.push(entry.with_context(what)?.path());
    }
    paths.sort();
    Ok(paths)
}

/// The loaded releases of a directory.
pub(crate) fn list(directory: &Path) -> anyhow::Result<Vec<(PathBuf, CodeSystem)>> {
    let releases = files(directory)?.into_iter().filter(|path| {
        path.extension()
            .is_some_and(|extension| extension == EXTENSION)
    });
    releases
        .map(|path| {
            let system = read(&path).with_context(|| format!("`{}`", path.display()))?;
            Ok((path, system))
        })
        .collect()
}

fn read(path: &Path) -> anyhow::Result<CodeSystem> {
    let mut from = File::open(path)?;
    let mut head = [0; HEAD_BYTES];
    from.read_exact(&mut head)?;
    let head = Head::read(&head)?;
    let mut memory = Vec::new();
    (&mut from)
        .take(head.memory_bytes())
        .read_to_end(&mut memory)?;
    let names = Names {
        file: from,
        start: head.texts_at(),
    };
    Ok(file::open(&head, &memory, Box::new(names))?)
}

/// Writes a release; the one of the same URL and version is replaced, and a process
/// that has it open keeps what it has.
pub(crate) fn write(directory: &Path, system: &CodeSystem) -> anyhow::Result<PathBuf> {
    std::fs::create_dir_all(directory)?;
    let header = system.header();
    let name: String = format!("{} {}", header.url, header.version)
        .trim()
        .trim_start_matches("http://")
        .trim_start_matches("https://")
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() {
                letter
            } else {
                '-'
            }
        })
        .collect();
    let path = directory.join(format!("{name}.{EXTENSION}"));
    let made = path.with_extension("making");
    let (memory, names) = system
        .to_file()
        .context("the code system was itself read from a file")?;
    let mut file = File::create(&made)?;
    file.write_all(&memory)?;
    file.write_all(names)?;
    file.sync_all()?;
    std::fs::rename(&made, &path)?;
    File::open(directory)?.sync_all()?;
    Ok(path)
}
