//! The figures of all servers beside each other, and what they got wrong.

use std::time::Duration;

use super::checked::Checked;

/// A table in Markdown, with the first server's advantage over the others.
pub(crate) struct Report {
    servers: Vec<String>,
    rows: Vec<Vec<String>>,
    right: usize,
    wrong: Vec<String>,
}

impl Report {
    pub(crate) fn new(servers: Vec<String>, resources: usize) -> Self {
        let mut head = vec![format!("{resources} resources")];
        head.extend(servers.iter().cloned());
        head.extend(servers.iter().skip(1).map(|other| format!("to {other}")));
        let rule = vec!["---".to_owned(); head.len()];
        Self {
            servers,
            rows: vec![head, rule],
            right: 0,
            wrong: Vec::new(),
        }
    }

    /// More is better.
    pub(crate) fn rates(&mut self, what: &str, rates: &[f64]) {
        let ratio = |other: &f64| format!("{:.1} ×", rates[0] / other);
        let mut row = vec![what.to_owned()];
        row.extend(rates.iter().map(|rate| format!("{rate:.0}")));
        row.extend(rates.iter().skip(1).map(ratio));
        self.add(row);
    }

    /// Less is better; a server may not have it at all.
    pub(crate) fn times(&mut self, what: &str, times: &[anyhow::Result<Duration>]) {
        let ms = |time: &anyhow::Result<Duration>| {
            time.as_ref().ok().map(|time| time.as_secs_f64() * 1_000.0)
        };
        let mut row = vec![what.to_owned()];
        row.extend(times.iter().map(|time| match time {
            Ok(_) => format!("{:.0}", ms(time).unwrap_or_default()),
            Err(error) => error.to_string(),
        }));
        row.extend(times.iter().skip(1).map(|other| {
            let ratio = ms(other).zip(ms(&times[0])).map(|(other, own)| other / own);
            ratio.map_or_else(String::new, |ratio| format!("{ratio:.1} ×"))
        }));
        self.add(row);
    }

    pub(crate) fn texts(&mut self, what: &str, text: impl Fn(usize) -> String) {
        let mut row = vec![what.to_owned()];
        row.extend((0..self.servers.len()).map(text));
        self.add(row);
    }

    pub(crate) fn checked(&mut self, server: &str, checked: Checked) {
        self.right += checked.right;
        if let Some(first) = checked.wrong.first() {
            let (question, count) = (checked.question, checked.wrong.len());
            self.wrong.push(format!(
                "{server}, {question}: {count} answers differ from the scan, such as {first}"
            ));
        }
    }

    fn add(&mut self, row: Vec<String>) {
        tell(&row);
        self.rows.push(row);
    }

    #[expect(clippy::print_stdout, reason = "the table is what the program is for")]
    pub(crate) fn print(&self) {
        for row in &self.rows {
            println!("| {} |", row.join(" | "));
        }
        println!("\n{} answers are as the scan says.", self.right);
        for line in &self.wrong {
            println!("* {line}");
        }
    }
}

/// A run takes minutes; each row is told when it is there.
#[expect(clippy::print_stderr, reason = "who measures sees how far it is")]
fn tell(row: &[String]) {
    eprintln!("{}", row.join("  "));
}
