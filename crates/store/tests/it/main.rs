//! The store as other rooms use it, on real files.

mod kit;

mod crash;
mod inbox;
mod paging;
mod scope;
mod search;
mod write;
