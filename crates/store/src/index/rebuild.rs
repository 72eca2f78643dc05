//! Makes the index from the values that stand with the resources.

use crate::database::Connection;

use super::terms::replace;
use super::upkeep::Upkeep;
use crate::StoreError;

/// Resources that are read at once.
const ROWS_AT_ONCE: i64 = 1_000;

/// Makes the index of a file that has resources and no index yet: one that an
/// earlier release wrote. Inside a transaction; does nothing to other files.
pub(crate) fn rebuild(connection: &Connection, index: &mut Upkeep) -> Result<(), StoreError> {
    let built: bool =
        connection.query_row("SELECT built FROM index_state", (), |row| row.get(0))?;
    if built {
        return Ok(());
    }
    let mut select = connection.prepare_cached(
        "SELECT rid, entries FROM resource WHERE state = 0 AND rid > ?1 ORDER BY rid LIMIT ?2",
    )?;
    let mut after = i64::MIN;
    loop {
        let mut rows = select.query([after, ROWS_AT_ONCE])?;
        let mut found = false;
        while let Some(row) = rows.next()? {
            found = true;
            after = row.get(0)?;
            let entries = row.get::<&[u8]>(1)?;
            replace(index, after, &[], entries);
        }
        index.prepare_commit(connection)?;
        index.committed();
        if !found {
            break;
        }
    }
    connection.execute("UPDATE index_state SET built = 1", ())?;
    Ok(())
}
