//! The index against a plain sorted set, through every change that a store
//! can make and every way it can end.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::database::{Connection, Database, Source};
use proptest::prelude::*;

use super::block::Keys;
use super::bloom::digest;
use super::generation::Generations;
use super::key::value_of;
use super::upkeep::Upkeep;
use super::view::{Range, View};

/// What is done to the index.
#[derive(Debug, Clone)]
enum Deed {
    /// Keys come in or are taken out, and the commit holds.
    Commit(Vec<(u8, bool)>),
    /// The same, after work that is undone.
    UndoneThen(Vec<(u8, bool)>, Vec<(u8, bool)>),
    /// Changes whose commit fails.
    Fail(Vec<(u8, bool)>),
    /// The process is killed and starts again.
    Restart,
    /// Nobody waits.
    Idle,
}

fn deed() -> impl Strategy<Value = Deed> {
    let changes = || prop::collection::vec((any::<u8>(), prop::bool::weighted(0.7)), 1..40);
    prop_oneof![
        8 => changes().prop_map(Deed::Commit),
        2 => (changes(), changes()).prop_map(|(undone, kept)| Deed::UndoneThen(undone, kept)),
        1 => changes().prop_map(Deed::Fail),
        1 => Just(Deed::Restart),
        2 => Just(Deed::Idle),
    ]
}

fn key(name: u8) -> Vec<u8> {
    // Long enough that a few dozen fill a block.
    let mut key = format!("t{name:03}").into_bytes();
    key.extend(std::iter::repeat_n(name, 120));
    key
}

fn file() -> Connection {
    let connection = Connection::Sqlite(rusqlite::Connection::open_in_memory().unwrap().into());
    crate::database::schema::migrate(&connection).unwrap();
    connection
}

fn note(index: &mut Upkeep, changes: &[(u8, bool)]) {
    let mut keys = Keys::default();
    for (name, is_in) in changes {
        keys.push(&key(*name), *is_in);
    }
    index.change(&keys);
}

fn begin(file: &Connection) {
    file.execute_batch("BEGIN").unwrap();
}

fn commit(file: &Connection, index: &mut Upkeep) {
    index.prepare_commit(file).unwrap();
    file.execute_batch("COMMIT").unwrap();
    index.committed();
}

fn found(file: &Connection, view: &View, range: &Range, backward: bool) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    view.keys(file, range, backward, |key| {
        found.push(key.to_vec());
        Ok(ControlFlow::Continue(()))
    })
    .unwrap();
    found
}

fn check(file: &Connection, view: &View, set: &BTreeSet<u8>, from: u8, to: u8) {
    let range = Range {
        from: key(from),
        to: key(to),
        system: None,
        value: None,
    };
    let mut expected: Vec<_> = if from < to {
        set.range(from..to).map(|name| key(*name)).collect()
    } else {
        Vec::new()
    };
    assert_eq!(found(file, view, &range, false), expected);
    expected.reverse();
    assert_eq!(found(file, view, &range, true), expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_index_is_a_sorted_set(
        deeds in prop::collection::vec(deed(), 1..60),
        (from, to) in any::<(u8, u8)>(),
    ) {
        let file = file();
        let known = Arc::new(Generations::default());
        let load = || Upkeep::load(&file, Arc::clone(&known)).unwrap().with_limit(50);
        let mut index = load();
        let mut set = BTreeSet::new();
        let apply = |set: &mut BTreeSet<u8>, changes: &[(u8, bool)]| {
            for (name, is_in) in changes.iter().copied() {
                if is_in { set.insert(name); } else { set.remove(&name); }
            }
        };
        for deed in deeds {
            match deed {
                Deed::Commit(changes) => {
                    begin(&file);
                    note(&mut index, &changes);
                    apply(&mut set, &changes);
                    check(&file, &index.view(), &set, from, to);
                    commit(&file, &mut index);
                }
                Deed::UndoneThen(undone, kept) => {
                    begin(&file);
                    note(&mut index, &kept);
                    apply(&mut set, &kept);
                    let mark = index.mark();
                    note(&mut index, &undone);
                    index.undo_to(mark);
                    check(&file, &index.view(), &set, from, to);
                    commit(&file, &mut index);
                }
                Deed::Fail(changes) => {
                    begin(&file);
                    note(&mut index, &changes);
                    index.prepare_commit(&file).unwrap();
                    file.execute_batch("ROLLBACK").unwrap();
                    index = load();
                }
                Deed::Restart => index = load(),
                Deed::Idle => {
                    if index.has_work() {
                        begin(&file);
                        index.work(&file).unwrap();
                        file.execute_batch("COMMIT").unwrap();
                        index.committed();
                    }
                }
            }
            let view = View::at(&file, &known).unwrap().0;
            check(&file, &view, &set, from, to);
            // The same for one value, which a filter may deny.
            for name in [from, to] {
                let one = Range {
                    to: key(name.saturating_add(1)),
                    from: key(name),
                    system: None,
                    value: Some(digest(value_of(&key(name)))),
                };
                let is_in = set.contains(&name) && name < u8::MAX;
                prop_assert_eq!(found(&file, &view, &one, false).len(), usize::from(is_in));
            }
            check(&file, &View::at(&file, &Generations::default()).unwrap().0, &set, from, to);
        }
        // When all is merged and cleaned up, no block is left that nobody needs.
        while index.has_work() {
            begin(&file);
            index.work(&file).unwrap();
            file.execute_batch("COMMIT").unwrap();
            index.committed();
        }
        check(&file, &index.view(), &set, 0, u8::MAX);
        let sum = |sql: &str| file.query_row(sql, (), |row| row.get::<i64>(0)).unwrap();
        let blocks = sum("SELECT count(*) FROM block");
        prop_assert_eq!(blocks as usize, index.blocks());
    }
}

#[test]
fn a_reader_keeps_its_moment() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("file.db");
    let file = Connection::writer(&Source::new(Database::Sqlite(path.clone()))).unwrap();
    crate::database::schema::migrate(&file).unwrap();
    let known = Arc::new(Generations::default());
    let mut index = Upkeep::load(&file, Arc::clone(&known))
        .unwrap()
        .with_limit(8);
    let mut moments = Vec::new();
    let mut set = BTreeMap::new();
    for round in 0..40_u8 {
        begin(&file);
        let changes = [(round, true), (round + 100, true), (round / 2, false)];
        note(&mut index, &changes);
        for (name, is_in) in changes {
            set.insert(name, is_in);
        }
        commit(&file, &mut index);
        let reader = Connection::reader(&Source::new(Database::Sqlite(path.clone()))).unwrap();
        begin(&reader);
        let view = View::at(&reader, &known).unwrap().0;
        let expected: BTreeSet<u8> = set
            .iter()
            .filter(|(_, is_in)| **is_in)
            .map(|(name, _)| *name)
            .collect();
        moments.push((reader, view, expected));
    }
    for (reader, view, expected) in &moments {
        check(reader, view, expected, 0, u8::MAX);
    }
}
