//! The figures, as a table in Markdown.

use std::time::Duration;

/// Rows of what, aim and measured.
#[derive(Default)]
pub(crate) struct Table(Vec<[String; 3]>);

impl Table {
    pub(crate) fn row(&mut self, what: &str, aim: &str, measured: String) {
        self.0.push([what.to_owned(), aim.to_owned(), measured]);
    }

    #[expect(clippy::print_stdout, reason = "the table is what the program is for")]
    pub(crate) fn print(&self) {
        println!("| what | aim | measured |\n|---|---|---|");
        for [what, aim, measured] in &self.0 {
            println!("| {what} | {aim} | {measured} |");
        }
    }
}

/// The duration below which a share of the measurements lies, in milliseconds.
pub(crate) fn percentile(sorted: &[Duration], share: f64) -> f64 {
    let at = ((sorted.len() as f64 - 1.0) * share).round() as usize;
    sorted
        .get(at)
        .map_or(f64::NAN, |duration| duration.as_secs_f64() * 1_000.0)
}
