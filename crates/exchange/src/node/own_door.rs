//! Reading at the own door: for the organisation's own record systems, its
//! clinicians, and patients who see their own data.

use std::collections::{BTreeSet, HashMap};

use care::{AccessContext, Bsn, Categories, Scope};
use fhir::Resource;
use store::{
    AuditBody, Found, HistoryOf, HistoryPage, Page, SearchPage, Stored, Understood, Whose,
};
use trust::{
    audit::{Happened, Outcome},
    policy::Action,
};

use super::{Node, audit::Entry};
use crate::error::ExchangeError;

impl Node {
    /// The current version of a resource.
    pub async fn read(
        &self,
        cx: &AccessContext,
        resource_type: &str,
        id: &str,
    ) -> Result<Stored, ExchangeError> {
        let asked = self.known_type(resource_type)?;
        let scope = self.reading_scope(cx, &asked).await?;
        let found = self.parts.store.read(cx, &scope, resource_type, id).await?;
        self.shown(cx, &asked, found).await
    }

    /// Whether there is a resource that somebody may see; written down when not.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub async fn may_see(
        &self,
        cx: &AccessContext,
        resource_type: &str,
        id: &str,
    ) -> Result<(), ExchangeError> {
        let asked = self.known_type(resource_type)?;
        let scope = self.reading_scope(cx, &asked).await?;
        match self.parts.store.read(cx, &scope, resource_type, id).await? {
            Found::Here(_) => Ok(()),
            found => self.shown(cx, &asked, found).await.map(|_| ()),
        }
    }

    /// One version of a resource.
    pub async fn read_version(
        &self,
        cx: &AccessContext,
        resource_type: &str,
        id: &str,
        version: u64,
    ) -> Result<Stored, ExchangeError> {
        let asked = self.known_type(resource_type)?;
        let scope = self.reading_scope(cx, &asked).await?;
        let found = self
            .parts
            .store
            .read_version(cx, &scope, resource_type, id, version)
            .await?;
        self.shown(cx, &asked, found).await
    }

    /// A page of a search. `query` holds decoded names and values.
    pub async fn search(
        &self,
        cx: &AccessContext,
        resource_type: &str,
        query: &[(String, String)],
    ) -> Result<SearchPage, ExchangeError> {
        let asked = self.known_type(resource_type)?;
        let scope = self.reading_scope(cx, &asked).await?;
        let page = self
            .parts
            .store
            .search(cx, &scope, resource_type, query)
            .await?;
        let shown: Vec<&Stored> = page.matches.iter().chain(&page.included).collect();
        self.audit_shown(cx, &asked, &shown).await?;
        Ok(page)
    }

    /// A page of a search across types, as [`store::Store::search_types`] has it.
    pub async fn search_types(
        &self,
        cx: &AccessContext,
        query: &[(String, String)],
    ) -> Result<SearchPage, ExchangeError> {
        let asked = vec!["_search".to_owned()];
        let scope = self.reading_scope(cx, &asked).await?;
        let page = self.parts.store.search_types(cx, &scope, query).await?;
        let shown: Vec<&Stored> = page.matches.iter().chain(&page.included).collect();
        self.audit_shown(cx, &asked, &shown).await?;
        Ok(page)
    }

    /// What of a query is understood. It looks at the query only.
    pub fn understood(
        &self,
        resource_type: Option<&str>,
        query: &[(String, String)],
    ) -> Result<Understood, ExchangeError> {
        Ok(self.parts.store.understood(resource_type, query)?)
    }

    /// A page of a history.
    pub async fn history(
        &self,
        cx: &AccessContext,
        of: HistoryOf,
        page: Page,
    ) -> Result<HistoryPage, ExchangeError> {
        let asked = match &of {
            HistoryOf::Instance { resource_type, .. } | HistoryOf::Type { resource_type } => {
                self.known_type(resource_type)?
            }
            HistoryOf::System => vec!["_history".to_owned()],
        };
        let scope = self.reading_scope(cx, &asked).await?;
        let page = self.parts.store.history(cx, &scope, of, page).await?;
        let shown: Vec<&Stored> = page.entries.iter().map(|entry| &entry.stored).collect();
        self.audit_shown(cx, &asked, &shown).await?;
        Ok(page)
    }

    /// What somebody may read here; refused and written down when it is nothing.
    pub(super) async fn reading_scope(
        &self,
        cx: &AccessContext,
        asked: &[String],
    ) -> Result<Scope, ExchangeError> {
        let decision = self.decide(cx, Action::Read);
        if !decision.is_allowed() {
            return self
                .refuse(cx, Happened::Read, None, asked, ExchangeError::NotAllowed)
                .await;
        }
        Ok(decision.scope())
    }

    async fn shown(
        &self,
        cx: &AccessContext,
        asked: &[String],
        found: Found,
    ) -> Result<Stored, ExchangeError> {
        match found {
            Found::Here(stored) => {
                self.audit_shown(cx, asked, &[&stored]).await?;
                Ok(stored)
            }
            Found::Deleted { .. } => {
                self.audit_shown(cx, asked, &[]).await?;
                Err(ExchangeError::Gone)
            }
            Found::Absent => {
                self.audit_shown(cx, asked, &[]).await?;
                Err(ExchangeError::NotFound)
            }
        }
    }

    /// Writes down what is about to be shown: a line for every patient whose
    /// data is in it, so that each can see who looked; one line without a
    /// patient when there is none.
    pub(super) async fn audit_shown(
        &self,
        cx: &AccessContext,
        asked: &[String],
        shown: &[&Stored],
    ) -> Result<(), ExchangeError> {
        let lines = self.lines_shown(cx, asked, shown).await?;
        self.write_audit_soon(lines).await
    }

    /// The lines of what is about to be shown.
    pub(super) async fn lines_shown(
        &self,
        cx: &AccessContext,
        asked: &[String],
        shown: &[&Stored],
    ) -> Result<Vec<AuditBody>, ExchangeError> {
        let mut by_patient: HashMap<Bsn, (Categories, u64)> = HashMap::new();
        let mut known: HashMap<String, Option<Bsn>> = HashMap::new();
        for stored in shown.iter().filter(|stored| !stored.body.is_empty()) {
            let patients = match &stored.filed.whose {
                Whose::Nobody => BTreeSet::new(),
                Whose::One(bsn) => BTreeSet::from([bsn.clone()]),
                Whose::InBody => match self.resource(&stored.body) {
                    Ok(resource) => self.patients_of(cx, &resource, &mut known).await?,
                    Err(_) => continue,
                },
            };
            for bsn in patients {
                let seen = by_patient.entry(bsn).or_insert((Categories::NONE, 0));
                seen.0 = seen.0.union(stored.filed.categories);
                seen.1 += 1;
            }
        }
        let mut entry = Entry {
            happened: Happened::Read,
            outcome: Outcome::Allowed,
            patient: None,
            categories: Categories::NONE,
            asked,
            count: Some(shown.len() as u64),
        };
        if by_patient.is_empty() {
            return Ok(vec![self.audit_body(cx, &entry)]);
        }
        let mut bodies = Vec::with_capacity(by_patient.len());
        for (bsn, (categories, count)) in &by_patient {
            entry.patient = Some(bsn);
            entry.categories = *categories;
            entry.count = Some(*count);
            bodies.push(self.audit_body(cx, &entry));
        }
        Ok(bodies)
    }

    /// The patients that a resource is about, by BSN, as far as they have one.
    pub(super) async fn patients_of(
        &self,
        cx: &AccessContext,
        resource: &Resource,
        known: &mut HashMap<String, Option<Bsn>>,
    ) -> Result<BTreeSet<Bsn>, ExchangeError> {
        let mut found = BTreeSet::new();
        if resource.resource_type() == "Patient" {
            found.extend(bsn_of(resource));
        }
        for reference in fhir::compartment::patients(resource) {
            if let Some(bsn) = known.get(&reference) {
                found.extend(bsn.clone());
                continue;
            }
            let bsn = self.bsn_behind(cx, &reference).await?;
            found.extend(bsn.clone());
            known.insert(reference, bsn);
        }
        Ok(found)
    }

    /// The BSN of the patient that a reference leads to, also of one who was
    /// deleted.
    pub(super) async fn bsn_behind(
        &self,
        cx: &AccessContext,
        reference: &str,
    ) -> Result<Option<Bsn>, ExchangeError> {
        if let Some((_, value)) = reference.split_once(&format!("{}|", Bsn::SYSTEM)) {
            return Ok(Bsn::parse(value).ok());
        }
        let mut parts = reference.rsplit('/');
        let (Some(id), Some("Patient")) = (parts.next(), parts.next()) else {
            return Ok(None);
        };
        // For the audit line only: whose data it is, whatever the asker may see.
        let found = self
            .parts
            .store
            .read(cx, &Scope::Organisation, "Patient", id)
            .await;
        let stored = match found {
            Ok(Found::Deleted { version, .. }) => {
                let before = version.saturating_sub(1);
                let store = &self.parts.store;
                let scope = &Scope::Organisation;
                let found = store.read_version(cx, scope, "Patient", id, before).await;
                found.ok().and_then(Found::here)
            }
            found => found.ok().and_then(Found::here),
        };
        Ok(stored.and_then(|stored| bsn_of(&self.resource(&stored.body).ok()?)))
    }

    fn known_type(&self, resource_type: &str) -> Result<Vec<String>, ExchangeError> {
        match self.version().resource_type(resource_type) {
            Some(known) => Ok(vec![known.to_owned()]),
            None => Err(ExchangeError::Store(store::StoreError::UnknownResourceType)),
        }
    }
}

/// The BSN of a Patient resource.
pub(super) fn bsn_of(patient: &Resource) -> Option<Bsn> {
    patient.root().each("identifier").find_map(|identifier| {
        let system = identifier.text("system")?;
        if system != Bsn::SYSTEM {
            return None;
        }
        Bsn::parse(&identifier.text("value")?).ok()
    })
}
