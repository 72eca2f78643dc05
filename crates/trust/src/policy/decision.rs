//! A question for the policies and their answer.

use care::{Bsn, Categories, OrganisationType, Scope, Ura};

use super::Action;
use crate::consent::ConsentAnswer;

/// Where and what: beside the [`care::AccessContext`], all that the policies judge on.
#[derive(Debug, Clone)]
pub struct Situation {
    /// The organisation whose data, messages or state it is about.
    pub holder: Ura,
    /// What kind of organisation that is.
    pub holder_type: OrganisationType,
    /// What is to be done.
    pub action: Action,
    /// What the consent service answered for this holder and the asking
    /// organisation; none when it was not asked or gave no answer, which is no.
    pub consent: Option<ConsentAnswer>,
}

/// What the policies say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    pub(super) allowed: bool,
    pub(super) categories: Categories,
    pub(super) own: bool,
    pub(super) action: Action,
    pub(super) patient: Option<Bsn>,
}

impl Decision {
    /// Whether anything at all is allowed.
    pub fn is_allowed(&self) -> bool {
        self.allowed
    }

    /// The kinds of data for which it is allowed; none for an action that is not about data.
    pub fn categories(&self) -> Categories {
        self.categories
    }

    /// What the store may let be seen. For an own clinician or record system
    /// without a patient in the context, the whole organisation; with a
    /// patient, that patient only.
    pub fn scope(&self) -> Scope {
        unimplemented!()
    }
}
