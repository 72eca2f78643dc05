//! Files that only the user of the process may read.

/// Takes every right of group and others from the files and directories that
/// this process makes from now on, whatever umask it was started with: they are
/// made with 0600 and 0700. What is there already keeps its mode.
///
/// For the commands that keep care data or keys, and once, before anything is
/// made: the umask belongs to the process. Databases and key files ask for
/// their mode themselves as well.
pub(crate) fn from_now_on() {
    #[cfg(unix)]
    {
        use rustix::{fs::Mode, process::umask};
        umask(Mode::RWXG | Mode::RWXO);
    }
}
