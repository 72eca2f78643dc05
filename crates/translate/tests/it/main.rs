//! What the doors rely on: whole messages in, Bundles and acknowledgements out.

mod admissions;
mod kit;
mod medlab;
mod outside;
mod refusals;
mod results;
mod robustness;
