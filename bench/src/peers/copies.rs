//! The same data as other people, so that a store can be filled with many times
//! the source: a name, a birth date or a patient stays as rare as it was, while
//! codes and dates are found as many times more often.

use std::collections::HashSet;

use serde_json::Value;

use super::data::{Data, Source};

/// The same people so many times, the first time as they are.
pub(crate) fn of(data: &Data, copies: usize) -> Data {
    let numbers = 0..copies;
    let all = numbers.flat_map(|number| copy(&data.resources, number));
    Data::of_resources(all.collect())
}

fn copy(resources: &[Source], number: usize) -> Vec<Source> {
    if number == 0 {
        return resources.to_vec();
    }
    let names: HashSet<String> = resources.iter().map(Source::name).collect();
    resources
        .iter()
        .map(|one| {
            let mut copy = one.clone();
            copy.id = format!("{}-{number}", one.id);
            copy.body["id"] = Value::from(copy.id.as_str());
            refer(&mut copy.body, &names, number);
            identify(&mut copy.body, number);
            if copy.kind == "Patient" {
                rename(&mut copy.body, number);
            }
            copy
        })
        .collect()
}

/// References to the source become those to the copy.
fn refer(value: &mut Value, names: &HashSet<String>, number: usize) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member.as_str() {
                    Some(target) if name == "reference" && names.contains(target) => {
                        *member = Value::from(format!("{target}-{number}"));
                    }
                    _ => refer(member, names, number),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| refer(item, names, number)),
        _ => {}
    }
}

/// Identifiers of the resource are those of the copy only.
fn identify(body: &mut Value, number: usize) {
    let identifiers = body.get_mut("identifier").and_then(Value::as_array_mut);
    for identifier in identifiers.into_iter().flatten() {
        if let Some(value) = identifier["value"].as_str() {
            identifier["value"] = Value::from(format!("{value}-{number}"));
        }
    }
}

/// Other family names, which do not begin as that of the source does, and
/// another birth date.
fn rename(patient: &mut Value, number: usize) {
    let letter = char::from(b'A' + (number % 26) as u8);
    let names = patient.get_mut("name").and_then(Value::as_array_mut);
    for name in names.into_iter().flatten() {
        if let Some(family) = name["family"].as_str() {
            name["family"] = Value::from(format!("{letter}x{number}{family}"));
        }
    }
    if let Some((rest, day)) = patient["birthDate"]
        .as_str()
        .and_then(|date| date.rsplit_once('-'))
        && let Ok(day) = day.parse::<usize>()
    {
        // Every month has 28 days.
        let moved = (day + number) % 28 + 1;
        patient["birthDate"] = Value::from(format!("{rest}-{moved:02}"));
    }
}
