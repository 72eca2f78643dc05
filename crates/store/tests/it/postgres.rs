//! The suite on PostgreSQL, and what only a database for several processes
//! must do.

use std::process::Command;
use std::sync::Arc;

use care::{RandomIds, Scope};
use store::{Alongside, AuditBody, Change, Options, Outcome, Status, Store, StoreError};
use tempfile::TempDir;

use crate::server::Server;
use crate::{kit, place};

/// Runs this same binary again, with another database.
#[test]
fn the_whole_suite_passes_on_postgresql() {
    let Some(server) = Server::start() else {
        return;
    };
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--skip", "postgres::"])
        .env(place::SERVER, server.url())
        .status()
        .unwrap();
    assert!(status.success(), "the suite fails on PostgreSQL");
}

/// A process over the database: it has nothing in common with another but that.
fn process(server: &Server, folder: &TempDir) -> Store {
    Store::open(Options {
        database: place::schema_of(&server.url(), folder.path()),
        ids: Arc::new(RandomIds),
        ..kit::options(folder, kit::clock())
    })
    .unwrap()
}

async fn write(store: &Store, change: Change) -> Result<Outcome, StoreError> {
    let with = Alongside {
        audit: vec![AuditBody {
            patient: None,
            body: vec![7; 16],
        }],
        ..Alongside::default()
    };
    let written = store
        .write(&kit::context(), &Scope::Organisation, vec![change], with)
        .await?;
    Ok(written.outcomes.into_iter().next().unwrap())
}

async fn ids(store: &Store, resource_type: &str, query: &str) -> String {
    let page = store
        .search(
            &kit::context(),
            &Scope::Organisation,
            resource_type,
            &kit::pairs(query),
        )
        .await
        .unwrap();
    kit::ids(&page.matches)
}

async fn check_audit_chain(store: &Store) -> u64 {
    let lines = store.audit_lines(0, 10_000).await.unwrap();
    let mut previous = [0; 32];
    for (seq, line) in (1..).zip(&lines) {
        assert_eq!((line.seq, line.previous), (seq, previous));
        previous = line.hash;
    }
    lines.len() as u64
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_process_sees_at_once_what_another_wrote() {
    let Some(server) = Server::start() else {
        return;
    };
    let folder = TempDir::new().unwrap();
    let (one, other) = (process(&server, &folder), process(&server, &folder));
    let cx = kit::context();
    // Far enough that segments are written and merged.
    for round in 0..60 {
        let (writer, reader) = if round % 2 == 0 {
            (&one, &other)
        } else {
            (&other, &one)
        };
        let changes = (0..40)
            .map(|number| {
                let tags: Vec<_> = (0..30)
                    .map(|tag| fhir::value!({ "system": "urn:t", "code": (format!("{round}-{number}-{tag}")) }))
                    .collect();
                kit::put(&fhir::value!({
                    "resourceType": "Basic",
                    "id": (format!("b{round}-{number}")),
                    "code": { "coding": tags },
                    "meta": { "tag": [{ "system": "urn:round", "code": (format!("r{round}")) }] },
                }))
            })
            .collect();
        writer
            .write(&cx, &Scope::Organisation, changes, Alongside::default())
            .await
            .unwrap();
        let found = ids(reader, "Basic", &format!("code=urn:t|{round}-7-3")).await;
        assert_eq!(found, format!("b{round}-7"));
        let earlier = ids(reader, "Basic", &format!("code=urn:t|{}-39-29", round / 2)).await;
        assert_eq!(earlier, format!("b{}-39", round / 2));
        for store in [&one, &other] {
            let page = store
                .search(
                    &cx,
                    &Scope::Organisation,
                    "Basic",
                    &kit::pairs("_summary=count"),
                )
                .await
                .unwrap();
            assert_eq!(page.total, Some(40 * (round + 1)));
        }
    }
    assert!(one.check_integrity().await.unwrap().is_sound());
}

/// Deeds of many, in two processes at once, against what must come of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_processes_that_write_at_once_are_as_one() {
    const TASKS: usize = 8;
    const ROUNDS: usize = 12;
    let Some(server) = Server::start() else {
        return;
    };
    let folder = TempDir::new().unwrap();
    let stores = [process(&server, &folder), process(&server, &folder)];
    let counter = |version: Option<u64>| Change::Update {
        full_url: None,
        resource: kit::resource(&fhir::value!({
            "resourceType": "Basic", "id": "counter",
            "code": { "text": (format!("{version:?}")) },
        })),
        id: "counter".to_owned(),
        if_match: version,
    };
    write(&stores[0], counter(None)).await.unwrap();
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let store = stores[task % 2].clone();
            tokio::spawn(async move {
                let (mut writes, mut created, mut counted) = (0, 0, 0);
                for round in 0..ROUNDS {
                    // All tasks want the same patient of this round to exist.
                    let system = "urn:round";
                    let outcome = write(
                        &store,
                        Change::Create {
                            full_url: None,
                            resource: kit::resource(&fhir::value!({
                                "resourceType": "Patient",
                                "identifier": [{ "system": system, "value": (round.to_string()) }],
                            })),
                            if_none_exist: Some(kit::pairs(&format!("identifier={system}|{round}"))),
                        },
                    )
                    .await
                    .unwrap();
                    writes += 1;
                    created += usize::from(outcome.status == Status::Created);
                    // One resource of their own, which refers to one of another.
                    let neighbour = (task + 1) % TASKS;
                    let own = fhir::value!({
                        "resourceType": "Observation",
                        "id": (format!("o{task}-{round}")),
                        "status": "final",
                        "code": { "text": "x" },
                        "hasMember": [{ "reference": (format!("Observation/o{neighbour}-{round}")) }],
                    });
                    write(&store, kit::put(&own)).await.unwrap();
                    writes += 1;
                    // All count up, and only who knows the last version may.
                    let found = store
                        .read(&kit::context(), &Scope::Organisation, "Basic", "counter")
                        .await
                        .unwrap();
                    let version = found.here().unwrap().version;
                    match write(&store, counter(Some(version))).await {
                        Ok(outcome) => {
                            assert_eq!(outcome.version, version + 1);
                            counted += 1;
                            writes += 1;
                        }
                        Err(StoreError::PreconditionFailed { .. }) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
                (writes, created, counted)
            })
        })
        .collect();
    let (mut writes, mut created, mut counted) = (1, 0, 0);
    for task in tasks {
        let (more, made, up) = task.await.unwrap();
        writes += more;
        created += made;
        counted += up;
    }
    assert_eq!(created, ROUNDS, "each patient was made once");
    for store in &stores {
        let found = store
            .read(&kit::context(), &Scope::Organisation, "Basic", "counter")
            .await
            .unwrap();
        assert_eq!(found.here().unwrap().version, 1 + counted);
        assert_eq!(check_audit_chain(store).await, writes);
        for round in 0..ROUNDS {
            let found = ids(store, "Patient", &format!("identifier=urn:round|{round}")).await;
            assert!(!found.is_empty() && !found.contains(' '));
            for task in 0..TASKS {
                let neighbour = (task + 1) % TASKS;
                let query = format!("has-member=Observation/o{neighbour}-{round}");
                let found = ids(store, "Observation", &query).await;
                assert_eq!(found, format!("o{task}-{round}"));
            }
        }
        let statistics = store.statistics().await.unwrap();
        let mut resources = statistics.resources.clone();
        resources.sort_unstable();
        assert_eq!(
            resources,
            [
                ("Basic", 1),
                ("Observation", (TASKS * ROUNDS) as u64),
                ("Patient", ROUNDS as u64)
            ]
        );
        assert!(store.check_integrity().await.unwrap().is_sound());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_process_has_the_outbox_until_it_is_gone() {
    let Some(server) = Server::start() else {
        return;
    };
    let folder = TempDir::new().unwrap();
    let (one, other) = (process(&server, &folder), process(&server, &folder));
    write(&one, kit::put(&kit::patient("a", 0))).await.unwrap();
    let events = one.outbox(10).await.unwrap();
    assert_eq!(events.len(), 1);
    assert!(other.outbox(10).await.unwrap().is_empty());
    one.outbox_done(vec![events[0].id]).await.unwrap();
    write(&one, kit::put(&kit::patient("b", 1))).await.unwrap();
    server.crash_and_restart();
    // Whoever asks first after the server was gone has it, and nobody else.
    assert_eq!(other.outbox(10).await.unwrap().len(), 1);
    assert!(one.outbox(10).await.unwrap().is_empty());
}

/// The server is gone in the middle of writing: what was acknowledged is there
/// afterwards, and both processes go on.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_that_falls_over_loses_nothing_that_was_acknowledged() {
    let Some(server) = Server::start() else {
        return;
    };
    let folder = TempDir::new().unwrap();
    let stores = [process(&server, &folder), process(&server, &folder)];
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let writers: Vec<_> = (0..6)
        .map(|writer| {
            let (store, told) = (stores[writer % 2].clone(), told.clone());
            tokio::spawn(async move {
                let mut refused = 0;
                for number in 0.. {
                    let id = format!("{writer}-{number}");
                    let basic = fhir::value!({ "resourceType": "Basic", "id": (id.clone()) });
                    match write(&store, kit::put(&basic)).await {
                        Ok(_) if told.send(id).is_err() => break,
                        Ok(_) => {}
                        Err(StoreError::NotCommitted { .. } | StoreError::Database(_)) => {
                            refused += 1;
                        }
                        Err(error) => panic!("{error}"),
                    }
                }
                refused
            })
        })
        .collect();
    let mut acknowledged = Vec::new();
    for _ in 0..60 {
        acknowledged.push(heard.recv().await.unwrap());
    }
    tokio::task::block_in_place(|| server.crash_and_restart());
    for _ in 0..120 {
        acknowledged.push(heard.recv().await.unwrap());
    }
    heard.close();
    while let Some(id) = heard.recv().await {
        acknowledged.push(id);
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let fresh = process(&server, &folder);
    for store in [&stores[0], &stores[1], &fresh] {
        for id in &acknowledged {
            let found = store
                .read(&kit::context(), &Scope::Organisation, "Basic", id)
                .await
                .unwrap();
            assert!(found.here().is_some(), "{id} was acknowledged");
        }
        let lines = check_audit_chain(store).await;
        let basics = store.statistics().await.unwrap().resources[0].1;
        assert_eq!(lines, basics, "each resource came with its line");
        assert!(store.check_integrity().await.unwrap().is_sound());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_search_parameter_that_one_process_adds_is_there_in_another() {
    const MANY: usize = 600;
    let Some(server) = Server::start() else {
        return;
    };
    let folder = TempDir::new().unwrap();
    let (one, other) = (process(&server, &folder), process(&server, &folder));
    let basics = (0..MANY).map(|number| {
        kit::put(&fhir::value!({
            "resourceType": "Basic", "id": (format!("b{number}")),
            "extension": [{ "url": "urn:x", "valueCode": (format!("{number}")) }]
        }))
    });
    let (cx, all) = (kit::context(), Scope::Organisation);
    one.write(&cx, &all, basics.collect(), Alongside::default())
        .await
        .unwrap();
    let query = kit::pairs("x=7,fresh");
    let unknown = async |store: &Store| {
        let page = store.search(&cx, &all, "Basic", &query).await;
        matches!(page, Err(StoreError::UnknownParameter { .. }))
    };
    assert!(unknown(&one).await && unknown(&other).await);
    let definition = kit::put(&fhir::value!({
        "resourceType": "SearchParameter", "id": "x", "url": "urn:sp:x", "name": "x",
        "status": "active", "description": "x", "code": "x", "base": ["Basic"],
        "type": "token", "expression": "Basic.extension('urn:x').value"
    }));
    write(&one, definition).await.unwrap();
    // The other process writes by it before it was asked anything.
    let fresh = kit::put(&fhir::value!({
        "resourceType": "Basic", "id": "fresh",
        "extension": [{ "url": "urn:x", "valueCode": "fresh" }]
    }));
    write(&other, fresh).await.unwrap();
    // Who began it goes; who is asked goes on with it.
    drop(one);
    let found = loop {
        match other.search(&cx, &all, "Basic", &query).await {
            Ok(page) => break kit::ids(&page.matches),
            Err(StoreError::BeingIndexed { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!(found, "b7 fresh");
    let third = process(&server, &folder);
    assert_eq!(ids(&third, "Basic", "x=fresh").await, "fresh");
    let delete = Change::Delete {
        resource_type: "SearchParameter".into(),
        id: "x".into(),
        if_match: None,
    };
    write(&third, delete).await.unwrap();
    assert!(unknown(&other).await && unknown(&third).await);
    assert!(other.check_integrity().await.unwrap().is_sound());
}
