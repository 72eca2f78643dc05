//! Why somebody may or may not, rule by rule.

use care::{AccessContext, Categories, Purpose, TreatmentRelation};

use super::{Action, Facts, Policies, Situation, engine::Rule};
use crate::{
    consent::{ChoiceKey, Party, Ruling, Verdict},
    words::{self, Language},
};

/// What a policy does when it applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// It allows.
    Permit,
    /// It forbids, whatever others allow.
    Forbid,
}

/// One line of an explanation. It names organisations by number, and no patient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleLine {
    /// The `@id` of the policy, or `facts`, `consent` or `decision`.
    pub rule: String,
    /// What the policy does; none for lines that are not about a policy.
    pub effect: Option<Effect>,
    /// Whether the policy applies to anything here, the consent permits
    /// anything, or the decision is yes.
    pub applies: bool,
    /// The kinds of data that this is so for; none for an action that is not
    /// about data.
    pub categories: Categories,
    /// For people, in Dutch.
    pub text_nl: String,
    /// The same in English.
    pub text_en: String,
}

impl RuleLine {
    /// The text in a language.
    pub fn text(&self, language: Language) -> &str {
        language.pick(&self.text_nl, &self.text_en)
    }
}

/// The facts, the consent, the policies in the order of their files, and the decision.
pub(super) fn lines(
    policies: &Policies,
    context: &AccessContext,
    situation: &Situation,
) -> Vec<RuleLine> {
    let facts = Facts::of(context, situation);
    let mut lines = vec![facts_line(&facts)];
    if !facts.own {
        lines.extend(consent_lines(situation));
    }
    lines.extend(
        policies
            .rules
            .iter()
            .map(|rule| rule_line(policies, rule, &facts)),
    );
    lines.push(decision_line(policies, &facts));
    lines
}

fn facts_line(facts: &Facts) -> RuleLine {
    let text = |language: Language| {
        let none = language.pick("geen", "none");
        let yes_no = |fact: bool| {
            if fact {
                language.pick("ja", "yes")
            } else {
                language.pick("nee", "no")
            }
        };
        let relation = facts
            .relation
            .map_or(none, |kind| words::relation(kind, language));
        let mut parts = vec![
            (
                language.pick("rol", "role"),
                words::role(facts.role, language),
            ),
            (
                language.pick("organisatie", "organisation"),
                words::organisation_type(facts.organisation, language),
            ),
            (
                language.pick("gegevens van", "data of"),
                if facts.own {
                    language.pick("de eigen organisatie", "their own organisation")
                } else {
                    words::organisation_type(facts.holder, language)
                },
            ),
            (
                language.pick("doel", "purpose"),
                words::purpose(facts.purpose, language),
            ),
            (
                language.pick("behandelrelatie", "treatment relation"),
                relation,
            ),
            (
                language.pick("één patiënt", "one patient"),
                yes_no(facts.patient_named),
            ),
        ];
        if facts.purpose == Purpose::EmergencyTreatment {
            parts.push((
                language.pick("reden gegeven", "reason given"),
                yes_no(facts.reason_given),
            ));
        }
        let parts: Vec<_> = parts
            .iter()
            .map(|(name, value)| format!("{name}: {value}"))
            .collect();
        format!("{}.", parts.join("; "))
    };
    RuleLine {
        rule: "facts".to_owned(),
        effect: None,
        applies: true,
        categories: Categories::NONE,
        text_nl: text(Language::Dutch),
        text_en: text(Language::English),
    }
}

fn consent_lines(situation: &Situation) -> Vec<RuleLine> {
    let line = |applies, categories, text: &dyn Fn(Language) -> String| RuleLine {
        rule: "consent".to_owned(),
        effect: None,
        applies,
        categories,
        text_nl: text(Language::Dutch),
        text_en: text(Language::English),
    };
    match &situation.consent {
        None => vec![line(false, Categories::NONE, &|language| {
            language
                .pick(
                    "Toestemming: niet bekend, dus nee.",
                    "Consent: not known, so no.",
                )
                .into()
        })],
        Some(answer) => answer
            .rulings
            .iter()
            .map(|ruling| {
                let permits = ruling.verdict == Verdict::Permit;
                let opens = if permits {
                    ruling.category.opens()
                } else {
                    Categories::NONE
                };
                line(permits, opens, &|language| ruling_text(ruling, language))
            })
            .collect(),
    }
}

fn ruling_text(ruling: &Ruling, language: Language) -> String {
    let verdict = match ruling.verdict {
        Verdict::Permit => language.pick("ja", "yes"),
        Verdict::Deny => language.pick("nee", "no"),
    };
    let because = match &ruling.because {
        Some(key) => key_text(key, language),
        None => language
            .pick("geen keuze gemaakt", "no choice was made")
            .to_owned(),
    };
    format!(
        "{} {}: {verdict} ({because}).",
        language.pick("Toestemming voor", "Consent for"),
        words::consent_category(ruling.category, language),
    )
}

fn key_text(key: &ChoiceKey, language: Language) -> String {
    let party = |party: Party| match party {
        Party::Category(category) => words::provider_category(category, language).to_owned(),
        Party::Organisation { ura, .. } => {
            format!("{} {ura}", language.pick("organisatie", "organisation"))
        }
    };
    format!(
        "{} {}, {}, {} {}",
        language.pick("keuze van de patiënt:", "the patient's choice:"),
        party(key.holder),
        words::consent_category(key.category, language),
        language.pick("voor", "for"),
        party(key.consulting),
    )
}

fn rule_line(policies: &Policies, rule: &Rule, facts: &Facts) -> RuleLine {
    let found = policies.applies(rule, facts);
    let lacking = match rule.effect {
        Effect::Permit if !found.allowed => lacking(policies, rule, facts),
        _ => Vec::new(),
    };
    let text = |title: &str, language: Language| {
        let state = match (rule.effect, found.allowed) {
            (Effect::Permit, true) => language.pick("Geldt", "Applies"),
            (Effect::Forbid, true) => language.pick("Verbiedt dit", "Forbids this"),
            (Effect::Permit, false) => language.pick("Geldt niet", "Does not apply"),
            (Effect::Forbid, false) => language.pick("Verbiedt dit niet", "Does not forbid this"),
        };
        let some = found.categories != Categories::ALL && !found.categories.is_empty();
        if found.allowed && some {
            let codes: Vec<_> = found
                .categories
                .iter()
                .map(care::DataCategory::code)
                .collect();
            return format!("{title} {state}: {}.", codes.join(", "));
        }
        if lacking.is_empty() {
            return format!("{title} {state}.");
        }
        let names: Vec<_> = lacking.iter().map(|lack| lack.name(language)).collect();
        format!(
            "{title} {state}: {} {}.",
            language.pick("ontbreekt", "lacks"),
            names.join(", ")
        )
    };
    RuleLine {
        rule: rule.id.clone(),
        effect: Some(rule.effect),
        applies: found.allowed,
        categories: found.categories,
        text_nl: text(&rule.title_nl, Language::Dutch),
        text_en: text(&rule.title_en, Language::English),
    }
}

/// A fact that could have been otherwise.
#[derive(Clone, Copy)]
enum Lack {
    Relation,
    Consent,
    Patient,
    Reason,
    Purpose(Purpose),
}

impl Lack {
    fn name(self, language: Language) -> String {
        match self {
            Self::Relation => language
                .pick("een behandelrelatie", "a treatment relation")
                .into(),
            Self::Consent => language
                .pick("toestemming van de patiënt", "the patient's consent")
                .into(),
            Self::Patient => language.pick("één patiënt", "one patient").into(),
            Self::Reason => language.pick("een reden", "a reason").into(),
            Self::Purpose(purpose) => format!(
                "{} «{}»",
                language.pick("het doel", "the purpose"),
                words::purpose(purpose, language)
            ),
        }
    }

    fn supplied(self, facts: &Facts) -> Facts {
        match self {
            Self::Relation => Facts {
                relation: facts.relation.or(Some(TreatmentRelation::InCare)),
                ..*facts
            },
            Self::Consent => Facts {
                consent: Categories::ALL,
                ..*facts
            },
            Self::Patient => Facts {
                patient_named: true,
                ..*facts
            },
            Self::Reason => Facts {
                reason_given: true,
                ..*facts
            },
            Self::Purpose(purpose) => Facts { purpose, ..*facts },
        }
    }
}

/// The facts that a permit lacks: those without which it does not apply once
/// all others are supplied. None when nothing that can change would help, as
/// with another role or organisation. The purpose is a last resort: a rule for
/// emergencies is no news to who asks for treatment, unless nothing else fails.
fn lacking(policies: &Policies, rule: &Rule, facts: &Facts) -> Vec<Lack> {
    let mut lacks = vec![Lack::Relation, Lack::Consent, Lack::Patient, Lack::Reason];
    lacks.extend(
        Purpose::ALL
            .map(Lack::Purpose)
            .into_iter()
            .filter(|lack| !matches!(lack, Lack::Purpose(purpose) if *purpose == facts.purpose)),
    );
    let applies = |facts: &Facts| policies.applies(rule, facts).allowed;
    let supply = |facts: &Facts, lacks: &[Lack]| {
        lacks
            .iter()
            .fold(*facts, |facts, lack| lack.supplied(&facts))
    };
    let (changeable, purposes) = lacks.split_at(4);
    let needed = |with: &[Lack]| {
        let mut needed = with.to_vec();
        // Drop what is not needed, one at a time.
        for index in (0..needed.len()).rev() {
            let mut without = needed.clone();
            without.remove(index);
            if applies(&supply(facts, &without)) {
                needed = without;
            }
        }
        needed
    };
    if applies(&supply(facts, changeable)) {
        return needed(changeable);
    }
    for purpose in purposes {
        let mut with = changeable.to_vec();
        with.push(*purpose);
        if applies(&supply(facts, &with)) {
            return needed(&with);
        }
    }
    Vec::new()
}

fn decision_line(policies: &Policies, facts: &Facts) -> RuleLine {
    let judged = policies.judge(facts);
    let text = |language: Language| {
        let verdict = if judged.allowed {
            language.pick("Mag", "Allowed")
        } else {
            language.pick("Mag niet", "Not allowed")
        };
        if judged.categories.is_empty() {
            return format!("{verdict}.");
        }
        let codes: Vec<_> = judged
            .categories
            .iter()
            .map(care::DataCategory::code)
            .collect();
        let verb = match facts.action {
            Action::Write => language.pick("schrijven", "write"),
            _ => language.pick("zien", "see"),
        };
        format!("{verdict}, {verb}: {}.", codes.join(", "))
    };
    RuleLine {
        rule: "decision".to_owned(),
        effect: None,
        applies: judged.allowed,
        categories: judged.categories,
        text_nl: text(Language::Dutch),
        text_en: text(Language::English),
    }
}
