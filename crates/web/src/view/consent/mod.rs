//! The patient's choices in plain sentences: how far they reach, and who may
//! see what per group. [`change`] makes a change of a form, [`told`] says what
//! a change does.

pub(crate) mod change;
pub(crate) mod told;

use care::ProviderCategory;
use trust::consent::{Choice, ChoiceKey, ConsentRecord, Party, Reach, Verdict};

use super::text;
use crate::{page::consent::HolderRow, words::Language};

/// What holds now, in a sentence.
pub(crate) fn now(language: Language, record: &ConsentRecord) -> String {
    let sentence = match record.reach() {
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
    let key = match record.reach() {
        Reach::Everyone => "consent.then.everyone",
        Reach::Some => "consent.then.some",
        Reach::NotChosen | Reach::NoOne => "consent.then.no-one",
    };
    language.text(key).to_owned()
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
            (name, record.permitted(holder, *category).collect())
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

#[cfg(test)]
mod tests;
