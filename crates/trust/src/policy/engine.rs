//! Cedar, asked once per set of facts.

use std::{
    collections::{HashMap, HashSet},
    str::FromStr,
    sync::{PoisonError, RwLock},
};

use care::{AccessContext, Categories, DataCategory, Role};
use cedar_policy::{
    Authorizer, Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, Policy, PolicyId,
    PolicySet, Request, RestrictedExpression, Schema, ValidationMode, Validator,
};

use super::{
    Decision, Facts, RuleLine, Situation, explain,
    facts::{groups, organisation_word, purpose_word},
};

/// The most sets of facts whose decision is remembered.
pub const DECISIONS_REMEMBERED_MAX: usize = 16_384;

const SCHEMA: &str = include_str!("../../../../policies/schema.cedarschema");
const POLICIES: [&str; 6] = [
    include_str!("../../../../policies/own-organisation.cedar"),
    include_str!("../../../../policies/treatment.cedar"),
    include_str!("../../../../policies/emergency.cedar"),
    include_str!("../../../../policies/patient.cedar"),
    include_str!("../../../../policies/operations.cedar"),
    include_str!("../../../../policies/guard.cedar"),
];

/// Policies that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// The schema is not valid Cedar.
    #[error("the policy schema is not valid: {0}")]
    Schema(String),
    /// A policy does not parse, lacks an annotation, or does not fit the schema.
    #[error("the policies are not valid: {0}")]
    Policies(String),
}

/// The policies of this node, ready to be asked from many threads.
pub struct Policies {
    authorizer: Authorizer,
    all: PolicySet,
    /// In the order of the files, for explanations.
    pub(super) rules: Vec<Rule>,
    entities: Entities,
    names: Names,
    remembered: RwLock<HashMap<Facts, Judged>>,
}

/// One policy by itself.
pub(super) struct Rule {
    pub(super) id: String,
    pub(super) effect: super::Effect,
    pub(super) title_nl: String,
    pub(super) title_en: String,
    alone: PolicySet,
}

/// What came out for a set of facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Judged {
    pub(super) allowed: bool,
    pub(super) categories: Categories,
}

impl Policies {
    /// The policies of `/policies`, as they were when this was built.
    pub fn embedded() -> Result<Self, PolicyError> {
        Self::from_texts(SCHEMA, &POLICIES.join("\n"))
    }

    /// Reads policies and checks them against the schema: every name and type
    /// in them must be in it. Each needs `@id`, `@title_nl` and `@title_en`.
    pub fn from_texts(schema: &str, policies: &str) -> Result<Self, PolicyError> {
        let (schema, warnings) = Schema::from_cedarschema_str(schema)
            .map_err(|error| PolicyError::Schema(error.to_string()))?;
        if let Some(warning) = warnings.into_iter().next() {
            return Err(PolicyError::Schema(warning.to_string()));
        }
        let read = PolicySet::from_str(policies)
            .map_err(|error| PolicyError::Policies(error.to_string()))?;
        let mut in_order: Vec<&Policy> = read.policies().collect();
        // Cedar names them `policy0`, `policy1` … as they come.
        in_order.sort_by_key(|policy| {
            let number = policy.id().to_string();
            number
                .trim_start_matches("policy")
                .parse::<usize>()
                .unwrap_or(usize::MAX)
        });
        let rules = in_order
            .into_iter()
            .map(Rule::new)
            .collect::<Result<Vec<_>, _>>()?;
        let wrong = |error: cedar_policy::PolicySetError| PolicyError::Policies(error.to_string());
        let mut all = PolicySet::new();
        for policy in rules.iter().flat_map(|rule| rule.alone.policies()) {
            all.add(policy.clone()).map_err(wrong)?;
        }
        let checked = Validator::new(schema.clone()).validate(&all, ValidationMode::Strict);
        if !checked.validation_passed_without_warnings() {
            return Err(PolicyError::Policies(checked.to_string()));
        }
        let names = Names::new()?;
        let entities = names.entities(&schema)?;
        let remembered = RwLock::default();
        Ok(Self {
            authorizer: Authorizer::new(),
            all,
            rules,
            entities,
            names,
            remembered,
        })
    }

    /// What somebody may see or do.
    pub fn decide(&self, context: &AccessContext, situation: &Situation) -> Decision {
        let facts = Facts::of(context, situation);
        Decision::new(&facts, self.judge(&facts), context.patient().cloned())
    }

    /// Why: the facts, what the patient chose, every policy and whether it
    /// applies, and what came out. Slower than [`Policies::decide`] by far; for
    /// people, not for every question.
    pub fn explain(&self, context: &AccessContext, situation: &Situation) -> Vec<RuleLine> {
        explain::lines(self, context, situation)
    }

    /// What comes out for these facts; from memory when they were judged before.
    pub(super) fn judge(&self, facts: &Facts) -> Judged {
        let remembered = self
            .remembered
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(judged) = remembered.get(facts) {
            return *judged;
        }
        drop(remembered);
        let judged = self.judge_anew(facts);
        let mut remembered = self
            .remembered
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        // The facts are few in practice; this only bounds what an attacker could do.
        if remembered.len() >= DECISIONS_REMEMBERED_MAX {
            remembered.clear();
        }
        remembered.insert(*facts, judged);
        judged
    }

    #[cfg(test)]
    pub(super) fn remembered_count(&self) -> usize {
        self.remembered
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }

    /// What Cedar says, past the memory.
    pub(super) fn judge_anew(&self, facts: &Facts) -> Judged {
        self.judge_by(&self.all, facts, |answer| answer.allowed)
    }

    /// To what one policy applies by itself.
    pub(super) fn applies(&self, rule: &Rule, facts: &Facts) -> Judged {
        self.judge_by(&rule.alone, facts, |answer| answer.applies)
    }

    fn judge_by(
        &self,
        policies: &PolicySet,
        facts: &Facts,
        holds: impl Fn(Answer) -> bool,
    ) -> Judged {
        const NO: Judged = Judged {
            allowed: false,
            categories: Categories::NONE,
        };
        let Some(question) = Question::new(&self.names, facts) else {
            return NO;
        };
        let holds = |category| {
            self.answer(policies, &question, category)
                .is_some_and(&holds)
        };
        if facts.action.is_about_data() {
            let categories: Categories = DataCategory::ALL
                .into_iter()
                .filter(|category| holds(Some(*category)))
                .collect();
            Judged {
                allowed: !categories.is_empty(),
                categories,
            }
        } else {
            Judged {
                allowed: holds(None),
                categories: Categories::NONE,
            }
        }
    }

    /// Asks Cedar. No answer is no: a policy that cannot be evaluated is one
    /// that might have forbidden.
    fn answer(
        &self,
        policies: &PolicySet,
        question: &Question<'_>,
        category: Option<DataCategory>,
    ) -> Option<Answer> {
        let request = question.about(category)?;
        let response = self
            .authorizer
            .is_authorized(&request, policies, &self.entities);
        if response.diagnostics().errors().next().is_some() {
            return None;
        }
        Some(Answer {
            allowed: response.decision() == cedar_policy::Decision::Allow,
            applies: response.diagnostics().reason().next().is_some(),
        })
    }
}

struct Answer {
    allowed: bool,
    applies: bool,
}

impl Rule {
    fn new(policy: &Policy) -> Result<Self, PolicyError> {
        let annotation = |name| {
            policy.annotation(name).map(str::to_owned).ok_or_else(|| {
                PolicyError::Policies(format!("{} has no annotation @{name}", policy.id()))
            })
        };
        let id = annotation("id")?;
        let named = policy.new_id(PolicyId::new(&id));
        Ok(Self {
            effect: match policy.effect() {
                cedar_policy::Effect::Permit => super::Effect::Permit,
                cedar_policy::Effect::Forbid => super::Effect::Forbid,
            },
            title_nl: annotation("title_nl")?,
            title_en: annotation("title_en")?,
            alone: PolicySet::from_policies([named])
                .map_err(|error| PolicyError::Policies(error.to_string()))?,
            id,
        })
    }
}

/// The names of the schema.
struct Names {
    role: EntityTypeName,
    role_group: EntityTypeName,
    category: EntityTypeName,
    node: EntityTypeName,
    action: EntityTypeName,
    organisation: EntityTypeName,
    purpose: EntityTypeName,
    relation: EntityTypeName,
}

impl Names {
    fn new() -> Result<Self, PolicyError> {
        let name = |name: &str| {
            EntityTypeName::from_str(&format!("Schakel::{name}"))
                .map_err(|error| PolicyError::Schema(error.to_string()))
        };
        Ok(Self {
            role: name("Role")?,
            role_group: name("RoleGroup")?,
            category: name("Category")?,
            node: name("Node")?,
            action: name("Action")?,
            organisation: name("OrganisationType")?,
            purpose: name("Purpose")?,
            relation: name("Relation")?,
        })
    }

    /// The roles with their groups: all that the policies know of entities.
    fn entities(&self, schema: &Schema) -> Result<Entities, PolicyError> {
        let roles = Role::ALL.into_iter().map(|role| {
            let groups: HashSet<EntityUid> = groups(role)
                .iter()
                .map(|group| uid(&self.role_group, group))
                .collect();
            Entity::new_no_attrs(uid(&self.role, role.name()), groups)
        });
        Entities::from_entities(roles, Some(schema))
            .map_err(|error| PolicyError::Schema(error.to_string()))
    }
}

/// A set of facts in Cedar's form, to be asked about one category after another.
struct Question<'a> {
    names: &'a Names,
    consent: Categories,
    principal: EntityUid,
    action: EntityUid,
    /// Without and with the patient's consent.
    contexts: [Context; 2],
}

impl<'a> Question<'a> {
    fn new(names: &'a Names, facts: &Facts) -> Option<Self> {
        let entity = |kind, word| RestrictedExpression::new_entity_uid(uid(kind, word));
        let flag = RestrictedExpression::new_bool;
        let context = |consent| {
            let mut pairs = vec![
                (
                    "organisation",
                    entity(&names.organisation, organisation_word(facts.organisation)),
                ),
                (
                    "holder",
                    entity(&names.organisation, organisation_word(facts.holder)),
                ),
                ("own", flag(facts.own)),
                (
                    "purpose",
                    entity(&names.purpose, purpose_word(facts.purpose)),
                ),
                ("consent", flag(consent)),
                ("patient_named", flag(facts.patient_named)),
                ("reason_given", flag(facts.reason_given)),
            ];
            if let Some(relation) = facts.relation {
                pairs.push(("relation", entity(&names.relation, relation.code())));
            }
            let pairs = pairs
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value));
            Context::from_pairs(pairs).ok()
        };
        Some(Self {
            names,
            consent: facts.consent,
            principal: uid(&names.role, facts.role.name()),
            action: uid(&names.action, facts.action.name()),
            contexts: [context(false)?, context(true)?],
        })
    }

    fn about(&self, category: Option<DataCategory>) -> Option<Request> {
        let consent = category.is_some_and(|category| self.consent.contains(category));
        let resource = match category {
            Some(category) => uid(&self.names.category, category.code()),
            None => uid(&self.names.node, "node"),
        };
        Request::new(
            self.principal.clone(),
            self.action.clone(),
            resource,
            self.contexts[usize::from(consent)].clone(),
            None,
        )
        .ok()
    }
}

fn uid(kind: &EntityTypeName, word: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_policies_fit_the_schema_and_have_titles() {
        let policies = Policies::embedded().unwrap();
        assert_eq!(policies.rules.len(), policies.all.num_of_policies());
        for rule in &policies.rules {
            assert!(
                rule.title_nl.ends_with('.') && rule.title_en.ends_with('.'),
                "{}",
                rule.id
            );
        }
    }

    #[test]
    fn policies_that_are_wrong_are_refused() {
        let check = |text: &str, expected: &str| {
            let error = Policies::from_texts(SCHEMA, text)
                .err()
                .unwrap()
                .to_string();
            assert!(error.contains(expected), "{error}");
        };
        let titles = "@title_nl(\"x.\") @title_en(\"x.\")";
        check("permit (", "not valid");
        check(
            "permit (principal, action, resource);",
            "has no annotation @id",
        );
        check(
            &format!(
                "@id(\"a\") {titles} permit (principal == Schakel::Role::\"nurse\", action, \
                 resource) when {{ context.purpose == Schakel::Purpose::\"curiosity\" }};"
            ),
            "curiosity",
        );
        let one = format!("@id(\"a\") {titles} forbid (principal, action, resource);");
        check(&format!("{one} {one}"), "duplicate");
    }
}
