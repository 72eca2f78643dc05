//! What ties this organisation to a patient, from its own records (behandelrelatie).

use care::{AccessContext, Bsn, Categories, OrganisationType, Scope, TreatmentRelation};
use jiff::{Timestamp, ToSpan, tz::TimeZone};

use super::Node;
use crate::error::ExchangeError;

/// For how many days after a contact, request or dispense there is still a
/// treatment relation.
pub(super) const RELATION_DAYS: i64 = 365;

impl Node {
    /// The strongest tie that the own records show; none when they show none.
    ///
    /// Only whether something is there counts: nothing of what is found leaves
    /// this function.
    pub(super) async fn treatment_relation(
        &self,
        cx: &AccessContext,
        bsn: &Bsn,
    ) -> Result<Option<TreatmentRelation>, ExchangeError> {
        let since = days_before(self.parts.clock.now(), RELATION_DAYS);
        let stated = |statuses: &str| vec![("status".to_owned(), statuses.to_owned())];
        let dated = |statuses: &str, name: &str| {
            let mut query = stated(statuses);
            query.push((name.to_owned(), format!("ge{since}")));
            query
        };
        let mut evidence = vec![
            (
                TreatmentRelation::InCare,
                "EpisodeOfCare",
                stated("active,waitlist,onhold,planned"),
            ),
            (TreatmentRelation::InCare, "CareTeam", stated("active")),
            (
                TreatmentRelation::Contact,
                "Encounter",
                stated("arrived,triaged,in-progress,onleave,planned"),
            ),
            (
                TreatmentRelation::Contact,
                "Encounter",
                dated("finished", "date"),
            ),
            (
                TreatmentRelation::Contact,
                "Appointment",
                dated(
                    "proposed,pending,booked,arrived,fulfilled,checked-in",
                    "date",
                ),
            ),
            (
                TreatmentRelation::Request,
                "ServiceRequest",
                dated("active,on-hold,completed", "authored"),
            ),
        ];
        if self.parts.organisation.organisation_type == OrganisationType::Pharmacy {
            for name in ["whenhandedover", "whenprepared"] {
                evidence.push((
                    TreatmentRelation::Dispensing,
                    "MedicationDispense",
                    dated("preparation,in-progress,completed", name),
                ));
            }
        }
        let scope = Scope::Patient {
            bsn: bsn.clone(),
            categories: Categories::ALL,
        };
        for (relation, resource_type, mut query) in evidence {
            query.push(("_count".to_owned(), "1".to_owned()));
            let page = self
                .parts
                .store
                .search(cx, &scope, resource_type, &query)
                .await?;
            if !page.matches.is_empty() {
                return Ok(Some(relation));
            }
        }
        Ok(None)
    }
}

/// The date some days before a moment, as FHIR writes it.
pub(super) fn days_before(now: Timestamp, days: i64) -> String {
    let today = now.to_zoned(TimeZone::UTC).date();
    today.saturating_sub(days.days()).to_string()
}
