//! What a line says to the patient, in plain words.

use care::{Purpose, Role};
use jiff::tz::TimeZone;

use super::{AuditRecord, Happened, Outcome};
use crate::{
    dates,
    words::{self, Language},
};

/// What happened, in plain words for the patient: «Huisartsenpraktijk De Linde
/// (dr. A. Bos, huisarts) heeft op 2 maart 2026 om 10.00 uur uw medicijnen
/// bekeken. Reden: behandeling.» The text is not escaped for a page.
pub fn wording(record: &AuditRecord, language: Language, zone: &TimeZone) -> String {
    let words = Words { record, language };
    let when = dates::long_moment(language, record.recorded, zone);
    let sentence = match language {
        Language::Dutch => words.dutch(&when),
        Language::English => words.english(&when),
    };
    format!("{sentence}{}", words.reason())
}

struct Words<'a> {
    record: &'a AuditRecord,
    language: Language,
}

impl Words<'_> {
    fn dutch(&self, when: &str) -> String {
        let who = self.who();
        let what = words::kinds_of_data(self.record.categories, self.language);
        let where_ = self.at_holder();
        let has = if self.by_patient() { "hebt" } else { "heeft" };
        match (self.record.outcome, self.record.happened) {
            (Outcome::Allowed, Happened::AskedRegion) => {
                format!("{who} {has} op {when} bij andere zorgverleners uw {what} opgevraagd.")
            }
            (Outcome::Allowed, Happened::Read) => {
                format!("{who} {has} op {when}{where_} uw {what} bekeken.")
            }
            (Outcome::Allowed, Happened::Stored) => {
                format!("{who} {has} op {when} uw {what} vastgelegd of gewijzigd.")
            }
            (Outcome::Allowed, Happened::Removed) => {
                format!("{who} {has} op {when} uw {what} verwijderd.")
            }
            (Outcome::Allowed, Happened::MessageReceived) => {
                format!("{who} {has} op {when} een bericht over u aangeleverd.")
            }
            (Outcome::Allowed, Happened::MessageViewed) => {
                format!("{who} {has} op {when} een bericht over u bekeken.")
            }
            (Outcome::Allowed, Happened::MessageReplayed) => {
                format!("{who} {has} op {when} een bericht over u opnieuw verwerkt.")
            }
            (Outcome::Allowed, Happened::AccessLogRead) => {
                format!("{who} {has} op {when}{where_} bekeken wie uw gegevens heeft gezien.")
            }
            (Outcome::Allowed, Happened::ConsentRead) => {
                format!("{who} {has} op {when} uw toestemmingen bekeken.")
            }
            (Outcome::Allowed, Happened::ConsentChanged) => {
                format!("{who} {has} op {when} uw toestemmingen gewijzigd.")
            }
            (Outcome::Allowed, Happened::ConsentsCounted) => {
                format!("{who} {has} op {when} geteld hoeveel mensen wat kozen.")
            }
            (Outcome::Allowed, Happened::SignedIn) => format!("{who} {has} op {when} ingelogd."),
            (Outcome::Allowed, Happened::SignedOut) => format!("{who} {has} op {when} uitgelogd."),
            (Outcome::Refused, happened) => {
                let deed = deed(happened).0;
                format!("{who} wilde op {when}{where_} {deed}. Dat is geweigerd.")
            }
            (Outcome::Failed, happened) => {
                let deed = deed(happened).0;
                format!("{who} wilde op {when}{where_} {deed}. Dat is niet gelukt.")
            }
        }
    }

    fn english(&self, when: &str) -> String {
        let who = self.who();
        let what = words::kinds_of_data(self.record.categories, self.language);
        let where_ = self.at_holder();
        match (self.record.outcome, self.record.happened) {
            (Outcome::Allowed, Happened::AskedRegion) => {
                format!("On {when} {who} asked other care providers for your {what}.")
            }
            (Outcome::Allowed, Happened::Read) => {
                format!("On {when} {who} looked at your {what}{where_}.")
            }
            (Outcome::Allowed, Happened::Stored) => {
                format!("On {when} {who} recorded or changed your {what}.")
            }
            (Outcome::Allowed, Happened::Removed) => {
                format!("On {when} {who} removed your {what}.")
            }
            (Outcome::Allowed, Happened::MessageReceived) => {
                format!("On {when} {who} sent in a message about you.")
            }
            (Outcome::Allowed, Happened::MessageViewed) => {
                format!("On {when} {who} looked at a message about you.")
            }
            (Outcome::Allowed, Happened::MessageReplayed) => {
                format!("On {when} {who} processed a message about you again.")
            }
            (Outcome::Allowed, Happened::AccessLogRead) => {
                format!("On {when} {who} looked at who saw your data{where_}.")
            }
            (Outcome::Allowed, Happened::ConsentRead) => {
                format!("On {when} {who} looked at your consents.")
            }
            (Outcome::Allowed, Happened::ConsentChanged) => {
                format!("On {when} {who} changed your consents.")
            }
            (Outcome::Allowed, Happened::ConsentsCounted) => {
                format!("On {when} {who} counted how many people chose what.")
            }
            (Outcome::Allowed, Happened::SignedIn) => format!("On {when} {who} signed in."),
            (Outcome::Allowed, Happened::SignedOut) => format!("On {when} {who} signed out."),
            (Outcome::Refused, happened) => {
                let deed = deed(happened).1;
                format!("On {when} {who} wanted to {deed}{where_}. This was refused.")
            }
            (Outcome::Failed, happened) => {
                let deed = deed(happened).1;
                format!("On {when} {who} wanted to {deed}{where_}. This did not succeed.")
            }
        }
    }

    fn by_patient(&self) -> bool {
        self.record.role == Some(Role::Patient)
    }

    fn who(&self) -> String {
        let record = self.record;
        match record.role {
            Some(Role::Patient) => self.language.pick("U", "you").to_owned(),
            // The system's name is that of the organisation.
            Some(Role::RecordSystem) => {
                self.language
                    .pick("Het systeem van ", "the system of ")
                    .to_owned()
                    + &record.organisation_name
            }
            Some(role) => format!(
                "{} ({}, {})",
                record.organisation_name,
                record.actor_name,
                words::role(role, self.language)
            ),
            None => self
                .language
                .pick("Een onbekende", "somebody unknown")
                .to_owned(),
        }
    }

    /// Where the data was, unless it was their own.
    fn at_holder(&self) -> String {
        let record = self.record;
        let at_own = record.holder.is_none() || record.holder == record.organisation;
        if at_own || record.happened == Happened::AskedRegion {
            return String::new();
        }
        format!(
            " {} {}",
            self.language.pick("bij", "at"),
            record.holder_name
        )
    }

    /// Why, except where the patient knows best.
    fn reason(&self) -> String {
        let Some(purpose) = self.record.purpose else {
            return String::new();
        };
        if self.by_patient() || purpose == Purpose::RecordKeeping {
            return String::new();
        }
        let reason = format!(
            " {} {}.",
            self.language.pick("Reden:", "Reason:"),
            words::purpose(purpose, self.language)
        );
        match &self.record.emergency_reason {
            Some(given) => {
                format!(
                    "{reason} {} «{given}».",
                    self.language.pick("Toelichting:", "In their words:")
                )
            }
            None => reason,
        }
    }
}

/// What somebody wanted to do, in Dutch and English.
const fn deed(happened: Happened) -> (&'static str, &'static str) {
    match happened {
        Happened::AskedRegion => (
            "uw gegevens bij andere zorgverleners opvragen",
            "ask others for your data",
        ),
        Happened::Read => ("uw gegevens bekijken", "look at your data"),
        Happened::Stored => (
            "uw gegevens vastleggen of wijzigen",
            "record or change your data",
        ),
        Happened::Removed => ("uw gegevens verwijderen", "remove your data"),
        Happened::MessageReceived => (
            "een bericht over u aanleveren",
            "send in a message about you",
        ),
        Happened::MessageViewed => ("een bericht over u bekijken", "look at a message about you"),
        Happened::MessageReplayed => (
            "een bericht over u opnieuw verwerken",
            "process a message about you again",
        ),
        Happened::AccessLogRead => (
            "bekijken wie uw gegevens heeft gezien",
            "look at who saw your data",
        ),
        Happened::ConsentRead => ("uw toestemmingen bekijken", "look at your consents"),
        Happened::ConsentChanged => ("uw toestemmingen wijzigen", "change your consents"),
        Happened::ConsentsCounted => (
            "tellen hoeveel mensen wat kozen",
            "count how many people chose what",
        ),
        Happened::SignedIn => ("inloggen", "sign in"),
        Happened::SignedOut => ("uitloggen", "sign out"),
    }
}
