//! How fast the disk is on which servers keep their databases: what a create
//! that is durable before it is answered can be held against.

use std::{
    fs::File,
    io::Write,
    path::Path,
    time::{Duration, Instant},
};

/// What one small commit adds to a write-ahead log: two pages of 4 KiB.
const APPEND_BYTES: usize = 8 * 1024;

/// Appends to a file in this directory and waits each time until that is on
/// disk (`fdatasync`), one after the other; how many a second.
pub(crate) fn rate(directory: &Path, time: Duration) -> anyhow::Result<f64> {
    let path = directory.join("appended");
    let mut file = File::create_new(&path)?;
    let block = [0x5A; APPEND_BYTES];
    let mut appended = 0_u32;
    let began = Instant::now();
    while began.elapsed() < time {
        file.write_all(&block)?;
        file.sync_data()?;
        appended += 1;
    }
    let rate = f64::from(appended) / began.elapsed().as_secs_f64();
    std::fs::remove_file(path)?;
    Ok(rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_appends_and_leaves_nothing_behind() {
        let directory = tempfile::tempdir().expect("a directory");
        let rate = rate(directory.path(), Duration::from_millis(5)).expect("a disk");
        assert!(rate > 0.0);
        let left = std::fs::read_dir(directory.path()).expect("the directory");
        assert_eq!(left.count(), 0);
    }
}
