//! The commands: one file each.

mod audit;
mod convert;
mod demo;
mod doctor;
mod explain;
mod fhirpath;
mod nodes;
mod package;
mod sandbox;
mod send;
mod serve;
mod terminology;
mod validate;

use std::process::ExitCode;

use clap::Subcommand;

pub(crate) use demo::people;

use crate::private_files;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start a region of eight organisations on this machine, with made-up patients
    Demo(demo::Demo),
    /// Run the node of one organisation
    Serve(serve::Serve),
    /// Serve FHIR R4 and STU3 without sign-in, on this machine only, to try things out
    Sandbox(sandbox::SandboxCommand),
    /// Send a message to an organisation of the demo region, through its real door
    Send(send::Send),
    /// Check the audit logs
    Audit(audit::Audit),
    /// Explain, rule by rule, why somebody may or may not see something
    Explain(explain::Explain),
    /// Evaluate a FHIRPath expression on a resource
    Fhirpath(fhirpath::Fhirpath),
    /// Print a resource in the other form: JSON or XML
    Convert(convert::Convert),
    /// Judge resources by FHIR and by profiles, without any server
    Validate(validate::Validate),
    /// Keep packages of profiles, which a node loads at its start
    Package(package::PackageCommand),
    /// Load releases of code systems, such as SNOMED CT and LOINC
    Terminology(terminology::Terminology),
    /// Say what is wrong, and what to do about it
    Doctor(doctor::Doctor),
}

impl Command {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        if self.keeps_care_data() {
            private_files::from_now_on();
        }
        match self {
            Self::Demo(command) => command.run().await,
            Self::Serve(command) => command.run().await,
            Self::Sandbox(command) => command.run().await,
            Self::Send(command) => command.run().await,
            Self::Audit(command) => command.run().await,
            Self::Explain(command) => command.run().await,
            Self::Fhirpath(command) => command.run(),
            Self::Convert(command) => command.run(),
            Self::Validate(command) => command.run(),
            Self::Package(command) => command.run(),
            Self::Terminology(command) => command.run(),
            Self::Doctor(command) => command.run().await,
        }
    }

    /// Whether files with care data or keys may come of it. Packages and
    /// terminology are for every user of the machine, as its umask has it.
    const fn keeps_care_data(&self) -> bool {
        match self {
            Self::Demo(_)
            | Self::Serve(_)
            | Self::Sandbox(_)
            | Self::Send(_)
            | Self::Audit(_)
            | Self::Explain(_)
            | Self::Doctor(_) => true,
            Self::Fhirpath(_)
            | Self::Convert(_)
            | Self::Validate(_)
            | Self::Package(_)
            | Self::Terminology(_) => false,
        }
    }
}

/// Writes a line of what the command is for; all else goes to the standard
/// error. Who reads it may stop reading, as `head` does.
fn print(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
