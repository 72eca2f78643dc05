//! A change from what a form says, and the change that undoes it.

use std::collections::BTreeSet;

use care::{ConsentCategory, ProviderCategory};
use trust::{
    consent::{Change, Choice, ChoiceKey, ConsentRecord, Party, Verdict},
    identity::OrganisationRecord,
};

use super::verdict;
use crate::{
    page::consent::{Check, CheckGroup},
    view::text,
    words::Language,
};

/// The boxes for one category of holders.
pub(crate) fn checks(
    language: Language,
    record: &ConsentRecord,
    holder: ProviderCategory,
) -> Vec<CheckGroup> {
    holder
        .holds()
        .iter()
        .map(|category| {
            let [name, explain, _] = text::category(language, *category);
            CheckGroup {
                name: name.to_owned(),
                explain: explain.to_owned(),
                checks: ProviderCategory::ALL
                    .into_iter()
                    .map(|consulting| {
                        let key = ChoiceKey {
                            holder: Party::Category(holder),
                            category: *category,
                            consulting: Party::Category(consulting),
                        };
                        Check {
                            id: format!("{}-{}", category.code(), consulting.code()),
                            value: format!("{} {}", category.code(), consulting.code()),
                            label: text::capital(text::providers(language, consulting)),
                            checked: verdict(record, key) == Verdict::Permit,
                        }
                    })
                    .collect(),
            }
        })
        .collect()
}

/// The change that the ticked boxes of one category of holders ask for; `None`
/// when nothing differs from now, `Err` for a box that is not there.
///
/// Treatment data stands above the other two: who may newly see it may see
/// those as well, as the page says.
pub(crate) fn holder_change(
    record: &ConsentRecord,
    holder: ProviderCategory,
    permitted: &[String],
) -> Result<Option<Change>, UnknownBox> {
    let mut wanted = BTreeSet::new();
    for value in permitted {
        let (category, consulting) = value.split_once(' ').ok_or(UnknownBox)?;
        let category = ConsentCategory::from_code(category).ok_or(UnknownBox)?;
        let consulting = ProviderCategory::from_code(consulting).ok_or(UnknownBox)?;
        if !holder.holds().contains(&category) {
            return Err(UnknownBox);
        }
        wanted.insert((category, consulting));
    }
    let key = |category, consulting| ChoiceKey {
        holder: Party::Category(holder),
        category,
        consulting: Party::Category(consulting),
    };
    let is_permitted =
        |category, consulting| verdict(record, key(category, consulting)) == Verdict::Permit;
    let treatment = ConsentCategory::Treatment;
    for consulting in ProviderCategory::ALL {
        if wanted.contains(&(treatment, consulting)) && !is_permitted(treatment, consulting) {
            wanted.extend(
                holder
                    .holds()
                    .iter()
                    .map(|category| (*category, consulting)),
            );
        }
    }
    let mut set = Vec::new();
    for consulting in ProviderCategory::ALL {
        let wants = |category| wanted.contains(&(category, consulting));
        let differs = holder
            .holds()
            .iter()
            .any(|one| wants(*one) != is_permitted(*one, consulting));
        if !differs {
            continue;
        }
        set.extend(holder.holds().iter().map(|category| Choice {
            key: key(*category, consulting),
            verdict: if wants(*category) {
                Verdict::Permit
            } else {
                Verdict::Deny
            },
        }));
    }
    Ok((!set.is_empty()).then(|| Change {
        set,
        ..Change::default()
    }))
}

/// A box that the form does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UnknownBox;

/// The change that a new exception asks for: everywhere, or at one organisation.
pub(crate) fn exception_change(
    consulting: &OrganisationRecord,
    holder: Option<&OrganisationRecord>,
    category: ConsentCategory,
    verdict: Verdict,
) -> Change {
    let party = |organisation: &OrganisationRecord| Party::Organisation {
        ura: organisation.ura,
        category: ProviderCategory::of(organisation.organisation_type),
    };
    let holders: Vec<Party> = match holder {
        Some(holder) => vec![party(holder)],
        None => ProviderCategory::ALL
            .into_iter()
            .filter(|holder| holder.holds().contains(&category))
            .map(Party::Category)
            .collect(),
    };
    let consulting = party(consulting);
    let set = holders
        .into_iter()
        .map(|holder| Choice {
            key: ChoiceKey {
                holder,
                category,
                consulting,
            },
            verdict,
        })
        .collect();
    Change {
        set,
        ..Change::default()
    }
}

/// The change that makes the choices as they were before.
pub(crate) fn undo(before: &ConsentRecord, after: &ConsentRecord) -> Change {
    let withdraw = after
        .choices()
        .iter()
        .map(|choice| choice.key)
        .filter(|key| before.choice(key).is_none())
        .collect();
    let set = before
        .choices()
        .iter()
        .filter(|choice| after.choice(&choice.key) != Some(choice.verdict))
        .copied()
        .collect();
    Change {
        preset: None,
        withdraw,
        set,
    }
}
