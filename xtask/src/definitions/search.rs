//! Search parameters and compartments.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::Context;
use serde_json::Value;

use super::package::{Package, items, text_of};

const PARAMETERS_HEADER: &str = "\
# Search parameters. The number of a parameter is its line, from 0.
# Code, type, resource types, expression, targets of references (`*` is any
# type), components of composites (number of the parameter and expression).
";

const COMPARTMENTS_HEADER: &str = "\
# Compartments: the type that owns it, resource type, and the search parameters
# that tie it to the owner; `{def}` for the owner itself.
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
    let mut out = format!("# FHIR {}.\n{PARAMETERS_HEADER}", package.version.name());
    for parameter in &parameters {
        let targets = items(parameter, "target").len();
        let is_any = targets > 1 && Some(targets) == every_type;
        // Two expressions of STU3 name the type `uri` with a capital.
        let expression = parameter["expression"].as_str().unwrap_or_default();
        let expression = expression.replace(".as(Uri)", ".as(uri)");
        let components = items(parameter, "component")
            .iter()
            .map(|component| {
                let definition = &component["definition"];
                let url = definition
                    .as_str()
                    .or_else(|| definition["reference"].as_str())
                    .context("a component without definition")?;
                let number = numbers
                    .get(url)
                    .copied()
                    .or_else(|| by_name(&parameters, url))
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
            one_line(&expression),
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

/// The table `compartments.tsv`.
pub(crate) fn compartments(package: &Package) -> anyhow::Result<String> {
    let mut out = format!("# FHIR {}.\n{COMPARTMENTS_HEADER}", package.version.name());
    for definition in package.all("CompartmentDefinition") {
        if definition["id"] == "example" {
            continue;
        }
        let owner = text_of(definition, "code")?;
        for resource in items(definition, "resource") {
            if !items(resource, "param").is_empty() {
                writeln!(
                    out,
                    "{owner}\t{}\t{}",
                    text_of(resource, "code")?,
                    joined(resource, "param")
                )?;
            }
        }
    }
    Ok(out)
}

/// The number of a parameter by the type and code at the end of a URL: STU3 names
/// some by URLs that they do not have, such as `…/Observation-code`.
fn by_name(parameters: &[&Value], url: &str) -> Option<usize> {
    let (name, code) = url.rsplit('/').next()?.split_once('-')?;
    parameters.iter().position(|one| {
        let is_of_type = items(one, "base").iter().any(|base| base == name);
        one["code"] == code && is_of_type
    })
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
