//! A place for what an expression makes: `%factory` builds elements, and an
//! element points into a document that outlives the evaluation.

use std::cell::OnceCell;

use crate::json::{Document, Node};

/// Documents that an evaluation made, one after another. Make one with
/// `Made::default()` and give it to [`super::Context::with_made`].
#[derive(Debug, Default)]
pub struct Made {
    document: OnceCell<Document>,
    next: OnceCell<Box<Made>>,
}

impl Made {
    /// Keeps a document, in the first free place from here. Gives its root and
    /// where to go on.
    pub(super) fn keep(&self, document: Document) -> (Node<'_>, &Self) {
        let mut place = self;
        while place.document.get().is_some() {
            place = place.next.get_or_init(Box::default);
        }
        (place.document.get_or_init(|| document).root(), place)
    }
}

/// Unlinks one place after another: a long row would else be dropped by as
/// deep a recursion.
impl Drop for Made {
    fn drop(&mut self) {
        let mut next = self.next.take();
        while let Some(mut place) = next {
            next = place.next.take();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_stays() {
        let made = Made::default();
        let mut last = &made;
        let mut kept = Vec::new();
        for n in 0..100_000 {
            let document = Document::parse(n.to_string()).expect("a number");
            let (node, place) = last.keep(document);
            (last, kept) = (place, {
                kept.push(node);
                kept
            });
        }
        assert!(
            kept.iter()
                .enumerate()
                .all(|(n, node)| node.raw() == n.to_string())
        );
    }
}
