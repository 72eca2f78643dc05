//! Resources in files, in either form.

use std::path::Path;

use anyhow::Context;
use fhir::outcome::Issue;
use fhir::{FhirVersion, Resource, xml};

/// A form in which FHIR is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Form {
    Json,
    Xml,
}

/// The bytes of a file; those of the standard input for `-`.
pub(crate) fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let read = if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut std::io::stdin().lock(), &mut bytes).map(|_| bytes)
    } else {
        std::fs::read(path)
    };
    read.with_context(|| format!("cannot read `{}`", path.display()))
}

/// The form of a text: XML begins with `<`.
pub(crate) fn form_of(bytes: &[u8]) -> Form {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if bytes.trim_ascii_start().starts_with(b"<") {
        Form::Xml
    } else {
        Form::Json
    }
}

/// A resource in either form.
pub(crate) fn parse(version: FhirVersion, bytes: &[u8]) -> Result<Resource, Vec<Issue>> {
    match form_of(bytes) {
        Form::Json => Resource::parse_in(version, bytes),
        Form::Xml => {
            let json = xml::to_json_in(version, bytes).map_err(|issue| vec![issue])?;
            Resource::parse_in(version, json)
        }
    }
}
