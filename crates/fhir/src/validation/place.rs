//! Where a walk is in a resource.

use std::fmt::Write as _;

/// A place, written out only when there is something to say of it.
#[derive(Clone, Copy)]
pub(super) enum Place<'p> {
    /// The resource that is validated.
    Root(&'p str),
    /// A resource inside the one that is validated: the content of an element.
    Resource {
        parent: &'p Place<'p>,
        name: &'p str,
    },
    /// An element of what is at the other place.
    Element {
        parent: &'p Place<'p>,
        name: &'p str,
        index: Option<usize>,
    },
}

impl<'p> Place<'p> {
    pub(super) fn child(&'p self, name: &'p str, index: Option<usize>) -> Self {
        Self::Element {
            parent: self,
            name,
            index,
        }
    }

    /// As a FHIRPath expression: `Patient.name[0].given`.
    pub(super) fn expression(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, true);
        out
    }

    /// The names alone, from the nearest resource: `Patient.name.given`.
    pub(super) fn names(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, false);
        out
    }

    fn write(&self, out: &mut String, with_index: bool) {
        match self {
            Self::Resource { parent, .. } if with_index => parent.write(out, with_index),
            Self::Root(name) | Self::Resource { name, .. } => out.push_str(name),
            Self::Element {
                parent,
                name,
                index,
            } => {
                parent.write(out, with_index);
                out.push('.');
                out.push_str(name);
                if let Some(index) = index.filter(|_| with_index) {
                    // Writing to a String cannot fail.
                    let _ = write!(out, "[{index}]");
                }
            }
        }
    }
}
