//! Tasks for those who work on Schakel: `cargo run -p xtask -- COMMAND`.
//!
//! Nothing here runs in production, and no build depends on it.

mod definitions;
mod tidy;

use anyhow::bail;

const USAGE: &str = "usage: cargo run -p xtask -- COMMAND

  definitions --package FILE.tgz   make the tables of crates/fhir from an official package
  tidy                             check the rules of the house";

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["definitions", "--package", package] => definitions::run(package.as_ref()),
        ["tidy"] => {
            // Set by `cargo run`; asked at run time, since worktrees may share a build.
            let here = std::env::var("CARGO_MANIFEST_DIR")?;
            tidy::tidy(std::path::Path::new(&here).join("..").as_ref())
        }
        _ => bail!(USAGE),
    }
}
