//! Finds what was done to a chain.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use store::AuditEntry;

use super::{Head, Line, chain};

/// What is wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// Its content, time, patient or place is not what was sealed, or what
    /// stood there was replaced.
    Altered,
    /// The line that stood here is gone.
    Removed,
    /// It was put in: what comes after it goes on from the line before it.
    Inserted,
    /// The node did not seal it, and nothing after it tells whether it was
    /// altered or put in.
    Signature,
    /// The chain had come further: its end is gone, or was made anew.
    CutOff,
}

/// Where a chain is broken first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the audit chain is broken at line {seq}: {kind}")]
pub struct ChainFault {
    /// At which line.
    pub seq: u64,
    /// What is wrong.
    pub kind: FaultKind,
}

impl std::fmt::Display for FaultKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Altered => "altered",
            Self::Removed => "removed",
            Self::Inserted => "inserted",
            Self::Signature => "not sealed by this node",
            Self::CutOff => "cut off",
        })
    }
}

/// A chain that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// How many lines.
    pub lines: u64,
    /// The hash of the last; zeroes when there is none.
    pub head: [u8; 32],
}

/// Verifies a whole chain: its lines in order from the first, the head that
/// was kept of it where there is one, and the node's public key (an
/// uncompressed P-256 point).
pub fn verify(
    lines: impl IntoIterator<Item = Line>,
    head: Option<&Head>,
    public_key: &[u8],
) -> Result<Verified, ChainFault> {
    let mut check = ChainCheck::new(public_key, head.cloned());
    for line in lines {
        check.add(&line)?;
    }
    check.finish()
}

/// Verifies a chain page by page: all lines in order, then
/// [`ChainCheck::finish`]. Stops at the first fault.
///
/// Lines that were written together share the signature of the last of them.
/// Where that does not hold, any of them may be the one that was changed: the
/// fault is told at the first.
pub struct ChainCheck {
    key: UnparsedPublicKey<Vec<u8>>,
    head: Option<Head>,
    lines: u64,
    last: [u8; 32],
    /// The first line that no signature vouches for yet, and the hash of the
    /// line before the last.
    unsigned: Option<Unsigned>,
    /// A line that the node did not seal; the next one tells what was done.
    doubt: Option<Doubt>,
}

#[derive(Clone, Copy)]
struct Unsigned {
    first: u64,
    before_last: [u8; 32],
}

struct Doubt {
    seq: u64,
    /// Where it is told, unless it was put in.
    first: u64,
    /// The hash of the line before it.
    before: [u8; 32],
    /// Whether its hash is that of its content.
    content_holds: bool,
}

impl ChainCheck {
    /// Before the first line.
    pub fn new(public_key: &[u8], head: Option<Head>) -> Self {
        Self {
            key: UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public_key.to_vec()),
            head,
            lines: 0,
            last: [0; 32],
            unsigned: None,
            doubt: None,
        }
    }

    /// Takes the next line.
    pub fn add(&mut self, line: &Line) -> Result<(), ChainFault> {
        if let Some(doubt) = self.doubt.take() {
            return Err(doubt.told_by(line));
        }
        let expected = self.lines + 1;
        if line.seq > expected {
            return fault(expected, FaultKind::Removed);
        }
        if line.seq < expected {
            return fault(line.seq, FaultKind::Inserted);
        }
        let content_holds = chain::hash(&entry(line)) == line.hash;
        let signed = !line.signature.is_empty();
        let sealed = content_holds && self.is_sealed(line);
        if sealed && line.previous != self.last {
            return self.goes_on_from_another(line);
        }
        if let Some(unsigned) = self.unsigned
            && !content_holds
            && was_moved_up(line, line.seq - 1, &unsigned.before_last)
        {
            return fault(line.seq - 1, FaultKind::Inserted);
        }
        if !sealed {
            let first = self.unsigned.map_or(line.seq, |unsigned| unsigned.first);
            self.doubt = Some(Doubt {
                seq: line.seq,
                first: if content_holds { first } else { line.seq },
                before: self.last,
                content_holds,
            });
        } else if self
            .head
            .as_ref()
            .is_some_and(|head| head.seq == line.seq && head.hash != line.hash)
        {
            return fault(line.seq, FaultKind::CutOff);
        }
        self.unsigned = (!signed).then(|| Unsigned {
            first: self.unsigned.map_or(line.seq, |unsigned| unsigned.first),
            before_last: self.last,
        });
        self.lines = line.seq;
        self.last = line.hash;
        Ok(())
    }

    /// Whether the node vouches for a line whose content holds: by its
    /// signature, or by that of a line that comes, which goes on from it.
    fn is_sealed(&self, line: &Line) -> bool {
        if line.signature.is_empty() {
            return line.previous == self.last || self.unsigned.is_some();
        }
        self.key
            .verify(&chain::signed(&line.hash), &line.signature)
            .is_ok()
    }

    /// What was done to the line before one that goes on from another.
    fn goes_on_from_another(&self, line: &Line) -> Result<(), ChainFault> {
        let before = line.seq.saturating_sub(1);
        let kind = match self.unsigned {
            // A line of this node that goes on from another: that one is gone.
            None => FaultKind::Removed,
            Some(unsigned) if line.previous == unsigned.before_last => FaultKind::Inserted,
            Some(_) => FaultKind::Altered,
        };
        fault(before, kind)
    }

    /// After the last line.
    pub fn finish(self) -> Result<Verified, ChainFault> {
        let told = |seq| self.head.as_ref().is_some_and(|head| head.seq >= seq);
        if let Some(doubt) = self.doubt {
            let (seq, kind) = match &self.head {
                Some(head) if head.seq < doubt.seq => (doubt.seq, FaultKind::Inserted),
                None if doubt.content_holds => (doubt.first, FaultKind::Signature),
                _ => (doubt.first, FaultKind::Altered),
            };
            return fault(seq, kind);
        }
        if told(self.lines + 1) {
            return fault(self.lines + 1, FaultKind::CutOff);
        }
        // What is written together is signed together: its end is gone, or the
        // node never had it.
        if let Some(unsigned) = self.unsigned {
            let kind = if self.head.is_some() && !told(unsigned.first) {
                FaultKind::Inserted
            } else {
                FaultKind::Signature
            };
            return fault(unsigned.first, kind);
        }
        Ok(Verified {
            lines: self.lines,
            head: self.last,
        })
    }
}

impl Doubt {
    /// What was done to it, as the line after it tells.
    fn told_by(&self, next: &Line) -> ChainFault {
        if next.previous == self.before || was_moved_up(next, self.seq, &self.before) {
            ChainFault {
                seq: self.seq,
                kind: FaultKind::Inserted,
            }
        } else {
            ChainFault {
                seq: self.first,
                kind: FaultKind::Altered,
            }
        }
    }
}

/// Whether a line stood at this place, after the line with this hash, until
/// another was put in before it.
fn was_moved_up(line: &Line, seq: u64, previous: &[u8; 32]) -> bool {
    let moved = AuditEntry {
        seq,
        previous,
        ..entry(line)
    };
    chain::hash(&moved) == line.hash
}

fn fault<T>(seq: u64, kind: FaultKind) -> Result<T, ChainFault> {
    Err(ChainFault { seq, kind })
}

fn entry(line: &Line) -> AuditEntry<'_> {
    AuditEntry {
        seq: line.seq,
        recorded: line.recorded,
        patient: line.patient.as_ref(),
        body: &line.body,
        previous: &line.previous,
    }
}
