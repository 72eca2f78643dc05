//! Packages of profiles, value sets, code systems and Questionnaires: read from a
//! directory or a .tgz, and kept in a directory that `files.packages` of a node
//! names, one file for each.
//!
//! What is kept are the definitions only, one in JSON on each line, compressed. No
//! name in an archive becomes a name on disk.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail, ensure};
use fhir::{
    FhirVersion,
    json::{Document, Value},
    validation::{PACKAGE_FILE_BYTES_MAX, Package},
    xml,
};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};

/// What the name of a kept package ends in.
const EXTENSION: &str = "package";

/// How many packages a directory may hold.
const PACKAGES_MAX: usize = 1_000;

/// How deep the folders of a package may nest.
const FOLDERS_DEEP_MAX: usize = 16;

/// What an archive may cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Of the archive itself.
    archive_bytes: u64,
    /// Of all that it unpacks to.
    unpacked_bytes: u64,
    /// Files, of whatever kind.
    entries: usize,
}

impl Limits {
    /// 512 MiB, 1 GiB unpacked, 200,000 files.
    pub(crate) const STANDARD: Self = Self {
        archive_bytes: 512 * 1024 * 1024,
        unpacked_bytes: 1024 * 1024 * 1024,
        entries: 200_000,
    };
}

/// A file of a package, by its name there.
type Take<'t> = dyn FnMut(&Path, &[u8]) -> anyhow::Result<()> + 't;

/// What a package says of itself, in its first line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) name: String,
    pub(crate) package_version: String,
    pub(crate) version: FhirVersion,
    pub(crate) definitions: usize,
}

/// The definitions in a directory, with those below it, or in a .tgz. A file that
/// cannot be read is named and left out.
pub(crate) fn read(version: FhirVersion, path: &Path) -> anyhow::Result<Package> {
    let mut package = Package::new(version);
    files(path, Limits::STANDARD, &mut |name, bytes| {
        if is_definition(name)
            && let Err(error) = package.add(bytes)
        {
            eprintln!("warning: `{}`: {error}", name.display());
        }
        Ok(())
    })?;
    ensure!(
        !package.is_empty(),
        "the package `{}` holds no definitions",
        path.display()
    );
    Ok(package)
}

/// Keeps a package in a directory, which is made when it is not there. The one of
/// the same name, version and version of FHIR is replaced; a process that has it
/// loaded keeps what it has. Without a version of FHIR, the package's own word
/// counts, or else R4.
pub(crate) fn add(
    into: &Path,
    from: &Path,
    version: Option<FhirVersion>,
) -> anyhow::Result<(PathBuf, Head)> {
    let mut manifest = None;
    let mut lines: Vec<(PathBuf, Vec<u8>)> = Vec::new();
    files(from, Limits::STANDARD, &mut |name, bytes| {
        let is_manifest = name.file_name().is_some_and(|name| name == "package.json");
        if is_manifest && manifest.is_none() {
            manifest = Document::parse(bytes).ok();
        } else if is_definition(name) {
            lines.push((name.to_owned(), bytes.to_vec()));
        }
        Ok(())
    })?;
    let told = |name: &str| {
        let text = manifest.as_ref()?.root().text(name)?;
        Some(text.into_owned())
    };
    let stated = manifest.as_ref().and_then(|manifest| {
        let root = manifest.root();
        let versions = ["fhirVersions", "fhir-version-list"];
        let mut stated = versions.iter().flat_map(|name| root.each(name));
        stated.next()?.as_str()?.parse().ok()
    });
    let version = version.or(stated).unwrap_or_default();
    let file_name = from
        .file_stem()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let mut head = Head {
        name: told("name").unwrap_or(file_name),
        package_version: told("version").unwrap_or_default(),
        version,
        definitions: 0,
    };
    // Only what will load is kept.
    let mut package = Package::new(version);
    let mut body = Vec::new();
    for (name, bytes) in lines {
        match package.add(&bytes) {
            Ok(true) => {
                body.extend(line_of(version, &bytes)?);
                body.push(b'\n');
            }
            Ok(false) => {}
            Err(error) => eprintln!("warning: `{}`: {error}", name.display()),
        }
    }
    head.definitions = package.len();
    ensure!(
        !package.is_empty(),
        "the package `{}` holds no definitions of FHIR {version}",
        from.display()
    );
    let path = into.join(format!("{}.{EXTENSION}", plain(&head)));
    write(into, &path, &head, &body)
        .with_context(|| format!("cannot write into `{}`", into.display()))?;
    Ok((path, head))
}

/// The kept packages of a directory.
pub(crate) fn list(directory: &Path) -> anyhow::Result<Vec<(PathBuf, Head)>> {
    let what = || format!("cannot read the directory `{}`", directory.display());
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).with_context(what)? {
        let path = entry.with_context(what)?.path();
        if path.extension().is_none_or(|found| found != EXTENSION) {
            continue;
        }
        ensure!(
            found.len() < PACKAGES_MAX,
            "more than {PACKAGES_MAX} packages in `{}`",
            directory.display()
        );
        let head = open(&path)
            .and_then(|mut lines| head_of(&mut lines))
            .with_context(|| format!("`{}`", path.display()))?;
        found.push((path, head));
    }
    found.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(found)
}

/// The kept packages for a version of FHIR, by name: what a later one defines takes
/// the place of what an earlier one does.
pub(crate) fn load(directory: &Path, version: FhirVersion) -> anyhow::Result<Vec<Package>> {
    let mut packages = Vec::new();
    for (path, head) in list(directory)? {
        if head.version == version {
            let package = load_one(&path, version);
            packages.push(package.with_context(|| format!("`{}`", path.display()))?);
        }
    }
    Ok(packages)
}

fn load_one(path: &Path, version: FhirVersion) -> anyhow::Result<Package> {
    let mut lines = open(path)?;
    head_of(&mut lines)?;
    let mut package = Package::new(version);
    while let Some(line) = next_line(&mut lines)? {
        package.add(&line)?;
    }
    Ok(package)
}

fn open(path: &Path) -> anyhow::Result<impl BufRead> {
    let plain = GzDecoder::new(File::open(path)?);
    Ok(BufReader::new(Metered::new(
        plain,
        Limits::STANDARD.unpacked_bytes,
    )))
}

fn next_line(lines: &mut impl BufRead) -> anyhow::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let max = PACKAGE_FILE_BYTES_MAX as u64 + 1;
    if lines.by_ref().take(max).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    ensure!(line.ends_with(b"\n"), "the file is cut off");
    line.pop();
    Ok(Some(line))
}

fn head_of(lines: &mut impl BufRead) -> anyhow::Result<Head> {
    let line = next_line(lines)?.context("the file is empty")?;
    let document = Document::parse(&line).map_err(|error| anyhow::anyhow!("{error}"))?;
    let root = document.root();
    let text = |name| root.text(name).map(std::borrow::Cow::into_owned);
    Ok(Head {
        name: text("name").context("no name")?,
        package_version: text("version").unwrap_or_default(),
        version: text("fhirVersion").context("no version of FHIR")?.parse()?,
        definitions: root
            .get("definitions")
            .and_then(fhir::json::Node::as_number)
            .and_then(|digits| digits.parse().ok())
            .unwrap_or(0),
    })
}

/// A definition in JSON on one line.
fn line_of(version: FhirVersion, bytes: &[u8]) -> anyhow::Result<Vec<u8>> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let document = if bytes.trim_ascii_start().starts_with(b"<") {
        let json = xml::to_json_in(version, bytes).map_err(|issue| anyhow::anyhow!(issue.text))?;
        Document::parse(json)
    } else {
        Document::parse(bytes)
    };
    let document = document.map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok(Value::from(document.root()).to_bytes())
}

/// The name of a package as a name on disk: letters, digits, dots and dashes.
fn plain(head: &Head) -> String {
    let text = format!("{} {} {}", head.name, head.package_version, head.version);
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '.';
    let letters = text
        .chars()
        .map(|letter| if is_plain(letter) { letter } else { '-' });
    letters
        .collect::<String>()
        .trim_start_matches(['.', '-'])
        .to_owned()
}

fn write(directory: &Path, path: &Path, head: &Head, body: &[u8]) -> anyhow::Result<()> {
    std::fs::create_dir_all(directory)?;
    let line = fhir::value!({
        "name": (head.name.as_str()),
        "version": (head.package_version.as_str()),
        "fhirVersion": (head.version.number()),
        "definitions": (head.definitions as i64),
    });
    let made = path.with_extension("making");
    let mut out = GzEncoder::new(File::create(&made)?, Compression::default());
    out.write_all(&line.to_bytes())?;
    out.write_all(b"\n")?;
    out.write_all(body)?;
    out.finish()?.sync_all()?;
    std::fs::rename(&made, path)?;
    File::open(directory)?.sync_all()?;
    Ok(())
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

/// The files of JSON and XML in a directory or an archive, one after the other.
fn files(path: &Path, limits: Limits, take: &mut Take<'_>) -> anyhow::Result<()> {
    let what = || format!("cannot read the package `{}`", path.display());
    if path.is_dir() {
        return folder(path, 0, take).with_context(what);
    }
    let file = File::open(path).with_context(what)?;
    archive(file, limits, take).with_context(what)
}

fn folder(folder_path: &Path, depth: usize, take: &mut Take<'_>) -> anyhow::Result<()> {
    ensure!(
        depth < FOLDERS_DEEP_MAX,
        "folders nest deeper than {FOLDERS_DEEP_MAX}"
    );
    let mut entries = std::fs::read_dir(folder_path)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::path);
    for entry in entries {
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            folder(&path, depth + 1, take)?;
        } else if is_definition(&path) {
            take(&path, &std::fs::read(&path)?)?;
        }
    }
    Ok(())
}

fn archive(from: impl Read, limits: Limits, take: &mut Take<'_>) -> anyhow::Result<()> {
    let packed = Metered::new(from, limits.archive_bytes);
    let plain = Metered::new(GzDecoder::new(packed), limits.unpacked_bytes);
    let mut archive = tar::Archive::new(plain);
    for (at, entry) in archive.entries()?.enumerate() {
        if at >= limits.entries {
            bail!("more than {} files", limits.entries);
        }
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
        take(&path, &bytes)?;
    }
    Ok(())
}

/// Reads so many bytes and fails at the next.
struct Metered<R> {
    from: R,
    left: u64,
    max: u64,
}

impl<R> Metered<R> {
    const fn new(from: R, max: u64) -> Self {
        let left = max;
        Self { from, left, max }
    }
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        // One more than what is left tells that there is more.
        let most = usize::try_from(self.left.saturating_add(1)).unwrap_or(usize::MAX);
        let most = most.min(buffer.len());
        let read = self.from.read(&mut buffer[..most])?;
        let max = self.max;
        self.left = self
            .left
            .checked_sub(read as u64)
            .ok_or_else(|| std::io::Error::other(format!("more than {max} bytes")))?;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROFILE: &str = r#"{"resourceType":"StructureDefinition","url":"urn:p","type":"Patient",
        "kind":"resource","derivation":"constraint","baseDefinition":"http://hl7.org/fhir/StructureDefinition/Patient",
        "differential":{"element":[{"id":"Patient.name","path":"Patient.name","min":1}]}}"#;

    fn tgz(files: &[(&str, &str)]) -> Vec<u8> {
        let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for (name, text) in files {
            let mut header = tar::Header::new_gnu();
            // As an attacker writes it: the library itself refuses such names.
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_size(text.len() as u64);
            header.set_entry_type(tar::EntryType::Regular);
            header.set_cksum();
            archive.append(&header, text.as_bytes()).expect("in memory");
        }
        archive
            .into_inner()
            .and_then(GzEncoder::finish)
            .expect("in memory")
    }

    fn with_manifest() -> Vec<u8> {
        let manifest = r#"{"name":"nl.test","version":"1.0","fhirVersions":["3.0.2"]}"#;
        tgz(&[
            ("package/package.json", manifest),
            ("../../outside.json", PROFILE),
            ("package/.index.json", "{"),
            ("package/readme.md", "text"),
        ])
    }

    #[test]
    fn a_package_is_kept_and_loaded_again() -> anyhow::Result<()> {
        let directory = tempfile::tempdir()?;
        let from = directory.path().join("p.tgz");
        std::fs::write(&from, with_manifest())?;
        let into = directory.path().join("deep/kept");
        let (path, head) = add(&into, &from, None)?;
        assert_eq!(head.version, FhirVersion::Stu3);
        assert_eq!(path, into.join("nl.test-1.0-STU3.package"));
        assert_eq!(list(&into)?, [(path.clone(), head.clone())]);
        assert_eq!(load(&into, FhirVersion::Stu3)?.len(), 1);
        assert!(load(&into, FhirVersion::R4)?.is_empty());
        // Nothing was written but the package itself.
        let count = |folder: &Path| std::fs::read_dir(folder).map(Iterator::count);
        assert_eq!((count(directory.path())?, count(&into)?), (2, 1));
        // The same again takes its place; one for R4 stands beside it.
        add(&into, &from, None)?;
        add(&into, &from, Some(FhirVersion::R4))?;
        assert_eq!(list(&into)?.len(), 2);
        // What is cut off is refused.
        let bytes = std::fs::read(&path)?;
        std::fs::write(&path, &bytes[..bytes.len() - 20])?;
        assert!(load(&into, FhirVersion::Stu3).is_err());
        Ok(())
    }

    #[test]
    fn a_directory_with_xml_is_kept_as_json() -> anyhow::Result<()> {
        let directory = tempfile::tempdir()?;
        let from = directory.path().join("my profiles");
        std::fs::create_dir_all(from.join("below"))?;
        let document = Document::parse(PROFILE).map_err(|error| anyhow::anyhow!("{error}"))?;
        let as_xml = xml::from_json(&document).map_err(|issue| anyhow::anyhow!(issue.text))?;
        std::fs::write(from.join("below/p.xml"), as_xml)?;
        let (path, head) = add(&directory.path().join("kept"), &from, None)?;
        assert_eq!((head.name.as_str(), head.definitions), ("my profiles", 1));
        assert!(path.ends_with("my-profiles--R4.package"));
        assert_eq!(load_one(&path, FhirVersion::R4)?.len(), 1);
        let empty = directory.path().join("empty");
        std::fs::create_dir(&empty)?;
        assert!(add(&directory.path().join("kept"), &empty, None).is_err());
        Ok(())
    }

    #[test]
    fn archives_stop_at_the_limits() {
        let bytes = with_manifest();
        let mut unpacked = Vec::new();
        let plain = GzDecoder::new(bytes.as_slice()).read_to_end(&mut unpacked);
        let unpacked = plain.expect("in memory") as u64;
        let exact = Limits {
            archive_bytes: bytes.len() as u64,
            unpacked_bytes: unpacked,
            entries: 4,
        };
        let fits = |limits: Limits| {
            let mut seen = 0;
            let result = archive(bytes.as_slice(), limits, &mut |_, _| {
                seen += 1;
                Ok(())
            });
            result.map(|()| seen)
        };
        assert_eq!(fits(exact).expect("within the limits"), 2);
        for over in [
            Limits {
                archive_bytes: exact.archive_bytes - 1,
                ..exact
            },
            // The end of an archive is padded with blocks that nobody needs to read.
            Limits {
                unpacked_bytes: 1024,
                ..exact
            },
            Limits {
                entries: exact.entries - 1,
                ..exact
            },
        ] {
            let error = fits(over).expect_err("past a limit");
            assert!(
                format!("{error:#}").contains("more than"),
                "{over:?}: {error:#}"
            );
        }
    }

    #[test]
    fn so_many_bytes_are_read_and_no_more() {
        let read = |bytes: &[u8], max| {
            let mut out = Vec::new();
            Metered::new(bytes, max)
                .read_to_end(&mut out)
                .map(|_| out.len())
        };
        assert_eq!(read(&[1; 10], 10).expect("at the limit"), 10);
        assert!(read(&[1; 11], 10).is_err());
    }
}
