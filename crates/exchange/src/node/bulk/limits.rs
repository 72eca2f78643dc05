//! The limits of bulk data.

use std::time::Duration;

/// The limits of bulk data, each with its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BulkLimits {
    /// Exports that one client may have, done or not. One more is refused.
    pub jobs_per_client: usize,
    /// Exports that a node keeps in all.
    pub jobs: usize,
    /// Exports that are worked on at once; the others wait.
    pub at_work: usize,
    /// How long an export is kept after it was asked for.
    pub lifetime: Duration,
    /// Files of one export. One that needs more fails.
    pub files: usize,
    /// Resources in one file.
    pub file_resources: u64,
    /// Bytes after which a file takes no more resources.
    pub file_bytes: u64,
    /// Patients that one request may name.
    pub patients: usize,
    /// Patients of one group.
    pub members: usize,
    /// Searches that one request may narrow an export with (`_typeFilter`).
    pub filters: usize,
    /// Imports that are worked on at once. One more is refused.
    pub imports: usize,
    /// Bytes of one line of an import.
    pub line_bytes: usize,
    /// Bytes of an import.
    pub import_bytes: u64,
    /// Lines of an import that share a commit and an answer.
    pub batch_lines: usize,
    /// Bytes of lines after which a batch takes no more.
    pub batch_bytes: usize,
}

impl BulkLimits {
    /// What holds unless configured otherwise.
    pub const STANDARD: Self = Self {
        jobs_per_client: 4,
        jobs: 64,
        at_work: 2,
        lifetime: Duration::from_hours(24),
        files: 10_000,
        file_resources: 50_000,
        file_bytes: 64 << 20,
        patients: 1_000,
        members: 100_000,
        filters: 20,
        imports: 4,
        line_bytes: 4 << 20,
        import_bytes: 16 << 30,
        batch_lines: 500,
        batch_bytes: 4 << 20,
    };
}
