//! An exchange file, read and checked.

use std::collections::HashSet;

use care::{Categories, DataCategory, ExchangeCode, OrganisationType, Purpose, Role};
use serde::Deserialize;

use super::{
    CatalogueFault, Exchange, ExchangeSection, FhirVersion, Presentation, QUERIES_PER_SECTION_MAX,
    Query, SECTIONS_MAX, Words,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExchangeFile {
    code: String,
    title: Words,
    fhir_version: FhirVersion,
    roles: Vec<String>,
    organisation_types: Vec<String>,
    purposes: Vec<String>,
    legal_basis: Words,
    section: Vec<SectionFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SectionFile {
    code: String,
    title: Words,
    categories: Vec<String>,
    fhir_version: Option<FhirVersion>,
    queries: Vec<String>,
    presentation: Presentation,
    legal_basis: Option<Words>,
}

/// Reads and checks one file.
pub(super) fn read(text: &str) -> Result<Exchange, CatalogueFault> {
    let file: ExchangeFile = toml::from_str(text)
        .map_err(|error| CatalogueFault::Form(error.to_string().trim_end().to_owned()))?;
    let code = checked_code(file.code, "code")?;
    if file.section.len() > SECTIONS_MAX {
        return Err(CatalogueFault::TooMany {
            what: "sections",
            limit: SECTIONS_MAX,
        });
    }
    let mut seen = HashSet::new();
    let mut sections = Vec::with_capacity(file.section.len());
    for section in file.section {
        if !seen.insert(section.code.clone()) {
            return Err(CatalogueFault::Twice {
                what: "section",
                code: section.code,
            });
        }
        sections.push(read_section(section, file.fhir_version)?);
    }
    filled("section", sections.len())?;
    Ok(Exchange {
        code: ExchangeCode(code),
        title: checked_words(file.title, "title")?,
        fhir_version: file.fhir_version,
        roles: codes("roles", "role", &file.roles, Role::from_name)?,
        organisation_types: codes(
            "organisation_types",
            "type of organisation",
            &file.organisation_types,
            OrganisationType::from_code,
        )?,
        purposes: codes("purposes", "purpose", &file.purposes, Purpose::from_code)?,
        legal_basis: checked_words(file.legal_basis, "legal_basis")?,
        sections,
    })
}

fn read_section(
    section: SectionFile,
    default_version: FhirVersion,
) -> Result<ExchangeSection, CatalogueFault> {
    let code = checked_code(section.code, "section.code")?;
    let member = |name: &str| format!("section `{code}`: {name}");
    let categories: Categories = codes(
        &member("categories"),
        "data category",
        &section.categories,
        DataCategory::from_code,
    )?
    .into_iter()
    .collect();
    filled(&member("queries"), section.queries.len())?;
    if section.queries.len() > QUERIES_PER_SECTION_MAX {
        let limit = QUERIES_PER_SECTION_MAX;
        return Err(CatalogueFault::TooMany {
            what: "queries in a section",
            limit,
        });
    }
    let queries = section
        .queries
        .iter()
        .map(|text| {
            Query::parse(text).map_err(|fault| CatalogueFault::Query {
                section: code.clone(),
                query: text.clone(),
                fault,
            })
        })
        .collect::<Result<_, _>>()?;
    Ok(ExchangeSection {
        title: checked_words(section.title, &member("title"))?,
        legal_basis: section
            .legal_basis
            .map(|words| checked_words(words, &member("legal_basis")))
            .transpose()?,
        categories,
        fhir_version: section.fhir_version.unwrap_or(default_version),
        queries,
        presentation: section.presentation,
        code,
    })
}

fn codes<T>(
    member: &str,
    what: &'static str,
    codes: &[String],
    find: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, CatalogueFault> {
    filled(member, codes.len())?;
    codes
        .iter()
        .map(|code| {
            find(code).ok_or(CatalogueFault::UnknownCode {
                what,
                code: code.clone(),
            })
        })
        .collect()
}

fn filled(what: &str, count: usize) -> Result<(), CatalogueFault> {
    if count == 0 {
        Err(CatalogueFault::Empty {
            what: what.to_owned(),
        })
    } else {
        Ok(())
    }
}

/// A code goes into URLs and audit lines: lower case, digits and hyphens.
fn checked_code(code: String, what: &'static str) -> Result<String, CatalogueFault> {
    filled(what, code.len())?;
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if code.bytes().all(plain) {
        Ok(code)
    } else {
        Err(CatalogueFault::UnknownCode { what, code })
    }
}

fn checked_words(words: Words, what: &str) -> Result<Words, CatalogueFault> {
    filled(&format!("{what}.nl"), words.nl.trim().len())?;
    filled(&format!("{what}.en"), words.en.trim().len())?;
    Ok(words)
}
