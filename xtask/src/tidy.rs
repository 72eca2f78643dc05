//! `cargo xtask tidy`: the rules of the house that no compiler knows.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

/// The rooms, inner to outer. A room depends only on rooms before it.
const ROOMS: [&str; 12] = [
    "care",
    "fhir",
    "terminology",
    "translate",
    "store",
    "trust",
    "network",
    "exchange",
    "api",
    "web",
    "demo",
    "schakel",
];
/// Rooms without I/O, and what they may therefore not depend on.
const PURE_ROOMS: [&str; 4] = ["care", "fhir", "terminology", "translate"];
const IO_CRATES: [&str; 6] = [
    "tokio",
    "reqwest",
    "rusqlite",
    "axum",
    "hyper",
    "async-trait",
];
/// The longest source file, in lines.
const FILE_LINES_MAX: usize = 700;

/// Checks everything, and lists all that is wrong.
pub(crate) fn tidy(root: &Path) -> Result<()> {
    let mut faults = Vec::new();
    for room in ROOMS {
        let manifest = root.join("crates").join(room).join("Cargo.toml");
        check_edges(room, &read(&manifest)?, &mut faults);
    }
    for file in rust_files(&root.join("crates"))?
        .into_iter()
        .chain(rust_files(&root.join("xtask"))?)
    {
        let text = read(&file)?;
        check_file(file.strip_prefix(root).unwrap_or(&file), &text, &mut faults);
    }
    check_documents(root, &mut faults)?;
    if faults.is_empty() {
        return Ok(());
    }
    for fault in &faults {
        eprintln!("{fault}");
    }
    bail!("{} things are not tidy", faults.len())
}

fn check_edges(room: &str, manifest: &str, faults: &mut Vec<String>) {
    let place = |name: &str| ROOMS.iter().position(|one| *one == name);
    let parsed: toml::Table = match manifest.parse() {
        Ok(parsed) => parsed,
        Err(error) => return faults.push(format!("{room}: {error}")),
    };
    let dependencies = parsed.get("dependencies").and_then(toml::Value::as_table);
    for name in dependencies.into_iter().flat_map(toml::Table::keys) {
        if place(name) >= place(room) && place(name).is_some() {
            faults.push(format!(
                "{room} may not depend on {name}: the arrow points outwards"
            ));
        }
        if PURE_ROOMS.contains(&room) && IO_CRATES.contains(&name.as_str()) {
            faults.push(format!("{room} does no I/O and may not depend on {name}"));
        }
    }
}

fn check_file(file: &Path, text: &str, faults: &mut Vec<String>) {
    let name = file.display();
    let lines = text.lines().count();
    if lines > FILE_LINES_MAX {
        faults.push(format!(
            "{name}: {lines} lines, over {FILE_LINES_MAX}: is it one thing?"
        ));
    }
    let is_root = file.ends_with("src/lib.rs") || file.ends_with("src/main.rs");
    if is_root && !text.starts_with("//!") {
        faults.push(format!("{name}: a crate begins with what it is for"));
    }
    for word in [["TO", "DO"].concat(), ["FIX", "ME"].concat()] {
        if text.contains(&word) {
            faults.push(format!("{name}: {word} belongs in an issue"));
        }
    }
    let stem = file
        .file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or_default();
    if ["utils", "util", "helper", "helpers", "manager", "common"].contains(&stem) {
        faults.push(format!("{name}: the name says nothing"));
    }
}

/// Every link in the documents leads somewhere.
fn check_documents(root: &Path, faults: &mut Vec<String>) -> Result<()> {
    let mut documents: BTreeMap<PathBuf, String> = BTreeMap::new();
    for directory in [root.to_path_buf(), root.join("docs"), root.join("docs/adr")] {
        for entry in fs::read_dir(&directory).with_context(|| directory.display().to_string())? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "md") {
                documents.insert(path.clone(), read(&path)?);
            }
        }
    }
    for (path, text) in &documents {
        for target in links(text) {
            let file = target.split('#').next().unwrap_or_default();
            let outside = file.contains("://") || file.starts_with("mailto:") || file.is_empty();
            if !outside && !path.parent().unwrap_or(root).join(file).exists() {
                let name = path.strip_prefix(root).unwrap_or(path);
                faults.push(format!("{}: `{file}` does not exist", name.display()));
            }
        }
    }
    Ok(())
}

/// The targets of `[text](target)`.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')').map(|(target, _)| target))
}

fn rust_files(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).with_context(|| directory.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            files.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges(room: &str, dependencies: &str) -> Vec<String> {
        let mut faults = Vec::new();
        check_edges(
            room,
            &format!("[dependencies]\n{dependencies}"),
            &mut faults,
        );
        faults
    }

    #[test]
    fn arrows_point_inwards_only() {
        assert!(edges("store", "care.workspace = true\nfhir.workspace = true").is_empty());
        assert_eq!(edges("store", "trust.workspace = true").len(), 1);
        assert_eq!(edges("fhir", "tokio.workspace = true").len(), 1);
    }

    #[test]
    fn a_file_says_what_it_is_and_stays_small() {
        let mut faults = Vec::new();
        check_file(Path::new("crates/x/src/lib.rs"), "fn x() {}", &mut faults);
        check_file(Path::new("crates/x/src/utils.rs"), "//! x", &mut faults);
        check_file(
            Path::new("crates/x/src/long.rs"),
            &"\n".repeat(701),
            &mut faults,
        );
        assert_eq!(faults.len(), 3);
    }

    #[test]
    fn links_are_found() {
        assert_eq!(
            links("a [b](c.md) d [e](f#g)").collect::<Vec<_>>(),
            ["c.md", "f#g"]
        );
    }
}
