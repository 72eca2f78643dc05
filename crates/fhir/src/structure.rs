//! Whether a resource has the shape that R4 gives it.

use crate::Resource;
use crate::outcome::Issue;

/// Everything that is wrong with the shape of a resource.
pub fn check(_resource: &Resource) -> Vec<Issue> {
    Vec::new()
}
