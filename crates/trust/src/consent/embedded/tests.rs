//! The embedded consent service on a file.

use care::{ConsentCategory, OrganisationType, Purpose};

use super::*;
use crate::{
    consent::{ChoiceKey, InvalidChange, Party, Preset, Verdict},
    testing::{Asker, SECOND, bsn, clock, internist, other_bsn, patient, ura},
};

fn question() -> ConsentQuestion {
    ConsentQuestion {
        holder: ura(OrganisationType::Pharmacy),
        holder_category: ProviderCategory::Pharmacy,
        consulting: ura(OrganisationType::Hospital),
        consulting_category: ProviderCategory::Hospital,
    }
}

fn permit() -> Change {
    let key = ChoiceKey {
        holder: Party::Category(ProviderCategory::Pharmacy),
        category: ConsentCategory::Medication,
        consulting: Party::Category(ProviderCategory::Hospital),
    };
    Change::one(key, Verdict::Permit)
}

#[cfg(unix)]
#[test]
fn only_the_owner_reads_the_choices() {
    use std::os::unix::fs::PermissionsExt;

    let directory = tempfile::tempdir().unwrap();
    let _open = EmbeddedConsents::open(&directory.path().join("choices.db"), clock()).unwrap();
    let mut files = 0;
    for file in std::fs::read_dir(directory.path()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{:?}", file.file_name());
        files += 1;
    }
    assert!(files > 0, "there is a file");
}

#[tokio::test]
async fn a_choice_holds_at_the_next_question_and_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("consent.db");
    let consents = EmbeddedConsents::open(&path, clock()).unwrap();
    let (patient, asker) = (patient().context(), internist().context());
    let closed = async |consents: &EmbeddedConsents| {
        consents
            .closed_question(&asker, &bsn(), &question())
            .await
            .unwrap()
    };
    assert!(!closed(&consents).await.permits_anything());
    let record = consents
        .change(&patient, &bsn(), &permit(), Some(0))
        .await
        .unwrap();
    assert_eq!(record.version(), 1);
    assert!(closed(&consents).await.permits_anything());
    let again = EmbeddedConsents::open(&path, clock()).unwrap();
    assert_eq!(again.record(&patient, &bsn()).await.unwrap(), record);
    let withdrawn = Change {
        withdraw: vec![permit().set[0].key],
        ..Change::default()
    };
    consents
        .change(&patient, &bsn(), &withdrawn, None)
        .await
        .unwrap();
    assert!(!closed(&again).await.permits_anything());
}

#[tokio::test]
async fn who_confirms_what_has_changed_since_is_asked_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("consent.db");
    let consents = EmbeddedConsents::open(&path, clock()).unwrap();
    let patient = patient().context();
    let change =
        async |change: &Change, seen| consents.change(&patient, &bsn(), change, seen).await;
    change(&permit(), Some(0)).await.unwrap();
    assert!(matches!(
        change(&permit(), Some(0)).await,
        Err(ConsentError::Changed)
    ));
    assert!(matches!(
        change(&Change::default(), None).await,
        Err(ConsentError::InvalidChange(InvalidChange::Contradiction))
    ));
    assert_eq!(
        consents.record(&patient, &bsn()).await.unwrap().version(),
        1
    );
}

#[tokio::test]
async fn the_history_tells_who_changed_what_and_does_not_change() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("consent.db");
    let clock = clock();
    let consents = EmbeddedConsents::open(&path, clock.clone()).unwrap();
    let patient = patient().context();
    for change in [
        permit(),
        Change::preset(Preset::Nobody),
        Change::preset(Preset::Everyone),
    ] {
        clock.advance(SECOND);
        consents
            .change(&patient, &bsn(), &change, None)
            .await
            .unwrap();
    }
    let history = consents.history(&patient, &bsn(), None).await.unwrap();
    assert_eq!(
        history
            .iter()
            .map(|event| event.version)
            .collect::<Vec<_>>(),
        [3, 2, 1]
    );
    assert_eq!(history[2].change, permit());
    assert_eq!(history[2].role, Role::Patient);
    assert_eq!(
        history[2].at.as_second(),
        crate::testing::start().as_second() + 1
    );
    assert_eq!(
        history[0].record,
        consents.record(&patient, &bsn()).await.unwrap()
    );
    let older = consents.history(&patient, &bsn(), Some(2)).await.unwrap();
    assert_eq!(older.len(), 1);
    let connection = Connection::open(&path).unwrap();
    for statement in ["DELETE FROM history", "UPDATE history SET actor_name = 'X'"] {
        assert!(connection.execute(statement, []).is_err());
    }
}

#[tokio::test]
async fn a_page_of_the_history_is_bounded() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("consent.db");
    let consents = EmbeddedConsents::open(&path, clock()).unwrap();
    let patient = patient().context();
    consents
        .0
        .writer
        .lock()
        .unwrap()
        .pragma_update(None, "synchronous", "OFF")
        .unwrap();
    for _ in 0..=HISTORY_PAGE_MAX {
        consents
            .change(&patient, &bsn(), &permit(), None)
            .await
            .unwrap();
    }
    let page = consents.history(&patient, &bsn(), None).await.unwrap();
    assert_eq!(page.len(), HISTORY_PAGE_MAX);
    let last = page.last().unwrap().version;
    assert_eq!(
        consents
            .history(&patient, &bsn(), Some(last))
            .await
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn only_those_concerned_get_an_answer() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("consent.db");
    let consents = EmbeddedConsents::open(&path, clock()).unwrap();
    let at = |kind| {
        Asker {
            kind,
            ..internist()
        }
        .context()
    };
    let ask = async |context: AccessContext, patient: Bsn| {
        consents
            .closed_question(&context, &patient, &question())
            .await
            .is_ok()
    };
    assert!(ask(at(OrganisationType::Hospital), bsn()).await);
    assert!(ask(at(OrganisationType::Pharmacy), bsn()).await);
    assert!(ask(patient().context(), bsn()).await);
    assert!(!ask(at(OrganisationType::HomeCare), bsn()).await);
    assert!(!ask(at(OrganisationType::Hospital), other_bsn()).await);
    assert!(!ask(patient().context(), other_bsn()).await);
    // Nor does anybody but the patient see or change the record itself.
    let clinician = at(OrganisationType::Hospital);
    assert!(consents.record(&clinician, &bsn()).await.is_err());
    assert!(consents.history(&clinician, &bsn(), None).await.is_err());
    assert!(
        consents
            .change(&clinician, &bsn(), &permit(), None)
            .await
            .is_err()
    );
    assert!(
        consents
            .change(&patient().context(), &other_bsn(), &permit(), None)
            .await
            .is_err()
    );
    let posing = Asker {
        purpose: Purpose::PatientRequest,
        ..internist()
    }
    .context();
    assert!(consents.record(&posing, &bsn()).await.is_err());
}

#[tokio::test]
async fn the_open_question_answers_per_holder_and_is_bounded() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("consent.db");
    let consents = EmbeddedConsents::open(&path, clock()).unwrap();
    consents
        .change(&patient().context(), &bsn(), &permit(), None)
        .await
        .unwrap();
    let consulting = (ura(OrganisationType::Hospital), ProviderCategory::Hospital);
    let ask = async |holders: &[(Ura, ProviderCategory)]| {
        consents
            .open_question(&internist().context(), &bsn(), consulting, holders)
            .await
    };
    let pharmacy = (ura(OrganisationType::Pharmacy), ProviderCategory::Pharmacy);
    let practice = (
        ura(OrganisationType::GeneralPractice),
        ProviderCategory::GeneralPractice,
    );
    let answers = ask(&[practice, pharmacy]).await.unwrap();
    let permits: Vec<_> = answers
        .iter()
        .map(|(holder, answer)| (*holder, answer.permits_anything()))
        .collect();
    assert_eq!(permits, [(practice.0, false), (pharmacy.0, true)]);
    assert!(ask(&vec![practice; HOLDERS_MAX]).await.is_ok());
    let refused = ask(&vec![practice; HOLDERS_MAX + 1]).await;
    assert!(matches!(refused, Err(ConsentError::TooMany)));
}

#[tokio::test]
async fn the_coordinator_hears_how_many_people_chose_what() {
    use crate::consent::Count::{About, Exactly, Few, Withheld};

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("consent.db");
    let consents = EmbeddedConsents::open(&path, clock()).unwrap();
    consents
        .0
        .writer
        .lock()
        .unwrap()
        .pragma_update(None, "synchronous", "OFF")
        .unwrap();
    let coordinator = Asker::new(
        Role::Coordinator,
        OrganisationType::RegionalOrganisation,
        Purpose::Operations,
    )
    .context();
    let counts = async |consents: &EmbeddedConsents| {
        let told = consents.coverage(&coordinator).await.unwrap();
        [told.chosen, told.everyone, told.some, told.no_one]
    };
    let people: Vec<Bsn> = (999_900_000..999_999_999)
        .filter_map(|number: u32| Bsn::parse(&number.to_string()).ok())
        .take(31)
        .collect();
    let change = async |person: &Bsn, change: Change| {
        let own = Asker {
            patient: Some(person.clone()),
            ..patient()
        };
        consents
            .change(&own.context(), person, &change, None)
            .await
            .unwrap();
    };
    assert_eq!(counts(&consents).await, [Exactly(0); 4]);
    for (at, person) in people.iter().enumerate() {
        let preset = if at < 20 {
            Preset::Everyone
        } else {
            Preset::Nobody
        };
        change(person, Change::preset(preset)).await;
    }
    let all = [Exactly(31), Exactly(20), Exactly(0), Exactly(11)];
    assert_eq!(counts(&consents).await, all);
    // One who goes from nobody to a pharmacy's medication.
    change(&people[30], permit()).await;
    let told = consents.coverage(&coordinator).await.unwrap();
    assert_eq!([told.chosen, told.some], [Withheld, Few]);
    assert_eq!(
        told.per_kind,
        [],
        "they would narrow the hidden number down"
    );
    // Who takes everything back is as if they never chose.
    let withdrawn = Change {
        withdraw: consents
            .record(
                &Asker {
                    patient: Some(people[30].clone()),
                    ..patient()
                }
                .context(),
                &people[30],
            )
            .await
            .unwrap()
            .choices()
            .iter()
            .map(|choice| choice.key)
            .collect(),
        ..Change::default()
    };
    change(&people[30], withdrawn).await;
    let all = [Exactly(30), Exactly(20), Exactly(0), Exactly(10)];
    assert_eq!(counts(&consents).await, all);
    let told = consents.coverage(&coordinator).await.unwrap();
    let of_kind = |holder, category| {
        let mut kinds = told.per_kind.iter();
        kinds
            .find(|kind| (kind.holder, kind.category) == (holder, category))
            .map(|kind| kind.permitted)
    };
    let (pharmacy, hospital) = (ProviderCategory::Pharmacy, ProviderCategory::Hospital);
    let (medication, results) = (ConsentCategory::Medication, ConsentCategory::Results);
    assert_eq!(of_kind(pharmacy, medication), Some(About(20)));
    assert_eq!(of_kind(hospital, results), Some(About(20)));
    assert_eq!(
        of_kind(pharmacy, results),
        None,
        "a pharmacy does not hold results"
    );
    // A file of before counts were kept is counted when it is opened.
    drop(consents);
    Connection::open(&path)
        .unwrap()
        .execute("DROP TABLE tally", [])
        .unwrap();
    let again = EmbeddedConsents::open(&path, clock()).unwrap();
    assert_eq!(counts(&again).await, all);
}

#[tokio::test]
async fn nobody_but_the_coordinator_of_the_region_hears_counts() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("consent.db");
    let consents = EmbeddedConsents::open(&path, clock()).unwrap();
    for role in Role::ALL {
        for kind in OrganisationType::ALL {
            let asker = Asker {
                role,
                kind,
                ..internist()
            };
            let expected =
                role == Role::Coordinator && kind == OrganisationType::RegionalOrganisation;
            let heard = consents.coverage(&asker.context()).await;
            assert_eq!(heard.is_ok(), expected, "{role:?} at {kind:?}");
        }
    }
}
