//! What a node may ask of the index and the pseudonym service, and how often.
//!
//! A node that is taken over should not be able to try every number there is:
//! it may do what an organisation of its type does, at the pace of one.

use std::sync::Arc;

use care::{Clock, OrganisationType, Ura};
use trust::identity::OrganisationRecord;

use crate::{
    door::DoorReply,
    rate::{Buckets, Rate},
};

/// Searches per second that one node may do in the long run.
pub const SEARCHES_PER_SECOND: u32 = 100;
/// Searches that one node may do at once.
pub const SEARCHES_BURST: u32 = 400;
/// Registrations and withdrawals per second of one node in the long run; each
/// can hold [`super::LISTS_PER_REQUEST_MAX`] records.
pub const REGISTRATIONS_PER_SECOND: u32 = 200;
/// Registrations and withdrawals of one node at once.
pub const REGISTRATIONS_BURST: u32 = 2_000;
/// Pseudonyms per second that one node may have made in the long run.
pub const PSEUDONYMS_PER_SECOND: u32 = 300;
/// Pseudonyms that one node may have made at once.
pub const PSEUDONYMS_BURST: u32 = 2_400;
/// Nodes whose pace is kept.
pub const NODES_COUNTED_MAX: usize = 10_000;

/// What a node asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// Who holds something on a patient.
    Search,
    /// To add or remove own records.
    Register,
    /// A pseudonym of a patient.
    Pseudonym,
}

impl Wish {
    /// Whether an organisation of this type has any business asking it. A new
    /// type has none until somebody says so here.
    const fn is_of(self, kind: OrganisationType) -> bool {
        use OrganisationType as T;
        match (self, kind) {
            // In the name of patients who sign in there; it keeps no records.
            (Self::Register, T::RegionalOrganisation) => false,
            (Self::Search | Self::Pseudonym, T::RegionalOrganisation)
            | (
                _,
                T::GeneralPractice
                | T::OutOfHoursPost
                | T::Laboratory
                | T::Hospital
                | T::Pharmacy
                | T::HomeCare
                | T::MentalHealth,
            ) => true,
        }
    }

    const fn rate(self) -> Rate {
        let (per_second, burst) = match self {
            Self::Search => (SEARCHES_PER_SECOND, SEARCHES_BURST),
            Self::Register => (REGISTRATIONS_PER_SECOND, REGISTRATIONS_BURST),
            Self::Pseudonym => (PSEUDONYMS_PER_SECOND, PSEUDONYMS_BURST),
        };
        Rate { per_second, burst }
    }
}

/// The pace of every node, for one wish.
pub(super) struct Admission {
    wish: Wish,
    pace: Buckets<Ura>,
}

impl Admission {
    pub(super) fn to(wish: Wish, clock: Arc<dyn Clock>) -> Self {
        Self {
            wish,
            pace: Buckets::new(wish.rate(), NODES_COUNTED_MAX, clock),
        }
    }

    /// Lets a node in, or says why not.
    pub(super) fn admit(&self, peer: &OrganisationRecord) -> Result<(), DoorReply> {
        if !self.wish.is_of(peer.organisation_type) {
            return Err(DoorReply::refused(
                403,
                "forbidden",
                "this is not for an organisation of this type",
            ));
        }
        self.pace.take(peer.ura).map_err(|_| {
            tracing::warn!(peer = %peer.ura, wish = ?self.wish, "a node asks too often");
            DoorReply::refused(429, "throttled", "too many requests of this node")
        })
    }
}

#[cfg(test)]
mod tests {
    use care::ManualClock;

    use super::*;

    fn peer(organisation_type: OrganisationType) -> OrganisationRecord {
        OrganisationRecord {
            ura: "90000101".parse().unwrap(),
            name: "Test".to_owned(),
            organisation_type,
        }
    }

    #[test]
    fn each_wish_has_its_own_pace_at_the_limit_and_one_past_it() {
        for (wish, burst, per_second) in [
            (Wish::Search, SEARCHES_BURST, SEARCHES_PER_SECOND),
            (
                Wish::Register,
                REGISTRATIONS_BURST,
                REGISTRATIONS_PER_SECOND,
            ),
            (Wish::Pseudonym, PSEUDONYMS_BURST, PSEUDONYMS_PER_SECOND),
        ] {
            let clock = Arc::new(ManualClock::at(jiff::Timestamp::UNIX_EPOCH));
            let admission = Admission::to(wish, clock.clone());
            let hospital = peer(OrganisationType::Hospital);
            for _ in 0..burst {
                assert!(admission.admit(&hospital).is_ok());
            }
            assert_eq!(admission.admit(&hospital).unwrap_err().status, 429);
            clock.advance(std::time::Duration::from_secs(1));
            for _ in 0..per_second {
                assert!(admission.admit(&hospital).is_ok());
            }
            assert_eq!(admission.admit(&hospital).unwrap_err().status, 429);
        }
    }

    #[test]
    fn who_keeps_no_records_registers_none() {
        for kind in OrganisationType::ALL {
            for wish in [Wish::Search, Wish::Register, Wish::Pseudonym] {
                let clock = Arc::new(ManualClock::at(jiff::Timestamp::UNIX_EPOCH));
                let admitted = Admission::to(wish, clock).admit(&peer(kind)).is_ok();
                let expected = wish != Wish::Register || kind.holds_records();
                assert_eq!(admitted, expected, "{wish:?} {kind:?}");
            }
        }
    }
}
