//! Search parameters and the patient compartment.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::Context;
use serde_json::Value;

use super::package::{Package, items, text_of};

const PARAMETERS_HEADER: &str = "\
# Search parameters of FHIR R4 4.0.1. The number of a parameter is its line, from 0.
# Code, type, resource types, expression, targets of references (`*` is any
# type), components of composites (number of the parameter and expression).
";

const COMPARTMENT_HEADER: &str = "\
# The patient compartment of FHIR R4 4.0.1: resource type and the search
# parameters that tie it to a patient.
";

/// The table `search.tsv`.
pub(crate) fn parameters(package: &Package) -> anyhow::Result<String> {
    // Some parameters that belong to an extension name no resource type.
    let parameters: Vec<&Value> = package
        .all("SearchParameter")
        .filter(|one| !items(one, "base").is_empty())
        .collect();
    let numbers: BTreeMap<&str, usize> = parameters
        .iter()
        .enumerate()
        .filter_map(|(number, one)| Some((one["url"].as_str()?, number)))
        .collect();
    let every_type = parameters
        .iter()
        .map(|one| items(one, "target").len())
        .max();
    let mut out = String::from(PARAMETERS_HEADER);
    for parameter in &parameters {
        let targets = items(parameter, "target").len();
        let is_any = targets > 1 && Some(targets) == every_type;
        let expression = parameter["expression"].as_str().unwrap_or_default();
        let components = items(parameter, "component")
            .iter()
            .map(|component| {
                let url = text_of(component, "definition")?;
                let number = numbers
                    .get(url)
                    .with_context(|| format!("no parameter {url}"))?;
                Ok(format!(
                    "{number} {}",
                    one_line(text_of(component, "expression")?)
                ))
            })
            .collect::<anyhow::Result<Vec<String>>>()?;
        writeln!(
            out,
            "{}\t{}\t{}\t{}\t{}\t{}",
            text_of(parameter, "code")?,
            text_of(parameter, "type")?,
            joined(parameter, "base"),
            one_line(expression),
            if is_any {
                "*".to_owned()
            } else {
                joined(parameter, "target")
            },
            components.join(";"),
        )?;
    }
    Ok(out)
}

/// The table `compartment.tsv`.
pub(crate) fn patient_compartment(package: &Package) -> anyhow::Result<String> {
    let definition = package
        .all("CompartmentDefinition")
        .find(|one| one["code"] == "Patient" && one["id"] == "patient")
        .context("no patient compartment")?;
    let mut out = String::from(COMPARTMENT_HEADER);
    for resource in items(definition, "resource") {
        if !items(resource, "param").is_empty() {
            writeln!(
                out,
                "{}\t{}",
                text_of(resource, "code")?,
                joined(resource, "param")
            )?;
        }
    }
    Ok(out)
}

fn joined(value: &Value, name: &str) -> String {
    let words: Vec<&str> = items(value, name)
        .iter()
        .filter_map(Value::as_str)
        .collect();
    words.join("|")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
