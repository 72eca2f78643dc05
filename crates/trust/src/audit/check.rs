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
pub struct ChainCheck {
    key: UnparsedPublicKey<Vec<u8>>,
    head: Option<Head>,
    lines: u64,
    last: [u8; 32],
    /// A line that the node did not seal; the next one tells what was done.
    doubt: Option<Doubt>,
}

struct Doubt {
    seq: u64,
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
            doubt: None,
        }
    }

    /// Takes the next line.
    pub fn add(&mut self, line: &Line) -> Result<(), ChainFault> {
        if let Some(doubt) = self.doubt.take() {
            // With a line put in before it, this one was moved up by one.
            let moved = AuditEntry {
                seq: doubt.seq,
                previous: &doubt.before,
                ..entry(line)
            };
            let goes_on_before = line.previous == doubt.before || chain::hash(&moved) == line.hash;
            let kind = if goes_on_before {
                FaultKind::Inserted
            } else {
                FaultKind::Altered
            };
            return Err(ChainFault {
                seq: doubt.seq,
                kind,
            });
        }
        let expected = self.lines + 1;
        let fault = |seq, kind| Err(ChainFault { seq, kind });
        if line.seq > expected {
            return fault(expected, FaultKind::Removed);
        }
        if line.seq < expected {
            return fault(line.seq, FaultKind::Inserted);
        }
        let content_holds = chain::hash(&entry(line)) == line.hash;
        let sealed = content_holds
            && self
                .key
                .verify(&chain::signed(&line.hash), &line.signature)
                .is_ok();
        if sealed && line.previous != self.last {
            // A line of this node that goes on from another: that one is gone.
            return fault(line.seq.saturating_sub(1), FaultKind::Removed);
        }
        if !sealed {
            self.doubt = Some(Doubt {
                seq: line.seq,
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
        self.lines = line.seq;
        self.last = line.hash;
        Ok(())
    }

    /// After the last line.
    pub fn finish(self) -> Result<Verified, ChainFault> {
        if let Some(doubt) = self.doubt {
            let kind = match &self.head {
                Some(head) if head.seq < doubt.seq => FaultKind::Inserted,
                None if doubt.content_holds => FaultKind::Signature,
                _ => FaultKind::Altered,
            };
            return Err(ChainFault {
                seq: doubt.seq,
                kind,
            });
        }
        if self.head.is_some_and(|head| head.seq > self.lines) {
            return Err(ChainFault {
                seq: self.lines + 1,
                kind: FaultKind::CutOff,
            });
        }
        Ok(Verified {
            lines: self.lines,
            head: self.last,
        })
    }
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
