//! Signing in: in the demo region, by choosing a person.

use askama::Template;

use super::{Layout, Page};
use crate::words::Language;

/// The page on which somebody signs in.
#[derive(Debug, Template)]
#[template(path = "pages/sign_in.html")]
pub struct SignInPage {
    /// What is around it.
    pub page: Layout,
    /// Why the last try failed, or that the session ended.
    pub notice: Option<String>,
    /// The people per organisation.
    pub groups: Vec<PeopleGroup>,
    /// The patients, who are too many for a list; only where patients sign in.
    pub search: Option<PatientSearch>,
}

/// The people of one organisation.
#[derive(Debug)]
pub struct PeopleGroup {
    /// The organisation.
    pub name: String,
    /// The address of its own sign-in page, where that is another node's.
    pub elsewhere: Option<String>,
    /// Its people.
    pub people: Vec<PersonRow>,
}

/// Somebody to sign in as.
#[derive(Debug, Clone)]
pub struct PersonRow {
    /// The name in forms.
    pub slug: String,
    /// The name.
    pub name: String,
    /// The role, in words.
    pub role: String,
}

/// Patients found by name.
#[derive(Debug)]
pub struct PatientSearch {
    /// The name that was asked for.
    pub asked: String,
    /// Who was found.
    pub found: Vec<PersonRow>,
    /// How many more there are.
    pub others: usize,
}

impl Page for SignInPage {
    const NAME: &'static str = "sign-in";

    fn samples(language: Language) -> Vec<Self> {
        let person = |slug: &str, name: &str, role: &str| PersonRow {
            slug: slug.to_owned(),
            name: name.to_owned(),
            role: role.to_owned(),
        };
        let hospital = PeopleGroup {
            name: "Ziekenhuis Hogedam".to_owned(),
            elsewhere: None,
            people: vec![
                person("internist-akkerhof", "S. Akkerhof", "internist"),
                person("cardioloog-duinker", "P. Duinker", "cardioloog"),
            ],
        };
        let elsewhere = PeopleGroup {
            name: "Huisartsenpraktijk De Akker".to_owned(),
            elsewhere: Some("http://localhost:8081/".to_owned()),
            people: vec![person("huisarts-vermaat", "H. Vermaat", "huisarts")],
        };
        vec![
            Self {
                page: Layout::sample(language, None, &[]),
                notice: Some(language.text("sign-in.ended").to_owned()),
                groups: vec![hospital],
                search: None,
            },
            Self {
                page: Layout::sample(language, None, &[]),
                notice: None,
                groups: vec![elsewhere],
                search: Some(PatientSearch {
                    asked: "Zand".to_owned(),
                    found: vec![person("patient-zandwijk", "Geertje Zandwijk", "patiënt")],
                    others: 3,
                }),
            },
            Self {
                page: Layout::sample(language, None, &[]),
                notice: None,
                groups: Vec::new(),
                search: Some(PatientSearch {
                    asked: "Qq".to_owned(),
                    found: Vec::new(),
                    others: 0,
                }),
            },
        ]
    }
}
