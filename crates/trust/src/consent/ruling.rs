//! The rules that weigh a patient's choices (generieke functie toestemming).
//!
//! 1. An organisation beats a category: a choice that names both
//!    organisations, then one that names either, then one between categories.
//! 2. At that level a choice about this very kind of data beats one about
//!    treatment data, which stands for all that is below it.
//! 3. At equal rank no beats yes.
//! 4. No choice is no.

use care::{Categories, ConsentCategory, DataCategory, ProviderCategory, Ura};
use serde::{Deserialize, Serialize};

use super::{ChoiceKey, ConsentRecord, Party, Verdict, code};

/// The closed question: may this organisation see what that one holds?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ConsentQuestion {
    /// Whose data.
    pub holder: Ura,
    /// The category of the holder.
    #[serde(with = "code::provider_category")]
    pub holder_category: ProviderCategory,
    /// Who wants to see it.
    pub consulting: Ura,
    /// The category of who wants to see it.
    #[serde(with = "code::provider_category")]
    pub consulting_category: ProviderCategory,
}

/// The answer for one kind of data, with the choice that decided it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Ruling {
    /// Which data.
    #[serde(with = "code::consent_category")]
    pub category: ConsentCategory,
    /// Yes or no.
    pub verdict: Verdict,
    /// The choice that decided; none where the patient made no choice (which is no).
    pub because: Option<ChoiceKey>,
}

/// The answer to a closed question.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ConsentAnswer {
    /// The category of the holder that was asked about.
    #[serde(with = "code::provider_category")]
    pub holder_category: ProviderCategory,
    /// One per consent category, in the order of [`ConsentCategory::ALL`].
    pub rulings: [Ruling; 3],
    /// The version of the record that answered.
    pub version: u64,
}

impl ConsentAnswer {
    /// The consent categories that are permitted.
    pub fn permitted(&self) -> impl Iterator<Item = ConsentCategory> {
        self.rulings
            .iter()
            .filter(|ruling| ruling.verdict == Verdict::Permit)
            .map(|ruling| ruling.category)
    }

    /// Whether anything at all is permitted.
    pub fn permits_anything(&self) -> bool {
        self.permitted().next().is_some()
    }

    /// The kinds of data that the answer opens.
    ///
    /// What a pharmacy holds as medication data includes the allergies and
    /// intolerances that it dispenses by: it holds nothing else to consent to
    /// (the matrix has one row for pharmacies), and medicines without them are
    /// a danger.
    pub fn opens(&self) -> Categories {
        let opened = self.permitted().fold(Categories::NONE, |all, category| {
            all.union(category.opens())
        });
        let medication = self
            .permitted()
            .any(|category| category == ConsentCategory::Medication);
        if medication && self.holder_category == ProviderCategory::Pharmacy {
            opened.with(DataCategory::AllergyIntolerance)
        } else {
            opened
        }
    }

    /// The answer of a patient who never chose: no.
    pub fn no_choice(question: &ConsentQuestion) -> Self {
        ConsentRecord::default().answer(question)
    }
}

impl ConsentRecord {
    /// Answers a closed question by this record.
    pub fn answer(&self, question: &ConsentQuestion) -> ConsentAnswer {
        let holder = Party::Organisation {
            ura: question.holder,
            category: question.holder_category,
        };
        let consulting = Party::Organisation {
            ura: question.consulting,
            category: question.consulting_category,
        };
        ConsentAnswer {
            holder_category: question.holder_category,
            rulings: ConsentCategory::ALL.map(|category| self.rule(holder, category, consulting)),
            version: self.version(),
        }
    }

    /// What the patient's choices say between two parties on one kind of data.
    pub fn rule(&self, holder: Party, category: ConsentCategory, consulting: Party) -> Ruling {
        let widest = ConsentCategory::Treatment;
        let kinds = [Some(category), (category != widest).then_some(widest)];
        for pairs in by_rank(holder, consulting) {
            for kind in kinds.into_iter().flatten() {
                let made = pairs.iter().flatten().filter_map(|(holder, consulting)| {
                    let key = ChoiceKey {
                        holder: *holder,
                        category: kind,
                        consulting: *consulting,
                    };
                    Some((self.choice(&key)?, key))
                });
                // `Deny` is the greater of the two, so no beats yes.
                if let Some((verdict, key)) = made.max_by_key(|(verdict, _)| *verdict) {
                    return Ruling {
                        category,
                        verdict,
                        because: Some(key),
                    };
                }
            }
        }
        Ruling {
            category,
            verdict: Verdict::Deny,
            because: None,
        }
    }
}

type Pair = (Party, Party);

/// The pairs of parties that a choice between these two can name, the most
/// specific first, pairs of equal rank together.
fn by_rank(holder: Party, consulting: Party) -> [[Option<Pair>; 2]; 3] {
    let is_named = |party| matches!(party, Party::Organisation { .. });
    let group = |party: Party| Party::Category(party.category());
    let named = (is_named(holder), is_named(consulting));
    [
        [
            (named == (true, true)).then_some((holder, consulting)),
            None,
        ],
        [
            named.0.then(|| (holder, group(consulting))),
            named.1.then(|| (group(holder), consulting)),
        ],
        [Some((group(holder), group(consulting))), None],
    ]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::consent::{Change, Choice, Preset};

    const HOSPITAL: ProviderCategory = ProviderCategory::Hospital;
    const PRACTICE: ProviderCategory = ProviderCategory::GeneralPractice;

    fn practice() -> Party {
        Party::Organisation {
            ura: "1".parse().unwrap(),
            category: PRACTICE,
        }
    }

    fn hospital() -> Party {
        Party::Organisation {
            ura: "4".parse().unwrap(),
            category: HOSPITAL,
        }
    }

    fn question() -> ConsentQuestion {
        ConsentQuestion {
            holder: "1".parse().unwrap(),
            holder_category: PRACTICE,
            consulting: "4".parse().unwrap(),
            consulting_category: HOSPITAL,
        }
    }

    /// `choices` in words: `practice>hospital treatment yes`, parties in
    /// capitals are the organisations.
    fn record(choices: &[&str]) -> ConsentRecord {
        let party = |word: &str| match word {
            "PRACTICE" => practice(),
            "HOSPITAL" => hospital(),
            "practice" => Party::Category(PRACTICE),
            "hospital" => Party::Category(HOSPITAL),
            _ => panic!("{word}"),
        };
        let set = choices.iter().map(|line| {
            let words: Vec<&str> = line.split([' ', '>']).collect();
            let category = match words[2] {
                "treatment" => ConsentCategory::Treatment,
                "results" => ConsentCategory::Results,
                "medication" => ConsentCategory::Medication,
                word => panic!("{word}"),
            };
            Choice {
                key: ChoiceKey {
                    holder: party(words[0]),
                    category,
                    consulting: party(words[1]),
                },
                verdict: if words[3] == "yes" {
                    Verdict::Permit
                } else {
                    Verdict::Deny
                },
            }
        });
        let set: Vec<Choice> = set.collect();
        if set.is_empty() {
            return ConsentRecord::default();
        }
        ConsentRecord::default()
            .after(&Change {
                set,
                ..Change::default()
            })
            .unwrap()
    }

    fn check(choices: &[&str], expected: &str) {
        let answer = record(choices).answer(&question());
        let permitted: Vec<_> = answer.permitted().map(ConsentCategory::code).collect();
        assert_eq!(permitted.join(" "), expected, "{choices:?}");
    }

    #[test]
    fn the_rules_weigh_the_choices() {
        check(&[], "");
        check(&["practice>hospital treatment yes"], "GGC002 GGC012 GGC013");
        check(&["practice>hospital medication yes"], "GGC013");
        check(&["practice>hospital results yes"], "GGC012");
        check(&["hospital>practice treatment yes"], "");
        // This very kind of data beats the treatment data above it.
        check(
            &[
                "practice>hospital treatment yes",
                "practice>hospital medication no",
            ],
            "GGC002 GGC012",
        );
        check(
            &[
                "practice>hospital treatment no",
                "practice>hospital medication yes",
            ],
            "GGC013",
        );
        // An organisation beats a category, both ways.
        check(
            &[
                "practice>hospital treatment yes",
                "practice>HOSPITAL treatment no",
            ],
            "",
        );
        check(
            &[
                "practice>hospital treatment no",
                "PRACTICE>hospital treatment yes",
            ],
            "GGC002 GGC012 GGC013",
        );
        check(
            &[
                "practice>hospital medication yes",
                "practice>HOSPITAL treatment no",
            ],
            "",
        );
        // At equal rank no beats yes.
        check(
            &[
                "PRACTICE>hospital treatment yes",
                "practice>HOSPITAL treatment no",
            ],
            "",
        );
        // Both organisations beat one.
        check(
            &[
                "PRACTICE>HOSPITAL results yes",
                "practice>HOSPITAL treatment no",
            ],
            "GGC012",
        );
    }

    #[test]
    fn the_choice_that_decided_is_named() {
        let record = record(&[
            "practice>hospital treatment yes",
            "practice>HOSPITAL results no",
        ]);
        let [treatment, results, medication] = record.answer(&question()).rulings;
        assert_eq!(
            treatment.because.unwrap().consulting,
            Party::Category(HOSPITAL)
        );
        assert_eq!(results.because.unwrap().consulting, hospital());
        assert_eq!(
            medication.because.unwrap().category,
            ConsentCategory::Treatment
        );
        assert_eq!(
            ConsentAnswer::no_choice(&question()).rulings[0].because,
            None
        );
    }

    #[test]
    fn a_pharmacy_gives_allergies_with_its_medicines() {
        let everyone = ConsentRecord::default()
            .after(&Change::preset(Preset::Everyone))
            .unwrap();
        let ask = |holder_category| {
            everyone
                .answer(&ConsentQuestion {
                    holder_category,
                    ..question()
                })
                .opens()
        };
        assert_eq!(ask(PRACTICE), Categories::ALL);
        insta::assert_snapshot!(
            format!("{:?}", ask(ProviderCategory::Pharmacy)),
            @"{AllergyIntolerance, MedicationRequest, MedicationUse, Patient}"
        );
    }

    #[test]
    fn questions_and_answers_read_back_from_json() {
        let question = question();
        let json = serde_json::to_string(&question).unwrap();
        assert_eq!(
            serde_json::from_str::<ConsentQuestion>(&json).unwrap(),
            question
        );
        let answer = record(&["practice>HOSPITAL results yes"]).answer(&question);
        let json = serde_json::to_string(&answer).unwrap();
        assert_eq!(
            serde_json::from_str::<ConsentAnswer>(&json).unwrap(),
            answer
        );
        assert!(serde_json::from_str::<ConsentQuestion>(&json.replace("RPZAC", "X")).is_err());
    }

    prop_compose! {
        fn choices()(
            picks in proptest::collection::vec((0usize..2, 0usize..2, 0usize..3, any::<bool>()), 0..12)
        ) -> Vec<String> {
            let kinds = ["treatment", "results", "medication"];
            let mut lines = std::collections::BTreeMap::new();
            for (holder, consulting, kind, yes) in picks {
                let key = format!(
                    "{}>{} {}",
                    ["practice", "PRACTICE"][holder],
                    ["hospital", "HOSPITAL"][consulting],
                    kinds[kind],
                );
                lines.insert(key, yes);
            }
            lines.into_iter().map(|(key, yes)| format!("{key} {}", if yes { "yes" } else { "no" })).collect()
        }
    }

    proptest! {
        #[test]
        fn a_no_never_opens_anything(choices in choices()) {
            let lines: Vec<&str> = choices.iter().map(String::as_str).collect();
            let before = record(&lines).answer(&question()).opens();
            for at in 0..lines.len() {
                let without: Vec<&str> = lines
                    .iter()
                    .enumerate()
                    .filter(|(index, line)| *index != at || line.ends_with("yes"))
                    .map(|(_, line)| *line)
                    .collect();
                let denied = lines[at].replace(" yes", " no");
                let mut refused = lines.clone();
                refused[at] = &denied;
                let after = record(&refused).answer(&question()).opens();
                prop_assert!(before.contains_all(after));
                let forgotten = record(&without).answer(&question()).opens();
                prop_assert!(forgotten.contains_all(before) || lines[at].ends_with("yes"));
            }
        }

        #[test]
        fn a_permit_needs_a_yes(choices in choices()) {
            let lines: Vec<&str> = choices.iter().map(String::as_str).collect();
            for ruling in record(&lines).answer(&question()).rulings {
                match (ruling.verdict, ruling.because) {
                    (Verdict::Permit, because) => prop_assert!(because.is_some()),
                    (Verdict::Deny, Some(_) | None) => {}
                }
            }
        }
    }
}
