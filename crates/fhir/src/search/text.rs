//! Folding of text for string search.

/// Folds a text for comparison.
pub fn normalise(text: &str) -> String {
    text.to_lowercase()
}
