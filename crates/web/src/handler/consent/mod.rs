//! Who may see what: the patient's choices.

pub(crate) mod change;
pub(crate) mod show;

use care::Bsn;
use trust::{consent::ConsentRecord, identity::OrganisationRecord, session::Session};

use crate::{fault::Fault, options::RegionRoom, security::Visitor, site::Site};

/// A patient before their choices.
struct Chooser<'a> {
    session: &'a Session,
    bsn: &'a Bsn,
    room: &'a RegionRoom,
    record: ConsentRecord,
    organisations: Vec<OrganisationRecord>,
}

impl<'a> Chooser<'a> {
    /// Reads the choices; that they are read is written down first.
    async fn of(site: &'a Site, visitor: &'a Visitor) -> Result<Self, Fault> {
        let session = visitor.patient()?;
        let room = site.options.region.as_ref().ok_or(Fault::NotFound)?;
        let bsn = session.context.patient().ok_or(Fault::Forbidden)?;
        site.options
            .node
            .note_consent(&session.context, false)
            .await?;
        let record = room.consents.record(&session.context, bsn).await?;
        let participants = site.options.node.organisations().into_iter();
        let organisations = participants
            .map(|participant| participant.record)
            .filter(|record| record.organisation_type.holds_records())
            .collect();
        Ok(Self {
            session,
            bsn,
            room,
            record,
            organisations,
        })
    }
}
