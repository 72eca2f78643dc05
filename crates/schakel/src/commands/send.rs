//! `schakel send`: hands a file to an organisation of the demo region.

use std::{io::Write, path::PathBuf, process::ExitCode};

use anyhow::{Context, bail};
use clap::Args;

use super::demo;
use crate::{
    demo_file::{DemoFile, OrganisationEntry},
    door_client::{MllpClient, acknowledgement_code, http, post},
};

#[derive(Debug, Args)]
pub(crate) struct Send {
    /// An HL7 v2 message, an EDIFACT interchange, or a FHIR resource or Bundle
    file: PathBuf,
    /// The organisation that takes it in
    #[arg(long, value_name = "SLUG")]
    to: String,
    /// The directory of the demo region
    #[arg(long, default_value = "data")]
    data: PathBuf,
}

/// What a file holds, by how it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Format {
    Hl7v2,
    Edifact,
    FhirJson,
    FhirXml,
}

impl Send {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let bytes = std::fs::read(&self.file)
            .with_context(|| format!("cannot read `{}`", self.file.display()))?;
        let region = DemoFile::read(&self.data)?;
        let organisation = region.organisation(&self.to)?;
        let (accepted, answer) = match format_of(&bytes) {
            Some(Format::Hl7v2) => {
                let answer = MllpClient::connect(&organisation.mllp)
                    .await?
                    .send(&bytes)
                    .await?;
                let accepted = acknowledgement_code(&answer).as_deref() == Some("AA");
                (
                    accepted,
                    String::from_utf8_lossy(&answer)
                        .replace('\r', "\n")
                        .into_bytes(),
                )
            }
            Some(format) => self.post(&format, organisation, bytes).await?,
            None => bail!(
                "`{}` is neither HL7 v2 (MSH), EDIFACT (UNA, UNB) nor FHIR (JSON, XML)",
                self.file.display()
            ),
        };
        let mut out = std::io::stdout().lock();
        out.write_all(&answer)?;
        if !answer.ends_with(b"\n") {
            out.write_all(b"\n")?;
        }
        Ok(if accepted {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }

    async fn post(
        &self,
        format: &Format,
        organisation: &OrganisationEntry,
        bytes: Vec<u8>,
    ) -> anyhow::Result<(bool, Vec<u8>)> {
        let token = demo::record_system_token(&self.data, &organisation.slug)?;
        let (url, content_type) = match format {
            Format::Edifact => (organisation.edifact.clone(), "application/edifact"),
            Format::FhirXml => (fhir_url(organisation, &bytes), "application/fhir+xml"),
            _ => (fhir_url(organisation, &bytes), "application/fhir+json"),
        };
        let answer = post(&http()?, &url, content_type, &token, bytes).await?;
        Ok((answer.accepted, answer.body))
    }
}

fn format_of(bytes: &[u8]) -> Option<Format> {
    let start = bytes
        .iter()
        .position(|byte| !byte.is_ascii_whitespace() && *byte != 0x0b)
        .map(|at| &bytes[at..])?;
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    match start {
        [b'M', b'S', b'H', ..] | [b'F' | b'B', b'H', b'S', ..] => Some(Format::Hl7v2),
        [b'U', b'N', b'A' | b'B', ..] => Some(Format::Edifact),
        [b'{', ..] => Some(Format::FhirJson),
        [b'<', ..] => Some(Format::FhirXml),
        _ => None,
    }
}

/// A Bundle goes to the base address, another resource to that of its type.
fn fhir_url(organisation: &OrganisationEntry, bytes: &[u8]) -> String {
    let resource_type = match fhir::json::Document::parse(bytes) {
        Ok(document) => document
            .root()
            .text("resourceType")
            .map(std::borrow::Cow::into_owned),
        Err(_) => xml_root(bytes),
    };
    match resource_type.as_deref() {
        Some("Bundle") | None => organisation.fhir.clone(),
        Some(resource_type) => format!("{}/{resource_type}", organisation.fhir),
    }
}

/// The name of the first element of an XML text.
fn xml_root(bytes: &[u8]) -> Option<String> {
    let text = str::from_utf8(bytes).ok()?;
    let start = text
        .split('<')
        .skip(1)
        .find(|part| !part.starts_with(['?', '!']))?;
    let end = start.find(|letter: char| !letter.is_ascii_alphanumeric())?;
    Some(start[..end].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_how_it_begins() {
        let check = |bytes: &[u8], expected| assert_eq!(format_of(bytes), expected);
        check(b"MSH|^~\\&|", Some(Format::Hl7v2));
        check(b"\x0bMSH|^~\\&|", Some(Format::Hl7v2));
        check(b"FHS|^~\\&|", Some(Format::Hl7v2));
        check(b"\r\nUNB+UNOA", Some(Format::Edifact));
        check(b"UNA:+.? 'UNB", Some(Format::Edifact));
        check(b"\xef\xbb\xbf{\"resourceType\"", Some(Format::FhirJson));
        check(b"<?xml version='1.0'?><Patient/>", Some(Format::FhirXml));
        check(b"hello", None);
        check(b"", None);
    }

    #[test]
    fn the_root_of_an_xml_text_is_its_type() {
        let xml = b"<?xml version=\"1.0\"?><!-- a --><Patient xmlns=\"http://hl7.org/fhir\"/>";
        assert_eq!(xml_root(xml).as_deref(), Some("Patient"));
        assert_eq!(xml_root(b"<"), None);
    }
}
