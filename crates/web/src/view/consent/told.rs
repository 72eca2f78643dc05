//! What a change does and what an exception says, in sentences that name the
//! organisations of the region.

use std::collections::{BTreeMap, BTreeSet};

use care::{ConsentCategory, ProviderCategory, Ura};
use trust::{
    consent::{ChoiceKey, ConsentRecord, Effect, Party, Verdict, matrix},
    identity::OrganisationRecord,
};

use super::{change::undo, exceptions, now};
use crate::{page::consent::ExceptionRow, view::text, words::Language};

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
