//! Elements whose type the definitions know: all that a walk comes by.

use crate::definitions::{Structure, TypeId, of, structure};
use crate::fhirpath::Element;

/// What is known of an element by its type.
pub(super) trait Typed {
    /// The number of its type.
    fn kind(&self) -> TypeId;

    /// What its type is made of.
    fn shape(&self) -> &'static Structure {
        structure(self.kind())
    }
}

impl Typed for Element<'_> {
    fn kind(&self) -> TypeId {
        // An element that no definition knows is treated as any resource: it has
        // no rules of its own, and the structure check has refused it.
        self.type_id()
            .unwrap_or_else(|| of(self.version()).any_resource())
    }
}
