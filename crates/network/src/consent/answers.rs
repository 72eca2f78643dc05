//! The answers that a node remembers, and what it heard since. No I/O, no time.
//!
//! Every invalidation gets a *mark*, a number that goes up. Who fetches an
//! answer takes the mark first; when the answer comes, it is only good if
//! nothing was heard about its subject after that mark.

use std::collections::{HashMap, VecDeque};

use super::wire::{Instance, Invalidation, Lease, Subject};

/// The answers that a node remembers; past it, the oldest goes.
pub const ANSWERS_MAX: usize = 50_000;
/// The invalidations that a node remembers, to judge fetches under way. A
/// fetch that lasted longer than this many invalidations is asked again.
pub(super) const INVALIDATIONS_MAX: usize = 4_096;

/// A question about a patient, as a keyed hash: the memory of a node names
/// no patient.
pub(super) type QuestionKey = [u8; 32];

/// Remembered answers of type `A`.
pub(super) struct Answers<A> {
    instance: Option<Instance>,
    /// The last change that was heard of without a gap.
    seen: u64,
    mark: u64,
    /// The mark at which everything was forgotten last.
    flushed: u64,
    recent: VecDeque<(u64, Subject)>,
    /// The highest mark that fell out of `recent`.
    recent_floor: u64,
    by_question: HashMap<QuestionKey, (Subject, A)>,
    by_subject: HashMap<Subject, Vec<QuestionKey>>,
    oldest_first: VecDeque<(QuestionKey, Subject)>,
    kept_max: usize,
}

/// The moment at which a fetch began.
#[derive(Debug, Clone, Copy)]
pub(super) struct Began(u64);

impl<A: Clone> Answers<A> {
    pub(super) fn new(kept_max: usize) -> Self {
        Self {
            instance: None,
            seen: 0,
            mark: 0,
            flushed: 0,
            recent: VecDeque::new(),
            recent_floor: 0,
            by_question: HashMap::new(),
            by_subject: HashMap::new(),
            oldest_first: VecDeque::new(),
            kept_max,
        }
    }

    pub(super) fn find(&self, question: &QuestionKey) -> Option<A> {
        self.by_question
            .get(question)
            .map(|(_, answer)| answer.clone())
    }

    /// Call this before a question is sent.
    pub(super) fn begin(&self) -> Began {
        Began(self.mark)
    }

    /// Whether an answer about `subject`, asked for at `began`, is still good.
    pub(super) fn is_good(&self, began: Began, subject: &Subject) -> bool {
        self.flushed <= began.0
            && self.recent_floor <= began.0
            && !self
                .recent
                .iter()
                .rev()
                .take_while(|(mark, _)| *mark > began.0)
                .any(|(_, invalidated)| invalidated == subject)
    }

    /// Remembers an answer. Only for one that [`Answers::is_good`].
    pub(super) fn remember(&mut self, question: QuestionKey, subject: Subject, answer: A) {
        if self
            .by_question
            .insert(question, (subject.clone(), answer))
            .is_some()
        {
            return;
        }
        self.by_subject
            .entry(subject.clone())
            .or_default()
            .push(question);
        self.oldest_first.push_back((question, subject));
        while self.by_question.len() > self.kept_max {
            let Some((oldest, subject)) = self.oldest_first.pop_front() else {
                break;
            };
            self.by_question.remove(&oldest);
            if let Some(questions) = self.by_subject.get_mut(&subject) {
                questions.retain(|question| *question != oldest);
                if questions.is_empty() {
                    self.by_subject.remove(&subject);
                }
            }
        }
    }

    /// Takes in what came with a lease: after a gap, or from another run of
    /// the service, everything is forgotten.
    pub(super) fn leased(&mut self, lease: &Lease) {
        if self.instance.as_ref() != Some(&lease.instance) {
            self.forget_all();
            self.instance = Some(lease.instance.clone());
            self.seen = lease.sequence;
        } else if lease.sequence > self.seen {
            self.forget_all();
            self.seen = lease.sequence;
        }
    }

    /// Takes in a change; false when it comes from another run of the service
    /// than the lease, so that the lease is worth nothing.
    pub(super) fn invalidated(&mut self, invalidation: &Invalidation) -> bool {
        if self.instance.as_ref() != Some(&invalidation.instance) {
            self.forget_all();
            self.instance = None;
            return false;
        }
        if invalidation.sequence > self.seen + 1 {
            self.forget_all();
        }
        self.seen = self.seen.max(invalidation.sequence);
        self.mark += 1;
        self.recent
            .push_back((self.mark, invalidation.subject.clone()));
        if self.recent.len() > INVALIDATIONS_MAX
            && let Some((mark, _)) = self.recent.pop_front()
        {
            self.recent_floor = mark;
        }
        for question in self
            .by_subject
            .remove(&invalidation.subject)
            .unwrap_or_default()
        {
            self.by_question.remove(&question);
        }
        self.oldest_first
            .retain(|(_, subject)| *subject != invalidation.subject);
        true
    }

    fn forget_all(&mut self) {
        self.mark += 1;
        self.flushed = self.mark;
        self.by_question.clear();
        self.by_subject.clear();
        self.oldest_first.clear();
    }

    /// How many answers are remembered.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        assert_eq!(self.by_question.len(), self.oldest_first.len());
        assert_eq!(
            self.by_question.len(),
            self.by_subject.values().map(Vec::len).sum::<usize>()
        );
        self.by_question.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(name: &str) -> Subject {
        Subject(name.to_owned())
    }

    fn lease(instance: &str, sequence: u64) -> Lease {
        Lease {
            instance: Instance(instance.to_owned()),
            sequence,
            lease_ms: 2_000,
        }
    }

    fn invalidation(instance: &str, sequence: u64, name: &str) -> Invalidation {
        Invalidation {
            instance: Instance(instance.to_owned()),
            sequence,
            subject: subject(name),
        }
    }

    fn two_patients() -> Answers<u8> {
        let mut answers = Answers::new(ANSWERS_MAX);
        answers.leased(&lease("run-1", 7));
        answers.remember([1; 32], subject("a"), 1);
        answers.remember([2; 32], subject("b"), 2);
        answers
    }

    #[test]
    fn an_invalidation_takes_one_patient_and_a_fetch_under_way() {
        let mut answers = two_patients();
        let began = answers.begin();
        assert!(answers.invalidated(&invalidation("run-1", 8, "a")));
        assert_eq!(
            (answers.find(&[1; 32]), answers.find(&[2; 32])),
            (None, Some(2))
        );
        assert!(!answers.is_good(began, &subject("a")));
        assert!(answers.is_good(began, &subject("b")));
        assert!(answers.is_good(answers.begin(), &subject("a")));
        assert_eq!(answers.len(), 1);
    }

    #[test]
    fn a_gap_or_another_run_takes_everything() {
        let check = |hear: fn(&mut Answers<u8>), kept: usize| {
            let mut answers = two_patients();
            let began = answers.begin();
            hear(&mut answers);
            assert_eq!(answers.len(), kept);
            assert_eq!(answers.is_good(began, &subject("c")), kept > 0);
        };
        check(|answers| answers.leased(&lease("run-1", 7)), 2);
        check(|answers| answers.leased(&lease("run-1", 6)), 2);
        check(|answers| answers.leased(&lease("run-1", 8)), 0);
        check(|answers| answers.leased(&lease("run-2", 7)), 0);
        check(
            |answers| assert!(answers.invalidated(&invalidation("run-1", 9, "c"))),
            0,
        );
        check(
            |answers| assert!(!answers.invalidated(&invalidation("run-2", 8, "c"))),
            0,
        );
    }

    #[test]
    fn a_push_that_comes_late_does_not_hide_another() {
        let mut answers = two_patients();
        assert!(answers.invalidated(&invalidation("run-1", 9, "x")));
        assert_eq!(answers.len(), 0);
        answers.remember([1; 32], subject("a"), 1);
        assert!(answers.invalidated(&invalidation("run-1", 8, "a")));
        assert_eq!(answers.len(), 0);
        answers.remember([2; 32], subject("b"), 2);
        answers.leased(&lease("run-1", 9));
        assert_eq!(answers.len(), 1);
    }

    #[test]
    fn the_memory_is_bounded_and_the_oldest_goes() {
        let mut answers = Answers::new(2);
        answers.leased(&lease("run-1", 0));
        for number in 1..=2 {
            answers.remember([number; 32], subject("a"), number);
        }
        assert_eq!(answers.len(), 2);
        answers.remember([3; 32], subject("b"), 3);
        assert_eq!(answers.len(), 2);
        assert_eq!(
            (answers.find(&[1; 32]), answers.find(&[3; 32])),
            (None, Some(3))
        );
    }

    #[test]
    fn a_fetch_that_outlasts_the_list_of_invalidations_is_not_good() {
        let mut answers = two_patients();
        let began = answers.begin();
        for number in 0..INVALIDATIONS_MAX as u64 {
            assert!(answers.invalidated(&invalidation("run-1", 8 + number, "x")));
        }
        assert!(answers.is_good(began, &subject("a")));
        assert!(answers.invalidated(&invalidation("run-1", 8 + INVALIDATIONS_MAX as u64, "x")));
        assert!(!answers.is_good(began, &subject("a")));
    }
}
