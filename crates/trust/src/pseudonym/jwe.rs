//! JWE compact serialisation.
