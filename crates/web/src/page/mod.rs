//! The pages as typed contexts: what each page shows, ready to be shown.
//!
//! A context holds texts, not domain objects, so a template decides nothing.
//! Every page has samples; tests render each of them in both languages and
//! check the HTML (`page/tests`), and `examples/pages.rs` writes them to files.

mod layout;
mod parts;

pub mod checks;
pub mod consent;
pub mod log;
pub mod messages;
pub mod my_print;
pub mod my_record;
pub mod patients;
pub mod problem;
pub mod record;
pub mod region;
pub mod sign_in;
pub mod trend;

#[cfg(test)]
mod tests;

pub use layout::{Audience, Layout, NavItem, STYLESHEET, SignedIn};
pub use parts::{
    Apart, Banner, Cell, Choice, Fact, FactRecord, Flag, Labelled, MeasureRow, Measurements,
    Section, SourceRow, Sources, Tag, Tone, TrendLink,
};

use crate::words::Language;

/// A page that can show itself with made-up content.
pub trait Page: askama::Template + Sized {
    /// The name of the page, for test output and file names.
    const NAME: &'static str;

    /// Samples that together use every branch of the template.
    fn samples(language: Language) -> Vec<Self>;
}

/// A page rendered with a sample: its name and number, and the HTML.
pub type Rendered = (String, Result<String, askama::Error>);

/// Every sample of every page in one language, for tests and for looking at.
pub fn render_samples(language: Language) -> Vec<Rendered> {
    fn all<P: Page>(language: Language) -> impl Iterator<Item = Rendered> {
        P::samples(language)
            .into_iter()
            .enumerate()
            .map(|(index, page)| (format!("{}-{}", P::NAME, index + 1), page.render()))
    }
    let mut rendered = Vec::new();
    rendered.extend(all::<sign_in::SignInPage>(language));
    rendered.extend(all::<problem::ProblemPage>(language));
    rendered.extend(all::<patients::FindPatientPage>(language));
    rendered.extend(all::<patients::NoRelationPage>(language));
    rendered.extend(all::<patients::EmergencyPage>(language));
    rendered.extend(all::<record::RecordPage>(language));
    rendered.extend(all::<trend::TrendPage>(language));
    rendered.extend(all::<trend::DatumPage>(language));
    rendered.extend(all::<my_record::MyRecordPage>(language));
    rendered.extend(all::<my_record::ResultsPage>(language));
    rendered.extend(all::<my_print::MyPrintPage>(language));
    rendered.extend(all::<consent::ConsentPage>(language));
    rendered.extend(all::<consent::HolderPage>(language));
    rendered.extend(all::<consent::ExceptionPage>(language));
    rendered.extend(all::<consent::PreviewPage>(language));
    rendered.extend(all::<consent::DonePage>(language));
    rendered.extend(all::<consent::HistoryPage>(language));
    rendered.extend(all::<log::LogPage>(language));
    rendered.extend(all::<region::RegionPage>(language));
    rendered.extend(all::<messages::MessagesPage>(language));
    rendered.extend(all::<messages::MessagePage>(language));
    rendered.extend(all::<checks::ChecksPage>(language));
    rendered
}
