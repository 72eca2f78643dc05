//! A small region for the tests of this room.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use care::{
    AccessContext, Actor, Bsn, ExchangeCode, ManualClock, OrganisationType, Purpose, Role,
    SequentialIds, TreatmentRelation, Ura,
};
use jiff::Timestamp;

use crate::{
    context::{Claims, context},
    identity::{NodeIdentity, OrganisationRecord, Peer, RegionAuthority, TrustAnchors, peer},
};

pub(crate) fn start() -> Timestamp {
    "2026-03-02T09:00:00Z".parse().unwrap()
}

pub(crate) fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(start()))
}

pub(crate) fn ids() -> Arc<SequentialIds> {
    Arc::new(SequentialIds::default())
}

pub(crate) fn bsn() -> Bsn {
    Bsn::parse("999911119").unwrap()
}

pub(crate) fn other_bsn() -> Bsn {
    Bsn::parse("999906276").unwrap()
}

pub(crate) fn organisation(kind: OrganisationType) -> OrganisationRecord {
    let number = OrganisationType::ALL
        .iter()
        .position(|other| *other == kind)
        .unwrap()
        + 1;
    OrganisationRecord {
        ura: format!("9000000{number}").parse().unwrap(),
        name: format!(
            "Test {}",
            crate::words::organisation_type(kind, crate::words::Language::Dutch)
        ),
        organisation_type: kind,
    }
}

pub(crate) fn authority() -> &'static RegionAuthority {
    static AUTHORITY: OnceLock<RegionAuthority> = OnceLock::new();
    AUTHORITY.get_or_init(|| RegionAuthority::create("Testregio", start()).unwrap())
}

pub(crate) fn node(kind: OrganisationType) -> NodeIdentity {
    let hosts = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    authority()
        .issue(&organisation(kind), &hosts, start())
        .unwrap()
}

pub(crate) fn anchors(clock: &Arc<ManualClock>) -> TrustAnchors {
    authority().anchors(clock.clone()).unwrap()
}

pub(crate) fn peer_of(identity: &NodeIdentity) -> Peer {
    peer(identity.certificate(), &anchors(&clock())).unwrap()
}

/// What a test says of who asks; the rest is usual.
#[derive(Clone)]
pub(crate) struct Asker {
    pub(crate) role: Role,
    pub(crate) kind: OrganisationType,
    pub(crate) purpose: Purpose,
    pub(crate) patient: Option<Bsn>,
    pub(crate) relation: Option<TreatmentRelation>,
    pub(crate) reason: Option<String>,
}

impl Asker {
    pub(crate) fn new(role: Role, kind: OrganisationType, purpose: Purpose) -> Self {
        Self {
            role,
            kind,
            purpose,
            patient: Some(bsn()),
            relation: None,
            reason: None,
        }
    }

    pub(crate) fn context(&self) -> AccessContext {
        context(
            Actor {
                id: "jansen".into(),
                name: "dr. A. Jansen".into(),
                role: self.role,
            },
            &organisation(self.kind),
            self.purpose,
            Claims {
                patient: self.patient.clone(),
                exchange: self.patient.as_ref().map(|_| ExchangeCode("bgz".into())),
                relation: self.relation,
                emergency_reason: self.reason.clone(),
            },
            "request-1".into(),
        )
    }
}

pub(crate) fn internist() -> Asker {
    let kind = OrganisationType::Hospital;
    let relation = Some(TreatmentRelation::Contact);
    Asker {
        relation,
        ..Asker::new(Role::Internist, kind, Purpose::Treatment)
    }
}

pub(crate) fn patient() -> Asker {
    Asker::new(
        Role::Patient,
        OrganisationType::RegionalOrganisation,
        Purpose::PatientRequest,
    )
}

pub(crate) fn ura(kind: OrganisationType) -> Ura {
    organisation(kind).ura
}

pub(crate) const SECOND: Duration = Duration::from_secs(1);
