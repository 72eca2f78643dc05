//! What stands in the index because of a resource's values.

use super::block::Keys;
use super::entries::{Entries, MEMBER, Value};
use super::key::{Term, sortable};
use super::upkeep::Upkeep;
use super::{LONG_MS, WIDE};

/// A folded text is indexed by its first bytes; the rest is compared by value.
pub(crate) const STRING_PREFIX_BYTES: usize = 64;

/// The part of a folded text that stands in the index.
pub(crate) fn index_prefix(folded: &str) -> &str {
    &folded[..folded.floor_char_boundary(STRING_PREFIX_BYTES)]
}

/// The terms of a blob; one can come twice.
fn terms(blob: &[u8]) -> Vec<Term<'_>> {
    let mut terms = Vec::with_capacity(32);
    let (mut dates, mut first_high) = (None, 0);
    for (parameter, value) in Entries::of(blob).iter() {
        match value {
            Value::Token { system, code } => terms.push(Term::Token(parameter, code, system)),
            Value::Uri(content) => terms.push(Term::Token(parameter, content, 0)),
            Value::Text(content) => {
                let folded = fhir::search::normalise(content);
                terms.push(Term::Text(parameter, index_prefix(&folded).to_owned()));
            }
            Value::Date { low, high } => {
                terms.push(Term::Date(parameter, low));
                // Several dates of one resource can meet a lower and an upper
                // bound between them: it is found like one long date.
                let several = dates == Some(parameter);
                if several || high.saturating_sub(low) > LONG_MS {
                    terms.push(Term::Period(parameter, high));
                }
                if several {
                    terms.push(Term::Period(parameter, first_high));
                } else {
                    (dates, first_high) = (Some(parameter), high);
                }
            }
            Value::Number { low, high, .. } => {
                terms.push(Term::Number(parameter, sortable(low)));
                if high - low > WIDE {
                    terms.push(Term::Wide(parameter, sortable(low)));
                }
            }
            // Composites are found by their first component, when it is a code.
            Value::Composite(blob) => {
                for first in Entries::of(blob).get(0) {
                    if let Value::Token { system, code } = first {
                        terms.push(Term::Token(parameter, code, system));
                    }
                }
            }
            Value::Reference(target) if parameter == MEMBER => terms.push(Term::Member(target)),
            Value::Reference(target) => terms.push(Term::Reference(parameter, target)),
        }
    }
    terms
}

/// Changes the index from the old values of a resource to the new ones. Terms
/// that stay are not touched.
pub(crate) fn replace(index: &mut Upkeep, rid: i64, old: &[u8], new: &[u8]) {
    if old == new {
        return;
    }
    let (mut old, mut new) = (terms(old), terms(new));
    // A new resource has nothing to compare with, and a key that comes in
    // twice is in.
    if !old.is_empty() {
        old.sort_unstable();
        new.sort_unstable();
    }
    let (mut changes, mut key) = (Keys::default(), Vec::with_capacity(64));
    for term in old.iter().filter(|term| new.binary_search(term).is_err()) {
        term.key(rid, &mut key);
        changes.push(&key, false);
    }
    for term in new.iter().filter(|term| old.binary_search(term).is_err()) {
        term.key(rid, &mut key);
        changes.push(&key, true);
    }
    index.change(&changes);
}
