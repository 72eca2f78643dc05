//! Whether what is written fits FHIR's rules and the profiles that it claims, as
//! strictly as the organisation wants.
//!
//! The shape that FHIR gives a resource is always checked ([`super::write::check`]);
//! this goes on from there. Messages are never refused for it: what a record system
//! sent is stored, and only counted.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use care::AccessContext;
use fhir::{
    FhirVersion, Resource,
    validation::{Finding, Validator},
};
use store::{Change, Outcome, StoreError};

use super::{Node, write::resource};
use crate::error::ExchangeError;

/// What happens to a write with errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValidationMode {
    /// It is refused, with what was found.
    Refuse,
    /// It is stored and counted; who asks is told what was found.
    Warn,
    /// Nothing is looked at.
    Off,
}

/// How an organisation validates what is written.
#[derive(Debug)]
pub struct Validation {
    mode: ValidationMode,
    validator: Arc<Validator>,
    tally: Arc<Tally>,
}

#[derive(Debug, Default)]
struct Tally {
    refused: AtomicU64,
    warned: AtomicU64,
}

/// How many writes had errors since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValidationCounts {
    /// Resources that were refused.
    pub refused: u64,
    /// Resources that were stored all the same.
    pub warned: u64,
}

impl Validation {
    /// Validation by these definitions, which are for the version of the records.
    pub fn new(mode: ValidationMode, validator: Arc<Validator>) -> Self {
        Self {
            mode,
            validator,
            tally: Arc::default(),
        }
    }

    /// The same for records in another version of FHIR, by the definitions for
    /// that; both count together.
    #[must_use]
    pub fn beside(&self, validator: Arc<Validator>) -> Self {
        Self {
            mode: self.mode,
            validator,
            tally: Arc::clone(&self.tally),
        }
    }

    /// None, with FHIR's own definitions for who asks.
    pub(super) fn off(version: FhirVersion) -> Self {
        let validator = Validator::new(version, Vec::new());
        Self::new(ValidationMode::Off, Arc::new(validator))
    }

    /// What judges.
    pub fn validator(&self) -> &Arc<Validator> {
        &self.validator
    }

    /// What was found so far.
    pub fn counts(&self) -> ValidationCounts {
        ValidationCounts {
            refused: self.tally.refused.load(Ordering::Relaxed),
            warned: self.tally.warned.load(Ordering::Relaxed),
        }
    }

    /// What is found in a resource, when it has errors.
    fn errors(&self, resource: &Resource) -> Option<Vec<Finding>> {
        let findings = self.validator.validate(resource, &[]);
        findings.iter().any(Finding::is_error).then_some(findings)
    }

    fn count(counter: &AtomicU64, resource: &Resource, findings: &[Finding]) {
        counter.fetch_add(1, Ordering::Relaxed);
        let errors = findings.iter().filter(|one| one.is_error()).count();
        let resource_type = resource.resource_type();
        tracing::info!(resource_type, errors, "what was written has errors");
    }
}

impl Node {
    /// The same node, validating like this.
    #[must_use]
    pub fn with_validation(mut self, validation: Validation) -> Self {
        self.validation = validation;
        self
    }

    /// How it validates.
    pub fn validation(&self) -> &Validation {
        &self.validation
    }

    /// Judges what changes bring, patches excepted: they are judged with what they
    /// are applied to. In a Bundle, the places of its changes are told.
    pub(super) async fn judge(
        &self,
        changes: &[Change],
        places: Option<&[usize]>,
    ) -> Result<(), ExchangeError> {
        let validation = &self.validation;
        if validation.mode == ValidationMode::Off {
            return Ok(());
        }
        let mut refused = Vec::new();
        for (at, change) in changes.iter().enumerate() {
            let Some(resource) = resource(change) else {
                continue;
            };
            // A large Bundle lets others have their turn.
            tokio::task::yield_now().await;
            let Some(mut findings) = validation.errors(resource) else {
                continue;
            };
            if validation.mode == ValidationMode::Warn {
                Validation::count(&validation.tally.warned, resource, &findings);
                continue;
            }
            Validation::count(&validation.tally.refused, resource, &findings);
            if let Some(place) = places.and_then(|places| places.get(at)) {
                for finding in &mut findings {
                    let issue = finding.issue.clone();
                    finding.issue = super::batch::moved(issue, &format!("Bundle.entry[{place}]"));
                }
            }
            refused.append(&mut findings);
        }
        if refused.is_empty() {
            Ok(())
        } else {
            Err(ExchangeError::NotValid(refused))
        }
    }

    /// Counts what a message brings that has errors; it is stored all the same.
    pub(super) fn count_errors(&self, changes: &[Change]) {
        if self.validation.mode == ValidationMode::Off {
            return;
        }
        for resource in changes.iter().filter_map(resource) {
            if let Some(findings) = self.validation.errors(resource) {
                Validation::count(&self.validation.tally.warned, resource, &findings);
            }
        }
    }

    /// Judges what patches make of what is there. Where errors are refused, each
    /// patch is then for that version only; gives whether one was bound so.
    pub(super) async fn judge_patches(
        &self,
        cx: &AccessContext,
        changes: &mut [Change],
    ) -> Result<bool, ExchangeError> {
        let validation = &self.validation;
        if validation.mode == ValidationMode::Off {
            return Ok(false);
        }
        let mut is_bound = false;
        for change in changes {
            let before = match change {
                Change::Patch { .. } => self.before(cx, change).await?,
                _ => None,
            };
            let (
                Some(before),
                Change::Patch {
                    patch, if_match, ..
                },
            ) = (before, change)
            else {
                continue;
            };
            // One that fails here fails in the store, which says why.
            let Ok(patched) = patch.apply(&before) else {
                continue;
            };
            let found = validation.errors(&patched);
            match (validation.mode, found) {
                (ValidationMode::Refuse, Some(findings)) => {
                    Validation::count(&validation.tally.refused, &patched, &findings);
                    return Err(ExchangeError::NotValid(findings));
                }
                (ValidationMode::Refuse, None) if if_match.is_none() => {
                    *if_match = version_of(&before);
                    is_bound = true;
                }
                (ValidationMode::Warn, Some(findings)) => {
                    Validation::count(&validation.tally.warned, &patched, &findings);
                }
                _ => {}
            }
        }
        Ok(is_bound)
    }

    /// What is to be said of something that was written, where errors are let
    /// through; for whoever may read it.
    pub async fn remarks(
        &self,
        cx: &AccessContext,
        outcome: &Outcome,
    ) -> Result<Vec<Finding>, ExchangeError> {
        if self.validation.mode == ValidationMode::Off {
            return Ok(Vec::new());
        }
        let Some(stored) = self.as_written(cx, outcome).await? else {
            return Ok(Vec::new());
        };
        let resource = self.resource(&stored.body);
        let resource = resource.map_err(|_| StoreError::Corrupt {
            what: "a stored resource does not parse",
        })?;
        Ok(self.validation.validator.validate(&resource, &[]))
    }
}

fn version_of(resource: &Resource) -> Option<u64> {
    let meta = resource.root().get("meta")?;
    meta.text("versionId")?.parse().ok()
}
