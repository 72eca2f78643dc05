//! How long the steps of the room take, on resources of your choice:
//! `cargo run --release -p fhir --example validation -- [--package DIR]… FILE…` (JSON
//! or XML). At the end: how many resources a second one thread validates.

use std::hint::black_box;
use std::time::{Duration, Instant};

use fhir::validation::{Package, Validator};
use fhir::{FhirVersion, Resource, compartment, label, search, structure, xml};

/// How long each step is repeated for each file.
const TIME_PER_STEP: Duration = Duration::from_millis(200);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    eprintln!(
        "{:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}  file",
        "bytes", "parse", "check", "extract", "label", "patients", "validate"
    );
    let mut files = Vec::new();
    let mut package = Package::new(FhirVersion::R4);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--package" {
            add_folder(&mut package, arguments.next().unwrap_or_default().as_ref())?;
        } else {
            files.push(argument);
        }
    }
    let start = Instant::now();
    let definitions = package.len();
    let validator = Validator::new(FhirVersion::R4, vec![package]);
    eprintln!(
        "{definitions} definitions, {:?} to get ready",
        start.elapsed()
    );
    let mut resources = Vec::new();
    for file in files {
        let bytes = std::fs::read(&file)?;
        let json = if bytes.trim_ascii_start().starts_with(b"{") {
            bytes
        } else {
            xml::to_json(&bytes).map_err(|issue| issue.text)?
        };
        let resource = Resource::parse(&json).map_err(|issues| format!("{issues:?}"))?;
        eprintln!(
            "{:>8} {:>8.1} {:>8.1} {:>8.1} {:>8.1} {:>8.1} {:>8.1}  {file}",
            json.len(),
            microseconds(|| Resource::parse(&json)),
            microseconds(|| structure::check(&resource)),
            microseconds(|| search::extract(&resource)),
            microseconds(|| label(&resource)),
            microseconds(|| compartment::patients(&resource)),
            microseconds(|| validator.validate(&resource, &[])),
        );
        resources.push(resource);
    }
    let round = microseconds(|| {
        for resource in &resources {
            black_box(validator.validate(resource, &[]));
        }
    });
    eprintln!(
        "{:.0} resources validated a second",
        resources.len() as f64 / round * 1e6
    );
    Ok(())
}

/// The definitions in a folder and those below it.
fn add_folder(package: &mut Package, folder: &std::path::Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            add_folder(package, &path)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == "xml" || extension == "json")
            && let Err(error) = package.add(&std::fs::read(&path)?)
        {
            eprintln!("{}: {error}", path.display());
        }
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
