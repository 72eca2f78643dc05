//! What is below what.

use crate::bits::Bits;

use super::range;

/// Parents and children of every concept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Graph {
    pub(crate) parent_ends: Vec<u32>,
    pub(crate) parents: Vec<u32>,
    child_ends: Vec<u32>,
    children: Vec<u32>,
}

impl Graph {
    /// From pairs of child and parent; `concepts` is how many there are.
    pub(crate) fn new(concepts: usize, mut edges: Vec<(u32, u32)>) -> Self {
        edges.sort_unstable();
        edges.dedup();
        let (parent_ends, parents) = lists(concepts, &edges);
        Self::of_parents(parent_ends, parents)
    }

    /// From the lists of parents; the children follow from them.
    pub(crate) fn of_parents(parent_ends: Vec<u32>, parents: Vec<u32>) -> Self {
        let concepts = parent_ends.len();
        let mut turned: Vec<(u32, u32)> = Vec::with_capacity(parents.len());
        for child in 0..concepts as u32 {
            for at in range(&parent_ends, child) {
                turned.push((parents[at as usize], child));
            }
        }
        turned.sort_unstable();
        let (child_ends, children) = lists(concepts, &turned);
        Self {
            parent_ends,
            parents,
            child_ends,
            children,
        }
    }

    pub(crate) fn parents(&self, concept: u32) -> &[u32] {
        part(&self.parent_ends, &self.parents, concept)
    }

    pub(crate) fn children(&self, concept: u32) -> &[u32] {
        part(&self.child_ends, &self.children, concept)
    }

    /// Whether `ancestor` is above `concept`. It looks at each concept above
    /// once: about twenty in SNOMED CT.
    pub(crate) fn is_above(&self, ancestor: u32, concept: u32) -> bool {
        let mut seen = std::collections::HashSet::new();
        let mut open = vec![concept];
        while let Some(one) = open.pop() {
            for parent in self.parents(one) {
                if *parent == ancestor {
                    return true;
                }
                if seen.insert(*parent) {
                    open.push(*parent);
                }
            }
        }
        false
    }

    pub(crate) fn below(&self, of: &Bits) -> Bits {
        self.walk(of, Self::children)
    }

    pub(crate) fn above(&self, of: &Bits) -> Bits {
        self.walk(of, Self::parents)
    }

    fn walk(&self, of: &Bits, next: fn(&Self, u32) -> &[u32]) -> Bits {
        let mut found = Bits::new(self.parent_ends.len());
        let mut open: Vec<u32> = of.iter().collect();
        while let Some(one) = open.pop() {
            for other in next(self, one) {
                if found.insert(*other) {
                    open.push(*other);
                }
            }
        }
        found
    }
}

fn part<'a>(ends: &[u32], all: &'a [u32], at: u32) -> &'a [u32] {
    let span = range(ends, at);
    &all[span.start as usize..span.end as usize]
}

/// Sorted pairs as a list for every first number.
fn lists(concepts: usize, pairs: &[(u32, u32)]) -> (Vec<u32>, Vec<u32>) {
    let mut ends = Vec::with_capacity(concepts);
    let mut rest = pairs;
    let mut end = 0;
    for concept in 0..concepts as u32 {
        let length = rest.partition_point(|(one, _)| *one == concept);
        rest = &rest[length..];
        end += length as u32;
        ends.push(end);
    }
    (ends, pairs.iter().map(|(_, other)| *other).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_circle_ends() {
        let graph = Graph::new(3, vec![(0, 1), (1, 2), (2, 0)]);
        assert!(graph.is_above(0, 0));
        let mut one = Bits::new(3);
        one.insert(1);
        assert_eq!(graph.below(&one).count(), 3);
    }

    proptest! {
        /// Three ways to ask the same give the same.
        #[test]
        fn above_and_below_agree(edges in prop::collection::vec((0u32..12, 0u32..12), 0..30)) {
            let graph = Graph::new(12, edges);
            for one in 0..12 {
                let mut only = Bits::new(12);
                only.insert(one);
                let (below, above) = (graph.below(&only), graph.above(&only));
                for other in 0..12 {
                    prop_assert_eq!(below.contains(other), graph.is_above(one, other));
                    prop_assert_eq!(above.contains(other), graph.is_above(other, one));
                }
            }
        }
    }
}
