//! What every page has around it.

use crate::words::Language;

/// The stylesheet, with its first bytes' checksum in the address, so that a
/// browser may keep it for as long as it likes.
pub const STYLESHEET: &str = include_str!("../../../../static/schakel.css");

/// For whom a page is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// People at work: small rows, much on one screen.
    Staff,
    /// Patients: large text, one thing at a time.
    Patient,
}

impl Audience {
    /// The class of the body.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Staff => "staff",
            Self::Patient => "patient",
        }
    }
}

/// Who is signed in, as the head of the page shows it.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The name.
    pub name: String,
    /// The role, in words.
    pub role: String,
}

/// One entry of the navigation.
#[derive(Debug, Clone)]
pub struct NavItem {
    /// Where it leads.
    pub path: &'static str,
    /// The key of its text.
    pub key: &'static str,
    /// Whether this page is it.
    pub current: bool,
}

/// What every page has around it.
#[derive(Debug, Clone)]
pub struct Layout {
    /// The language of the reader.
    pub language: Language,
    /// The organisation whose pages these are.
    pub place: String,
    /// Who is signed in.
    pub person: Option<SignedIn>,
    /// The navigation of their role.
    pub nav: Vec<NavItem>,
    /// The token of every form.
    pub form_token: String,
    /// The path of this page, to come back to after a switch of language.
    pub here: String,
    /// For whom the page is laid out.
    pub audience: Audience,
    /// Whether everybody on these pages is made up.
    pub demo: bool,
}

impl Layout {
    /// The text of a key.
    pub fn t<'k>(&self, key: &'k str) -> &'k str {
        self.language.text(key)
    }

    /// The text of a key with one value filled in.
    pub fn with(&self, key: &str, name: &str, value: &str) -> String {
        self.language.fill(key, &[(name, value)])
    }

    /// The text for a count.
    pub fn count(&self, key: &str, count: &usize) -> String {
        self.language.count(key, *count)
    }

    /// The address of the stylesheet.
    pub fn stylesheet(&self) -> &'static str {
        crate::assets::stylesheet_path()
    }

    /// A layout for samples.
    pub(crate) fn sample(
        language: Language,
        person: Option<(&str, &str)>,
        nav: &[&'static str],
    ) -> Self {
        let patient = nav.first().is_some_and(|key| *key == "nav.my-record");
        Self {
            language,
            place: if patient {
                "Zorgregio Waterrijk"
            } else {
                "Ziekenhuis Hogedam"
            }
            .to_owned(),
            person: person.map(|(name, role)| SignedIn {
                name: name.to_owned(),
                role: role.to_owned(),
            }),
            nav: nav
                .iter()
                .enumerate()
                .map(|(index, key)| NavItem {
                    path: "/",
                    key,
                    current: index == 0,
                })
                .collect(),
            form_token: "aaaabbbbccccdddd".to_owned(),
            here: "/".to_owned(),
            audience: if patient {
                Audience::Patient
            } else {
                Audience::Staff
            },
            demo: true,
        }
    }

    pub(crate) fn sample_clinician(language: Language) -> Self {
        Self::sample(
            language,
            Some(("S. Akkerhof", "internist")),
            &["nav.patients"],
        )
    }

    pub(crate) fn sample_patient(language: Language) -> Self {
        Self::sample(
            language,
            Some(("Geertje Zandwijk", language.text("role.patient"))),
            &["nav.my-record", "nav.my-consent", "nav.my-log"],
        )
    }
}
