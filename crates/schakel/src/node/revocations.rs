//! The file with the region's revocation list: read at the start, and again
//! whenever it changes.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use anyhow::{Context, ensure};
use trust::identity::TrustAnchors;

/// How often the file is looked at.
const LOOK_INTERVAL: Duration = Duration::from_secs(2);
/// The largest list that is read, in bytes.
const LIST_BYTES_MAX: u64 = 4 << 20;

/// A revocation list in a file.
pub(crate) struct RevocationFile {
    path: PathBuf,
    anchors: TrustAnchors,
    seen: Option<(SystemTime, u64)>,
}

impl RevocationFile {
    /// Reads the list. A node that is told of one does not start without it.
    pub(crate) fn open(path: &Path, anchors: TrustAnchors) -> anyhow::Result<Self> {
        let mut file = Self {
            path: path.to_owned(),
            anchors,
            seen: None,
        };
        file.look()?;
        Ok(file)
    }

    /// Takes the list in when the file is another than the last time; says
    /// whether it was. What cannot be used leaves the last list in force.
    pub(crate) fn look(&mut self) -> anyhow::Result<bool> {
        let what = || format!("the revocation list `{}`", self.path.display());
        let about = fs::metadata(&self.path).with_context(|| format!("cannot read {}", what()))?;
        let now = (about.modified()?, about.len());
        if self.seen == Some(now) {
            return Ok(false);
        }
        ensure!(now.1 <= LIST_BYTES_MAX, "{} is too large", what());
        let text =
            fs::read_to_string(&self.path).with_context(|| format!("cannot read {}", what()))?;
        let list = self
            .anchors
            .take_revocations(&text)
            .with_context(|| format!("cannot use {}", what()))?;
        self.seen = Some(now);
        tracing::info!(
            revoked = list.count,
            next_update = ?list.next_update,
            "took in the revocation list"
        );
        Ok(true)
    }

    /// Looks again and again; drop the future to stop.
    pub(crate) async fn keep_fresh(&mut self) {
        let mut said = false;
        loop {
            tokio::time::sleep(LOOK_INTERVAL).await;
            match self.look() {
                Ok(_) => said = false,
                Err(error) if !said => {
                    tracing::error!("{error:#}; the last one stays in force");
                    said = true;
                }
                Err(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use care::{ManualClock, OrganisationType};
    use trust::identity::{OrganisationRecord, RegionAuthority};

    use super::*;

    #[test]
    fn a_list_is_read_again_when_the_file_changes() {
        let now = "2026-03-02T09:00:00Z".parse().unwrap();
        let authority = RegionAuthority::create("Testregio", now).unwrap();
        let anchors = authority.anchors(Arc::new(ManualClock::at(now))).unwrap();
        let organisation = OrganisationRecord {
            ura: "90000104".parse().unwrap(),
            name: "Ziekenhuis Hogedam".to_owned(),
            organisation_type: OrganisationType::Hospital,
        };
        let hosts = ["localhost".to_owned()];
        let node = authority.issue(&organisation, &hosts, now).unwrap();
        let list =
            |serials: &[Vec<u8>], number| authority.revocation_list(serials, number, now).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("revoked.pem");
        assert!(RevocationFile::open(&path, anchors.clone()).is_err());
        fs::write(&path, list(&[], 1)).unwrap();
        let mut file = RevocationFile::open(&path, anchors.clone()).unwrap();
        assert!(!file.look().unwrap());
        assert!(!anchors.is_revoked(node.certificate()));

        fs::write(&path, list(&[node.serial().unwrap()], 2)).unwrap();
        assert!(file.look().unwrap());
        assert!(anchors.is_revoked(node.certificate()));

        // What is no list leaves the last one in force.
        fs::write(&path, "nothing of the kind").unwrap();
        assert!(file.look().is_err());
        assert!(anchors.is_revoked(node.certificate()));
        let large = fs::File::create(&path).unwrap();
        large.set_len(LIST_BYTES_MAX + 1).unwrap();
        let error = file.look().unwrap_err().to_string();
        assert!(error.contains("too large"), "{error}");
        large.set_len(LIST_BYTES_MAX).unwrap();
        assert!(!file.look().unwrap_err().to_string().contains("too large"));
    }
}
