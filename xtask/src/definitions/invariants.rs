//! The rules that types add to their elements.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::Value;

use super::package::{Package, is_type, items, text_of};

const HEADER: &str = "\
# Invariants: type or path of the element, key, severity by its first letter,
# FHIRPath expression. A rule of a type holds for every value of it, and is not
# repeated for the elements that have the type.
";

/// The table `invariants.tsv`.
pub(crate) fn table(package: &Package) -> anyhow::Result<String> {
    let types: BTreeMap<&str, &Value> = package
        .all("StructureDefinition")
        .filter(|definition| is_type(definition))
        .map(|definition| Ok((text_of(definition, "type")?, definition)))
        .collect::<anyhow::Result<_>>()?;
    let of_types: BTreeMap<&str, BTreeSet<(&str, &str)>> = types
        .iter()
        .map(|(name, definition)| {
            let root = &items(&definition["snapshot"], "element")[0];
            (
                *name,
                rules(root).map(|(key, _, text)| (key, text)).collect(),
            )
        })
        .collect();
    // What types without descendants repeat: rules of Element and Extension.
    let general: BTreeSet<(&str, &str)> = ["Element", "Extension"]
        .iter()
        .filter_map(|name| of_types.get(name))
        .flatten()
        .copied()
        .collect();

    let mut out = format!("# FHIR {}.\n{HEADER}", package.version.name());
    for (name, definition) in &types {
        let base = definition["baseDefinition"].as_str().unwrap_or_default();
        let base = base.rsplit('/').next().unwrap_or_default();
        for element in items(&definition["snapshot"], "element") {
            let path = text_of(element, "path")?;
            let is_inherited = element["base"]["path"]
                .as_str()
                .is_some_and(|base| base != path);
            if is_inherited {
                continue;
            }
            let is_root = path == *name;
            let codes: Vec<&str> = if is_root {
                vec![base]
            } else {
                let types = items(element, "type").iter();
                types.filter_map(|entry| entry["code"].as_str()).collect()
            };
            for (key, severity, expression) in rules(element) {
                let rule = (key, expression);
                let is_of_type = |code: &&str| {
                    of_types
                        .get(code)
                        .is_some_and(|rules| rules.contains(&rule))
                };
                let is_general = general.contains(&rule) && !(is_root && is_own(name));
                if is_general || codes.iter().any(is_of_type) {
                    continue;
                }
                // One rule of R4 writes the type `boolean` of FHIR with a capital.
                let expression = expression.replace("answer is Boolean", "answer is boolean");
                let expression: Vec<&str> = expression.split_whitespace().collect();
                writeln!(
                    out,
                    "{path}\t{key}\t{}\t{}",
                    &severity[..1],
                    expression.join(" ")
                )?;
            }
        }
    }
    Ok(out)
}

/// The types whose own rules are the general ones.
fn is_own(name: &str) -> bool {
    matches!(name, "Element" | "Extension")
}

/// Key, severity and expression.
fn rules(element: &Value) -> impl Iterator<Item = (&str, &str, &str)> {
    items(element, "constraint").iter().filter_map(|rule| {
        Some((
            rule["key"].as_str()?,
            rule["severity"].as_str()?,
            rule["expression"].as_str()?,
        ))
    })
}
