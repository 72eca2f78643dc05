//! How a node validates: its mode, its packages and its code systems.

use std::{path::Path, sync::Arc};

use exchange::{Node, NodeParts, Validation, ValidationMode};
use fhir::validation::Validator;
use serde::{Deserialize, Serialize};
use terminology::session::Loaded;

use crate::packages;

/// What happens to a write with errors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    /// It is refused
    Refuse,
    /// It is stored and counted
    Warn,
    /// Nothing is looked at
    #[default]
    Off,
}

impl From<Mode> for ValidationMode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Refuse => Self::Refuse,
            Mode::Warn => Self::Warn,
            Mode::Off => Self::Off,
        }
    }
}

/// A node of these parts that validates by the packages of a directory, and by the
/// code systems that it knows. One beside another counts together with it.
pub(crate) fn node(
    parts: NodeParts,
    packages: Option<&Path>,
    mode: Mode,
    beside: Option<&Node>,
) -> anyhow::Result<Node> {
    let version = parts.store.version();
    let packages = match packages {
        Some(directory) => packages::load(directory, version)?,
        None => Vec::new(),
    };
    let codes = Arc::new(Loaded(Arc::clone(&parts.terminology)));
    let validator = Arc::new(Validator::new(version, packages).with_terminology(codes));
    let validation = match beside {
        Some(other) => other.validation().beside(validator),
        None => Validation::new(mode.into(), validator),
    };
    Ok(Node::new(parts).with_validation(validation))
}
