//! What the suites say that others wrote, and the page that tells it.
//!
//! Each suite is a list of exceptions with their reasons, and a test that holds it
//! against the suite where that is present: as many cases, as many right, and each
//! exception as often as it says. `docs/conformance.md` is made of these lists, so
//! that it says what the tests say.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use crate::{fhirpath, json, official_examples, validation, zib_examples};

/// A suite that others wrote.
pub(crate) struct Suite {
    pub(crate) name: &'static str,
    /// What it consists of, and where it comes from.
    pub(crate) source: &'static str,
    /// What must hold for a case to come out right.
    pub(crate) right_when: &'static str,
    pub(crate) cases: usize,
    pub(crate) right: usize,
    pub(crate) exceptions: &'static [Exception],
}

/// Cases that do not come out right, and why.
pub(crate) struct Exception {
    /// What the line of a fault holds, all of it.
    pub(crate) parts: &'static [&'static str],
    /// How many faults there are of it.
    pub(crate) times: usize,
    pub(crate) why: &'static str,
}

/// A short way to write an exception.
pub(crate) const fn exception(
    parts: &'static [&'static str],
    times: usize,
    why: &'static str,
) -> Exception {
    Exception { parts, times, why }
}

impl Suite {
    /// Holds what came out of the suite against what is listed: the number of
    /// cases, and for each fault its case and its line.
    pub(crate) fn check(&self, cases: usize, faults: &[(String, String)]) {
        let wrong: BTreeSet<&str> = faults.iter().map(|(case, _)| case.as_str()).collect();
        let right = cases - wrong.len();
        println!("{}: {right} of {cases} right", self.name);
        let mut times = vec![0; self.exceptions.len()];
        let mut complaints = Vec::new();
        for (case, fault) in faults {
            let line = format!("{case}: {fault}");
            let found = self
                .exceptions
                .iter()
                .position(|one| one.parts.iter().all(|part| line.contains(part)));
            match found {
                Some(found) => times[found] += 1,
                None => complaints.push(line),
            }
        }
        for (exception, times) in self.exceptions.iter().zip(times) {
            println!("{}: {times} times {:?}", self.name, exception.parts);
            if exception.times != times {
                complaints.push(format!(
                    "{:?} is listed {} times and found {times} times",
                    exception.parts, exception.times
                ));
            }
        }
        if (self.cases, self.right) != (cases, right) {
            complaints.push(format!(
                "{} of {} are listed as right, and {right} of {cases} are",
                self.right, self.cases
            ));
        }
        assert!(
            complaints.is_empty(),
            "{}\n{}",
            self.name,
            complaints.join("\n")
        );
    }
}

const HEAD: &str = "\
# Conformance

What comes out of test suites that others wrote, and every exception with its reason.
This page is made of the lists in the tests (`crates/fhir/src/conformance.rs`): a test fails when the page, a list, or what a suite says differs from the others.
The suites are no part of this repository; [testing.md](testing.md) tells where they come from, and the tests say so where one is not present.

";

fn suites() -> [&'static Suite; 13] {
    [
        &fhirpath::OFFICIAL_SUITE,
        &fhirpath::JS_SUITE,
        &json::SYNTAX_SUITE,
        &official_examples::R4,
        &official_examples::STU3,
        &zib_examples::ZIB2020,
        &zib_examples::ZIB2017,
        &validation::suites::R4,
        &validation::suites::STU3,
        &validation::suites::ZIB2020,
        &validation::suites::ZIB2017,
        &validation::snapshot_suite::R4,
        &validation::snapshot_suite::STU3,
    ]
}

/// The page.
fn page() -> String {
    let mut out = HEAD.to_owned();
    out.push_str("| suite | cases | right | exceptions |\n|---|---:|---:|---:|\n");
    for suite in suites() {
        let faults: usize = suite.exceptions.iter().map(|one| one.times).sum();
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "| {} | {} | {} | {faults} |",
            suite.name, suite.cases, suite.right
        );
    }
    for suite in suites() {
        let _ = writeln!(
            out,
            "\n## {}\n\n{}\nA case is right when {}.\n{} of {} are.",
            suite.name, suite.source, suite.right_when, suite.right, suite.cases
        );
        if suite.exceptions.is_empty() {
            continue;
        }
        out.push_str("\n| what | times | why |\n|---|---:|---|\n");
        for exception in suite.exceptions {
            let parts: Vec<String> = exception.parts.iter().map(|part| code(part)).collect();
            let _ = writeln!(
                out,
                "| {} | {} | {} |",
                parts.join(" "),
                exception.times,
                exception.why
            );
        }
    }
    out
}

/// A text as code in a table of Markdown.
fn code(text: &str) -> String {
    let text = text.trim().replace('\n', " ").replace('|', "\\|");
    if text.contains('`') {
        format!("`` {text} ``")
    } else {
        format!("`{text}`")
    }
}

#[test]
fn the_page_says_what_the_tests_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/conformance.md");
    let page = page();
    if std::env::var_os("UPDATE_CONFORMANCE").is_some() {
        std::fs::write(&path, &page).expect("the page can be written");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == page,
        "docs/conformance.md is out of date: UPDATE_CONFORMANCE=1 cargo test -p fhir conformance"
    );
}
