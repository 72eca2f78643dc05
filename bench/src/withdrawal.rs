//! From the patient's confirmation until it holds everywhere, which is when
//! the confirmation page says so.

use anyhow::ensure;

use crate::{
    records::question,
    region::Region,
    table::{Table, percentile},
    visit::choose,
};

/// How often it is measured; patients withdraw one after the other.
const PATIENTS: usize = 20;

pub(crate) async fn measure(region: &Region, table: &mut Table) -> anyhow::Result<()> {
    let token = region.token("internist-akkerhof")?;
    let mut times = Vec::new();
    for number in 1..=PATIENTS {
        times.push(choose(region, &format!("patient-{number:03}"), "no-one").await?);
        let bsn = region.demo["patients"][number - 1]["bsn"]
            .as_str()
            .unwrap_or_default();
        let answer = region
            .http
            .post(format!(
                "{}/$regional-record",
                region.text("ziekenhuis", "fhir")
            ))
            .bearer_auth(&token)
            .header("content-type", "application/fhir+json")
            .body(question(bsn))
            .send()
            .await?
            .text()
            .await?;
        ensure!(
            !answer.contains("3.3.90000101#"),
            "the GP's data is still seen"
        );
    }
    times.sort();
    table.row(
        &format!("withdrawal until it holds everywhere, {PATIENTS} times"),
        "100 ms",
        format!(
            "p50 {:.0}, p95 {:.0} ms",
            percentile(&times, 0.5),
            percentile(&times, 0.95)
        ),
    );
    Ok(())
}
