use std::{collections::BTreeMap, fmt::Write};

use care::{
    Categories, ConsentCategory, DataCategory, OrganisationType, ProviderCategory, Purpose, Role,
    Scope, TreatmentRelation,
};
use proptest::prelude::*;

use super::{facts::organisation_word, facts::purpose_word, *};
use crate::{
    consent::{Change, ChoiceKey, ConsentAnswer, ConsentQuestion, ConsentRecord, Party, Verdict},
    testing::{Asker, bsn, internist, patient, ura},
    words::Language,
};

const MATRIX: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies/matrix.txt");

fn facts() -> Facts {
    Facts {
        role: Role::Internist,
        organisation: OrganisationType::Hospital,
        holder: OrganisationType::GeneralPractice,
        own: false,
        purpose: Purpose::Treatment,
        relation: Some(TreatmentRelation::Contact),
        consent: Categories::ALL,
        patient_named: true,
        reason_given: false,
        action: Action::Read,
    }
}

fn answer(consent: Option<ConsentCategory>, holder: OrganisationType) -> ConsentAnswer {
    let question = ConsentQuestion {
        holder: ura(holder),
        holder_category: ProviderCategory::of(holder),
        consulting: ura(OrganisationType::Hospital),
        consulting_category: ProviderCategory::Hospital,
    };
    let Some(category) = consent else {
        return ConsentAnswer::no_choice(&question);
    };
    let key = ChoiceKey {
        holder: Party::Category(question.holder_category),
        category,
        consulting: Party::Category(ProviderCategory::Hospital),
    };
    let change = Change::one(key, Verdict::Permit);
    ConsentRecord::default()
        .after(&change)
        .unwrap()
        .answer(&question)
}

fn situation(holder: OrganisationType, consent: Option<ConsentAnswer>) -> Situation {
    Situation {
        holder: ura(holder),
        holder_type: holder,
        action: Action::Read,
        consent,
    }
}

/// A set of categories in a few letters; the legend has what they stand for.
struct Sets(BTreeMap<u32, char>);

impl Sets {
    fn letter(&mut self, categories: Categories) -> char {
        let next = char::from(b'A' + self.0.len() as u8);
        *self.0.entry(categories.bits()).or_insert(next)
    }

    fn legend(&self) -> String {
        let mut sets: Vec<_> = self
            .0
            .iter()
            .map(|(bits, letter)| (*letter, *bits))
            .collect();
        sets.sort_unstable();
        let mut text = String::new();
        for (letter, bits) in sets {
            let set = Categories::from_bits(bits);
            let missing: Vec<_> = DataCategory::ALL
                .into_iter()
                .filter(|category| !set.contains(*category))
                .map(DataCategory::code)
                .collect();
            let present: Vec<_> = set.iter().map(DataCategory::code).collect();
            let words = if missing.len() < present.len() && missing.is_empty() {
                "everything".to_owned()
            } else if missing.len() < present.len() {
                format!("everything but {}", missing.join(", "))
            } else {
                present.join(", ")
            };
            writeln!(text, "{letter} = {words}").unwrap();
        }
        text
    }
}

/// Organisations in a few words.
fn organisations(kinds: &[OrganisationType]) -> String {
    let all = OrganisationType::ALL;
    let holding = all.iter().filter(|kind| kind.holds_records()).count();
    match kinds.len() {
        count if count == all.len() => "any organisation".to_owned(),
        count if count == holding && kinds.iter().all(|kind| kind.holds_records()) => {
            "any care provider".to_owned()
        }
        _ => kinds
            .iter()
            .map(|kind| organisation_word(*kind))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

/// The organisations by what comes out for each.
fn by_outcome<T: Ord>(
    outcome: impl Fn(OrganisationType) -> Option<T>,
) -> BTreeMap<T, Vec<OrganisationType>> {
    let mut found: BTreeMap<T, Vec<OrganisationType>> = BTreeMap::new();
    for kind in OrganisationType::ALL {
        if let Some(outcome) = outcome(kind) {
            found.entry(outcome).or_default().push(kind);
        }
    }
    found
}

/// Every combination of role, organisation, holder, purpose, consent, relation
/// and reason that sees anything at another organisation, or may do anything
/// at its own; combinations that differ in the organisation only on one line.
fn matrix(policies: &Policies) -> String {
    let mut sets = Sets(BTreeMap::new());
    let mut text = String::from(
        "# What the policies allow. Made by the test `the_matrix_is_as_reviewed`: review every\n\
         # change of it. What is not here is not allowed. Letters stand for sets of categories,\n\
         # listed at the end; `-` is none.\n\n\
         ## Reading at another organisation, about one patient\n\n",
    );
    reading_elsewhere(policies, &mut sets, &mut text).unwrap();
    text.push_str("\n## At the own organisation, about no patient in particular\n\n");
    at_home(policies, &mut sets, &mut text).unwrap();
    text.push_str("\n## Other actions, about one patient, outside the own organisation\n\n");
    other_actions(policies, &mut text).unwrap();
    format!("{text}\n## Sets\n\n{}", sets.legend())
}

fn reading_elsewhere(policies: &Policies, sets: &mut Sets, text: &mut String) -> std::fmt::Result {
    let consents = [
        ("none", Categories::NONE),
        ("results", ConsentCategory::Results.opens()),
        ("medication", ConsentCategory::Medication.opens()),
        ("treatment", ConsentCategory::Treatment.opens()),
    ];
    let ties = [
        ("", false, false),
        (", relation", true, false),
        (", reason", false, true),
    ];
    for role in Role::ALL {
        for purpose in Purpose::ALL {
            for (tie, relation, reason_given) in ties {
                for holder in [
                    OrganisationType::GeneralPractice,
                    OrganisationType::MentalHealth,
                ] {
                    let found = by_outcome(|organisation| {
                        let seen = consents.map(|(_, consent)| {
                            let relation = relation.then_some(TreatmentRelation::Contact);
                            let asked = Facts {
                                role,
                                organisation,
                                holder,
                                purpose,
                                relation,
                                consent,
                                reason_given,
                                ..facts()
                            };
                            policies.judge(&asked).categories.bits()
                        });
                        seen.iter().any(|bits| *bits != 0).then_some(seen)
                    });
                    for (seen, kinds) in found {
                        let seen = consents.iter().zip(seen).map(|((name, _), bits)| {
                            let letter = match bits {
                                0 => '-',
                                bits => sets.letter(Categories::from_bits(bits)),
                            };
                            format!("{name} {letter}")
                        });
                        writeln!(
                            text,
                            "{} of {}, {}{tie}, at {}: by consent {}",
                            role.name(),
                            organisations(&kinds),
                            purpose_word(purpose),
                            organisation_word(holder),
                            seen.collect::<Vec<_>>().join(", "),
                        )?;
                    }
                }
            }
        }
    }
    Ok(())
}

fn at_home(policies: &Policies, sets: &mut Sets, text: &mut String) -> std::fmt::Result {
    for role in Role::ALL {
        for purpose in Purpose::ALL {
            for action in Action::ALL {
                let found = by_outcome(|organisation| {
                    let judged = policies.judge(&Facts {
                        role,
                        organisation,
                        holder: organisation,
                        own: true,
                        purpose,
                        relation: None,
                        consent: Categories::NONE,
                        patient_named: false,
                        action,
                        ..facts()
                    });
                    judged.allowed.then_some(judged.categories.bits())
                });
                for (bits, kinds) in found {
                    let (role, purpose) = (role.name(), purpose_word(purpose));
                    let (kinds, action_name) = (organisations(&kinds), action.name());
                    write!(text, "{role} of {kinds}, {purpose}: {action_name}")?;
                    if action.is_about_data() {
                        writeln!(text, " {}", sets.letter(Categories::from_bits(bits)))?;
                    } else {
                        writeln!(text)?;
                    }
                }
            }
        }
    }
    Ok(())
}

fn other_actions(policies: &Policies, text: &mut String) -> std::fmt::Result {
    let ties = [
        ("", false, false),
        (", relation", true, false),
        (", reason", false, true),
    ];
    for role in Role::ALL {
        for purpose in Purpose::ALL {
            for action in Action::ALL
                .into_iter()
                .filter(|action| !action.is_about_data())
            {
                for (tie, relation, reason_given) in ties {
                    let found = by_outcome(|organisation| {
                        let relation = relation.then_some(TreatmentRelation::Contact);
                        let asked = Facts {
                            role,
                            organisation,
                            purpose,
                            relation,
                            reason_given,
                            action,
                            ..facts()
                        };
                        policies.judge(&asked).allowed.then_some(())
                    });
                    for kinds in found.into_values() {
                        let (role, purpose) = (role.name(), purpose_word(purpose));
                        let (kinds, action) = (organisations(&kinds), action.name());
                        writeln!(text, "{role} of {kinds}, {purpose}{tie}: {action}")?;
                    }
                }
            }
        }
    }
    Ok(())
}

/// The matrix that was reviewed is in `policies/matrix.txt`. Write it anew with
/// `SCHAKEL_BLESS=1` and review the difference.
#[test]
fn the_matrix_is_as_reviewed() {
    let found = matrix(&Policies::embedded().unwrap());
    if std::env::var_os("SCHAKEL_BLESS").is_some() {
        std::fs::write(MATRIX, &found).unwrap();
    }
    let reviewed = std::fs::read_to_string(MATRIX).unwrap_or_default();
    for (line, (found, reviewed)) in found.lines().zip(reviewed.lines()).enumerate() {
        assert_eq!(found, reviewed, "line {} of policies/matrix.txt", line + 1);
    }
    assert_eq!(
        found.lines().count(),
        reviewed.lines().count(),
        "policies/matrix.txt"
    );
}

#[test]
fn consent_decides_what_a_specialist_sees_of_another() {
    let policies = Policies::embedded().unwrap();
    let context = internist().context();
    let practice = OrganisationType::GeneralPractice;
    let see = |consent: Option<ConsentAnswer>| {
        policies
            .decide(&context, &situation(practice, consent))
            .categories()
    };
    assert_eq!(see(None), Categories::NONE);
    assert_eq!(see(Some(answer(None, practice))), Categories::NONE);
    let medication = see(Some(answer(Some(ConsentCategory::Medication), practice)));
    assert_eq!(medication, ConsentCategory::Medication.opens());
    let all = see(Some(answer(Some(ConsentCategory::Treatment), practice)));
    assert_eq!(all, Categories::ALL.without(DataCategory::Logging));
}

#[test]
fn the_scope_is_never_wider_than_the_decision() {
    let policies = Policies::embedded().unwrap();
    let [practice, hospital] = [
        OrganisationType::GeneralPractice,
        OrganisationType::Hospital,
    ];
    let scope =
        |asker: &Asker, situation: Situation| policies.decide(&asker.context(), &situation).scope();
    let consent = answer(Some(ConsentCategory::Results), practice);
    let other = situation(practice, Some(consent));
    let categories = ConsentCategory::Results.opens();
    assert_eq!(
        scope(&internist(), other.clone()),
        Scope::Patient {
            bsn: bsn(),
            categories
        }
    );
    let nobody = Asker {
        patient: None,
        ..internist()
    };
    assert_eq!(scope(&nobody, other), Scope::Nothing);
    let own = || situation(hospital, None);
    assert_eq!(scope(&nobody, own()), Scope::Organisation);
    let categories = Categories::ALL.without(DataCategory::Logging);
    assert_eq!(
        scope(&internist(), own()),
        Scope::Patient {
            bsn: bsn(),
            categories
        }
    );
    let categories = Categories::ALL;
    assert_eq!(
        scope(&patient(), own()),
        Scope::Patient {
            bsn: bsn(),
            categories
        }
    );
    let operator = Asker::new(Role::Operator, hospital, Purpose::Operations);
    assert_eq!(scope(&operator, own()), Scope::Nothing);
    let messages = Situation {
        action: Action::HandleMessages,
        ..own()
    };
    let decision = policies.decide(&operator.context(), &messages);
    assert!(decision.is_allowed());
    assert_eq!(decision.scope(), Scope::Nothing);
}

#[test]
fn an_emergency_needs_a_physician_and_a_reason() {
    let policies = Policies::embedded().unwrap();
    let check = |role, kind, reason: Option<&str>, expected| {
        let asker = Asker {
            role,
            kind,
            purpose: Purpose::EmergencyTreatment,
            relation: None,
            reason: reason.map(str::to_owned),
            ..internist()
        };
        let decision = policies.decide(
            &asker.context(),
            &situation(OrganisationType::Pharmacy, None),
        );
        assert_eq!(
            decision.is_allowed(),
            expected,
            "{role:?} {kind:?} {reason:?}"
        );
        let ask = Situation {
            action: Action::AskRegion,
            ..situation(OrganisationType::Pharmacy, None)
        };
        assert_eq!(
            policies.decide(&asker.context(), &ask).is_allowed(),
            expected
        );
    };
    use OrganisationType::{GeneralPractice, HomeCare, Hospital, MentalHealth, OutOfHoursPost};
    check(Role::EmergencyPhysician, Hospital, Some("trauma"), true);
    check(
        Role::GeneralPractitioner,
        OutOfHoursPost,
        Some("trauma"),
        true,
    );
    check(
        Role::GeneralPractitioner,
        GeneralPractice,
        Some("trauma"),
        true,
    );
    check(Role::EmergencyPhysician, Hospital, None, false);
    check(Role::EmergencyPhysician, Hospital, Some("  "), false);
    check(Role::Nurse, Hospital, Some("trauma"), false);
    check(Role::Pharmacist, Hospital, Some("trauma"), false);
    check(Role::Psychiatrist, MentalHealth, Some("trauma"), false);
    check(Role::Nurse, HomeCare, Some("trauma"), false);
}

#[test]
fn an_explanation_tells_what_decided_and_what_is_lacking() {
    let policies = Policies::embedded().unwrap();
    let practice = OrganisationType::GeneralPractice;
    let mut text = String::new();
    let mut explain = |title: &str, asker: Asker, consent, language| {
        let lines = policies.explain(&asker.context(), &situation(practice, consent));
        writeln!(text, "# {title}").unwrap();
        for line in lines {
            let mark = if line.applies { '+' } else { '-' };
            writeln!(text, "{mark} {}: {}", line.rule, line.text(language)).unwrap();
        }
    };
    let medication = Some(answer(Some(ConsentCategory::Medication), practice));
    explain("internist", internist(), medication, Language::Dutch);
    let unrelated = Asker {
        relation: None,
        ..internist()
    };
    explain(
        "internist without a relation",
        unrelated,
        None,
        Language::English,
    );
    insta::assert_snapshot!("explanation", text);
}

/// All facts, drawn at random.
fn any_facts() -> impl Strategy<Value = Facts> {
    let relations = prop::option::of(prop::sample::select(TreatmentRelation::ALL.to_vec()));
    (
        prop::sample::select(Role::ALL.to_vec()),
        prop::sample::select(OrganisationType::ALL.to_vec()),
        prop::sample::select(OrganisationType::ALL.to_vec()),
        prop::sample::select(Purpose::ALL.to_vec()),
        relations,
        any::<u32>().prop_map(Categories::from_bits),
        any::<[bool; 3]>(),
        prop::sample::select(Action::ALL.to_vec()),
    )
        .prop_map(
            |(role, organisation, holder, purpose, relation, consent, flags, action)| Facts {
                role,
                organisation,
                holder: if flags[0] { organisation } else { holder },
                own: flags[0],
                purpose,
                relation,
                consent,
                patient_named: flags[1],
                reason_given: flags[2],
                action,
            },
        )
}

fn policies() -> &'static Policies {
    static POLICIES: std::sync::OnceLock<Policies> = std::sync::OnceLock::new();
    POLICIES.get_or_init(|| Policies::embedded().unwrap())
}

proptest! {
    #[test]
    fn what_may_never_happen_does_not(facts in any_facts()) {
        let judged = policies().judge(&facts);
        let sees = judged.categories;
        let is_patient = facts.role == Role::Patient;
        // Staff see no patient data.
        if matches!(facts.role, Role::Operator | Role::Coordinator) {
            prop_assert!(sees.is_empty());
        }
        // Who looked is for the patient.
        prop_assert!(is_patient || !sees.contains(DataCategory::Logging));
        // Nobody writes elsewhere, and the patient writes nowhere.
        if facts.action == Action::Write {
            prop_assert!(sees.is_empty() || (facts.own && !is_patient));
        }
        // What is about all data at once is for the own record system.
        if matches!(facts.action, Action::Purge | Action::Export | Action::Subscribe) {
            let is_own_system = facts.own && facts.role == Role::RecordSystem;
            prop_assert!(!judged.allowed || is_own_system);
        }
        if facts.action == Action::Read && !facts.own && !sees.is_empty() {
            prop_assert!(facts.patient_named);
            let emergency = facts.purpose == Purpose::EmergencyTreatment
                && facts.role.is_physician()
                && facts.reason_given;
            let treatment = facts.purpose == Purpose::Treatment
                && facts.role.is_clinician()
                && facts.relation.is_some()
                && facts.consent.contains_all(sees);
            let own_data = is_patient && facts.purpose == Purpose::PatientRequest;
            prop_assert!(emergency || treatment || own_data);
            prop_assert!(
                own_data || facts.organisation != OrganisationType::RegionalOrganisation
            );
        }
        let about_data = facts.action.is_about_data();
        prop_assert_eq!(about_data && judged.allowed, !sees.is_empty());
    }

    #[test]
    fn less_consent_never_shows_more(facts in any_facts(), fewer in any::<u32>()) {
        let less = Facts { consent: Categories::from_bits(facts.consent.bits() & fewer), ..facts };
        let (more, less) = (policies().judge(&facts), policies().judge(&less));
        prop_assert!(more.categories.contains_all(less.categories));
        let unrelated = policies().judge(&Facts { relation: None, ..facts });
        prop_assert!(more.categories.contains_all(unrelated.categories));
    }

    #[test]
    fn what_is_remembered_is_what_cedar_says(facts in any_facts()) {
        let first = policies().judge(&facts);
        prop_assert_eq!(policies().judge(&facts), first);
        prop_assert_eq!(policies().judge_anew(&facts), first);
    }
}

#[test]
fn the_memory_of_decisions_is_bounded() {
    let policies = Policies::embedded().unwrap();
    // An action that is not about data is judged once: quick to fill with.
    let facts = |bits: u32| Facts {
        consent: Categories::from_bits(bits),
        action: Action::ReadStatistics,
        ..facts()
    };
    for bits in 0..DECISIONS_REMEMBERED_MAX as u32 {
        policies.judge(&facts(bits));
    }
    assert_eq!(policies.remembered_count(), DECISIONS_REMEMBERED_MAX);
    policies.judge(&facts(DECISIONS_REMEMBERED_MAX as u32));
    assert_eq!(policies.remembered_count(), 1);
}
