//! How often an SQLite database in use is committed to, told from its
//! write-ahead log: <https://www.sqlite.org/fileformat2.html#the_write_ahead_log>.

use std::{
    fs::File,
    io,
    os::unix::fs::FileExt as _,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

/// How often the log is looked at. When it begins anew, what was added since
/// the last time is missed, which is one commit in hundreds.
const BETWEEN_LOOKS: Duration = Duration::from_millis(2);

/// Bytes before the first frame, and before the page of each.
const HEAD_BYTES: u64 = 32;
const FRAME_HEAD_BYTES: u64 = 24;

/// A count that goes on until it is asked for.
pub(crate) struct Commits {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<io::Result<u32>>,
}

impl Commits {
    /// Counts from now on.
    pub(crate) fn of(database: &Path) -> io::Result<Self> {
        let mut name = database.as_os_str().to_owned();
        name.push("-wal");
        let mut log = Log::open(Path::new(&name))?;
        // What is there already is not counted.
        log.look()?;
        let is_over = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&is_over);
        let thread = std::thread::spawn(move || {
            let mut counted = 0;
            while !told.load(Ordering::Relaxed) {
                std::thread::sleep(BETWEEN_LOOKS);
                counted += log.look()?;
            }
            Ok(counted)
        });
        Ok(Self { is_over, thread })
    }

    /// How many there were.
    pub(crate) fn count(self) -> io::Result<u32> {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread
            .join()
            .map_err(|_| io::Error::other("the count stopped"))?
    }
}

/// The log, as far as it was read.
struct Log {
    file: File,
    /// Those of the log since it began anew last.
    salts: [u8; 8],
    frames: u64,
}

impl Log {
    fn open(path: &Path) -> io::Result<Self> {
        Ok(Self {
            file: File::open(path)?,
            salts: [0; 8],
            frames: 0,
        })
    }

    /// Reads on; how many commits were added.
    fn look(&mut self) -> io::Result<u32> {
        let mut head = [0; HEAD_BYTES as usize];
        if read(&self.file, &mut head, 0)?.is_none() {
            return Ok(0);
        }
        let page = u32::from_be_bytes([head[8], head[9], head[10], head[11]]);
        if self.salts != head[16..24] {
            self.salts.copy_from_slice(&head[16..24]);
            self.frames = 0;
        }
        let mut commits = 0;
        let mut frame = [0; FRAME_HEAD_BYTES as usize];
        loop {
            let at = HEAD_BYTES + self.frames * (FRAME_HEAD_BYTES + u64::from(page));
            let is_there = read(&self.file, &mut frame, at)?.is_some();
            if !is_there || frame[8..16] != self.salts {
                return Ok(commits);
            }
            // The last frame of a commit tells how large the database is then.
            commits += u32::from(frame[4..8] != [0; 4]);
            self.frames += 1;
        }
    }
}

/// Fills the buffer; nothing when the file ends before.
fn read(file: &File, buffer: &mut [u8], at: u64) -> io::Result<Option<()>> {
    match file.read_exact_at(buffer, at) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        other => other.map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: usize = 512;

    fn head(salt: u8) -> Vec<u8> {
        let mut head = vec![0; HEAD_BYTES as usize];
        head[8..12].copy_from_slice(&(PAGE as u32).to_be_bytes());
        head[16..24].fill(salt);
        head
    }

    fn frame(salt: u8, is_last: bool) -> Vec<u8> {
        let mut frame = vec![0; FRAME_HEAD_BYTES as usize + PAGE];
        frame[7] = u8::from(is_last);
        frame[8..16].fill(salt);
        frame
    }

    #[test]
    fn commits_are_counted_once_and_those_of_a_log_that_began_anew_too() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("log");
        let counted = |log: &mut Log, parts: &[Vec<u8>]| {
            std::fs::write(&path, parts.concat()).expect("a file");
            log.look().expect("it is read")
        };
        std::fs::write(&path, []).expect("a file");
        let mut log = Log::open(&path).expect("it is there");
        assert_eq!(counted(&mut log, &[]), 0, "nothing yet");
        let (more, last) = (frame(1, false), frame(1, true));
        let mut parts = vec![head(1), more.clone(), last.clone(), last.clone()];
        assert_eq!(counted(&mut log, &parts), 2);
        assert_eq!(counted(&mut log, &parts), 0, "nothing new");
        parts.extend([more.clone(), last[..30].to_vec()]);
        assert_eq!(counted(&mut log, &parts), 1, "its head is there");
        // The log begins anew over the old one, which is still there behind it.
        let anew = [head(2), frame(2, true), last];
        assert_eq!(counted(&mut log, &anew), 1);
    }
}
