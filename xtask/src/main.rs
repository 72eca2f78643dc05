//! Tasks for those who work on Schakel: `cargo run -p xtask -- COMMAND`.
//!
//! Nothing here runs in production, and no build depends on it.

mod definitions;

use anyhow::bail;

const USAGE: &str = "usage: cargo run -p xtask -- definitions --package hl7.fhir.r4.core.tgz";

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["definitions", "--package", package] => definitions::run(package.as_ref()),
        _ => bail!(USAGE),
    }
}
