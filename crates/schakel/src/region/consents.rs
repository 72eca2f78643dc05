//! The patients' choices when the region starts, made in their own name.

use anyhow::Context;
use care::{ConsentCategory, ProviderCategory, RandomIds};
use demo::{DemoConsent, DemoPatient};
use futures::{StreamExt, TryStreamExt, stream};
use network::consent::RegionalConsents;
use trust::{
    bearer::Bearer,
    consent::{Change, Choice, ChoiceKey, Party, Preset, Verdict},
    person::People,
};

/// How many patients choose at the same time.
const CHOOSING_AT_ONCE: usize = 16;
/// How long the credential lives with which a patient chooses.
const CREDENTIAL_LIFETIME: std::time::Duration = std::time::Duration::from_mins(1);

/// Lets every patient choose.
pub(super) async fn choose(
    patients: &[DemoPatient],
    people: &People,
    bearer: &Bearer,
    consents: &RegionalConsents,
) -> anyhow::Result<()> {
    stream::iter(patients)
        .map(|patient| choose_one(patient, people, bearer, consents))
        .buffer_unordered(CHOOSING_AT_ONCE)
        .try_collect::<Vec<()>>()
        .await
        .map(drop)
}

async fn choose_one(
    patient: &DemoPatient,
    people: &People,
    bearer: &Bearer,
    consents: &RegionalConsents,
) -> anyhow::Result<()> {
    let Some(change) = change_of(patient.consent) else {
        return Ok(());
    };
    let person = people
        .find(&patient.slug)
        .context("the patient cannot sign in")?;
    let context = bearer.verify(&bearer.issue(person, CREDENTIAL_LIFETIME)?)?;
    let context = context.in_request(care::RequestId(care::IdSource::next(&RandomIds)));
    consents
        .change(&context, &patient.bsn, &change, None)
        .await?;
    Ok(())
}

/// What a choice is in the words of the consent service; none for no choice.
fn change_of(consent: DemoConsent) -> Option<Change> {
    use ProviderCategory::{GeneralPractice, Hospital, Pharmacy};
    match consent {
        DemoConsent::Everyone => Some(Change::preset(Preset::Everyone)),
        DemoConsent::CureOnly => {
            let cure = [GeneralPractice, Pharmacy, Hospital];
            Some(permits(cure.iter().flat_map(|holder| {
                cure.iter().flat_map(|consulting| {
                    holder
                        .holds()
                        .iter()
                        .map(|category| (*holder, *category, *consulting))
                })
            })))
        }
        DemoConsent::MedicationOnly => {
            Some(permits(ProviderCategory::ALL.into_iter().map(
                |consulting| (Pharmacy, ConsentCategory::Medication, consulting),
            )))
        }
        DemoConsent::NoChoice => None,
    }
}

fn permits(
    keys: impl Iterator<Item = (ProviderCategory, ConsentCategory, ProviderCategory)>,
) -> Change {
    Change {
        set: keys
            .map(|(holder, category, consulting)| Choice {
                key: ChoiceKey {
                    holder: Party::Category(holder),
                    category,
                    consulting: Party::Category(consulting),
                },
                verdict: Verdict::Permit,
            })
            .collect(),
        ..Change::default()
    }
}
