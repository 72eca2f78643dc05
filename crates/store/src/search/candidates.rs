//! Goes through the rows that match, in the order of their numbers.
//!
//! One condition drives: an index gives the rows that may fit it, and every
//! condition (that one too) is then tested on the values of each row. So an
//! index need only not miss a row; it may give too many.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use crate::database::{Row, Statement, Value as Sql};

use super::filter::{Candidate, Filter};
use super::intersect;
use super::lookups::{Lookup, between, ordered, test_index, updated_index};
use super::sight::Sight;
use crate::StoreError;
use crate::database::kinds::{self, Kinds};
use crate::database::snapshot::Snapshot;
use crate::index::{Entries, Range, Term};
use crate::limits::{CHAIN_FINDS_MAX, SEARCH_SECONDS_MAX};

/// Rows that a driving condition may give when a page is to be filled: with
/// more, going through the rows in order fills it sooner.
pub(super) const FEW: usize = 1_000;
/// The same between two dates: without them the rows are gone through in order,
/// and a page is full after few when there are more.
const FEW_BETWEEN: usize = 16_000;
/// The same when all matches must be found anyway.
pub(super) const MANY: usize = 50_000;
/// A condition this telling needs no comparison with others.
const TELLING: usize = 64;
/// Targets of a chain that can drive.
const TARGETS_DRIVING_MAX: usize = 2_000;
/// Rows between two looks at the clock.
const ROWS_PER_LOOK: u32 = 256;

/// The columns of every row that is gone through.
pub(crate) const COLUMNS: &str = "r.rid, r.updated, r.entries, r.id, r.version, r.vid";

/// The moment at which a search is given up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline(Instant);

impl Deadline {
    /// For a search that starts now.
    pub(crate) fn start() -> Self {
        Self(Instant::now() + Duration::from_secs(SEARCH_SECONDS_MAX as u64))
    }

    /// An error once it has passed.
    pub(super) fn check(self) -> Result<(), StoreError> {
        if Instant::now() > self.0 {
            return Err(StoreError::LimitExceeded {
                limit: "SEARCH_SECONDS_MAX",
                max: SEARCH_SECONDS_MAX,
            });
        }
        Ok(())
    }
}

/// What to go through.
#[derive(Clone, Copy)]
pub(crate) struct Scan<'a> {
    pub(crate) file: &'a Snapshot<'a>,
    pub(crate) kinds: &'a Kinds,
    pub(crate) sight: &'a Sight,
    /// Whether rows of directory types that belong to nobody can be seen too.
    pub(crate) directory: bool,
    pub(crate) kind: i64,
    pub(crate) filters: &'a [Filter],
    pub(crate) deadline: Deadline,
}

/// A row that matches.
pub(crate) struct Hit<'a> {
    pub(crate) candidate: Candidate<'a>,
    row: Row<'a>,
    scan: Scan<'a>,
}

impl Hit<'_> {
    pub(crate) fn id(&self) -> Result<String, StoreError> {
        Ok(self.row.get(3)?)
    }

    pub(crate) fn version(&self) -> Result<i64, StoreError> {
        Ok(self.row.get(4)?)
    }

    pub(crate) fn vid(&self) -> Result<i64, StoreError> {
        Ok(self.row.get(5)?)
    }

    /// The reference that gave a target its number, as `Type/id`.
    pub(super) fn reference_to(&self, target: i64) -> Result<String, StoreError> {
        let resource_type = self.scan.kinds.name(kinds::kind_of(target))?;
        let id: String = self
            .scan
            .file
            .connection
            .prepare_cached("SELECT id FROM resource WHERE rid = ?1")?
            .query_row([target], |row| row.get(0))?;
        Ok(format!("{resource_type}/{id}"))
    }

    pub(crate) fn blob(&self) -> Result<Vec<u8>, StoreError> {
        Ok(self.row.get(2)?)
    }
}

/// Where the rows come from.
pub(super) enum Driver {
    /// All of the kind.
    Kind,
    /// Those of this part of the index, which gives them in order.
    Ordered(Range),
    /// These; sorted.
    Rows(Vec<i64>),
}

/// How far collecting got.
enum Reach {
    Complete,
    TooMany,
    NotIndexed,
}

impl Scan<'_> {
    /// Calls `take` for every row that matches, in the order of their numbers,
    /// from the one after `after`, until it breaks. `exhaustive` tells that it
    /// will not.
    pub(crate) fn each(
        self,
        after: Option<i64>,
        exhaustive: bool,
        mut take: impl FnMut(&Hit<'_>) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError> {
        let between = if exhaustive { MANY } else { FEW_BETWEEN };
        let driver = self.driver(after, exhaustive, between)?;
        self.run(driver, after, &mut take)
    }

    /// As [`Self::each`], from where it is told.
    pub(super) fn run(
        self,
        driver: Driver,
        after: Option<i64>,
        take: &mut dyn FnMut(&Hit<'_>) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError> {
        let (first, last) = kinds::range_of(self.kind);
        // A search through several types starts anew in each.
        let after = after.unwrap_or(first - 1).max(first - 1);
        match driver {
            Driver::Kind => {
                let mut values = vec![Sql::Integer(after), Sql::Integer(last)];
                let seen = self.seen(&mut values);
                let sql = format!(
                    "SELECT {COLUMNS} FROM resource r
                     WHERE r.rid > ? AND r.rid <= ? AND r.state = 0 AND {seen} ORDER BY r.rid"
                );
                self.stream(&sql, values, take)
            }
            Driver::Ordered(range) => {
                let mut by_number = ByNumber::new(self)?;
                let take = &mut |_, hit: &Hit<'_>| take(hit);
                let mut offer = |rid| by_number.offer(rid, 0, take);
                intersect::in_parts(self, range, after, &mut offer)?;
                by_number.finish(take)
            }
            Driver::Rows(rows) => {
                let mut by_number = ByNumber::new(self)?;
                let take = &mut |_, hit: &Hit<'_>| take(hit);
                let from = rows.partition_point(|rid| *rid <= after);
                for rid in &rows[from..] {
                    if by_number.offer(*rid, 0, take)?.is_break() {
                        break;
                    }
                }
                by_number.finish(take)
            }
        }
    }

    /// All matches, by number; sorted.
    pub(crate) fn all(self) -> Result<Vec<i64>, StoreError> {
        let mut rows = Vec::new();
        self.each(None, true, |hit| {
            rows.push(hit.candidate.rid);
            within_chain(&rows)?;
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(rows)
    }

    pub(super) fn seen(self, values: &mut Vec<Sql>) -> String {
        if self.directory {
            self.sight.condition_or_directory("r", self.kinds, values)
        } else {
            self.sight.condition("r", values)
        }
    }

    /// Goes through the rows of a statement that starts with [`COLUMNS`].
    pub(super) fn stream(
        self,
        sql: &str,
        values: Vec<Sql>,
        take: &mut dyn FnMut(&Hit<'_>) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError> {
        self.file.connection.stream(sql, values, |mut rows| {
            let mut looked = 0_u32;
            while let Some(row) = rows.next()? {
                looked += 1;
                if looked.is_multiple_of(ROWS_PER_LOOK) {
                    self.deadline.check()?;
                }
                let rid: i64 = row.get(0)?;
                if self.offer(row, rid, take)?.is_break() {
                    break;
                }
            }
            Ok(())
        })
    }

    fn offer(
        self,
        row: Row<'_>,
        rid: i64,
        take: &mut dyn FnMut(&Hit<'_>) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<ControlFlow<()>, StoreError> {
        let blob = row.get::<&[u8]>(2)?;
        let candidate = Candidate {
            rid,
            updated: row.get(1)?,
            entries: Entries::of(blob),
        };
        if self.filters.iter().all(|filter| filter.fits(candidate)) {
            take(&Hit {
                candidate,
                row,
                scan: self,
            })
        } else {
            Ok(ControlFlow::Continue(()))
        }
    }

    /// Chooses what drives. Two dates do when no more rows are between them than
    /// `between`.
    pub(super) fn driver(
        self,
        after: Option<i64>,
        exhaustive: bool,
        between: usize,
    ) -> Result<Driver, StoreError> {
        if *self.sight == Sight::Nothing && !self.directory {
            return Ok(Driver::Rows(Vec::new()));
        }
        let after = after.unwrap_or(kinds::range_of(self.kind).0 - 1);
        let directory = self.directory && self.kinds.directory().contains(&self.kind);
        let compartment = match self.sight {
            Sight::Patient { patients, .. } if !directory => Some(patients),
            _ => None,
        };
        if let ([filter], None) = (self.filters, compartment)
            && let Some(ordered) = ordered(filter)
        {
            return Ok(ordered);
        }
        let mut best: Option<Vec<i64>> = None;
        let mut crowded: Vec<&Filter> = Vec::new();
        if let Some(patients) = compartment {
            let mut rows = Vec::new();
            if let Reach::Complete = self.members(patients, after, MANY, &mut rows)? {
                best = Some(rows);
            }
        }
        // A first look at each finds the telling ones without reading far into
        // the others.
        for limit in [TELLING, FEW] {
            crowded.clear();
            for filter in self.filters {
                let short = best.as_ref().map_or(limit, |rows| rows.len().min(limit));
                if short <= TELLING && best.is_some() {
                    break;
                }
                let mut rows = Vec::new();
                match self.collect(filter, after, short, &mut rows)? {
                    Reach::Complete => keep_shorter(&mut best, rows),
                    Reach::TooMany => crowded.push(filter),
                    Reach::NotIndexed => {}
                }
            }
        }
        if best.is_none() {
            best = self.between(between)?;
        }
        if best.is_none() {
            if let Some(ordered) = crowded.iter().find_map(|filter| ordered(filter)) {
                return Ok(ordered);
            }
            if exhaustive {
                for filter in crowded {
                    let mut rows = Vec::new();
                    if let Reach::Complete = self.collect(filter, after, MANY, &mut rows)? {
                        keep_shorter(&mut best, rows);
                        break;
                    }
                }
            }
        }
        let Some(mut rows) = best else {
            return Ok(Driver::Kind);
        };
        rows.sort_unstable();
        rows.dedup();
        intersect::narrow(self, &mut rows, None)?;
        Ok(Driver::Rows(rows))
    }

    /// The rows between a lower and an upper bound on the same date, when
    /// there are such conditions and not too many rows.
    fn between(self, limit: usize) -> Result<Option<Vec<i64>>, StoreError> {
        for (at, one) in self.filters.iter().enumerate() {
            for other in &self.filters[at + 1..] {
                let Some(lookups) = between(one, other) else {
                    continue;
                };
                let mut rows = Vec::new();
                if let Reach::Complete =
                    self.union(&[()], limit, &mut rows, |()| Some(lookups.clone()))?
                {
                    return Ok(Some(rows));
                }
            }
        }
        Ok(None)
    }

    /// The rows in the compartment of a patient.
    fn members(
        self,
        patients: &[i64],
        after: i64,
        limit: usize,
        rows: &mut Vec<i64>,
    ) -> Result<Reach, StoreError> {
        let (_, last) = kinds::range_of(self.kind);
        for patient in patients {
            let member = Term::Member(*patient);
            let range = Range::of(&member).within(after.saturating_add(1), last);
            if !self.gather(Lookup::Values(range), limit, rows)? {
                return Ok(Reach::TooMany);
            }
        }
        Ok(Reach::Complete)
    }

    /// The rows that may fit a filter, unless there are more than `limit`.
    fn collect(
        self,
        filter: &Filter,
        after: i64,
        limit: usize,
        rows: &mut Vec<i64>,
    ) -> Result<Reach, StoreError> {
        match filter {
            Filter::Rows(these) => {
                rows.extend_from_slice(these);
                Ok(if these.len() > limit {
                    Reach::TooMany
                } else {
                    Reach::Complete
                })
            }
            Filter::Updated(tests) => {
                self.union(tests, limit, rows, |test| updated_index(self.kind, *test))
            }
            Filter::Value { negated: true, .. } | Filter::Missing { .. } | Filter::Not(_) => {
                Ok(Reach::NotIndexed)
            }
            Filter::Value {
                parameter,
                tests,
                negated: false,
            } => self.union(tests, limit, rows, |test| {
                test_index(*parameter, test, after)
            }),
            Filter::Targets { targets, .. } if targets.len() > TARGETS_DRIVING_MAX => {
                Ok(Reach::NotIndexed)
            }
            Filter::Targets { parameter, targets } => self.union(targets, limit, rows, |target| {
                let reference = Term::Reference(*parameter, *target);
                Some(vec![Lookup::Values(Range::of(&reference).after(after))])
            }),
            Filter::OneOf(filters) => {
                for filter in filters {
                    match self.collect(filter, after, limit, rows)? {
                        Reach::Complete => {}
                        other => return Ok(other),
                    }
                }
                Ok(Reach::Complete)
            }
            // Any of them gives all that may fit.
            Filter::All(filters) => {
                let mut reach = Reach::NotIndexed;
                let start = rows.len();
                for filter in filters {
                    rows.truncate(start);
                    match self.collect(filter, after, limit, rows)? {
                        Reach::Complete => return Ok(Reach::Complete),
                        Reach::TooMany => reach = Reach::TooMany,
                        Reach::NotIndexed => {}
                    }
                }
                Ok(reach)
            }
        }
    }

    fn union<T>(
        self,
        tests: &[T],
        limit: usize,
        rows: &mut Vec<i64>,
        lookups: impl Fn(&T) -> Option<Vec<Lookup>>,
    ) -> Result<Reach, StoreError> {
        for test in tests {
            let Some(lookups) = lookups(test) else {
                return Ok(Reach::NotIndexed);
            };
            for lookup in lookups {
                if !self.gather(lookup, limit, rows)? {
                    return Ok(Reach::TooMany);
                }
            }
        }
        Ok(Reach::Complete)
    }

    /// Adds what a lookup finds; says whether the limit held.
    fn gather(self, lookup: Lookup, limit: usize, rows: &mut Vec<i64>) -> Result<bool, StoreError> {
        let connection = self.file.connection;
        match lookup {
            Lookup::Values(range) => self.file.index.gather(connection, &range, limit, rows),
            Lookup::Updated { kind, low, high } => {
                let room = (limit + 1).saturating_sub(rows.len());
                let mut statement = connection.prepare_cached(
                    "SELECT rid FROM resource
                     WHERE kind = ? AND updated BETWEEN ? AND ? AND state = 0 LIMIT ?",
                )?;
                let mut found = statement.query((kind, low, high, room as i64))?;
                while let Some(row) = found.next()? {
                    rows.push(row.get(0)?);
                }
                Ok(rows.len() <= limit)
            }
        }
    }
}

/// Rows that are read by their numbers: from a file one at a time, from a
/// server some at once.
pub(super) struct ByNumber<'a> {
    scan: Scan<'a>,
    statement: Statement<'a>,
    /// What the sight asks for, after a place for the number of the row.
    values: Vec<Sql>,
    /// The rows to be read, each with what it goes by.
    waiting: Vec<(i64, i64)>,
    at_once: usize,
    looked: u32,
}

/// Takes a row with what it went by.
pub(super) type TakeBy<'a> = dyn FnMut(i64, &Hit<'_>) -> Result<ControlFlow<()>, StoreError> + 'a;

impl<'a> ByNumber<'a> {
    pub(super) fn new(scan: Scan<'a>) -> Result<Self, StoreError> {
        let mut values = vec![Sql::Null];
        let seen = scan.seen(&mut values);
        let sql =
            format!("SELECT {COLUMNS} FROM resource r WHERE r.rid = ? AND r.state = 0 AND {seen}");
        let connection = scan.file.connection;
        Ok(Self {
            scan,
            statement: connection.prepare_cached(&sql)?,
            values,
            waiting: Vec::new(),
            at_once: connection.rows_at_once(),
            looked: 0,
        })
    }

    /// Offers a row, when it is there, can be seen and matches: now or with
    /// later ones, in the order in which they came. `by` goes along.
    pub(super) fn offer(
        &mut self,
        rid: i64,
        by: i64,
        take: &mut TakeBy<'_>,
    ) -> Result<ControlFlow<()>, StoreError> {
        self.looked += 1;
        if self.looked.is_multiple_of(ROWS_PER_LOOK) {
            self.scan.deadline.check()?;
        }
        self.waiting.push((rid, by));
        if self.waiting.len() < self.at_once {
            return Ok(ControlFlow::Continue(()));
        }
        self.read(take)
    }

    /// Offers those that still wait.
    pub(super) fn finish(mut self, take: &mut TakeBy<'_>) -> Result<(), StoreError> {
        self.read(take).map(|_| ())
    }

    fn read(&mut self, take: &mut TakeBy<'_>) -> Result<ControlFlow<()>, StoreError> {
        let waiting = std::mem::take(&mut self.waiting);
        let scan = self.scan;
        let mut offer = |at: usize, row: Option<Row<'_>>| {
            let (rid, by) = waiting[at];
            match row {
                Some(row) => scan.offer(row, rid, &mut |hit| take(by, hit)),
                None => Ok(ControlFlow::Continue(())),
            }
        };
        if let [(rid, _)] = waiting[..] {
            self.values[0] = Sql::Integer(rid);
            return offer(0, self.statement.query(&self.values)?.next()?);
        }
        let many: Vec<Vec<Sql>> = waiting
            .iter()
            .map(|(rid, _)| {
                let mut values = self.values.clone();
                values[0] = Sql::Integer(*rid);
                values
            })
            .collect();
        self.statement.query_each(&many, offer)
    }
}

fn keep_shorter(best: &mut Option<Vec<i64>>, rows: Vec<i64>) {
    if best.as_ref().is_none_or(|best| rows.len() < best.len()) {
        *best = Some(rows);
    }
}

/// Holds the limit on what a link of a chain finds.
pub(crate) fn within_chain(rows: &[i64]) -> Result<(), StoreError> {
    if rows.len() > CHAIN_FINDS_MAX {
        return Err(StoreError::LimitExceeded {
            limit: "CHAIN_FINDS_MAX",
            max: CHAIN_FINDS_MAX,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_finds_as_much_as_its_limit() {
        let mut rows = vec![0; CHAIN_FINDS_MAX];
        assert!(within_chain(&rows).is_ok());
        rows.push(0);
        assert!(matches!(
            within_chain(&rows),
            Err(StoreError::LimitExceeded {
                limit: "CHAIN_FINDS_MAX",
                ..
            })
        ));
    }

    #[test]
    fn a_search_ends_at_its_deadline() {
        assert!(Deadline::start().check().is_ok());
        assert!(matches!(
            Deadline(
                Instant::now()
                    .checked_sub(Duration::from_millis(1))
                    .unwrap()
            )
            .check(),
            Err(StoreError::LimitExceeded {
                limit: "SEARCH_SECONDS_MAX",
                ..
            })
        ));
    }
}
