//! Measures a store on this machine: imports, durable creates, reads and
//! searches, each printed as one line.
//!
//! `cargo run --release -p store --example measure [PATIENTS [FOLDER|URL]]`
//!
//! With the `postgres://` URL of a database it measures that, in schemas whose
//! names start with `measure_`, which it makes anew.
//!
//! Everything is made up and the same in every run. Writes are durable: a
//! create counts when the disk has it. The rate of syncs of the disk itself is
//! measured first, because no store can be faster than its disk.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "this is a measurement"
)]

use std::io::Write as _;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use care::{
    AccessContext, Actor, Authenticated, Bsn, Categories, OrganisationType, Purpose, RandomIds,
    RequestId, Role, Scope, SystemClock,
};
use fhir::Resource;
use fhir::json::Value;
use store::{Alongside, AuditEntry, Change, Database, Options, Seal, Store};
use tempfile::TempDir;

/// The allocator of the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Resources of one patient.
const PER_PATIENT: usize = 100;
const CODES: [&str; 20] = [
    "2951-2", "2823-3", "718-7", "4548-4", "2160-0", "2093-3", "2571-8", "1920-8", "1742-6",
    "1975-2", "2345-7", "6690-2", "777-3", "787-2", "788-0", "789-8", "2085-9", "13457-7",
    "3016-3", "33914-3",
];

#[derive(Debug)]
struct NoSeal;

impl Seal for NoSeal {
    fn hash(&self, entry: &AuditEntry<'_>) -> [u8; 32] {
        let mut hash = *entry.previous;
        hash[0] ^= entry.seq as u8;
        hash
    }

    fn sign(&self, _hash: &[u8; 32]) -> Vec<u8> {
        vec![0]
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a measurement stands in for authentication"
)]
fn context() -> AccessContext {
    AccessContext::from_authentication(Authenticated {
        actor: Actor {
            id: "m".into(),
            name: "Meting".into(),
            role: Role::RecordSystem,
        },
        organisation: "90000901".parse().unwrap(),
        organisation_name: "Diagnostiek Zuid".into(),
        organisation_type: OrganisationType::Laboratory,
        purpose: Purpose::RecordKeeping,
        patient: None,
        exchange: None,
        treatment_relation: None,
        emergency_reason: None,
        request: RequestId("measure".into()),
    })
}

/// The `n`th test BSN from 999900000 on that passes the eleven-test.
fn bsns(count: usize) -> Vec<Bsn> {
    (99_990_000_u32..)
        .flat_map(|start| (0..10).map(move |last| start * 10 + last))
        .filter_map(|digits| Bsn::parse(&format!("{digits:09}")).ok())
        .take(count)
        .collect()
}

fn change(value: &Value) -> Change {
    let id = value.text("id").unwrap().to_owned();
    let resource = Resource::from_value(value).unwrap();
    Change::Update {
        full_url: None,
        resource,
        id,
        if_match: None,
    }
}

fn observation(id: &str, patient: &str, encounter: &str, n: usize) -> Value {
    let code = CODES[n % CODES.len()];
    let (year, month, day) = (2015 + n % 11, 1 + n / 11 % 12, 1 + n / 7 % 28);
    fhir::value!({
        "resourceType": "Observation",
        "id": id,
        "identifier": [{ "system": "urn:oid:2.16.840.1.113883.2.4.3.11.999", "value": (format!("L{id}")) }],
        "status": "final",
        "category": [{ "coding": [{
            "system": "http://terminology.hl7.org/CodeSystem/observation-category",
            "code": "laboratory", "display": "Laboratory",
        }] }],
        "code": { "coding": [
            { "system": "http://loinc.org", "code": code, "display": (format!("Bepaling {code} in serum")) },
            { "system": "urn:oid:2.16.840.1.113883.2.4.4.30.45", "code": (n % 20 + 100).to_string() },
        ], "text": (format!("Bepaling {code}")) },
        "subject": { "reference": (format!("Patient/{patient}")) },
        "encounter": { "reference": (format!("Encounter/{encounter}")) },
        "effectiveDateTime": (format!("{year}-{month:02}-{day:02}T08:{:02}:00+01:00", n % 60)),
        "issued": (format!("{year}-{month:02}-{day:02}T12:00:00.000+01:00")),
        "performer": [{ "reference": "Organization/lab", "display": "Diagnostiek Zuid" }],
        "valueQuantity": {
            "value": (Value::number(&format!("{}.{}", n * 7 % 150, n % 10)).unwrap()),
            "unit": "mmol/l", "system": "http://unitsofmeasure.org", "code": "mmol/L",
        },
        "interpretation": [{ "coding": [{
            "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation", "code": "N",
        }] }],
        "referenceRange": [{ "low": { "value": 3, "unit": "mmol/l" }, "high": { "value": 8, "unit": "mmol/l" } }],
    })
}

/// The resources of one patient.
fn record(n: usize, bsn: &Bsn) -> Vec<Value> {
    let patient = format!("p{n}");
    let subject = || fhir::value!({ "reference": (format!("Patient/{patient}")) });
    let mut values = vec![fhir::value!({
        "resourceType": "Patient",
        "id": (patient.as_str()),
        "identifier": [{ "system": (Bsn::SYSTEM), "value": (bsn.expose()) }],
        "name": [{ "use": "official", "family": (format!("Achternaam{}", n % 97)), "given": [(format!("Voornaam{n}"))] }],
        "gender": (if n.is_multiple_of(2) { "female" } else { "male" }),
        "birthDate": (format!("{}-{:02}-{:02}", 1930 + n % 80, 1 + n % 12, 1 + n % 28)),
        "address": [{ "line": ["Dorpsstraat 1"], "city": "Zuidhoven", "postalCode": "9999 XX" }],
    })];
    for at in 0..9 {
        values.push(fhir::value!({
            "resourceType": "Encounter", "id": (format!("{patient}e{at}")), "status": "finished",
            "class": { "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB" },
            "subject": (subject()),
            "period": { "start": (format!("20{:02}-03-01T09:00:00Z", 15 + at)), "end": (format!("20{:02}-03-01T09:20:00Z", 15 + at)) },
        }));
        values.push(fhir::value!({
            "resourceType": "Condition", "id": (format!("{patient}c{at}")),
            "clinicalStatus": { "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active" }] },
            "code": { "coding": [{ "system": "http://snomed.info/sct", "code": (format!("{}", 44_054_006 + (n + at) % 40)) }], "text": "Aandoening" },
            "subject": (subject()),
            "recordedDate": (format!("20{:02}-03-01", 15 + at)),
        }));
    }
    while values.len() < PER_PATIENT {
        let at = values.len();
        values.push(observation(
            &format!("{patient}o{at}"),
            &patient,
            &format!("{patient}e{}", at % 9),
            n * PER_PATIENT + at,
        ));
    }
    values
}

fn pairs(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn line(what: &str, count: usize, took: Duration, mut latencies: Vec<Duration>) {
    latencies.sort_unstable();
    let at = |share: f64| {
        let place = (latencies.len() as f64 * share) as usize;
        latencies
            .get(place.min(latencies.len().saturating_sub(1)))
            .copied()
            .unwrap_or_default()
    };
    println!(
        "{what:<58} {:>9.0}/s   p50 {:>9.3?}   p95 {:>9.3?}",
        count as f64 / took.as_secs_f64(),
        at(0.50),
        at(0.95)
    );
}

fn disk(folder: &TempDir) {
    let mut file = std::fs::File::create(folder.path().join("sync")).unwrap();
    let (started, mut latencies) = (Instant::now(), Vec::new());
    while started.elapsed() < Duration::from_secs(2) {
        let one = Instant::now();
        file.write_all(&[7; 4096]).unwrap();
        file.sync_data().unwrap();
        latencies.push(one.elapsed());
    }
    line(
        "disk: append 4 kB and sync",
        latencies.len(),
        started.elapsed(),
        latencies,
    );
}

/// Runs `tasks` at the same time; each takes jobs until there are none left.
async fn at_once<J, W>(tasks: usize, jobs: Vec<J>, work: W) -> (Duration, Vec<Duration>)
where
    J: Send + 'static,
    W: Fn(J) -> Pin<Box<dyn Future<Output = ()> + Send>> + Clone + Send + 'static,
{
    let jobs = Arc::new(Mutex::new(jobs.into_iter()));
    let started = Instant::now();
    let running: Vec<_> = (0..tasks)
        .map(|_| {
            let (jobs, work) = (jobs.clone(), work.clone());
            tokio::spawn(async move {
                let mut latencies = Vec::new();
                loop {
                    let Some(job) = jobs.lock().unwrap().next() else {
                        return latencies;
                    };
                    let one = Instant::now();
                    work(job).await;
                    latencies.push(one.elapsed());
                }
            })
        })
        .collect();
    let mut latencies = Vec::new();
    for task in running {
        latencies.extend(task.await.unwrap());
    }
    (started.elapsed(), latencies)
}

/// Where the databases are.
struct Place {
    folder: TempDir,
    server: Option<String>,
}

impl Place {
    /// A new database.
    async fn make(&self, name: &str) -> Database {
        let Some(server) = &self.server else {
            return Database::Sqlite(self.folder.path().join(format!("{name}.db")));
        };
        let (client, connection) = tokio_postgres::connect(server, tokio_postgres::NoTls)
            .await
            .unwrap();
        tokio::spawn(connection);
        let sql =
            format!("DROP SCHEMA IF EXISTS measure_{name} CASCADE; CREATE SCHEMA measure_{name}");
        client.batch_execute(&sql).await.unwrap();
        let and = if server.contains('?') { '&' } else { '?' };
        let url = format!("{server}{and}options=-csearch_path%3Dmeasure_{name}");
        Database::parse(&url).unwrap()
    }
}

fn open(database: Database) -> Store {
    Store::open(Options {
        database,
        base_url: "https://node.example/fhir/r4".to_owned(),
        version: fhir::FhirVersion::R4,
        clock: Arc::new(SystemClock::default()),
        ids: Arc::new(RandomIds),
        seal: Arc::new(NoSeal),
    })
    .unwrap()
}

/// Imports through as many stores over one database, and gives the first of them.
async fn import(place: &Place, bsns: &[Bsn], tasks: usize, stores: usize) -> Store {
    let database = place.make(&format!("import{tasks}x{stores}")).await;
    let stores: Vec<Store> = (0..stores).map(|_| open(database.clone())).collect();
    let cx = context();
    // Parsing is the business of the edge, so it is done before.
    let mut jobs: Vec<Vec<Change>> = Vec::new();
    for (n, bsn) in bsns.iter().enumerate() {
        let values = record(n, bsn);
        jobs.extend(
            values
                .chunks(50)
                .map(|chunk| chunk.iter().map(change).collect()),
        );
    }
    let count: usize = jobs.iter().map(Vec::len).sum();
    let (took, latencies) = {
        let (stores, cx, next) = (stores.clone(), cx.clone(), Arc::new(AtomicUsize::new(0)));
        at_once(tasks, jobs, move |changes| {
            let turn = next.fetch_add(1, Relaxed) % stores.len();
            let (store, cx) = (stores[turn].clone(), cx.clone());
            Box::pin(async move {
                let with = Alongside::default();
                store
                    .write(&cx, &Scope::Organisation, changes, with)
                    .await
                    .unwrap();
            })
        })
        .await
    };
    line(
        &format!(
            "import in writes of 50, {tasks} tasks, {} stores (resources)",
            stores.len()
        ),
        count,
        took,
        latencies,
    );
    stores[0].clone()
}

async fn creates(place: &Place, tasks: usize, count: usize) {
    let store = open(place.make(&format!("create{tasks}")).await);
    let cx = context();
    let jobs: Vec<Change> = (0..count)
        .map(|n| {
            change(&observation(
                &format!("o{n}"),
                &format!("p{}", n % 500),
                "e",
                n,
            ))
        })
        .collect();
    let (took, latencies) = at_once(tasks, jobs, move |change| {
        let (store, cx) = (store.clone(), cx.clone());
        Box::pin(async move {
            let with = Alongside::default();
            store
                .write(&cx, &Scope::Organisation, vec![change], with)
                .await
                .unwrap();
        })
    })
    .await;
    line(
        &format!("single durable creates, {tasks} tasks"),
        count,
        took,
        latencies,
    );
}

async fn reads(store: &Store, patients: usize, tasks: usize, count: usize) {
    let cx = context();
    let store = store.clone();
    let jobs = (0..count)
        .map(|n| format!("p{}o{}", n * 7919 % patients, 30 + n % 60))
        .collect();
    let (took, latencies) = at_once(tasks, jobs, move |id: String| {
        let (store, cx) = (store.clone(), cx.clone());
        Box::pin(async move {
            let found = store
                .read(&cx, &Scope::Organisation, "Observation", &id)
                .await
                .unwrap();
            assert!(found.here().is_some(), "{id}");
        })
    })
    .await;
    line(
        &format!("read by id, {tasks} tasks"),
        count,
        took,
        latencies,
    );
}

/// Asks the same question about many patients, or with many values: `{n}` in
/// it is a number, `{p}` a patient, `{bsn}` a BSN.
async fn searches(store: &Store, bsns: &[Bsn], scoped: bool, question: &'static str) {
    const TASKS: usize = 4;
    let cx = context();
    let patients = bsns.len();
    let ask = |n: usize| {
        let (resource_type, query) = question.split_once('?').unwrap();
        let patient = n * 7919 % patients;
        let query = query
            .replace("{n}", &n.to_string())
            .replace("{p}", &format!("p{patient}"))
            .replace("{family}", &format!("Achternaam{}", n % 97))
            .replace("{code}", CODES[n % CODES.len()])
            .replace(
                "{day}",
                &format!("2020-{:02}-{:02}", 1 + n % 12, 1 + n % 28),
            )
            .replace("{bsn}", &bsns[patient].token());
        let scope = if scoped {
            Scope::Patient {
                bsn: bsns[patient].clone(),
                categories: Categories::ALL,
            }
        } else {
            Scope::Organisation
        };
        (scope, resource_type, pairs(&query))
    };
    let found = Arc::new(AtomicUsize::new(0));
    let once = Instant::now();
    let (scope, resource_type, query) = ask(0);
    store
        .search(&cx, &scope, resource_type, &query)
        .await
        .unwrap();
    let count =
        (1_500.0 / once.elapsed().as_secs_f64().max(1e-4) / 1_000.0 * TASKS as f64) as usize;
    let jobs: Vec<_> = (0..count.clamp(20, 20_000)).map(ask).collect();
    let count = jobs.len();
    let (took, latencies) = {
        let (store, found) = (store.clone(), found.clone());
        at_once(TASKS, jobs, move |(scope, resource_type, query)| {
            let (store, cx, found) = (store.clone(), cx.clone(), found.clone());
            Box::pin(async move {
                let page = store
                    .search(&cx, &scope, resource_type, &query)
                    .await
                    .unwrap();
                let more = page.total.unwrap_or(0) as usize;
                found.fetch_add(page.matches.len() + page.included.len() + more, Relaxed);
            })
        })
        .await
    };
    let each = found.load(Relaxed) as f64 / count as f64;
    let who = if scoped { "scope of a patient: " } else { "" };
    line(
        &format!("{who}{question} ({each:.0} found)"),
        count,
        took,
        latencies,
    );
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let patients = std::env::args()
        .nth(1)
        .map_or(520, |count| count.parse().unwrap());
    let second = std::env::args().nth(2);
    let server = second.filter(|second| second.starts_with("postgres://"));
    let folder = match std::env::args().nth(2) {
        Some(path) if server.is_none() => TempDir::new_in(path).unwrap(),
        _ => TempDir::new().unwrap(),
    };
    disk(&folder);
    let place = Place { folder, server };
    let bsns = bsns(patients);
    for tasks in [1, 4] {
        drop(import(&place, &bsns, tasks, 1).await);
    }
    if place.server.is_some() {
        drop(import(&place, &bsns, 16, 2).await);
    }
    let store = import(&place, &bsns, 16, 1).await;
    let size = store.check_integrity().await.unwrap();
    println!(
        "database {} MB, write-ahead log {} MB, memory {} MB",
        size.database_bytes >> 20,
        size.wal_bytes >> 20,
        memory_kib() >> 10
    );
    for (tasks, count) in [(1, 300), (16, 3_000), (64, 12_000)] {
        creates(&place, tasks, count).await;
    }
    for tasks in [1, 16, 64] {
        reads(&store, patients, tasks, 30_000).await;
    }
    for question in [
        "Observation?code=http://loinc.org|{code}",
        "Observation?identifier=L{p}o50",
        "Observation?subject=Patient/{p}&code={code}",
        "Observation?patient.identifier={bsn}",
        "Observation?date=ge{day}&date=le2020-12-31",
        "Observation?patient.name={family}",
        "Observation?patient.birthdate=1950",
        "Patient?_has:Observation:patient:code={code}",
        "Observation?code={code}&_include=Observation:subject",
        "Patient?_id={p}&_revinclude=Observation:subject",
        "Observation?_sort=-date",
        "Observation?code={code}&_sort=-date",
        "Observation?subject=Patient/{p}&_sort=-date",
        "Observation?code={code}&_summary=count",
        "Observation?value-quantity=gt145",
    ] {
        searches(&store, &bsns, false, question).await;
    }
    for question in [
        "Observation?_count=100",
        "Observation?code={code}",
        "Condition?_sort=-recorded-date",
        "Observation?_sort=-date&_count=20&_total=accurate",
    ] {
        searches(&store, &bsns, true, question).await;
    }
    println!("memory {} MB", memory_kib() >> 10);
}

fn memory_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}
