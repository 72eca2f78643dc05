//! `schakel package`: packages of profiles, kept in a directory that
//! `files.packages` of a node names.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Subcommand};
use fhir::FhirVersion;

use crate::packages::{self, Head};

#[derive(Debug, Args)]
pub(crate) struct PackageCommand {
    #[command(subcommand)]
    command: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Keep the definitions of packages, to be loaded at the next start
    Add(Add),
    /// Tell what is kept
    List {
        /// The directory of packages
        directory: PathBuf,
    },
}

#[derive(Debug, Args)]
struct Add {
    /// The directory of packages; it is made when it is not there
    #[arg(long, value_name = "DIR")]
    into: PathBuf,
    /// The version of FHIR, where the package does not say it: `r4` or `stu3`
    #[arg(long, value_name = "VERSION")]
    fhir: Option<FhirVersion>,
    /// Packages: directories or .tgz
    #[arg(required = true, value_name = "DIR|TGZ")]
    packages: Vec<PathBuf>,
}

impl PackageCommand {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            What::List { directory } => {
                for (path, head) in packages::list(&directory)? {
                    tell(&path, &head);
                }
            }
            What::Add(add) => {
                for from in &add.packages {
                    let (path, head) = packages::add(&add.into, from, add.fhir)?;
                    tell(&path, &head);
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn tell(path: &Path, head: &Head) {
    let Head {
        name,
        package_version,
        version,
        definitions,
    } = head;
    super::print(&format!(
        "{}  {name}|{package_version}  FHIR {version}, {definitions} definitions",
        path.display()
    ));
}
