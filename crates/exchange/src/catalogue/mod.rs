//! The exchanges as data: what may be asked of the region, by whom, and why.
//!
//! An exchange is one TOML file (`exchanges/*.toml`): titles, roles, kinds of
//! organisation, purposes, legal basis, and per section the data categories,
//! the FHIR searches and how to show them. Everything is checked when it is
//! loaded, so a typing error stops the start and not a question about a patient.
//!
//! It deliberately decides nothing about access to a patient: an exchange
//! narrows what can be asked; the policies of `trust` say what may be seen.

mod file;
mod query;

use std::{fs, path::Path, sync::Arc};

use care::{AccessContext, Categories, ExchangeCode, OrganisationType, Purpose, Role};

pub use query::{Query, QueryFault};

/// The exchanges that every node knows: name and text of each file.
const EMBEDDED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/exchanges.rs"));

/// The largest exchange file, in bytes.
pub const FILE_BYTES_MAX: u64 = 256 * 1024;
/// The most sections in one exchange.
pub const SECTIONS_MAX: usize = 64;
/// The most searches in one section.
pub const QUERIES_PER_SECTION_MAX: usize = 32;

/// All exchanges that a node takes part in.
#[derive(Debug, Clone)]
pub struct Catalogue {
    exchanges: Arc<[Exchange]>,
}

/// One exchange (uitwisseling).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// Its code, such as `bgz`.
    pub code: ExchangeCode,
    /// Its name for people.
    pub title: Words,
    /// The FHIR version of its searches, unless a section says otherwise.
    pub fhir_version: FhirVersion,
    /// Who may ask under it.
    pub roles: Vec<Role>,
    /// For which kinds of organisation; a patient asks for none of them.
    pub organisation_types: Vec<OrganisationType>,
    /// For which purposes.
    pub purposes: Vec<Purpose>,
    /// On what ground in law (grondslag).
    pub legal_basis: Words,
    /// Its sections, in the order in which they are shown.
    pub sections: Vec<ExchangeSection>,
}

/// One section of an exchange (rubriek).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExchangeSection {
    /// Its code within the exchange; where it is one of the combined record's
    /// sections, the two go together.
    pub code: String,
    /// Its name for people.
    pub title: Words,
    /// The kinds of data that it is made of.
    pub categories: Categories,
    /// The FHIR version of its searches.
    pub fhir_version: FhirVersion,
    /// Its searches, without the patient: the source adds that itself.
    pub queries: Vec<Query>,
    /// How to show it.
    pub presentation: Presentation,
    /// The ground in law, where it is another than that of the whole exchange.
    pub legal_basis: Option<Words>,
}

/// A text for people, in both languages of the pages.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// Dutch.
    pub nl: String,
    /// English.
    pub en: String,
}

/// A version of FHIR in which an exchange speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Deserialize)]
pub enum FhirVersion {
    /// FHIR R4 (4.0.1).
    #[serde(rename = "4.0")]
    R4,
}

/// How a section is best shown. A hint: a page may do otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Presentation {
    /// The form.
    pub form: Form,
    /// Whether it belongs at the top, before everything else.
    #[serde(default)]
    pub first: bool,
    /// Whether it opens folded away.
    #[serde(default)]
    pub collapsed: bool,
}

/// The form in which a section is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// Above everything, as who the patient is.
    Banner,
    /// A list of facts.
    List,
    /// Values in time, with a chart.
    Trend,
    /// Agreements beside what was dispensed.
    Medication,
    /// By date, the latest first.
    Timeline,
}

/// Why an exchange file is refused. It names the file, and the place in it.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {fault}")]
pub struct CatalogueError {
    /// The name of the file.
    pub file: String,
    /// What is wrong with it.
    pub fault: CatalogueFault,
}

/// What is wrong with an exchange file.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueFault {
    /// It cannot be read.
    #[error("the file cannot be read")]
    Unreadable(#[source] std::io::Error),
    /// It is larger than [`FILE_BYTES_MAX`].
    #[error("the file is larger than {FILE_BYTES_MAX} bytes")]
    TooLarge,
    /// It is not TOML, or has a member too many or too few.
    #[error("{0}")]
    Form(String),
    /// A code that no list has, such as an unknown role.
    #[error("unknown {what} `{code}`")]
    UnknownCode {
        /// What the code should be of: role, purpose, data category.
        what: &'static str,
        /// The code as written.
        code: String,
    },
    /// Something that must hold a thing is empty.
    #[error("`{what}` is empty")]
    Empty {
        /// The member.
        what: String,
    },
    /// A code that stands twice.
    #[error("the {what} `{code}` stands twice")]
    Twice {
        /// What it is: exchange, section.
        what: &'static str,
        /// The code.
        code: String,
    },
    /// More of something than the limit.
    #[error("more than {limit} {what}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// A search that no source could answer.
    #[error("section `{section}`, query `{query}`: {fault}")]
    Query {
        /// The code of the section.
        section: String,
        /// The search as written.
        query: String,
        /// What is wrong with it.
        fault: QueryFault,
    },
}

/// Why somebody may not ask under an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotForYou {
    /// The role has no part in it.
    #[error("this exchange is not for this role")]
    Role,
    /// The kind of organisation has no part in it.
    #[error("this exchange is not for this kind of organisation")]
    OrganisationType,
    /// It serves other purposes.
    #[error("this exchange is not for this purpose")]
    Purpose,
}

impl Catalogue {
    /// The exchanges that come with the program.
    pub fn embedded() -> Result<Self, CatalogueError> {
        Self::from_texts(EMBEDDED.iter().copied())
    }

    /// The exchanges of these files: name and text of each.
    pub fn from_texts<'a>(
        files: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, CatalogueError> {
        Self {
            exchanges: Arc::new([]),
        }
        .and(files)
    }

    /// These exchanges and those of the `*.toml` files of a directory, in the
    /// order of their names.
    pub fn and_directory(&self, directory: &Path) -> Result<Self, CatalogueError> {
        let unreadable = |path: &Path, error| CatalogueError {
            file: path.display().to_string(),
            fault: CatalogueFault::Unreadable(error),
        };
        let mut paths = Vec::new();
        for entry in fs::read_dir(directory).map_err(|error| unreadable(directory, error))? {
            paths.push(entry.map_err(|error| unreadable(directory, error))?.path());
        }
        paths.retain(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        });
        paths.sort();
        let mut texts = Vec::with_capacity(paths.len());
        for path in &paths {
            let size = fs::metadata(path)
                .map_err(|error| unreadable(path, error))?
                .len();
            if size > FILE_BYTES_MAX {
                let file = path.display().to_string();
                return Err(CatalogueError {
                    file,
                    fault: CatalogueFault::TooLarge,
                });
            }
            let text = fs::read_to_string(path).map_err(|error| unreadable(path, error))?;
            texts.push((path.display().to_string(), text));
        }
        self.and(
            texts
                .iter()
                .map(|(name, text)| (name.as_str(), text.as_str())),
        )
    }

    fn and<'a>(
        &self,
        files: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, CatalogueError> {
        let mut exchanges = self.exchanges.to_vec();
        for (name, text) in files {
            let refused = |fault| CatalogueError {
                file: name.to_owned(),
                fault,
            };
            if text.len() as u64 > FILE_BYTES_MAX {
                return Err(refused(CatalogueFault::TooLarge));
            }
            let exchange = file::read(text).map_err(refused)?;
            if exchanges.iter().any(|known| known.code == exchange.code) {
                let code = exchange.code.0;
                return Err(refused(CatalogueFault::Twice {
                    what: "exchange",
                    code,
                }));
            }
            exchanges.push(exchange);
        }
        Ok(Self {
            exchanges: exchanges.into(),
        })
    }

    /// The exchange with a code.
    pub fn get(&self, code: &ExchangeCode) -> Option<&Exchange> {
        self.exchanges
            .iter()
            .find(|exchange| exchange.code == *code)
    }

    /// All exchanges, in the order in which they were loaded.
    pub fn iter(&self) -> impl Iterator<Item = &Exchange> {
        self.exchanges.iter()
    }
}

impl Exchange {
    /// All kinds of data in it.
    pub fn categories(&self) -> Categories {
        self.sections.iter().fold(Categories::NONE, |all, section| {
            all.union(section.categories)
        })
    }

    /// The searches to send: all of them, less those that another one covers.
    ///
    /// What a narrower search would have included, the wider one includes.
    pub fn questions(&self) -> Vec<Query> {
        query::widest(self.sections.iter().flat_map(|section| &section.queries))
    }

    /// Whether somebody may ask under this exchange at all. A patient asks on
    /// their own behalf, whatever organisation signs them in.
    pub fn admits(&self, cx: &AccessContext) -> Result<(), NotForYou> {
        if !self.purposes.contains(&cx.purpose()) {
            return Err(NotForYou::Purpose);
        }
        if !self.roles.contains(&cx.role()) {
            return Err(NotForYou::Role);
        }
        let own_data = cx.role() == Role::Patient && cx.purpose() == Purpose::PatientRequest;
        if !own_data && !self.organisation_types.contains(&cx.organisation_type()) {
            return Err(NotForYou::OrganisationType);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
