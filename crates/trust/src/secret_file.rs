//! Files that only their owner may read.

use std::{
    fs::OpenOptions,
    io::{self, Read, Write},
    path::Path,
};

use zeroize::Zeroizing;

use crate::identity::IdentityError;

/// The most that is read of a key file, in bytes.
const TEXT_BYTES_MAX: u64 = 64 * 1024;

/// Writes a secret to a file that only its owner can read (mode 0600).
///
/// The bytes go to a file beside it first, which then takes its place: a crash
/// leaves the old file or the new one, never half of one.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    put(path, bytes, true)
}

/// The same without waiting for the disk: a loss of power may bring the old
/// file back. For what is written often and may lag.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    put(path, bytes, false)
}

fn put(path: &Path, bytes: &[u8], durable: bool) -> io::Result<()> {
    let beside = path.with_extension("new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    // A leftover of a crash may have another mode: make it anew.
    match std::fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = options.open(&beside)?;
    file.write_all(bytes)?;
    if durable {
        file.sync_all()?;
    }
    std::fs::rename(&beside, path)
}

/// The same, with an error that names the file.
pub(crate) fn write_named(path: &Path, bytes: &[u8]) -> Result<(), IdentityError> {
    write(path, bytes).map_err(|source| IdentityError::File {
        path: path.to_owned(),
        source,
    })
}

/// Reads a text, at most [`TEXT_BYTES_MAX`], that is wiped from memory after use.
pub(crate) fn read_text(path: &Path) -> Result<Zeroizing<String>, IdentityError> {
    let read = || {
        let mut text = Zeroizing::new(String::new());
        std::fs::File::open(path)?
            .take(TEXT_BYTES_MAX)
            .read_to_string(&mut text)?;
        Ok(text)
    };
    read().map_err(|source| IdentityError::File {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    #[cfg(unix)]
    #[test]
    fn only_the_owner_reads_it() {
        use std::os::unix::fs::PermissionsExt;

        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key.pem");
        super::write(&path, b"one").unwrap();
        super::write(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
}
