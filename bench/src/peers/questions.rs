//! The questions, and what a plain scan of the source says to each.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::data::{Data, Source};

/// Matches on a page.
pub(crate) const PAGE: usize = 20;

/// How many values each kind of question is asked with.
const VALUES: usize = 40;

/// A kind of question, with the values that it is asked with.
pub(crate) struct Question {
    pub(crate) name: &'static str,
    pub(crate) connections: &'static [usize],
    pub(crate) asked: Vec<Asked>,
}

/// One question, below the base, and its answer.
pub(crate) struct Asked {
    pub(crate) target: String,
    pub(crate) expected: Expected,
}

/// What the scan says.
pub(crate) enum Expected {
    /// This resource.
    Resource,
    /// A page of these, with what comes along; where an order is asked for,
    /// the times of the page in that order.
    Page {
        matches: Vec<String>,
        times: Option<Vec<String>>,
        included: BTreeSet<String>,
    },
    /// So many.
    Count(usize),
}

/// All kinds.
pub(crate) fn all(data: &Data) -> Vec<Question> {
    let codes = codes(data, "Observation", 40);
    let mut questions = vec![Question {
        name: "read by id",
        connections: &[1, 16, 64],
        asked: every(&data.resources.iter().collect::<Vec<_>>(), 500)
            .map(|one| Asked {
                target: one.name(),
                expected: Expected::Resource,
            })
            .collect(),
    }];
    let search = |name, asked| Question {
        name,
        connections: &[8],
        asked,
    };
    questions.push(search(
        "search by token",
        each(&codes, |code| {
            let found = data.of("Observation").filter(|one| has_code(one, code));
            page(&format!("Observation?code={}", encode(code)), found)
        }),
    ));
    questions.push(search("patient and code", patient_and_code(data)));
    questions.push(search(
        "date range",
        (1990..2026)
            .map(|year| {
                let (from, to) = (
                    format!("{year}-03-01T00:00:00Z"),
                    format!("{year}-04-01T00:00:00Z"),
                );
                let found = data.of("Observation").filter(|one| {
                    let at = time(one);
                    *at >= from[..19] && *at < to[..19]
                });
                page(&format!("Observation?date=ge{from}&date=lt{to}"), found)
            })
            .collect(),
    ));
    questions.extend(
        chains(data)
            .into_iter()
            .map(|(name, asked)| search(name, asked)),
    );
    let conditions = self::codes(data, "Condition", 3);
    questions.push(search(
        "_has",
        each(&conditions, |code| {
            let have: BTreeSet<&str> = data
                .of("Condition")
                .filter(|one| has_code(one, code))
                .filter_map(|one| one.refers("subject"))
                .collect();
            let found = data
                .of("Patient")
                .filter(|one| have.contains(one.name().as_str()));
            page(
                &format!("Patient?_has:Condition:patient:code={}", encode(code)),
                found,
            )
        }),
    ));
    questions.extend(
        includes(data)
            .into_iter()
            .map(|(name, asked)| search(name, asked)),
    );
    questions.push(search(
        "sort by date",
        each(&codes, |code| {
            let mut found: Vec<&Source> = data
                .of("Observation")
                .filter(|one| has_code(one, code))
                .collect();
            found.sort_by_key(|one| std::cmp::Reverse(time(one)));
            let latest = found.iter().take(PAGE).map(|one| time(one)).collect();
            let mut asked = page(
                &format!("Observation?code={}&_sort=-date", encode(code)),
                found.into_iter(),
            );
            if let Expected::Page { times, .. } = &mut asked.expected {
                *times = Some(latest);
            }
            asked
        }),
    ));
    questions.push(search(
        "count",
        each(&codes, |code| Asked {
            target: format!("Observation?code={}&_summary=count", encode(code)),
            expected: Expected::Count(
                data.of("Observation")
                    .filter(|one| has_code(one, code))
                    .count(),
            ),
        }),
    ));
    questions
}

fn patient_and_code(data: &Data) -> Vec<Asked> {
    let mut found: BTreeMap<(&str, String), Vec<&Source>> = BTreeMap::new();
    for one in data.of("Observation") {
        for code in codes_of(one) {
            if let Some(patient) = one.refers("subject") {
                found.entry((patient, code)).or_default().push(one);
            }
        }
    }
    let all: Vec<_> = found.into_iter().collect();
    every(&all, VALUES * 4)
        .map(|((patient, code), found)| {
            page(
                &format!("Observation?patient={patient}&code={}", encode(code)),
                found.iter().copied(),
            )
        })
        .collect()
}

fn chains(data: &Data) -> [(&'static str, Vec<Asked>); 2] {
    let patients: Vec<&Source> = data.of("Patient").collect();
    let of = |kind: &'static str, chosen: BTreeSet<String>| {
        data.of(kind).filter(move |one| {
            one.refers("subject")
                .is_some_and(|name| chosen.contains(name))
        })
    };
    let by_name = patients
        .iter()
        .filter_map(|one| one.body["name"][0]["family"].as_str())
        .filter(|family| family.is_ascii())
        .map(|family| {
            let named = patients
                .iter()
                .filter(|one| is_named(&one.body["name"], &family.to_lowercase()));
            let chosen = named.map(|one| one.name()).collect();
            page(
                &format!("Condition?patient.name={}", encode(family)),
                of("Condition", chosen),
            )
        });
    let by_birth = patients
        .iter()
        .filter_map(|one| one.body["birthDate"].as_str())
        .map(|date| {
            let born = patients.iter().filter(|one| one.body["birthDate"] == date);
            let chosen = born.map(|one| one.name()).collect();
            page(
                &format!("Observation?patient.birthdate={date}"),
                of("Observation", chosen),
            )
        });
    [
        ("chain by name", by_name.collect()),
        ("chain by birth date", by_birth.collect()),
    ]
}

fn includes(data: &Data) -> [(&'static str, Vec<Asked>); 2] {
    let patients: Vec<&Source> = data.of("Patient").collect();
    let with = |mut asked: Asked, brought: BTreeSet<String>| {
        if let Expected::Page { included, .. } = &mut asked.expected {
            *included = brought;
        }
        asked
    };
    let forward = patients.iter().map(|patient| {
        let name = patient.name();
        let found: Vec<&Source> = data
            .of("MedicationRequest")
            .filter(|one| one.refers("subject") == Some(name.as_str()))
            .collect();
        let brought = found
            .iter()
            .filter_map(|one| one.refers("encounter"))
            .map(str::to_owned)
            .collect();
        let target =
            format!("MedicationRequest?patient={name}&_include=MedicationRequest:encounter");
        with(page(&target, found.into_iter()), brought)
    });
    let reverse = patients.iter().map(|patient| {
        let name = patient.name();
        let brought = data
            .of("MedicationRequest")
            .filter(|one| one.refers("subject") == Some(name.as_str()))
            .map(Source::name)
            .collect();
        let target = format!(
            "Patient?_id={}&_revinclude=MedicationRequest:patient",
            patient.id
        );
        with(page(&target, std::iter::once(*patient)), brought)
    });
    [
        ("_include", forward.collect()),
        ("_revinclude", reverse.collect()),
    ]
}

fn page<'a>(target: &str, found: impl Iterator<Item = &'a Source>) -> Asked {
    Asked {
        target: format!("{target}&_count={PAGE}"),
        expected: Expected::Page {
            matches: found.map(Source::name).collect(),
            times: None,
            included: BTreeSet::new(),
        },
    }
}

/// The codes that at least so many resources have, by how many.
pub(crate) fn codes(data: &Data, kind: &str, least: usize) -> Vec<String> {
    let mut counted: HashMap<String, usize> = HashMap::new();
    for code in data.of(kind).flat_map(codes_of) {
        *counted.entry(code).or_default() += 1;
    }
    let mut codes: Vec<_> = counted
        .into_iter()
        .filter(|(_, count)| *count >= least)
        .collect();
    codes.sort_by(|one, other| (other.1, &other.0).cmp(&(one.1, &one.0)));
    codes.into_iter().map(|(code, _)| code).collect()
}

fn codes_of(one: &Source) -> Vec<String> {
    let codings = one.body["code"]["coding"].as_array();
    codings
        .into_iter()
        .flatten()
        .filter_map(|coding| {
            Some(format!(
                "{}|{}",
                coding["system"].as_str()?,
                coding["code"].as_str()?
            ))
        })
        .collect()
}

/// When an observation was made. All times of the source are in UTC and of
/// one length, so their order is that of their text.
fn time(one: &Source) -> String {
    one.body["effectiveDateTime"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

fn has_code(one: &Source, code: &str) -> bool {
    codes_of(one).iter().any(|own| own == code)
}

/// Whether any part of any name starts with this, in small letters.
fn is_named(names: &Value, start: &str) -> bool {
    match names {
        Value::String(text) => text.to_lowercase().starts_with(start),
        Value::Array(all) => all.iter().any(|one| is_named(one, start)),
        Value::Object(members) => ["family", "given", "text", "prefix", "suffix"]
            .iter()
            .any(|part| members.get(*part).is_some_and(|part| is_named(part, start))),
        _ => false,
    }
}

fn each(values: &[String], ask: impl Fn(&str) -> Asked) -> Vec<Asked> {
    every(values, VALUES).map(|value| ask(value)).collect()
}

/// So many of all, evenly spread.
fn every<T>(all: &[T], count: usize) -> impl Iterator<Item = &T> {
    all.iter().step_by((all.len() / count).max(1)).take(count)
}

fn encode(value: &str) -> String {
    value
        .bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}
