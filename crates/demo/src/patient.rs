//! One patient of the region.

use care::Bsn;
use jiff::civil::Date;

use crate::{
    consent::DemoConsent,
    history::History,
    messages::{self, Delivery},
    names::{Address, Name},
    organisations::Organisation,
};

/// A patient with a history and a choice about who may see it.
#[derive(Debug)]
pub struct DemoPatient {
    /// The name in commands, `patient-001` and on.
    pub slug: String,
    /// The number of the patient in the region, from 1.
    pub number: usize,
    /// The BSN, from the range kept for tests.
    pub bsn: Bsn,
    /// The day of birth.
    pub birth_date: Date,
    /// What the patient chose when the region starts.
    pub consent: DemoConsent,
    pub(crate) female: bool,
    pub(crate) name: Name,
    pub(crate) address: Address,
    pub(crate) history: History,
}

impl DemoPatient {
    /// The name as people write it.
    pub fn name(&self) -> String {
        self.name.full()
    }

    /// The organisations that hold data on the patient, in a fixed order. The
    /// GP holds a copy of the results that it ordered.
    pub fn sources(&self) -> Vec<Organisation> {
        self.history.sources().into_iter().collect()
    }

    /// What the record systems send about this patient, in the order of sending.
    pub fn deliveries(&self) -> Vec<Delivery> {
        messages::of(self)
    }

    /// The age in whole years on a day.
    pub(crate) fn age_on(&self, day: Date) -> i16 {
        let had_birthday =
            (day.month(), day.day()) >= (self.birth_date.month(), self.birth_date.day());
        day.year() - self.birth_date.year() - i16::from(!had_birthday)
    }
}
