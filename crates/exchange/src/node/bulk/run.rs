//! The work on an export, file by file.
//!
//! A file is finished when it, the list of patients in it and the state that
//! names both are on disk. When all are, every patient in them gets one audit
//! line, and only then the files can be fetched. So an export of 50,000
//! patients costs 50,000 lines, in batches, whatever the number of files.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    path::Path,
    sync::Arc,
};

use care::{AccessContext, Bsn, Categories, Scope};
use fhir::Resource;
use serde::{Deserialize, Serialize};
use store::{HistoryEntry, Interaction, Moment, Stored, Walk};
use tokio::{
    fs,
    io::{AsyncWriteExt, BufWriter},
};
use trust::audit::{Happened, Outcome};

use super::super::{Node, audit::Entry, own_door::bsn_of};
use super::{
    Bulk, BulkError, EXPORT, ExportFile, Job, JobState, Level, narrow::part_of, patient_id,
};
use crate::error::ExchangeError;

/// Resources that are read at once.
const PAGE: usize = 500;
/// Audit lines that are written at once.
const AUDIT_BATCH: usize = 1_000;
/// Patients of whom is remembered what their BSN is.
const KNOWN_MAX: usize = 20_000;
/// How often work may break off with an error before the export fails.
const FAULTS_MAX: u32 = 3;
/// The ending of the list of patients beside a file.
const PATIENTS: &str = "patients";

/// What left of each patient: kinds of data, and how many resources.
type Tally = BTreeMap<String, (u32, u64)>;

/// A line of the list of patients of a file.
#[derive(Serialize, Deserialize)]
struct Left {
    bsn: String,
    categories: u32,
    count: u64,
}

impl Bulk {
    /// Works on an export in the background, unless that is being done.
    pub(super) fn go_on(self: &Arc<Self>, cx: &AccessContext, id: &str) {
        let mut jobs = self.lock();
        let Some(known) = jobs.get_mut(id) else {
            return;
        };
        if known.work.as_ref().is_some_and(|work| !work.is_finished()) {
            return;
        }
        let (bulk, cx, id) = (Arc::clone(self), cx.clone(), id.to_owned());
        known.work = Some(tokio::spawn(async move { bulk.work(&cx, &id).await }));
    }

    async fn work(&self, cx: &AccessContext, id: &str) {
        let turns = Arc::clone(&self.turns);
        let Ok(_turn) = turns.acquire_owned().await else {
            return;
        };
        let Ok(mut job) = self.own(cx, id) else {
            return;
        };
        if let Err(error) = self.finish(cx, &mut job).await {
            broke_off(&error);
            // What is not on disk does not count.
            if let Ok(kept) = self.own(cx, id) {
                job = kept;
            }
            job.faults += 1;
            if job.faults >= FAULTS_MAX || matches!(error, BulkError::TooManyFiles) {
                job.state = JobState::Failed;
            }
            if let Err(error) = self.keep(&job).await {
                broke_off(&error);
            }
        }
    }

    /// Does what is left of an export.
    async fn finish(&self, cx: &AccessContext, job: &mut Job) -> Result<(), BulkError> {
        if job.state != JobState::Working {
            return Ok(());
        }
        let scope = self.node.export_scope(cx, &[EXPORT.to_owned()]).await?;
        self.remove_unfinished(job).await?;
        let mut patients = Patients {
            wanted: self.wanted(cx, job).await?,
            known: HashMap::new(),
        };
        while job.types_done < job.types.len() {
            self.part(cx, &scope, job, &mut patients).await?;
        }
        self.write_down(cx, job).await?;
        job.state = JobState::Done;
        self.keep(job).await
    }

    async fn keep(&self, job: &Job) -> Result<(), BulkError> {
        job.keep(&self.directory).await?;
        if let Some(known) = self.lock().get_mut(&job.id) {
            known.job = job.clone();
        }
        Ok(())
    }

    /// Removes files that the state does not name.
    async fn remove_unfinished(&self, job: &Job) -> Result<(), BulkError> {
        let mut entries = fs::read_dir(self.directory.join(&job.id)).await?;
        while let Some(entry) = entries.next_entry().await? {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let stem = name.split('.').next().unwrap_or_default();
            if stem != "job" && !job.files.iter().any(|file| file.id == stem) {
                fs::remove_file(entry.path()).await?;
            }
        }
        Ok(())
    }

    /// The ids and BSNs of the patients that an export is about; none for all.
    async fn wanted(
        &self,
        cx: &AccessContext,
        job: &Job,
    ) -> Result<Option<BTreeSet<String>>, BulkError> {
        let Some(ids) = &job.patients else {
            return Ok(None);
        };
        let mut wanted = BTreeSet::new();
        for id in ids {
            let bsn = self.node.bsn_behind(cx, &format!("Patient/{id}")).await?;
            wanted.extend(bsn.map(|bsn| bsn.expose().to_owned()));
            wanted.insert(id.clone());
        }
        Ok(Some(wanted))
    }

    /// Makes the next file of a type, and the one of deletions beside it.
    async fn part(
        &self,
        cx: &AccessContext,
        scope: &Scope,
        job: &mut Job,
        patients: &mut Patients,
    ) -> Result<(), BulkError> {
        let resource_type = job.types[job.types_done].clone();
        let moment = Moment {
            number: job.moment,
            time: job.transaction_time,
        };
        let mut output = Part::new(&resource_type, false);
        let mut deleted = Part::new(&resource_type, true);
        let mut tally = Tally::new();
        let wanted = part_of(job, &resource_type);
        loop {
            let walk = Walk {
                moment,
                resource_type: resource_type.clone(),
                since: job.since,
                after: job.after,
                count: PAGE,
            };
            let page = self.node.parts.store.walk(cx, scope, walk).await;
            let page = page.map_err(ExchangeError::from)?;
            let fitting = self
                .fitting(cx, scope, job, &resource_type, &page.entries)
                .await?;
            for entry in page.entries {
                let is_deletion = entry.interaction == Interaction::Delete;
                let fits = |ids: &HashSet<String>| ids.contains(&entry.stored.id);
                if !is_deletion && !fitting.as_ref().is_none_or(fits) {
                    continue;
                }
                if is_deletion && job.since.is_none() {
                    continue;
                }
                let Some(told) = self.node.told(cx, scope, entry).await? else {
                    continue;
                };
                let Ok(resource) = self.node.resource(&told.body) else {
                    let what = "a resource that is not JSON";
                    return Err(ExchangeError::from(store::StoreError::Corrupt { what }).into());
                };
                if !patients.include(&job.level, &resource) {
                    continue;
                }
                patients.forget_some();
                let label = fhir::label(&resource).bits();
                let known = &mut patients.known;
                for bsn in self.node.patients_of(cx, &resource, known).await? {
                    let left = tally.entry(bsn.expose().to_owned()).or_default();
                    *left = (left.0 | label, left.1 + 1);
                }
                let (part, line) = if is_deletion {
                    (&mut deleted, deletion(&told))
                } else {
                    let line = match &wanted {
                        Some(subset) => line(&subset.of(&resource).to_bytes()),
                        None => line(&told.body),
                    };
                    (&mut output, line)
                };
                part.add(self, job, &line).await?;
            }
            job.after = page.next;
            let is_full = |part: &Part| {
                part.file.count >= self.limits.file_resources
                    || part.bytes >= self.limits.file_bytes
            };
            if page.next.is_none() {
                job.types_done += 1;
                break;
            }
            if is_full(&output) || is_full(&deleted) {
                break;
            }
        }
        let parts: Vec<Part> = [output, deleted]
            .into_iter()
            .filter(|part| part.writer.is_some())
            .collect();
        if parts.is_empty() {
            // Nothing is lost when an empty type is walked again.
            return Ok(());
        }
        if job.files.len() + parts.len() > self.limits.files {
            return Err(BulkError::TooManyFiles);
        }
        let beside = &parts[0].file.id;
        keep_tally(
            &job.path_of(&self.directory, &format!("{beside}.{PATIENTS}")),
            &tally,
        )
        .await?;
        for part in parts {
            job.files.push(part.close().await?);
        }
        self.keep(job).await
    }

    /// Writes down whose data is in the files: one line for every patient.
    async fn write_down(&self, cx: &AccessContext, job: &mut Job) -> Result<(), BulkError> {
        let mut all = Tally::new();
        for file in &job.files {
            let path = job.path_of(&self.directory, &format!("{}.{PATIENTS}", file.id));
            let Ok(list) = fs::read(&path).await else {
                // The list stands beside the first of two files.
                continue;
            };
            let list: Vec<Left> = serde_json::from_slice(&list).map_err(std::io::Error::from)?;
            for Left {
                bsn,
                categories,
                count,
            } in list
            {
                let left = all.entry(bsn).or_default();
                *left = (left.0 | categories, left.1 + count);
            }
        }
        let asked = [EXPORT.to_owned()];
        let all: Vec<(String, (u32, u64))> = all.into_iter().collect();
        while job.audited < all.len() {
            let end = all.len().min(job.audited + AUDIT_BATCH);
            let mut bodies = Vec::with_capacity(AUDIT_BATCH);
            for (bsn, (categories, count)) in &all[job.audited..end] {
                let bsn = Bsn::parse(bsn).map_err(|_| std::io::ErrorKind::InvalidData);
                let bsn = bsn.map_err(std::io::Error::from)?;
                let entry = Entry {
                    happened: Happened::Read,
                    outcome: Outcome::Allowed,
                    patient: Some(&bsn),
                    categories: Categories::from_bits(*categories),
                    asked: &asked,
                    count: Some(*count),
                };
                bodies.push(self.node.audit_body(cx, &entry));
            }
            self.node.write_audit(bodies).await?;
            job.audited = end;
            self.keep(job).await?;
        }
        Ok(())
    }
}

fn broke_off(error: &BulkError) {
    let error = error as &dyn std::error::Error;
    tracing::error!(error, "an export broke off");
}

async fn keep_tally(path: &Path, tally: &Tally) -> Result<(), BulkError> {
    let list: Vec<Left> = tally
        .iter()
        .map(|(bsn, (categories, count))| Left {
            bsn: bsn.clone(),
            categories: *categories,
            count: *count,
        })
        .collect();
    let mut file = fs::File::create(path).await?;
    let bytes = serde_json::to_vec(&list).map_err(std::io::Error::from)?;
    file.write_all(&bytes).await?;
    file.sync_all().await?;
    Ok(())
}

/// The patients of an export.
struct Patients {
    /// Ids and BSNs; none for all.
    wanted: Option<BTreeSet<String>>,
    /// The BSN behind a reference.
    known: HashMap<String, Option<Bsn>>,
}

impl Patients {
    /// Whether a resource belongs in an export of this level.
    fn include(&self, level: &Level, resource: &Resource) -> bool {
        if *level == Level::System && self.wanted.is_none() {
            return true;
        }
        let references = fhir::compartment::patients(resource);
        let Some(wanted) = &self.wanted else {
            return !references.is_empty();
        };
        let own = (resource.resource_type() == "Patient").then(|| bsn_of(resource));
        let by_bsn = own
            .flatten()
            .is_some_and(|bsn| wanted.contains(bsn.expose()));
        by_bsn
            || references.iter().any(|reference| {
                let bsn = reference.split_once(&format!("{}|", Bsn::SYSTEM));
                let name = bsn
                    .map(|(_, value)| value)
                    .or_else(|| patient_id(reference));
                name.is_some_and(|name| wanted.contains(name))
            })
    }

    fn forget_some(&mut self) {
        if self.known.len() > KNOWN_MAX {
            self.known.clear();
        }
    }
}

/// A file that is being made.
struct Part {
    file: ExportFile,
    bytes: u64,
    writer: Option<BufWriter<fs::File>>,
}

impl Part {
    fn new(resource_type: &str, is_deleted: bool) -> Self {
        Self {
            file: ExportFile {
                id: String::new(),
                resource_type: resource_type.to_owned(),
                is_deleted,
                count: 0,
            },
            bytes: 0,
            writer: None,
        }
    }

    async fn add(&mut self, bulk: &Bulk, job: &Job, line: &[u8]) -> Result<(), BulkError> {
        if self.writer.is_none() {
            self.file.id = bulk.ids.next();
            let path = job.path_of(&bulk.directory, &self.file.id);
            self.writer = Some(BufWriter::new(fs::File::create(path).await?));
        }
        if let Some(writer) = &mut self.writer {
            writer.write_all(line).await?;
        }
        self.bytes += line.len() as u64;
        self.file.count += 1;
        Ok(())
    }

    async fn close(self) -> Result<ExportFile, BulkError> {
        if let Some(mut writer) = self.writer {
            writer.flush().await?;
            writer.get_ref().sync_all().await?;
        }
        Ok(self.file)
    }
}

/// JSON on one line. A string holds no bare line break, so those that there
/// are stand between tokens.
fn line(body: &[u8]) -> Vec<u8> {
    let mut line: Vec<u8> = body
        .iter()
        .map(|byte| {
            if matches!(byte, b'\n' | b'\r') {
                b' '
            } else {
                *byte
            }
        })
        .collect();
    line.push(b'\n');
    line
}

/// A deletion, as the Bundle that does the same.
fn deletion(stored: &Stored) -> Vec<u8> {
    let url = format!("{}/{}", stored.resource_type, stored.id);
    let bundle = fhir::value!({
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [{ "request": { "method": "DELETE", "url": (url) } }]
    });
    let mut line = bundle.to_bytes();
    line.push(b'\n');
    line
}

impl Node {
    /// What a version tells: itself, or of a deletion what was there before it,
    /// which says whom it is about.
    async fn told(
        &self,
        cx: &AccessContext,
        scope: &Scope,
        entry: HistoryEntry,
    ) -> Result<Option<Stored>, ExchangeError> {
        let HistoryEntry {
            stored,
            interaction,
        } = entry;
        if interaction != Interaction::Delete {
            return Ok(Some(stored));
        }
        let before = stored.version.saturating_sub(1);
        let (kind, id) = (stored.resource_type, &stored.id);
        let found = self.parts.store.read_version(cx, scope, kind, id, before);
        Ok(found.await?.here())
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_deletion_is_a_bundle_that_does_the_same() {
        let stored = Stored {
            resource_type: "Patient",
            id: "a".to_owned(),
            version: 2,
            last_updated: Timestamp::UNIX_EPOCH,
            body: bytes::Bytes::new(),
            filed: store::Filed {
                categories: care::Categories::NONE,
                whose: store::Whose::Nobody,
            },
        };
        let line = deletion(&stored);
        let bundle = Resource::parse(line).expect("a resource");
        assert_eq!(fhir::structure::check(&bundle), []);
    }

    proptest! {
        #[test]
        fn a_resource_is_one_line_and_the_same(text in "\\PC{0,40}", space in "[ \\n\\r\\t]{0,9}") {
            let value = fhir::value!({ "resourceType": "Patient", "language": (text.clone()) });
            let spaced = String::from_utf8(value.to_bytes())
                .expect("JSON is text")
                .replacen(',', &format!(",{space}"), 1);
            let line = line(spaced.as_bytes());
            prop_assert_eq!(line.iter().position(|byte| *byte == b'\n'), Some(line.len() - 1));
            let resource = Resource::parse(line).expect("a resource");
            prop_assert_eq!(resource.root().text("language").unwrap_or_default(), text);
        }
    }
}
