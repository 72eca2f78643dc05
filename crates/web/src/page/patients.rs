//! Finding a patient, and what happens when nothing ties the organisation to
//! the patient.

use askama::Template;

use super::{Layout, Page};
use crate::words::Language;

/// The page on which a clinician gives a BSN. It goes in a request body.
#[derive(Debug, Template)]
#[template(path = "pages/find_patient.html")]
pub struct FindPatientPage {
    /// What is around it.
    pub page: Layout,
    /// Why the last try failed.
    pub fault: Option<String>,
    /// The patients that this session has open.
    pub open: Vec<OpenPatient>,
}

/// A patient that the session has open.
#[derive(Debug)]
pub struct OpenPatient {
    /// The page of the record, by an opaque handle.
    pub path: String,
    /// The name.
    pub name: String,
    /// The date of birth in words.
    pub born: String,
}

/// There is no treatment relation.
#[derive(Debug, Template)]
#[template(path = "pages/no_relation.html")]
pub struct NoRelationPage {
    /// What is around it.
    pub page: Layout,
    /// The emergency page, for who may break the glass.
    pub emergency: Option<String>,
}

/// The interruption before emergency access.
#[derive(Debug, Template)]
#[template(path = "pages/emergency.html")]
pub struct EmergencyPage {
    /// What is around it.
    pub page: Layout,
    /// Where the form goes.
    pub action: String,
    /// What is wrong with the reason.
    pub fault: Option<String>,
    /// The longest reason, in characters.
    pub reason_characters_max: usize,
}

impl Page for FindPatientPage {
    const NAME: &'static str = "find-patient";

    fn samples(language: Language) -> Vec<Self> {
        vec![
            Self {
                page: Layout::sample_clinician(language),
                fault: None,
                open: Vec::new(),
            },
            Self {
                page: Layout::sample_clinician(language),
                fault: Some(language.text("find.fault").to_owned()),
                open: vec![OpenPatient {
                    path: "/patient/x".to_owned(),
                    name: "Geertje Zandwijk".to_owned(),
                    born: "4 mei 1948".to_owned(),
                }],
            },
        ]
    }
}

impl Page for NoRelationPage {
    const NAME: &'static str = "no-relation";

    fn samples(language: Language) -> Vec<Self> {
        [None, Some("/patient/x/emergency".to_owned())]
            .into_iter()
            .map(|emergency| Self {
                page: Layout::sample_clinician(language),
                emergency,
            })
            .collect()
    }
}

impl Page for EmergencyPage {
    const NAME: &'static str = "emergency";

    fn samples(language: Language) -> Vec<Self> {
        [None, Some(language.text("emergency.fault").to_owned())]
            .into_iter()
            .map(|fault| Self {
                page: Layout::sample_clinician(language),
                action: "/patient/x/emergency".to_owned(),
                fault,
                reason_characters_max: 500,
            })
            .collect()
    }
}
