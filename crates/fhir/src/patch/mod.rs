//! Changing parts of a resource: JSON Patch (RFC 6902) and FHIRPath Patch
//! (FHIR R4, fhirpatch).
//!
//! A [`Patch`] is read once, without the resource that it is for, and applied to
//! a version of it: all operations in order, or none. What it does not touch
//! keeps its order and its digits (`1.50` stays `1.50`); white space goes.
//! Whether the result has the shape of FHIR is for [`crate::structure::check`].

mod error;
mod fhirpath_patch;
mod json_patch;
mod meta_patch;
mod place;
mod pointer;

pub use error::{Fault, PatchError};

use crate::Resource;
use crate::json::{Node, Value};

use fhirpath_patch::FhirPathPatch;
use json_patch::JsonPatch;
use meta_patch::MetaPatch;

/// How many operations one patch may have.
pub const PATCH_OPERATIONS_MAX: usize = 1_000;

/// How many bytes of memory the operations of one patch may read and copy
/// together (64 MiB): a patch is small, what it makes the server do must be so too.
pub const PATCH_WORK_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A patch of a resource.
#[derive(Debug, Clone)]
pub struct Patch(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Json(JsonPatch),
    FhirPath(FhirPathPatch),
    Meta(MetaPatch),
}

impl Patch {
    /// Reads a JSON Patch: an array of operations.
    ///
    /// # Errors
    /// When it is none, or has more than [`PATCH_OPERATIONS_MAX`] operations.
    pub fn json(operations: Node<'_>) -> Result<Self, PatchError> {
        JsonPatch::read(operations).map(Kind::Json).map(Self)
    }

    /// Reads a FHIRPath Patch: a Parameters resource of which every parameter
    /// is an `operation`.
    ///
    /// # Errors
    /// When it is none, an expression in it cannot be used, or it has more than
    /// [`PATCH_OPERATIONS_MAX`] operations.
    pub fn fhir_path(parameters: &Resource) -> Result<Self, PatchError> {
        FhirPathPatch::read(parameters)
            .map(Kind::FhirPath)
            .map(Self)
    }

    /// What adds the profiles, tags and security labels of a Meta.
    ///
    /// # Errors
    /// When it is no Meta.
    pub fn adding_meta(meta: Node<'_>) -> Result<Self, PatchError> {
        MetaPatch::read(meta, true).map(Kind::Meta).map(Self)
    }

    /// What takes the profiles, tags and security labels of a Meta away. What
    /// is not there is no error.
    ///
    /// # Errors
    /// When it is no Meta.
    pub fn removing_meta(meta: Node<'_>) -> Result<Self, PatchError> {
        MetaPatch::read(meta, false).map(Kind::Meta).map(Self)
    }

    /// The resource with all operations done.
    ///
    /// # Errors
    /// When an operation cannot be done; the type of a resource and its id are
    /// not for a patch to change.
    pub fn apply(&self, resource: &Resource) -> Result<Resource, PatchError> {
        let patched = match &self.0 {
            Kind::Json(patch) => patch.apply(Value::from(resource.root()))?,
            Kind::FhirPath(patch) => patch.apply(resource)?,
            Kind::Meta(patch) => patch.apply(Value::from(resource.root())),
        };
        let patched = Resource::parse_in(resource.version(), patched.to_bytes())
            .map_err(|_| PatchError::NoResource)?;
        if patched.resource_type() != resource.resource_type() || patched.id() != resource.id() {
            return Err(PatchError::Identity);
        }
        Ok(patched)
    }
}

/// What the operations of one patch may still read and copy.
struct Work {
    bytes_left: usize,
}

impl Work {
    const fn new() -> Self {
        Self {
            bytes_left: PATCH_WORK_BYTES_MAX,
        }
    }

    fn spend(&mut self, bytes: usize) -> Result<(), PatchError> {
        match self.bytes_left.checked_sub(bytes) {
            Some(left) => {
                self.bytes_left = left;
                Ok(())
            }
            None => Err(PatchError::LimitExceeded {
                limit: "PATCH_WORK_BYTES_MAX",
                max: PATCH_WORK_BYTES_MAX,
            }),
        }
    }
}

/// How many levels of arrays and objects a value has, and about how many bytes
/// of memory it takes.
fn extent(value: &Value) -> (usize, usize) {
    let own = size_of::<Value>();
    let around = |(depth, bytes): (usize, usize), inner: &Value, name_bytes: usize| {
        let (inner_depth, inner_bytes) = extent(inner);
        (depth.max(inner_depth + 1), bytes + name_bytes + inner_bytes)
    };
    match value {
        Value::Array(items) => items
            .iter()
            .fold((1, own), |sum, item| around(sum, item, 0)),
        Value::Object(members) => members.iter().fold((1, own), |sum, (name, inner)| {
            around(sum, inner, size_of::<String>() + name.len())
        }),
        Value::String(text) | Value::Number(text) => (0, own + text.len()),
        Value::Bool(_) | Value::Null => (0, own),
    }
}

#[cfg(test)]
mod tests;
