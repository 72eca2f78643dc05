//! A question for the policies and their answer.

use care::{Bsn, Categories, DataCategory, OrganisationType, Scope, Ura};

use super::{Facts, engine::Judged};
use crate::consent::ConsentAnswer;

use super::Action;

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
    judged: Judged,
    own: bool,
    about_data: bool,
    patient: Option<Bsn>,
}

impl Decision {
    pub(super) fn new(facts: &Facts, judged: Judged, patient: Option<Bsn>) -> Self {
        Self {
            judged,
            own: facts.own,
            about_data: facts.action.is_about_data(),
            patient,
        }
    }

    /// Whether anything at all is allowed.
    pub fn is_allowed(&self) -> bool {
        self.judged.allowed
    }

    /// The kinds of data for which it is allowed; none for an action that is
    /// not about data.
    pub fn categories(&self) -> Categories {
        self.judged.categories
    }

    /// What the store may let be seen. With a patient in the context, that
    /// patient and the allowed kinds of data. Without one, the whole
    /// organisation, and only for those who may see all of it. Else nothing.
    pub fn scope(&self) -> Scope {
        let categories = self.judged.categories;
        match &self.patient {
            _ if !self.about_data || categories.is_empty() => Scope::Nothing,
            Some(bsn) => Scope::Patient {
                bsn: bsn.clone(),
                categories,
            },
            // What is logged is not among the resources of an organisation.
            None if self.own
                && categories.contains_all(Categories::ALL.without(DataCategory::Logging)) =>
            {
                Scope::Organisation
            }
            None => Scope::Nothing,
        }
    }
}
