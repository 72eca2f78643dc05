//! Search: from a query to a page of resources.
//!
//! A query is read without the database ([`query`], [`criterion`]), then its
//! names become numbers and its chains become sets of resources
//! ([`resolve`]), giving [`filter::Filter`]s. The most telling of them drives
//! the search over an index, the others are tested on the values of each row
//! ([`candidates`]). The scope is an SQL condition of every statement that
//! reads `resource` rows ([`sight`]); nothing here reads a row without it.

mod candidates;
mod codes;
mod comparison;
mod condition;
pub(crate) mod conditional;
mod criterion;
mod cursor;
mod expression;
mod filter;
mod in_use;
mod include;
mod intersect;
mod last_n;
mod lenient;
mod lookups;
mod page;
pub(crate) mod parameters;
mod query;
mod resolve;
mod sight;
mod sort;
mod values;
mod walk;

pub(crate) use cursor::CursorKey;
pub(crate) use in_use::in_use;
pub(crate) use last_n::last_n;
pub(crate) use lenient::understood;
pub(crate) use page::{Searching, run};
pub(crate) use sight::Sight;
