//! Database files that only their owner may read.

use std::path::Path;

/// Makes a file for an SQLite database when there is none, with mode 0600
/// whatever the umask: the files that SQLite puts beside it follow. One that is
/// there keeps its mode. What goes wrong here, opening the database tells.
pub fn make_private(path: &Path) {
    let mut options = std::fs::OpenOptions::new();
    // Never one that is there: closing it would take SQLite's locks from it.
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    // It may be there already; what else is wrong, SQLite tells when it opens it.
    let _ = options.open(path);
}
