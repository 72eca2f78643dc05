//! What was acknowledged survives the death of the process at any moment.
//!
//! The test runs this same binary again as a child, which writes and prints
//! each id once its write resolved, until it is killed.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};

use care::{Clock, RandomIds, Scope, SystemClock};
use jiff::Timestamp;
use store::{Alongside, Options, Store};
use tempfile::TempDir;

use crate::{kit, place};

const FOLDER: &str = "STORE_CRASH_FOLDER";
/// Acknowledgements after which the child is killed.
const ACKNOWLEDGED: usize = 150;
const WRITERS: usize = 8;

fn options(folder: &std::path::Path) -> Options {
    Options {
        database: place::database(folder),
        base_url: kit::BASE.to_owned(),
        version: fhir::FhirVersion::R4,
        clock: Arc::new(SystemClock::default()),
        ids: Arc::new(RandomIds),
        seal: Arc::new(kit::HashOnly),
    }
}

/// The child: does nothing unless the test below started it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_that_writes_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let store = Store::open(options(folder.as_ref())).unwrap();
    let cx = kit::context();
    let writers = (0..WRITERS).map(|writer| {
        let (store, cx) = (store.clone(), cx.clone());
        tokio::spawn(async move {
            for number in 0.. {
                // Two resources and an audit line: all or nothing.
                let pair = ["l", "r"].map(|side| {
                    let id = format!("{writer}-{number}-{side}");
                    kit::put(&fhir::value!({ "resourceType": "Basic", "id": id }))
                });
                let with = Alongside {
                    audit: vec![store::AuditBody {
                        patient: None,
                        body: vec![0; 64],
                    }],
                    ..Alongside::default()
                };
                store
                    .write(&cx, &Scope::Organisation, pair.into(), with)
                    .await
                    .unwrap();
                println!("acknowledged {writer}-{number}");
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
}

/// The folder of the child that indexes.
const INDEXED_FOLDER: &str = "STORE_CRASH_INDEXED_FOLDER";
/// Resources that are indexed in more steps than the child gets.
const INDEXED: usize = 1_500;
/// How often the child's writer may read the clock once the search parameter
/// is written: that write does, and so does every step of the indexing.
const READINGS: usize = 4;

/// The clock of the machine, at which the writer of a store waits when it has
/// read it so many times: it reads it before each step of its work.
#[derive(Default)]
struct HeldClock {
    clock: SystemClock,
    /// What is left; none for no end.
    readings: Mutex<Option<usize>>,
    given: Condvar,
}

impl HeldClock {
    fn give(&self, readings: Option<usize>) {
        *self.readings.lock().unwrap() = readings;
        self.given.notify_all();
    }
}

impl Clock for HeldClock {
    #[expect(clippy::print_stdout, reason = "the child tells the test so")]
    fn now(&self) -> Timestamp {
        let is_writer = std::thread::current().name() == Some("store-writer");
        let mut readings = self.readings.lock().unwrap();
        if is_writer && *readings == Some(0) {
            println!("held");
            while *readings == Some(0) {
                readings = self.given.wait(readings).unwrap();
            }
        }
        if is_writer && let Some(left) = readings.as_mut() {
            *left -= 1;
        }
        self.clock.now()
    }
}

/// Another child: adds a search parameter, and does nothing more.
#[tokio::test]
async fn child_that_indexes_until_it_is_killed() {
    let Some(folder) = std::env::var_os(INDEXED_FOLDER) else {
        return;
    };
    let clock = Arc::new(HeldClock::default());
    let store = Store::open(Options {
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        ..options(folder.as_ref())
    })
    .unwrap();
    let (cx, all) = (kit::context(), Scope::Organisation);
    let basics = (0..INDEXED).map(|number| {
        let words = fhir::value!({ "text": (format!("{}", number % 3)) });
        kit::put(&fhir::value!({
            "resourceType": "Basic", "id": (format!("b{number}")), "code": words,
            "extension": [{ "url": "urn:x", "valueCode": (format!("{}", number % 3)) }]
        }))
    });
    let with = Alongside::default;
    store
        .write(&cx, &all, basics.collect(), with())
        .await
        .unwrap();
    let definition = kit::put(&fhir::value!({
        "resourceType": "SearchParameter", "id": "x", "url": "urn:sp:x", "name": "x",
        "status": "active", "description": "x", "code": "x", "base": ["Basic"],
        "type": "token", "expression": "Basic.extension('urn:x').value"
    }));
    clock.give(Some(READINGS));
    store
        .write(&cx, &all, vec![definition], with())
        .await
        .unwrap();
    std::future::pending::<()>().await;
}

fn child(name: &str, variable: &str, folder: &TempDir) -> std::process::Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(variable, folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn indexing_goes_on_when_the_process_was_killed() {
    let folder = TempDir::new().unwrap();
    let name = "crash::child_that_indexes_until_it_is_killed";
    let mut child = child(name, INDEXED_FOLDER, &folder);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while !lines.next().expect("it writes").unwrap().contains("held") {}
    child.kill().unwrap();
    child.wait().unwrap();

    // Nothing goes on before it was looked at.
    let clock = Arc::new(HeldClock::default());
    clock.give(Some(0));
    let store = Store::open(Options {
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        ..options(folder.path())
    })
    .unwrap();
    let (cx, all) = (kit::context(), Scope::Organisation);
    let query = kit::pairs("x=1&_total=accurate&_count=0");
    let left = store.reindexing().await.unwrap();
    let mut done = left.first().expect("it was killed in the middle").done;
    assert!(done > 0 && done < INDEXED as u64, "{done}");
    clock.give(None);
    let page = loop {
        if let Some(one) = store.reindexing().await.unwrap().first() {
            assert!(one.done >= done, "it does not begin again");
            done = one.done;
        }
        match store.search(&cx, &all, "Basic", &query).await {
            Err(store::StoreError::BeingIndexed { .. }) => {}
            found => break found.unwrap(),
        }
    };
    assert_eq!(page.total, Some(INDEXED as u64 / 3));
    assert!(store.check_integrity().await.unwrap().is_sound());
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_when_the_process_is_killed() {
    let folder = TempDir::new().unwrap();
    for round in 0..2 {
        let name = "crash::child_that_writes_until_it_is_killed";
        let mut child = child(name, FOLDER, &folder);
        let mut acknowledged = Vec::new();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        while acknowledged.len() < ACKNOWLEDGED {
            let line = lines.next().expect("the child writes").unwrap();
            if let Some((_, id)) = line.split_once("acknowledged ") {
                acknowledged.push(id.to_owned());
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();

        let store = Store::open(options(folder.path())).unwrap();
        let cx = kit::context();
        for id in &acknowledged {
            for side in ["l", "r"] {
                let id = format!("{id}-{side}");
                let found = store
                    .read(&cx, &Scope::Organisation, "Basic", &id)
                    .await
                    .unwrap();
                assert!(
                    found.here().is_some(),
                    "{id} was acknowledged in round {round}"
                );
            }
        }
        let statistics = store.statistics().await.unwrap();
        let resources = statistics.resources[0].1;
        assert!(resources.is_multiple_of(2), "no write is there by half");
        let lines = store.audit_lines(0, 10_000).await.unwrap();
        let writes = lines.len() as u64;
        assert_eq!(lines.last().unwrap().seq, writes);
        assert!(writes >= resources / 2, "each write left its audit line");
        assert!(store.check_integrity().await.unwrap().is_sound());
    }
}
