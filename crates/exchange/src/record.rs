//! What the region answered about one patient: resources with their source,
//! and how every source fared.

mod bundle;

use std::time::Duration;

use care::{Categories, ExchangeCode, OrganisationType, Ura};
use fhir::Resource;
use jiff::Timestamp;

/// The answer of a region to one question about one patient.
#[derive(Debug, Clone)]
pub struct RegionalRecord {
    /// The exchange under which was asked.
    pub exchange: ExchangeCode,
    /// The kinds of data that were asked for.
    pub categories: Categories,
    /// When the question was asked.
    pub asked: Timestamp,
    /// How each organisation that keeps records fared, in the order of their URA.
    pub sources: Vec<SourceReport>,
    /// What they answered, each resource once per source.
    pub resources: Vec<SourcedResource>,
}

/// How one source fared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceReport {
    /// Who.
    pub ura: Ura,
    /// Their name.
    pub name: String,
    /// What kind of organisation.
    pub organisation_type: OrganisationType,
    /// The FHIR base of its node; its resources stand under it.
    pub fhir_base: String,
    /// Which of the four.
    pub state: SourceState,
    /// Why, for an operator; it holds no patient data and says nothing of
    /// what a source holds.
    pub reason: Option<String>,
    /// The kinds of data that they may give, as far as the rules that the
    /// asker knows go.
    pub permitted: Categories,
    /// Whether they gave all they had; false when their answer hit a limit.
    pub complete: bool,
    /// How many resources they gave.
    pub count: usize,
    /// How long it took.
    pub took: Duration,
}

/// The four different things that an empty place can mean, and the one full one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SourceState {
    /// The source gave data.
    Data,
    /// The source says that it has none.
    None,
    /// The source did not answer, or could not be asked.
    NoAnswer,
    /// The source may not give it to the asker.
    NotAllowed,
}

impl SourceState {
    /// All four.
    pub const ALL: [Self; 4] = [Self::Data, Self::None, Self::NoAnswer, Self::NotAllowed];

    /// The code system of the codes.
    pub const SYSTEM: &'static str = "https://schakel.example/fhir/CodeSystem/source-state";

    /// The word that scripts and pages use.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::None => "none",
            Self::NoAnswer => "no-answer",
            Self::NotAllowed => "not-allowed",
        }
    }
}

/// A resource and where it came from.
#[derive(Debug, Clone)]
pub struct SourcedResource {
    /// Who gave it.
    pub source: Ura,
    /// The resource as the source gave it.
    pub resource: Resource,
    /// Whether it was asked for, or came along as something that another one
    /// points at.
    pub included: bool,
    /// When it arrived here.
    pub received: Timestamp,
}
