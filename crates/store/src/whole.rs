//! All that there is of a patient: a walk over the compartment, without a search
//! for every type.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use care::{Bsn, Categories, Scope};

use crate::database::kinds::{self, Kinds};
use crate::database::snapshot::Snapshot;
use crate::database::{OptionalExtension, Row, Value as Sql};
use crate::index::{Entries, Range, Term, Value};
use crate::limits::{INCLUDED_MAX, WHOLE_PAGE_MAX};
use crate::read::{FILED, filed, stored};
use crate::search::{CursorKey, Sight};
use crate::write::identity::LIVE;
use crate::{StoreError, Stored, Whole, WholePage};

/// The purpose of a sealed cursor.
const WHOLE: &str = "whole";

/// A page of what there is of a patient; `None` when that Patient is not there
/// or not in sight.
pub(crate) fn page(
    file: &Snapshot<'_>,
    kinds: &Kinds,
    key: &CursorKey,
    scope: &Scope,
    patient: &str,
    of: &Whole,
) -> Result<Option<WholePage>, StoreError> {
    if !(1..=WHOLE_PAGE_MAX).contains(&of.count) {
        return Err(StoreError::LimitExceeded {
            limit: "WHOLE_PAGE_MAX",
            max: WHOLE_PAGE_MAX,
        });
    }
    let sight = Sight::of(file.connection, scope)?;
    let Some((patient, bsn)) = in_sight(file, kinds, &sight, patient)? else {
        return Ok(None);
    };
    let mut range = Range::of(&Term::Member(patient));
    if let Some(cursor) = &of.cursor {
        let content = key.open(WHOLE, cursor)?;
        // The patient is in it: a cursor is for one patient only.
        let (whose, last) = content
            .split_first_chunk::<8>()
            .ok_or(StoreError::InvalidCursor)?;
        let last: [u8; 8] = last.try_into().map_err(|_| StoreError::InvalidCursor)?;
        if i64::from_le_bytes(*whose) != patient {
            return Err(StoreError::InvalidCursor);
        }
        range = range.after(i64::from_le_bytes(last));
    }
    let wanted = of
        .types
        .iter()
        .map(|name| kinds.number(name))
        .collect::<Result<Vec<i64>, _>>()?;
    let mut walk = Walk::new(file, kinds, &sight, of, Some(patient));
    let mut next = None;
    file.index.each(file.connection, &range, |rid| {
        if !wanted.is_empty() && !wanted.contains(&kinds::kind_of(rid)) {
            return Ok(ControlFlow::Continue(()));
        }
        if walk.expected() == of.count {
            walk.read()?;
        }
        if walk.expected() == of.count {
            let place = [patient.to_le_bytes(), walk.last.to_le_bytes()].concat();
            next = Some(key.seal(WHOLE, &place)?);
            return Ok(ControlFlow::Break(()));
        }
        walk.offer(rid)?;
        Ok(ControlFlow::Continue(()))
    })?;
    walk.read()?;
    let directory = kinds.directory();
    let targets = std::mem::take(&mut walk.targets).into_iter();
    let targets = targets.filter(|rid| directory.contains(&kinds::kind_of(*rid)));
    let all = Whole::default();
    let mut others = Walk::new(file, kinds, &sight, &all, None);
    for rid in targets {
        if others.expected() == INCLUDED_MAX {
            others.read()?;
        }
        if others.expected() == INCLUDED_MAX {
            return Err(StoreError::LimitExceeded {
                limit: "INCLUDED_MAX",
                max: INCLUDED_MAX,
            });
        }
        others.offer(rid)?;
    }
    others.read()?;
    Ok(Some(WholePage {
        resources: walk.resources,
        referred: others.resources,
        categories: walk.categories.union(others.categories),
        bsn,
        next,
    }))
}

/// The number and the BSN of a Patient that may be seen.
fn in_sight(
    file: &Snapshot<'_>,
    kinds: &Kinds,
    sight: &Sight,
    id: &str,
) -> Result<Option<(i64, Option<Bsn>)>, StoreError> {
    let mut values = vec![
        Sql::Text(id.to_owned()),
        kinds.number("Patient")?.into(),
        LIVE.into(),
    ];
    let seen = sight.condition("r", &mut values);
    let sql = format!(
        "SELECT r.rid, p.bsn FROM resource r LEFT JOIN patient p ON p.rid = r.rid
         WHERE r.id = ? AND r.kind = ? AND r.state = ? AND {seen}"
    );
    let mut statement = file.connection.prepare_cached(&sql)?;
    let found: Option<(i64, Option<String>)> = statement
        .query_row(values, |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(found.map(|(rid, bsn)| (rid, bsn.and_then(|bsn| Bsn::parse(&bsn).ok()))))
}

/// Resources that are read by number, one after another.
struct Walk<'a> {
    file: &'a Snapshot<'a>,
    kinds: &'a Kinds,
    of: &'a Whole,
    sql: String,
    seen: Vec<Sql>,
    patient: i64,
    /// Those to be read.
    waiting: Vec<i64>,
    resources: Vec<Stored>,
    /// The number of the last of them.
    last: i64,
    categories: Categories,
    /// What they refer to.
    targets: BTreeSet<i64>,
}

impl<'a> Walk<'a> {
    /// Of a patient's own resources, or of those that belong to nobody.
    fn new(
        file: &'a Snapshot<'a>,
        kinds: &'a Kinds,
        sight: &Sight,
        of: &'a Whole,
        patient: Option<i64>,
    ) -> Self {
        let mut seen = Vec::new();
        let condition = if patient.is_none() {
            let condition = sight.condition_or_directory("r", kinds, &mut seen);
            format!("r.patient = 0 AND {condition}")
        } else {
            sight.condition("r", &mut seen)
        };
        Self {
            file,
            kinds,
            of,
            sql: format!(
                "SELECT r.id, r.version, r.updated, r.entries, v.body, {FILED}
                 FROM resource r CROSS JOIN version v ON v.vid = r.vid
                 WHERE r.rid = ? AND r.state = ? AND {condition}"
            ),
            seen,
            patient: patient.unwrap_or_default(),
            waiting: Vec::new(),
            resources: Vec::new(),
            last: 0,
            categories: Categories::NONE,
            targets: BTreeSet::new(),
        }
    }

    /// How many there are if all that wait are wanted.
    const fn expected(&self) -> usize {
        self.resources.len() + self.waiting.len()
    }

    /// Takes a resource, now or with later ones.
    fn offer(&mut self, rid: i64) -> Result<(), StoreError> {
        self.waiting.push(rid);
        if self.waiting.len() < self.file.connection.rows_at_once() {
            return Ok(());
        }
        self.read()
    }

    /// Takes those that wait, as far as they are there, in sight and wanted.
    fn read(&mut self) -> Result<(), StoreError> {
        let waiting = std::mem::take(&mut self.waiting);
        let many: Vec<Vec<Sql>> = waiting
            .iter()
            .map(|rid| {
                let mut values = vec![Sql::Integer(*rid), LIVE.into()];
                values.extend(self.seen.iter().cloned());
                values
            })
            .collect();
        let mut statement = self.file.connection.prepare_cached(&self.sql)?;
        let _ = statement.query_each(&many, |at, row| {
            if let Some(row) = row {
                self.take(waiting[at], row)?;
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(())
    }

    fn take(&mut self, rid: i64, row: Row<'_>) -> Result<(), StoreError> {
        let blob: &[u8] = row.get(3)?;
        if !is_wanted(row, rid == self.patient, blob, self.of)? {
            return Ok(());
        }
        for (_, value) in Entries::of(blob).iter() {
            if let Value::Reference(target) = value {
                self.targets.insert(target);
            }
        }
        let filed = filed(row, 5)?;
        self.categories = self.categories.union(filed.categories);
        self.resources.push(stored(
            self.kinds.name(kinds::kind_of(rid))?,
            row.get(0)?,
            row.get(1)?,
            row.get(2)?,
            row.get(4)?,
            filed,
        )?);
        self.last = rid;
        Ok(())
    }
}

fn is_wanted(
    row: Row<'_>,
    is_the_patient: bool,
    blob: &[u8],
    of: &Whole,
) -> Result<bool, StoreError> {
    if let Some(since) = of.since
        && row.get::<i64>(2)? < since.as_millisecond()
    {
        return Ok(false);
    }
    // The dates of a Patient are not those of care.
    let Some((first, last)) = of.period_ms.filter(|_| !is_the_patient) else {
        return Ok(true);
    };
    let mut has_dates = false;
    for (_, value) in Entries::of(blob).iter() {
        if let Value::Date { low, high } = value {
            has_dates = true;
            if low <= last && high >= first {
                return Ok(true);
            }
        }
    }
    Ok(!has_dates)
}
