//! Types and their elements.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anyhow::bail;
use serde_json::Value;

use super::package::{Package, is_type, items, text_of, texts, value_set_of};

const HEADER: &str = "\
# Types and the elements they add to their base type.
# A type: name, base type, kind. An element, after a tab: path, minimum and
# maximum, types (`*` is every type an extension may have; `#` refers to the
# content of another element; what follows `>` is what a reference may point at,
# what follows `<` a profile that the value must fit), flags (S: in the summary,
# M: it changes the meaning of the rest), binding (r: required, x: extensible,
# p: preferred, e: example; then the value set), the widest value set of a binding
# that is not required, and the id of the value set again when all of its codes
# are in the table of codes.
";

const DEFINITIONS: &str = "http://hl7.org/fhir/StructureDefinition/";
const VALUE_SETS: &str = "http://hl7.org/fhir/ValueSet/";
const WIDEST: &str = "http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet";

/// The table `types.tsv`.
pub(crate) fn table(package: &Package, code_sets: &BTreeSet<String>) -> anyhow::Result<String> {
    let mut types = BTreeMap::new();
    let mut open_types = String::new();
    for definition in package.all("StructureDefinition") {
        if !is_type(definition) {
            continue;
        }
        let name = text_of(definition, "type")?;
        if name == "Extension" {
            open_types = items(&definition["snapshot"], "element")
                .iter()
                .find(|element| element["path"] == "Extension.value[x]")
                .map(type_codes)
                .unwrap_or_default();
        }
        types.insert(name, definition);
    }

    let mut out = format!("# FHIR {}.\n{HEADER}", package.version.name());
    for (name, definition) in types {
        let base = definition["baseDefinition"].as_str().unwrap_or_default();
        let base = base.rsplit('/').next().unwrap_or_default();
        let kind = text_of(definition, "kind")?;
        writeln!(out, "{name}\t{base}\t{kind}")?;
        if kind == "primitive-type" {
            continue;
        }
        for element in items(&definition["snapshot"], "element") {
            let path = text_of(element, "path")?;
            let is_inherited = element["base"]["path"]
                .as_str()
                .is_some_and(|base| base != path);
            let Some(path) = path.strip_prefix(&format!("{name}.")) else {
                continue;
            };
            if is_inherited {
                continue;
            }
            let cardinality = format!("{}{}", element["min"], text_of(element, "max")?);
            let mut codes = type_codes(element);
            if codes == open_types && name != "Extension" {
                "*".clone_into(&mut codes);
            }
            let mut line = format!("\t{path}\t{cardinality}\t{codes}\t{}\t", flags(element));
            let binding = &element["binding"];
            if let Some(set) = value_set_of(binding) {
                let strength = text_of(binding, "strength")?;
                let strength = match strength {
                    "required" => 'r',
                    "extensible" => 'x',
                    "preferred" => 'p',
                    "example" => 'e',
                    other => bail!("a binding that is {other}"),
                };
                write!(line, "{strength} {}", shortened(set))?;
            }
            line.push('\t');
            if let Some(set) = widest_value_set(binding) {
                line.push_str(shortened(set));
            }
            line.push('\t');
            if let Some(set) = required_value_set(package, element)
                && code_sets.contains(set)
            {
                line.push_str(set);
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
    }
    Ok(out)
}

/// Whether it is in the summary and whether it changes the meaning.
fn flags(element: &Value) -> String {
    [("isSummary", 'S'), ("isModifier", 'M')]
        .iter()
        .filter(|(name, _)| element[*name] == true)
        .map(|(_, flag)| flag)
        .collect()
}

/// A canonical URL without its version, and without the beginning that most have.
fn shortened(url: &str) -> &str {
    let url = url.split('|').next().unwrap_or(url);
    url.strip_prefix(VALUE_SETS).unwrap_or(url)
}

/// The value set that codes must come from though the binding is weaker.
fn widest_value_set(binding: &Value) -> Option<&str> {
    let extension = items(binding, "extension")
        .iter()
        .find(|extension| extension["url"] == WIDEST)?;
    extension["valueCanonical"]
        .as_str()
        .or_else(|| extension["valueReference"]["reference"].as_str())
        .or_else(|| extension["valueUri"].as_str())
}

/// The types of an element, or the element whose content it shares.
fn type_codes(element: &Value) -> String {
    if let Some(reference) = element["contentReference"].as_str() {
        return reference.to_owned();
    }
    // STU3 repeats the type for each target; R4 lists the targets.
    let mut types: Vec<(&str, Vec<&str>, Vec<&str>)> = Vec::new();
    for entry in items(element, "type") {
        let Some(code) = entry["code"].as_str() else {
            continue;
        };
        let code = code
            .strip_prefix("http://hl7.org/fhirpath/System.")
            .map_or(code, |_| "string");
        if types.iter().all(|(other, ..)| *other != code) {
            types.push((code, Vec::new(), Vec::new()));
        }
        for (other, targets, profiles) in &mut types {
            if *other == code {
                targets.extend(texts(entry, "targetProfile"));
                profiles.extend(texts(entry, "profile"));
            }
        }
    }
    let name = |url: &&str| url.strip_prefix(DEFINITIONS).unwrap_or(url).to_owned();
    let names = |urls: &[&str]| urls.iter().map(name).collect::<Vec<_>>().join(",");
    let types: Vec<String> = types
        .iter()
        .map(|(code, targets, profiles)| {
            let mut text = (*code).to_owned();
            let is_open = targets.iter().any(|target| name(target) == "Resource");
            if !targets.is_empty() && !is_open {
                text = format!("{text}>{}", names(targets));
            }
            if !profiles.is_empty() {
                text = format!("{text}<{}", names(profiles));
            }
            text
        })
        .collect();
    types.join("|")
}

/// The id of the value set that the element's codes must come from.
pub(crate) fn required_value_set<'a>(package: &'a Package, element: &Value) -> Option<&'a str> {
    let binding = &element["binding"];
    if binding["strength"] != "required" {
        return None;
    }
    package.find("ValueSet", value_set_of(binding)?)?["id"].as_str()
}
