//! What a change would do, before it is made.

use std::collections::BTreeSet;

use care::{ConsentCategory, ProviderCategory};

use super::{Change, ConsentRecord, InvalidChange, Party, Verdict};

/// Somebody who gains or loses sight of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Effect {
    /// Whose data.
    pub holder: Party,
    /// Who gains or loses sight of it.
    pub consulting: Party,
    /// Which data.
    pub category: ConsentCategory,
}

/// What a change would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The record as it would be.
    pub after: ConsentRecord,
    /// Who would see more.
    pub gains: Vec<Effect>,
    /// Who would see less.
    pub losses: Vec<Effect>,
}

/// Says what a change would do, without making it.
///
/// Organisations that an exception names, before or after, get lines of their
/// own only where they fare otherwise than their category.
pub fn preview(record: &ConsentRecord, change: &Change) -> Result<Preview, InvalidChange> {
    let after = record.after(change)?;
    let keys = || {
        record
            .choices()
            .iter()
            .chain(after.choices())
            .map(|choice| choice.key)
    };
    let holders = with_categories(keys().map(|key| key.holder));
    let consultants = with_categories(keys().map(|key| key.consulting));

    let outcome = |effect: Effect| {
        [record, &after].map(|record| {
            record
                .rule(effect.holder, effect.category, effect.consulting)
                .verdict
        })
    };
    let (mut gains, mut losses) = (Vec::new(), Vec::new());
    for &holder in &holders {
        for &category in holder.category().holds() {
            for &consulting in &consultants {
                let effect = Effect {
                    holder,
                    consulting,
                    category,
                };
                let of_categories = Effect {
                    holder: Party::Category(holder.category()),
                    consulting: Party::Category(consulting.category()),
                    category,
                };
                let change = outcome(effect);
                if effect != of_categories && change == outcome(of_categories) {
                    continue;
                }
                match change {
                    [Verdict::Deny, Verdict::Permit] => gains.push(effect),
                    [Verdict::Permit, Verdict::Deny] => losses.push(effect),
                    _ => {}
                }
            }
        }
    }
    Ok(Preview {
        after,
        gains,
        losses,
    })
}

fn with_categories(named: impl Iterator<Item = Party>) -> BTreeSet<Party> {
    ProviderCategory::ALL
        .into_iter()
        .map(Party::Category)
        .chain(named)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consent::{Choice, ChoiceKey, Preset};

    fn hospital() -> Party {
        Party::Organisation {
            ura: "4".parse().unwrap(),
            category: ProviderCategory::Hospital,
        }
    }

    fn deny(consulting: Party) -> Change {
        let key = ChoiceKey {
            holder: Party::Category(ProviderCategory::Pharmacy),
            category: ConsentCategory::Medication,
            consulting,
        };
        Change {
            set: vec![Choice {
                key,
                verdict: Verdict::Deny,
            }],
            ..Change::default()
        }
    }

    #[test]
    fn everyone_and_nobody_change_the_whole_matrix() {
        let none = ConsentRecord::default();
        let everyone = preview(&none, &Change::preset(Preset::Everyone)).unwrap();
        assert_eq!((everyone.gains.len(), everyone.losses.len()), (96, 0));
        let nobody = preview(&everyone.after, &Change::preset(Preset::Nobody)).unwrap();
        assert_eq!((nobody.gains.len(), nobody.losses.len()), (0, 96));
        let again = preview(&nobody.after, &Change::preset(Preset::Nobody)).unwrap();
        assert_eq!((again.gains.len(), again.losses.len()), (0, 0));
    }

    #[test]
    fn an_exception_shows_only_where_it_differs() {
        let everyone = ConsentRecord::default()
            .after(&Change::preset(Preset::Everyone))
            .unwrap();
        let one = preview(&everyone, &deny(hospital())).unwrap();
        assert_eq!(one.gains, []);
        assert_eq!(one.losses.len(), 1);
        assert_eq!(one.losses[0].consulting, hospital());
        // The category follows: the organisation has lost it already.
        let category = Party::Category(ProviderCategory::Hospital);
        let all = preview(&one.after, &deny(category)).unwrap();
        assert_eq!(all.losses.len(), 1);
        assert_eq!(all.losses[0].consulting, category);
    }
}
