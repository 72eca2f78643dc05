//! Types and their elements.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::Value;

use super::package::{Package, items, text_of};

const HEADER: &str = "\
# Types of FHIR R4 4.0.1 and the elements they add to their base type.
# A type: name, base type, kind. An element, after a tab: path, minimum and
# maximum, types (`*` is every type an extension may have; `#` refers to the
# content of another element), value set when its binding is required.
";

/// The table `types.tsv`.
pub(crate) fn table(package: &Package, code_sets: &BTreeSet<String>) -> anyhow::Result<String> {
    let mut types = BTreeMap::new();
    let mut open_types = String::new();
    for definition in package.all("StructureDefinition") {
        let is_profile = definition["derivation"] == "constraint";
        if is_profile || definition["kind"] == "logical" {
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

    let mut out = String::from(HEADER);
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
            write!(out, "\t{path}\t{cardinality}\t{codes}")?;
            if let Some(set) = required_value_set(package, element)
                && code_sets.contains(set)
            {
                write!(out, "\t{set}")?;
            }
            out.push('\n');
        }
    }
    Ok(out)
}

/// The types of an element, or the element whose content it shares.
fn type_codes(element: &Value) -> String {
    if let Some(reference) = element["contentReference"].as_str() {
        return reference.to_owned();
    }
    let codes: Vec<&str> = items(element, "type")
        .iter()
        .filter_map(|entry| entry["code"].as_str())
        .map(|code| {
            code.strip_prefix("http://hl7.org/fhirpath/System.")
                .map_or(code, |_| "string")
        })
        .collect();
    codes.join("|")
}

/// The id of the value set that the element's codes must come from.
pub(crate) fn required_value_set<'a>(package: &'a Package, element: &Value) -> Option<&'a str> {
    let binding = &element["binding"];
    if binding["strength"] != "required" {
        return None;
    }
    package.find("ValueSet", binding["valueSet"].as_str()?)?["id"].as_str()
}
