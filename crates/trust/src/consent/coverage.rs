//! How many people chose what, for the coordinator of the region: counts that
//! tell of nobody.
//!
//! Small numbers are hidden here, at the service, not on the page. A number
//! from 1 to [`SMALL_NUMBER`] − 1 is [`Count::Few`]; the total beside parts of
//! which one is hidden is [`Count::Withheld`], since it would give the hidden
//! part away. The numbers per kind of data are rounded to tens, so that no
//! difference between two of them is a small group of people, and are not told
//! at all beside a hidden part, which they would narrow down.

use care::{ConsentCategory, ProviderCategory};
use jiff::Timestamp;

/// Below this many people a number is not told.
pub const SMALL_NUMBER: u64 = 10;

/// A number of people, as far as it may be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// So many.
    Exactly(u64),
    /// So many to the nearest ten.
    About(u64),
    /// From 1 to [`SMALL_NUMBER`] − 1; of a rounded number also none.
    Few,
    /// It would tell a small number beside it.
    Withheld,
}

/// How many people chose what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentCoverage {
    /// When it was counted.
    pub counted: Timestamp,
    /// People who made a choice.
    pub chosen: Count,
    /// Of them: everyone who treats them may see everything.
    pub everyone: Count,
    /// Of them: somebody may see something.
    pub some: Count,
    /// Of them: nobody may see anything.
    pub no_one: Count,
    /// Per kind of data of a category of holders: people who let at least one
    /// category of providers see it. In the order of the matrix; empty where
    /// one of the three parts is [`Count::Few`].
    pub per_kind: Vec<KindCoverage>,
}

/// People who let somebody see one kind of data of one category of holders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KindCoverage {
    /// Whose data.
    pub holder: ProviderCategory,
    /// Which data.
    pub category: ConsentCategory,
    /// How many people, to the nearest ten.
    pub permitted: Count,
}

/// The numbers as they are counted; they do not leave this room.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) everyone: u64,
    pub(super) some: u64,
    pub(super) no_one: u64,
    pub(super) per_kind: Vec<(ProviderCategory, ConsentCategory, u64)>,
}

impl Counted {
    /// What may be told of them.
    pub(super) fn told(&self, counted: Timestamp) -> ConsentCoverage {
        let parts = [self.everyone, self.some, self.no_one];
        let total: u64 = parts.iter().sum();
        let hides = parts.into_iter().any(is_small);
        let exactly = |count| {
            if is_small(count) {
                Count::Few
            } else {
                Count::Exactly(count)
            }
        };
        ConsentCoverage {
            counted,
            chosen: if hides && !is_small(total) {
                Count::Withheld
            } else {
                exactly(total)
            },
            everyone: exactly(self.everyone),
            some: exactly(self.some),
            no_one: exactly(self.no_one),
            per_kind: self
                .per_kind
                .iter()
                .filter(|_| !hides)
                .map(|&(holder, category, people)| KindCoverage {
                    holder,
                    category,
                    permitted: rounded(people),
                })
                .collect(),
        }
    }
}

const fn is_small(count: u64) -> bool {
    count > 0 && count < SMALL_NUMBER
}

const fn rounded(count: u64) -> Count {
    if count < SMALL_NUMBER {
        Count::Few
    } else {
        Count::About((count + SMALL_NUMBER / 2) / SMALL_NUMBER * SMALL_NUMBER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(everyone: u64, some: u64, no_one: u64) -> [Count; 4] {
        let counted = Counted {
            everyone,
            some,
            no_one,
            per_kind: Vec::new(),
        };
        let told = counted.told(Timestamp::UNIX_EPOCH);
        [told.chosen, told.everyone, told.some, told.no_one]
    }

    #[test]
    fn a_small_number_is_hidden_and_so_is_the_total_that_would_tell_it() {
        use Count::{Exactly, Few, Withheld};
        let check = |[everyone, some, no_one]: [u64; 3], expected: [Count; 4]| {
            assert_eq!(told(everyone, some, no_one), expected);
        };
        check(
            [120, 30, 10],
            [Exactly(160), Exactly(120), Exactly(30), Exactly(10)],
        );
        check([120, 30, 9], [Withheld, Exactly(120), Exactly(30), Few]);
        check([120, 30, 1], [Withheld, Exactly(120), Exactly(30), Few]);
        check(
            [120, 0, 10],
            [Exactly(130), Exactly(120), Exactly(0), Exactly(10)],
        );
        check([9, 0, 0], [Few, Few, Exactly(0), Exactly(0)]);
        check([5, 5, 0], [Withheld, Few, Few, Exactly(0)]);
        check([0, 0, 0], [Exactly(0), Exactly(0), Exactly(0), Exactly(0)]);
    }

    #[test]
    fn what_is_told_does_not_give_a_hidden_number_away() {
        for everyone in 0..30 {
            for some in 0..30 {
                for no_one in 0..30 {
                    let seen = told(everyone, some, no_one);
                    let hidden = seen[1..].contains(&Count::Few);
                    let total_is_told = matches!(seen[0], Count::Exactly(_));
                    assert!(!(hidden && total_is_told), "{everyone} {some} {no_one}");
                }
            }
        }
    }

    #[test]
    fn numbers_per_kind_are_rounded_to_tens() {
        let check = |count, expected| assert_eq!(rounded(count), expected);
        check(0, Count::Few);
        check(9, Count::Few);
        check(10, Count::About(10));
        check(14, Count::About(10));
        check(15, Count::About(20));
        check(104, Count::About(100));
    }
}
