//! Measures a whole region on this machine, as its users meet it: a real
//! process, real doors, real files. `make bench` runs it; the figures that
//! count are kept in `docs/performance.md` with the machine named.
//!
//! `bench peers` measures one FHIR base beside those of others instead, `bench
//! scale` one beside itself with many times the data, `bench postgres` one
//! process over PostgreSQL beside two, `bench sync` how many creates share a sync of the
//! disk, and `bench hostile` what requests made to harm cost.
//!
//! It fails on no figure: speed is told, not tested.

mod decisions;
mod hostile;
mod messages;
mod peers;
mod records;
mod region;
mod seven;
mod table;
mod visit;
mod withdrawal;

use anyhow::Context;

use crate::{region::Region, table::Table};

/// Patients in the region that is measured.
const PATIENTS: usize = 200;

/// On one thread, so that what is measured has the other processor to itself
/// and no connection is handed from one thread to another.
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let program = arguments.next().context(
        "usage: bench PATH-OF-SCHAKEL, or bench peers, scale, postgres, sync or hostile",
    )?;
    if program == "peers" {
        return peers::run(arguments).await;
    }
    if program == "hostile" {
        return hostile::run(arguments).await;
    }
    if program == "scale" {
        return peers::scale::run(arguments).await;
    }
    if program == "postgres" {
        return peers::postgres::run(arguments).await;
    }
    if program == "sync" {
        return peers::sharing::run(arguments).await;
    }
    let mut table = Table::default();
    let region = Region::start(&program, PATIENTS)?;
    table.row(
        &format!(
            "demo ready, {PATIENTS} patients, {} messages in",
            region.messages()
        ),
        "15 s",
        format!("{:.1} s", region.ready_after.as_secs_f64()),
    );
    table.row(
        "memory of the region, after the start",
        "400 MB",
        region.memory(),
    );
    seven::measure(&region, &mut table).await?;
    records::measure(&region, &mut table).await?;
    withdrawal::measure(&region, &mut table).await?;
    messages::measure(&region, &mut table).await?;
    table.row(
        "memory of the region, at the end",
        "400 MB",
        region.memory(),
    );
    decisions::measure(&mut table)?;
    table.print();
    Ok(())
}
