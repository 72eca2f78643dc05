//! Storing at the own door.

use std::collections::{BTreeSet, HashMap};

use care::{AccessContext, Bsn, Categories, Scope};
use fhir::{Resource, outcome::Severity, structure};
use store::{Alongside, AuditBody, Change, Outcome, StoreError, SubscriptionChange, Written};
use trust::{
    audit::{Happened, Outcome as Ended},
    policy::Action,
};

use super::{
    Node,
    audit::Entry,
    own_door::bsn_of,
    subscriptions::{self, TYPE as SUBSCRIPTION},
};
use crate::error::ExchangeError;

/// How often a patch is tried when others change meanwhile whom its resource is
/// about.
const PATCH_TRIES_MAX: usize = 3;

/// What says by what resources can be searched.
const SEARCH_PARAMETER: &str = "SearchParameter";

impl Node {
    /// Stores or removes one resource; durable when it resolves.
    pub async fn write(
        &self,
        cx: &AccessContext,
        change: Change,
    ) -> Result<Outcome, ExchangeError> {
        let changes = vec![change];
        let scope = self.writing_scope(cx, &changes).await?;
        check(&changes[0])?;
        self.judge(&changes, None).await?;
        let written = self.written(cx, &scope, changes).await?;
        written
            .outcomes
            .into_iter()
            .next()
            .ok_or(ExchangeError::NotFound)
    }

    /// Writes changes that are checked, with their audit lines.
    pub(super) async fn written(
        &self,
        cx: &AccessContext,
        scope: &Scope,
        changes: Vec<Change>,
    ) -> Result<Written, ExchangeError> {
        self.written_with(cx, scope, changes, None).await
    }

    /// The same, with what they mean for the delivery of subscriptions.
    pub(super) async fn written_with(
        &self,
        cx: &AccessContext,
        scope: &Scope,
        mut changes: Vec<Change>,
        subscription: Option<SubscriptionChange>,
    ) -> Result<Written, ExchangeError> {
        let mut tries_left = PATCH_TRIES_MAX;
        loop {
            let audit = self.audit_changes(cx, &mut changes).await?;
            let with = Alongside {
                audit,
                subscription: subscription.clone(),
                ..Alongside::default()
            };
            let again = changes.iter().any(is_patch).then(|| changes.clone());
            let is_bound = again.is_some() && self.judge_patches(cx, &mut changes).await?;
            tries_left -= 1;
            match (
                self.parts.store.write(cx, scope, changes, with).await,
                again,
            ) {
                (Err(StoreError::OthersNamed { .. }), Some(again)) if tries_left > 0 => {
                    changes = again;
                }
                // Another version came after the one that was judged.
                (Err(StoreError::PreconditionFailed { at }), Some(again)) if is_bound => {
                    if tries_left == 0 {
                        return Err(StoreError::Conflict { at }.into());
                    }
                    changes = again;
                }
                (written, _) => return Ok(written?),
            }
        }
    }

    /// What somebody may write here; refused and written down when it is nothing.
    pub(super) async fn writing_scope(
        &self,
        cx: &AccessContext,
        changes: &[Change],
    ) -> Result<Scope, ExchangeError> {
        let decision = self.decide(cx, Action::Write);
        let asked = self.types(changes);
        let may = |action, of: &str| {
            !asked.iter().any(|name| name == of) || self.decide(cx, action).is_allowed()
        };
        let is_allowed = decision.is_allowed()
            && may(Action::DefineSearch, SEARCH_PARAMETER)
            && may(Action::Subscribe, SUBSCRIPTION);
        if is_allowed {
            return Ok(decision.scope());
        }
        self.refuse(
            cx,
            Happened::Stored,
            None,
            &asked,
            ExchangeError::NotAllowed,
        )
        .await
    }

    /// The audit lines of some changes: one for every patient that they are
    /// about, written in the same transaction as the changes.
    pub(super) async fn audit_changes(
        &self,
        cx: &AccessContext,
        changes: &mut [Change],
    ) -> Result<Vec<AuditBody>, ExchangeError> {
        let removes =
            |change: &Change| matches!(change, Change::Delete { .. } | Change::DeleteWhere { .. });
        let happened = if changes.iter().all(removes) {
            Happened::Removed
        } else {
            Happened::Stored
        };
        self.audit_changes_as(cx, happened, changes).await
    }

    /// The same, for changes that came about in another way.
    pub(super) async fn audit_changes_as(
        &self,
        cx: &AccessContext,
        happened: Happened,
        changes: &mut [Change],
    ) -> Result<Vec<AuditBody>, ExchangeError> {
        let asked = self.types(changes);
        let mut patients: BTreeSet<Bsn> = BTreeSet::new();
        let mut known: HashMap<String, Option<Bsn>> = HashMap::new();
        // References within the changes lead to the patients among them.
        for change in changes.iter() {
            if let (Some(full_url), Some(resource)) = (full_url(change), resource(change))
                && resource.resource_type() == "Patient"
            {
                known.insert(full_url.to_owned(), bsn_of(resource));
            }
        }
        let mut categories = Categories::NONE;
        for change in changes.iter_mut() {
            // Who is in it before the change, and who after.
            let mut versions: Vec<Resource> = Vec::new();
            if let Some(before) = self.before(cx, change).await? {
                if let Change::Patch { patch, named, .. } = change {
                    // One that fails here fails in the store, which says why.
                    versions.extend(patch.apply(&before).ok());
                    *named = store::patients_named(&before);
                    named.extend(versions.iter().flat_map(store::patients_named));
                }
                versions.push(before);
            }
            for resource in resource(change).into_iter().chain(&versions) {
                categories = categories.union(fhir::label(resource));
                patients.extend(self.patients_of(cx, resource, &mut known).await?);
            }
        }
        let mut entry = Entry {
            happened,
            outcome: Ended::Allowed,
            patient: None,
            categories,
            asked: &asked,
            count: Some(changes.len() as u64),
        };
        if patients.is_empty() {
            return Ok(vec![self.audit_body(cx, &entry)]);
        }
        let mut bodies = Vec::with_capacity(patients.len());
        for bsn in &patients {
            entry.patient = Some(bsn);
            bodies.push(self.audit_body(cx, &entry));
        }
        Ok(bodies)
    }

    /// The types that changes are about, each once.
    pub(super) fn types(&self, changes: &[Change]) -> Vec<String> {
        let all: BTreeSet<&str> = changes
            .iter()
            .map(|change| match change {
                Change::Patch { resource_type, .. }
                | Change::Delete { resource_type, .. }
                | Change::DeleteWhere { resource_type, .. } => {
                    let known = self.version().resource_type(resource_type);
                    known.unwrap_or("unknown")
                }
                _ => resource(change).map_or("unknown", Resource::resource_type),
            })
            .collect();
        all.into_iter().map(str::to_owned).collect()
    }
}

fn is_patch(change: &Change) -> bool {
    matches!(change, Change::Patch { .. })
}

/// The resource that a change brings.
pub(super) fn resource(change: &Change) -> Option<&Resource> {
    match change {
        Change::Create { resource, .. }
        | Change::Update { resource, .. }
        | Change::UpdateWhere { resource, .. } => Some(resource),
        Change::Patch { .. } | Change::Delete { .. } | Change::DeleteWhere { .. } => None,
    }
}

fn full_url(change: &Change) -> Option<&str> {
    match change {
        Change::Create { full_url, .. }
        | Change::Update { full_url, .. }
        | Change::UpdateWhere { full_url, .. } => full_url.as_deref(),
        Change::Patch { .. } | Change::Delete { .. } | Change::DeleteWhere { .. } => None,
    }
}

/// Whether what a change brings has the shape that FHIR gives it, and may come
/// about in this way.
pub(super) fn check(change: &Change) -> Result<(), ExchangeError> {
    subscriptions::refuse_aside(change)?;
    shape(change)
}

/// Whether what a change brings has the shape that FHIR gives it.
pub(super) fn shape(change: &Change) -> Result<(), ExchangeError> {
    let Some(resource) = resource(change) else {
        return Ok(());
    };
    let issues = structure::check(resource);
    if issues
        .iter()
        .any(|issue| matches!(issue.severity, Severity::Error | Severity::Fatal))
    {
        return Err(ExchangeError::Invalid(issues));
    }
    Ok(())
}
