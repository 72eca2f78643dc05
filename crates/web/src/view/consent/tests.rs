//! The sentences and changes on a small region.

use care::ConsentCategory;
use care::OrganisationType;
use trust::{
    consent::{Change, Preset, preview},
    identity::OrganisationRecord,
};

use super::{change::*, told::*, *};

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
    assert_eq!((ConsentRecord::default()).reach(), Reach::NotChosen);
    assert_eq!((everyone()).reach(), Reach::Everyone);
    let nobody = ConsentRecord::default()
        .after(&Change::preset(Preset::Nobody))
        .unwrap();
    assert_eq!((nobody).reach(), Reach::NoOne);
    let region = region();
    let change = exception_change(
        &region[1],
        None,
        ConsentCategory::Treatment,
        Verdict::Permit,
    );
    assert_eq!((nobody.after(&change).unwrap()).reach(), Reach::Some);
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
