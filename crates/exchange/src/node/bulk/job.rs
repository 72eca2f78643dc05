//! An export as it is kept on disk: a directory with `job.json` and the files.
//!
//! `job.json` is replaced as a whole, after what it names is on disk. So after
//! a crash it tells the last finished file and where the next one starts; a
//! file that it does not name was under way and is made anew.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::{fs, io::AsyncWriteExt};

const STATE: &str = "job.json";

/// What is exported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Level {
    /// Everything.
    System,
    /// What is about patients.
    Patients,
    /// What is about the patients in the Group with this id.
    Group(String),
}

/// A search that resources of a type must fit; of several for one type one is
/// enough.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypeFilter {
    /// The type.
    pub resource_type: String,
    /// Decoded names and values.
    pub query: Vec<(String, String)>,
}

/// An element that is wanted of resources.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WantedElement {
    /// The type that it is wanted of; none stands for all.
    pub of: Option<String>,
    /// Its name.
    pub name: String,
}

/// A question for an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportQuestion {
    /// What is exported.
    pub level: Level,
    /// The URL of the question, for the manifest: it names no patient.
    pub request: String,
    /// Only what was written at or after this moment, and what was deleted.
    pub since: Option<Timestamp>,
    /// The types; none stands for all.
    pub types: Vec<String>,
    /// Only these patients, by the ids of their Patient resources.
    pub patients: Option<Vec<String>>,
    /// What resources must fit; those of a type without a filter all do.
    pub filters: Vec<TypeFilter>,
    /// The elements that are wanted; of a type without one, all.
    pub elements: Vec<WantedElement>,
}

/// A finished file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportFile {
    /// Its name: an id that tells nothing.
    pub id: String,
    /// The type of the resources in it, or that were deleted.
    pub resource_type: String,
    /// Whether it tells of deletions.
    pub is_deleted: bool,
    /// Its lines.
    pub count: u64,
}

/// How far an export has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum JobState {
    /// Files are being made.
    Working,
    /// All files are there and written down in the audit log.
    Done,
    /// It cannot be made.
    Failed,
}

/// An export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Its name: an id that tells nothing.
    pub id: String,
    /// Who asked: the organisation and the id there.
    pub(super) client: (String, String),
    /// What is exported.
    pub(super) level: Level,
    /// The URL of the question.
    pub request: String,
    /// The moment that the export shows: the number of a version.
    pub(super) moment: i64,
    /// The time of that moment.
    #[serde(with = "time")]
    pub transaction_time: Timestamp,
    /// Only what was written at or after this moment.
    #[serde(with = "optional_time")]
    pub since: Option<Timestamp>,
    /// The types.
    pub types: Vec<String>,
    /// The patients, where it is not about all.
    pub(super) patients: Option<Vec<String>>,
    /// What resources must fit.
    #[serde(default)]
    pub(super) filters: Vec<TypeFilter>,
    /// The elements that are wanted.
    #[serde(default)]
    pub(super) elements: Vec<WantedElement>,
    /// When it is removed.
    #[serde(with = "time")]
    pub expires: Timestamp,
    /// How far it has come.
    pub state: JobState,
    /// How many types are done.
    pub types_done: usize,
    /// Where the next file starts within the type under way.
    pub(super) after: Option<i64>,
    /// The files that are finished.
    pub files: Vec<ExportFile>,
    /// How many patients the audit log has a line about.
    pub(super) audited: usize,
    /// How often the work broke off with an error.
    pub(super) faults: u32,
}

impl Job {
    /// Keeps it; on disk when this returns.
    pub(super) async fn keep(&self, directory: &Path) -> std::io::Result<()> {
        let directory = directory.join(&self.id);
        let new = directory.join("job.new");
        let mut file = fs::File::create(&new).await?;
        file.write_all(&serde_json::to_vec(self)?).await?;
        file.sync_all().await?;
        fs::rename(&new, directory.join(STATE)).await?;
        fs::File::open(&directory).await?.sync_all().await
    }

    /// The exports in a directory. What was under way when its first state was
    /// written is removed.
    pub(super) fn all(directory: &Path) -> std::io::Result<Vec<Self>> {
        make(directory)?;
        let mut jobs = Vec::new();
        for entry in std::fs::read_dir(directory)? {
            let path = entry?.path();
            match std::fs::read(path.join(STATE)) {
                Ok(state) => {
                    if let Ok(job) = serde_json::from_slice(&state) {
                        jobs.push(job);
                    } else {
                        tracing::error!("the state of an export cannot be read");
                    }
                }
                Err(_) => std::fs::remove_dir_all(&path)?,
            }
        }
        Ok(jobs)
    }

    /// Where a file of it is.
    pub(super) fn path_of(&self, directory: &Path, file: &str) -> PathBuf {
        directory.join(&self.id).join(file)
    }
}

/// Times in a state, as text.
mod time {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(time: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(time)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

/// Times that need not be there.
mod optional_time {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    #[expect(clippy::ref_option, reason = "serde gives it so")]
    pub(super) fn serialize<S: Serializer>(
        time: &Option<Timestamp>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        time.map(|time| time.to_string()).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        let time = text.map(|text| text.parse().map_err(D::Error::custom));
        time.transpose()
    }
}
/// Makes the directory of all exports, which only its owner may look into.
fn make(directory: &Path) -> std::io::Result<()> {
    let mut directories = std::fs::DirBuilder::new();
    directories.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        directories.mode(0o700);
    }
    directories.create(directory)
}

#[cfg(test)]
mod tests {
    #[cfg(unix)]
    #[test]
    fn only_the_owner_looks_into_exports() {
        use std::os::unix::fs::PermissionsExt;

        let directory = tempfile::tempdir().unwrap();
        let exports = directory.path().join("exports");
        assert!(super::Job::all(&exports).unwrap().is_empty());
        let mode = std::fs::metadata(&exports).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}
