//! Rows that the writer met, so that it need not ask a server for each of them.
//! A row keeps its number for as long as the database lives, whoever wrote it.

use foldhash::HashMap;

/// Rows that are remembered; with more, all are forgotten.
const ROWS_REMEMBERED_MAX: usize = 100_000;

/// The numbers of rows, by kind and id.
#[derive(Debug, Default)]
pub(crate) struct KnownRows {
    by_kind: HashMap<i64, HashMap<String, i64>>,
    count: usize,
}

impl KnownRows {
    /// The number of a row, when it was met.
    pub(crate) fn get(&self, kind: i64, id: &str) -> Option<i64> {
        self.by_kind.get(&kind)?.get(id).copied()
    }

    /// Remembers a row.
    pub(crate) fn remember(&mut self, kind: i64, id: &str, rid: i64) {
        if self.count >= ROWS_REMEMBERED_MAX {
            self.forget();
        }
        let of_kind = self.by_kind.entry(kind).or_default();
        if of_kind.insert(id.to_owned(), rid).is_none() {
            self.count += 1;
        }
    }

    /// Forgets everything: rows of a transaction that was taken back are gone.
    pub(crate) fn forget(&mut self) {
        self.by_kind.clear();
        self.count = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_rows_are_remembered_than_the_limit() {
        let mut rows = KnownRows::default();
        for number in 0..ROWS_REMEMBERED_MAX as i64 {
            rows.remember(number % 3, &number.to_string(), number);
        }
        assert_eq!(rows.get(1, "1"), Some(1));
        rows.remember(1, "one more", 7);
        assert_eq!((rows.get(1, "1"), rows.get(1, "one more")), (None, Some(7)));
    }
}
