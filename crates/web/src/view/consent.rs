//! The patient's choices in plain sentences, and a change from a form.

use std::collections::{BTreeMap, BTreeSet};

use care::{ConsentCategory, ProviderCategory, Ura};
use trust::{
    consent::{Change, Choice, ChoiceKey, ConsentRecord, Effect, Party, Verdict},
    identity::OrganisationRecord,
};

use super::text;
use crate::{
    page::consent::{Check, CheckGroup, ExceptionRow, HolderRow},
    words::Language,
};

/// How far the choices reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    NotChosen,
    Everyone,
    Some,
    NoOne,
}

/// How far the choices per category of providers reach.
pub(crate) fn reach(record: &ConsentRecord) -> Reach {
    if record.choices().is_empty() {
        return Reach::NotChosen;
    }
    let mut permitted = matrix().map(|key| verdict(record, key) == Verdict::Permit);
    let first = permitted.next().unwrap_or(false);
    let mixed = permitted.any(|permit| permit != first);
    let exception_permits = exceptions(record).any(|choice| choice.verdict == Verdict::Permit);
    match (mixed, first) {
        (true, _) => Reach::Some,
        (false, true) => Reach::Everyone,
        (false, false) if exception_permits => Reach::Some,
        (false, false) => Reach::NoOne,
    }
}

/// What holds now, in a sentence.
pub(crate) fn now(language: Language, record: &ConsentRecord) -> String {
    let sentence = match reach(record) {
        Reach::NotChosen => language.text("consent.now.not-chosen"),
        Reach::Everyone => language.text("consent.now.everyone"),
        Reach::Some => language.text("consent.now.some"),
        Reach::NoOne => language.text("consent.now.no-one"),
    };
    if exceptions(record).next().is_some() {
        format!(
            "{sentence} {}",
            language.text("consent.now.with-exceptions")
        )
    } else {
        sentence.to_owned()
    }
}

/// What will hold, in a sentence.
pub(crate) fn then(language: Language, record: &ConsentRecord) -> String {
    let key = match reach(record) {
        Reach::Everyone => "consent.then.everyone",
        Reach::Some => "consent.then.some",
        Reach::NotChosen | Reach::NoOne => "consent.then.no-one",
    };
    language.text(key).to_owned()
}

/// The cells of the matrix: category of holders × kind of data × category of
/// who consults.
fn matrix() -> impl Iterator<Item = ChoiceKey> {
    ProviderCategory::ALL.into_iter().flat_map(|holder| {
        holder.holds().iter().flat_map(move |category| {
            ProviderCategory::ALL
                .into_iter()
                .map(move |consulting| ChoiceKey {
                    holder: Party::Category(holder),
                    category: *category,
                    consulting: Party::Category(consulting),
                })
        })
    })
}

fn verdict(record: &ConsentRecord, key: ChoiceKey) -> Verdict {
    record
        .rule(key.holder, key.category, key.consulting)
        .verdict
}

fn exceptions(record: &ConsentRecord) -> impl Iterator<Item = &Choice> {
    let named = |party: Party| matches!(party, Party::Organisation { .. });
    record
        .choices()
        .iter()
        .filter(move |choice| named(choice.key.holder) || named(choice.key.consulting))
}

/// The choices per category of holders.
pub(crate) fn holders(language: Language, record: &ConsentRecord) -> Vec<HolderRow> {
    ProviderCategory::ALL
        .into_iter()
        .map(|holder| HolderRow {
            name: text::capital(text::providers(language, holder)),
            lines: lines(language, record, holder),
            path: format!("/my/consent/holder/{}", holder.code()),
        })
        .collect()
}

/// A line per kind of data, or one where all kinds fare the same.
fn lines(language: Language, record: &ConsentRecord, holder: ProviderCategory) -> Vec<String> {
    let told: Vec<(&str, Vec<ProviderCategory>)> = holder
        .holds()
        .iter()
        .map(|category| {
            let [name, ..] = text::category(language, *category);
            (name, permitted(record, holder, *category))
        })
        .collect();
    let same = told.len() > 1 && told.windows(2).all(|pair| pair[0].1 == pair[1].1);
    if same {
        return vec![line(
            language,
            language.text("category.everything"),
            &told[0].1,
        )];
    }
    told.iter()
        .map(|(name, who)| line(language, name, who))
        .collect()
}

/// The groups that may see one kind of data of one group.
fn permitted(
    record: &ConsentRecord,
    holder: ProviderCategory,
    category: ConsentCategory,
) -> Vec<ProviderCategory> {
    let key = |consulting| ChoiceKey {
        holder: Party::Category(holder),
        category,
        consulting: Party::Category(consulting),
    };
    let permits =
        |consulting: &ProviderCategory| verdict(record, key(*consulting)) == Verdict::Permit;
    ProviderCategory::ALL.into_iter().filter(permits).collect()
}

fn line(language: Language, name: &str, who: &[ProviderCategory]) -> String {
    let key = match who.len() {
        0 => "consent.line-none",
        count if count == ProviderCategory::ALL.len() => "consent.line-all",
        _ => "consent.line-some",
    };
    let who: Vec<&str> = who
        .iter()
        .map(|one| text::providers(language, *one))
        .collect();
    language.fill(key, &[("category", name), ("who", &who.join("; "))])
}

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

/// An exception as the patient sees it: one sentence for all choices that say
/// it together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Exception {
    pub(crate) sentence: String,
    pub(crate) keys: Vec<ChoiceKey>,
}

/// The exceptions, each as a sentence.
pub(crate) fn exception_list(
    language: Language,
    record: &ConsentRecord,
    names: &Names<'_>,
) -> Vec<Exception> {
    let mut together: BTreeMap<(Party, ConsentCategory, Verdict), Vec<ChoiceKey>> = BTreeMap::new();
    for choice in exceptions(record) {
        let what = (choice.key.consulting, choice.key.category, choice.verdict);
        together.entry(what).or_default().push(choice.key);
    }
    let mut list = Vec::new();
    for ((consulting, category, verdict), keys) in together {
        let holders: BTreeSet<Party> = keys.iter().map(|key| key.holder).collect();
        let everywhere = ProviderCategory::ALL
            .into_iter()
            .filter(|holder| holder.holds().contains(&category))
            .all(|holder| holders.contains(&Party::Category(holder)));
        let sentence = |holder: &str| {
            let key = match verdict {
                Verdict::Permit => "exception.sentence-permit",
                Verdict::Deny => "exception.sentence-deny",
            };
            let [_, _, what] = text::category(language, category);
            let who = text::capital(&names.of(language, consulting));
            language.fill(key, &[("who", &who), ("what", what), ("holder", holder)])
        };
        let (categories, named): (Vec<ChoiceKey>, Vec<ChoiceKey>) = keys
            .into_iter()
            .partition(|key| everywhere && matches!(key.holder, Party::Category(_)));
        if !categories.is_empty() {
            let all = language.text("exception.all-organisations");
            list.push(Exception {
                sentence: sentence(all),
                keys: categories,
            });
        }
        for key in named {
            list.push(Exception {
                sentence: sentence(&names.of(language, key.holder)),
                keys: vec![key],
            });
        }
    }
    list
}

/// The rows of the exceptions.
pub(crate) fn exception_rows(exceptions: Vec<Exception>) -> Vec<ExceptionRow> {
    exceptions
        .into_iter()
        .enumerate()
        .map(|(number, exception)| ExceptionRow {
            sentence: exception.sentence,
            number,
        })
        .collect()
}

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

/// The names of the organisations of the region.
pub(crate) struct Names<'a>(pub(crate) &'a [OrganisationRecord]);

impl Names<'_> {
    /// A category or an organisation in words.
    fn of(&self, language: Language, party: Party) -> String {
        match party {
            Party::Category(category) => text::providers(language, category).to_owned(),
            Party::Organisation { ura, .. } => self.organisation(ura),
        }
    }

    fn organisation(&self, ura: Ura) -> String {
        self.0
            .iter()
            .find(|record| record.ura == ura)
            .map_or_else(|| ura.to_string(), |record| record.name.clone())
    }

    /// A category with the organisations of the region that belong to it, so
    /// that a patient knows who is meant.
    fn with_examples(&self, language: Language, party: Party) -> String {
        let Party::Category(category) = party else {
            return self.of(language, party);
        };
        let examples: Vec<String> = self
            .0
            .iter()
            .filter(|record| record.organisation_type.holds_records())
            .filter(|record| ProviderCategory::of(record.organisation_type) == category)
            .map(|record| record.name.clone())
            .collect();
        let name = text::providers(language, category);
        if examples.is_empty() {
            return name.to_owned();
        }
        let examples = text::list(language, &examples);
        language.fill("preview.such-as", &[("who", name), ("examples", &examples)])
    }
}

/// What a change does, one sentence per who consults and kind of data.
pub(crate) fn effects(
    language: Language,
    effects: &[Effect],
    names: &Names<'_>,
    is_loss: bool,
) -> Vec<String> {
    if matrix().all(|key| {
        effects.iter().any(|effect| {
            (effect.holder, effect.category, effect.consulting)
                == (key.holder, key.category, key.consulting)
        })
    }) {
        let key = if is_loss {
            "preview.all-loss"
        } else {
            "preview.all-gain"
        };
        return vec![language.text(key).to_owned()];
    }
    let mut by_consulting: BTreeMap<Party, BTreeMap<Party, BTreeSet<ConsentCategory>>> =
        BTreeMap::new();
    for effect in effects {
        let by_holder = by_consulting.entry(effect.consulting).or_default();
        by_holder
            .entry(effect.holder)
            .or_default()
            .insert(effect.category);
    }
    let mut sentences = Vec::new();
    for (consulting, by_holder) in by_consulting {
        let mut by_kinds: BTreeMap<BTreeSet<ConsentCategory>, Vec<Party>> = BTreeMap::new();
        for (holder, kinds) in by_holder {
            by_kinds.entry(kinds).or_default().push(holder);
        }
        for (kinds, holders) in by_kinds {
            sentences.push(sentence(
                language, names, consulting, &kinds, &holders, is_loss,
            ));
        }
    }
    sentences
}

fn sentence(
    language: Language,
    names: &Names<'_>,
    consulting: Party,
    kinds: &BTreeSet<ConsentCategory>,
    holders: &[Party],
    is_loss: bool,
) -> String {
    let what = if kinds.len() == ConsentCategory::ALL.len() {
        language.text("category.your.all").to_owned()
    } else {
        let kinds: Vec<String> = kinds
            .iter()
            .map(|kind| text::category(language, *kind)[2].to_owned())
            .collect();
        text::list(language, &kinds)
    };
    let holders = if let [holder] = holders {
        names.with_examples(language, *holder)
    } else {
        let holders: Vec<String> = holders
            .iter()
            .map(|holder| names.of(language, *holder))
            .collect();
        holders.join("; ")
    };
    let one = matches!(consulting, Party::Organisation { .. });
    let key = match (is_loss, one) {
        (true, true) => "preview.loss.one",
        (true, false) => "preview.loss.other",
        (false, true) => "preview.gain.one",
        (false, false) => "preview.gain.other",
    };
    let who = text::capital(&names.with_examples(language, consulting));
    language.fill(key, &[("who", &who), ("what", &what), ("holder", &holders)])
}

/// What a change in the history was, in sentences.
pub(crate) fn change_lines(
    language: Language,
    before: &ConsentRecord,
    after: &ConsentRecord,
    names: &Names<'_>,
) -> Vec<String> {
    let back = undo(before, after);
    let forth = undo(after, before);
    let mut lines = vec![now(language, after)];
    let changed = back.set.len().max(forth.set.len()) + back.withdraw.len();
    if changed > 0
        && let Ok(preview) = trust::consent::preview(before, &forth)
    {
        lines.extend(effects(language, &preview.losses, names, true));
        lines.extend(effects(language, &preview.gains, names, false));
    }
    lines
}

#[cfg(test)]
mod tests {
    use care::OrganisationType;
    use trust::consent::{Preset, preview};

    use super::*;

    fn region() -> Vec<OrganisationRecord> {
        let record = |ura: &str, name: &str, organisation_type| OrganisationRecord {
            ura: ura.parse().unwrap(),
            name: name.to_owned(),
            organisation_type,
        };
        vec![
            record("1", "De Akker", OrganisationType::GeneralPractice),
            record("4", "Hogedam", OrganisationType::Hospital),
            record("5", "Het Veerhuis", OrganisationType::Pharmacy),
        ]
    }

    fn everyone() -> ConsentRecord {
        ConsentRecord::default()
            .after(&Change::preset(Preset::Everyone))
            .unwrap()
    }

    fn ticked(record: &ConsentRecord, holder: ProviderCategory) -> Vec<String> {
        checks(Language::Dutch, record, holder)
            .into_iter()
            .flat_map(|group| group.checks)
            .filter(|check| check.checked)
            .map(|check| check.value)
            .collect()
    }

    fn told(record: &ConsentRecord, change: &Change) -> String {
        let region = region();
        let names = Names(&region);
        let preview = preview(record, change).unwrap();
        let mut lines = effects(Language::Dutch, &preview.losses, &names, true);
        lines.extend(effects(Language::Dutch, &preview.gains, &names, false));
        lines.join("\n")
    }

    #[test]
    fn the_reach_is_told_in_a_sentence() {
        assert_eq!(reach(&ConsentRecord::default()), Reach::NotChosen);
        assert_eq!(reach(&everyone()), Reach::Everyone);
        let nobody = ConsentRecord::default()
            .after(&Change::preset(Preset::Nobody))
            .unwrap();
        assert_eq!(reach(&nobody), Reach::NoOne);
        let region = region();
        let change = exception_change(
            &region[1],
            None,
            ConsentCategory::Treatment,
            Verdict::Permit,
        );
        assert_eq!(reach(&nobody.after(&change).unwrap()), Reach::Some);
    }

    #[test]
    fn unticking_a_box_takes_only_that_away() {
        let record = everyone();
        let mut boxes = ticked(&record, ProviderCategory::Pharmacy);
        assert_eq!(
            holder_change(&record, ProviderCategory::Pharmacy, &boxes),
            Ok(None)
        );
        boxes.retain(|value| !value.ends_with(ProviderCategory::Hospital.code()));
        let change = holder_change(&record, ProviderCategory::Pharmacy, &boxes)
            .unwrap()
            .unwrap();
        insta::assert_snapshot!(
            told(&record, &change),
            @"Ziekenhuizen, klinieken en laboratoria (zoals Hogedam) kunnen uw medicijnen bij apotheken (zoals Het Veerhuis) NIET meer zien."
        );
    }

    #[test]
    fn ticking_treatment_data_opens_what_is_below_it() {
        let nobody = ConsentRecord::default();
        let boxes = vec!["GGC002 RPZAC104".to_owned()];
        let change = holder_change(&nobody, ProviderCategory::GeneralPractice, &boxes)
            .unwrap()
            .unwrap();
        assert_eq!(change.set.len(), 3);
        assert!(
            change
                .set
                .iter()
                .all(|choice| choice.verdict == Verdict::Permit)
        );
        let unknown = vec!["GGC002 RPZAC104".to_owned()];
        assert_eq!(
            holder_change(&nobody, ProviderCategory::Pharmacy, &unknown),
            Err(UnknownBox)
        );
    }

    #[test]
    fn an_exception_is_one_sentence_and_goes_away_whole() {
        let region = region();
        let change = exception_change(&region[1], None, ConsentCategory::Medication, Verdict::Deny);
        let record = everyone().after(&change).unwrap();
        let list = exception_list(Language::Dutch, &record, &Names(&region));
        assert_eq!(list.len(), 1);
        insta::assert_snapshot!(list[0].sentence, @"Hogedam mag uw medicijnen bij alle organisaties niet zien.");
        assert_eq!(list[0].keys.len(), ProviderCategory::ALL.len());
        let back = Change {
            withdraw: list[0].keys.clone(),
            ..Change::default()
        };
        assert_eq!(record.after(&back).unwrap().choices(), everyone().choices());
    }

    #[test]
    fn an_undo_gives_the_choices_as_they_were() {
        let before = everyone();
        for change in [
            Change::preset(Preset::Nobody),
            exception_change(
                &region()[1],
                Some(&region()[2]),
                ConsentCategory::Medication,
                Verdict::Deny,
            ),
        ] {
            let after = before.after(&change).unwrap();
            assert_eq!(
                after.after(&undo(&before, &after)).unwrap().choices(),
                before.choices()
            );
        }
    }

    #[test]
    fn closing_everything_is_told_in_one_sentence() {
        insta::assert_snapshot!(
            told(&everyone(), &Change::preset(Preset::Nobody)),
            @"Geen enkele zorgverlener kan uw gegevens bij een ander zien."
        );
    }
}
