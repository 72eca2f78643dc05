//! How many people chose what. The service hides small numbers; here they get
//! their words.

use care::{ConsentCategory, ProviderCategory};
use trust::consent::{ConsentCoverage, Count};

use super::{Reader, of, text, updated};
use crate::page::{
    Tone,
    region::{ConsentPanel, ConsentRow, Tile},
};

pub(super) fn panel(reader: &Reader, counts: &ConsentCoverage) -> ConsentPanel {
    let tile = |title: &str, definition: &str, count: Count, whole: Option<Count>| Tile {
        title: reader.language.text(title).to_owned(),
        value: words(reader, count),
        of: whole.map_or_else(String::new, |whole| share(reader, count, whole)),
        definition: reader.language.text(definition).to_owned(),
        updated: updated(reader, counts.counted),
        tone: Tone::Plain,
    };
    let chosen = Some(counts.chosen);
    ConsentPanel {
        tiles: vec![
            tile(
                "region.consents-chosen",
                "region.chosen-explain",
                counts.chosen,
                None,
            ),
            tile(
                "region.consents-everyone",
                "region.everyone-explain",
                counts.everyone,
                chosen,
            ),
            tile(
                "region.consents-some",
                "region.some-explain",
                counts.some,
                chosen,
            ),
            tile(
                "region.consents-no-one",
                "region.no-one-explain",
                counts.no_one,
                chosen,
            ),
        ],
        kinds: ConsentCategory::ALL
            .into_iter()
            .map(|category| text::category(reader.language, category)[0].to_owned())
            .collect(),
        rows: ProviderCategory::ALL
            .into_iter()
            .filter(|_| !counts.per_kind.is_empty())
            .map(|holder| ConsentRow {
                holder: text::capital(text::providers(reader.language, holder)),
                people: ConsentCategory::ALL
                    .into_iter()
                    .map(|category| of_kind(reader, counts, holder, category))
                    .collect(),
            })
            .collect(),
    }
}

fn of_kind(
    reader: &Reader,
    counts: &ConsentCoverage,
    holder: ProviderCategory,
    category: ConsentCategory,
) -> String {
    counts
        .per_kind
        .iter()
        .find(|kind| (kind.holder, kind.category) == (holder, category))
        .map_or_else(|| "–".to_owned(), |kind| words(reader, kind.permitted))
}

fn words(reader: &Reader, count: Count) -> String {
    match count {
        Count::Exactly(count) => text::count(reader.language, count),
        Count::About(count) => {
            let count = text::count(reader.language, count);
            reader.fill("region.about", &[("n", &count)])
        }
        Count::Few => reader.text("region.few").to_owned(),
        Count::Withheld => reader.text("region.withheld").to_owned(),
    }
}

/// "112 van 160"; nothing where one of the two is not told.
fn share(reader: &Reader, part: Count, whole: Count) -> String {
    match (part, whole) {
        (Count::Exactly(part), Count::Exactly(whole)) => of(reader, part, whole),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use trust::consent::KindCoverage;

    use super::*;
    use crate::words::Language;

    fn reader() -> Reader {
        Reader {
            language: Language::Dutch,
            zone: crate::dates::time_zone(),
            now: jiff::Timestamp::UNIX_EPOCH,
            base: String::new(),
            exchange: None,
            salt: String::new(),
            apart: Vec::new(),
        }
    }

    #[test]
    fn a_hidden_number_has_words_and_no_share() {
        let shown = panel(
            &reader(),
            &ConsentCoverage {
                counted: jiff::Timestamp::UNIX_EPOCH,
                chosen: Count::Withheld,
                everyone: Count::Exactly(1120),
                some: Count::Few,
                no_one: Count::Exactly(0),
                per_kind: vec![KindCoverage {
                    holder: ProviderCategory::Pharmacy,
                    category: ConsentCategory::Medication,
                    permitted: Count::About(1130),
                }],
            },
        );
        let told: Vec<(&str, &str)> = shown
            .tiles
            .iter()
            .map(|tile| (tile.value.as_str(), tile.of.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                ("niet getoond", ""),
                ("1.120", ""),
                ("minder dan 10", ""),
                ("0", ""),
            ]
        );
        let pharmacies = &shown.rows[1];
        assert_eq!(pharmacies.people, ["–", "–", "ongeveer 1.130"]);
    }

    #[test]
    fn a_share_names_both_numbers() {
        let told = share(&reader(), Count::Exactly(112), Count::Exactly(160));
        assert_eq!(told, "112 van 160");
    }
}
