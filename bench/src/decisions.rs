//! Access decisions on one core, with the patient's consent at hand.

use std::time::{Duration, Instant};

use care::{
    AccessContext, Actor, Authenticated, Bsn, OrganisationType, ProviderCategory, Purpose,
    RequestId, Role, TreatmentRelation, Ura,
};
use trust::{
    consent::{Change, ConsentQuestion, ConsentRecord, Preset},
    policy::{Action, Policies, Situation},
};

use crate::table::Table;

const MEASURED_FOR: Duration = Duration::from_secs(2);

pub(crate) fn measure(table: &mut Table) -> anyhow::Result<()> {
    let policies = Policies::embedded()?;
    let (hospital, gp): (Ura, Ura) = ("90000104".parse()?, "90000101".parse()?);
    let consent = ConsentRecord::default()
        .after(&Change::preset(Preset::Everyone))?
        .answer(&ConsentQuestion {
            holder: gp,
            holder_category: ProviderCategory::GeneralPractice,
            consulting: hospital,
            consulting_category: ProviderCategory::Hospital,
        });
    let situation = Situation {
        holder: gp,
        holder_type: OrganisationType::GeneralPractice,
        action: Action::Read,
        consent: Some(consent),
    };
    let contexts = [
        Role::Internist,
        Role::Cardiologist,
        Role::Nurse,
        Role::EmergencyPhysician,
    ]
    .map(|role| internist(role, hospital));
    let began = Instant::now();
    let mut decisions = 0u64;
    while began.elapsed() < MEASURED_FOR {
        for context in &contexts {
            std::hint::black_box(policies.decide(std::hint::black_box(context), &situation));
            decisions += 1;
        }
    }
    table.row(
        "access decisions (all 28 categories each), one core, consent cached",
        "50,000/s",
        format!("{:.0}/s", decisions as f64 / began.elapsed().as_secs_f64()),
    );
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "a measurement stands in for authentication"
)]
fn internist(role: Role, organisation: Ura) -> AccessContext {
    AccessContext::from_authentication(Authenticated {
        actor: Actor {
            id: "x".to_owned(),
            name: "X".to_owned(),
            role,
        },
        organisation,
        organisation_name: "Ziekenhuis".to_owned(),
        organisation_type: OrganisationType::Hospital,
        purpose: Purpose::Treatment,
        patient: Bsn::parse("999900006").ok(),
        exchange: None,
        treatment_relation: Some(TreatmentRelation::Contact),
        emergency_reason: None,
        request: RequestId("measure".to_owned()),
    })
}
