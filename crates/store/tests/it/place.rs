//! Which database the tests run on: a file, or the PostgreSQL server that the
//! environment names. Every test has a place of its own.

use std::path::Path;

use store::Database;
use tokio_postgres::NoTls;

/// The address of a server, when the suite runs on one.
pub(crate) const SERVER: &str = "STORE_SUITE_SERVER";

/// The database that belongs to a folder; made when it is not there.
pub(crate) fn database(folder: &Path) -> Database {
    match std::env::var(SERVER) {
        Ok(server) => schema_of(&server, folder),
        Err(_) => Database::Sqlite(folder.join("store.db")),
    }
}

/// The schema that belongs to a folder, on a server.
pub(crate) fn schema_of(server: &str, folder: &Path) -> Database {
    let name = name(folder);
    on_server(server, &format!("CREATE SCHEMA IF NOT EXISTS {name}"));
    let url = format!("{server}&options=-csearch_path%3D{name}");
    Database::parse(&url).unwrap()
}

/// Does what no store would, in the database that belongs to a folder.
pub(crate) fn execute(folder: &Path, sql: &str) {
    match std::env::var(SERVER) {
        Ok(server) => {
            let name = name(folder);
            on_server(&server, &format!("SET search_path = {name}; {sql}"));
        }
        Err(_) => rusqlite::Connection::open(folder.join("store.db"))
            .unwrap()
            .execute_batch(sql)
            .unwrap(),
    }
}

/// What a column of bytes is called.
pub(crate) fn bytes() -> &'static str {
    if std::env::var_os(SERVER).is_some() {
        "BYTEA"
    } else {
        "BLOB"
    }
}

fn name(folder: &Path) -> String {
    let name = folder.file_name().unwrap().to_string_lossy();
    let hex: Vec<String> = name.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("of_{}", hex.concat())
}

fn on_server(server: &str, sql: &str) {
    // On a thread of its own, because the tests' own may be an async one.
    std::thread::scope(|scope| {
        let work = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let (client, connection) = tokio_postgres::connect(server, NoTls).await.unwrap();
                let driven = tokio::spawn(connection);
                client.batch_execute(sql).await.unwrap();
                drop(client);
                driven.await.unwrap().unwrap();
            });
        });
        work.join().unwrap();
    });
}
