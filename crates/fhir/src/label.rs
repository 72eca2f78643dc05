//! The data categories of a resource.

use care::Categories;

use crate::Resource;

/// The data categories of a resource.
pub fn label(_resource: &Resource) -> Categories {
    Categories::NONE
}
