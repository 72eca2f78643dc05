//! The laws of the combined record, and what each section makes of its facts.

mod copies;
mod kit;
mod laws;
mod medication;
mod results;
mod sections;
