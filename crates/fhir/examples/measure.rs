//! How long the steps of the room take, on resources of your choice:
//! `cargo run --release -p fhir --example measure -- FILE…` (JSON or XML).

use std::hint::black_box;
use std::time::{Duration, Instant};

use fhir::{Resource, compartment, label, search, structure, xml};

/// How long each step is repeated for each file.
const TIME_PER_STEP: Duration = Duration::from_millis(200);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    eprintln!(
        "{:>8} {:>8} {:>8} {:>8} {:>8} {:>8}  file",
        "bytes", "parse", "check", "extract", "label", "patients"
    );
    for file in std::env::args().skip(1) {
        let bytes = std::fs::read(&file)?;
        let json = if bytes.trim_ascii_start().starts_with(b"{") {
            bytes
        } else {
            xml::to_json(&bytes).map_err(|issue| issue.text)?
        };
        let resource = Resource::parse(&json).map_err(|issues| format!("{issues:?}"))?;
        eprintln!(
            "{:>8} {:>8.1} {:>8.1} {:>8.1} {:>8.1} {:>8.1}  {file}",
            json.len(),
            microseconds(|| Resource::parse(&json)),
            microseconds(|| structure::check(&resource)),
            microseconds(|| search::extract(&resource)),
            microseconds(|| label(&resource)),
            microseconds(|| compartment::patients(&resource)),
        );
    }
    Ok(())
}

/// The mean time of one run.
fn microseconds<T>(step: impl Fn() -> T) -> f64 {
    black_box(step());
    let start = Instant::now();
    let mut runs = 0_u32;
    while start.elapsed() < TIME_PER_STEP {
        black_box(step());
        runs += 1;
    }
    start.elapsed().as_secs_f64() * 1e6 / f64::from(runs)
}
