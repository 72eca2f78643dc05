//! What is written down.

use care::{AccessContext, Bsn, Categories};
use jiff::Timestamp;

use crate::{Rejected, identity::OrganisationRecord};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Happened {
    /// Somebody asked the region about a patient (at the asker).
    AskedRegion,
    /// Somebody read or searched data.
    Read,
    /// Somebody stored or changed data.
    Stored,
    /// Somebody removed data.
    Removed,
    /// A message came in.
    MessageReceived,
    /// A message was looked at by an operator.
    MessageViewed,
    /// A message was taken in again.
    MessageReplayed,
    /// Somebody looked who looked.
    AccessLogRead,
    /// A patient looked at their choices.
    ConsentRead,
    /// A patient changed their choices.
    ConsentChanged,
    /// Somebody signed in.
    SignedIn,
    /// Somebody signed out.
    SignedOut,
}

/// How it ended, as far as it is known when the line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It was allowed.
    Allowed,
    /// It was refused.
    Refused,
    /// It failed.
    Failed,
}

/// One audit line, to be written before the data leaves.
#[derive(Debug, Clone)]
pub struct AuditLine<'a> {
    /// Who, why.
    pub context: &'a AccessContext,
    /// What.
    pub happened: Happened,
    /// How it ended.
    pub outcome: Outcome,
    /// Whose data; and, when it differs from the asker, who was asked.
    pub holder: &'a OrganisationRecord,
    /// The organisation that writes the line.
    pub observer: &'a OrganisationRecord,
    /// The patient, where there is one; else the context's.
    pub patient: Option<&'a Bsn>,
    /// The kinds of data that it was about.
    pub categories: Categories,
    /// What was asked for, without patient data, such as `Condition` or `Observation`.
    pub asked: &'a [String],
    /// How many resources were given or stored, where it is known.
    pub count: Option<u64>,
}

impl AuditLine<'_> {
    /// The AuditEvent as JSON bytes.
    pub fn to_json(&self, _id: &str, _now: Timestamp) -> Vec<u8> {
        unimplemented!()
    }
}

/// The AuditEvent of an attempt by somebody who could not be identified.
pub fn refused_attempt(
    _observer: &OrganisationRecord,
    _peer: Option<&OrganisationRecord>,
    _rejected: Rejected,
    _id: &str,
    _now: Timestamp,
) -> Vec<u8> {
    unimplemented!()
}
