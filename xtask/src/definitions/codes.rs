//! The codes of value sets with a required binding, where they can be listed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::Value;

use super::package::{Package, is_type, items, value_set_of};
use super::types;

const HEADER: &str = "\
# Codes of the value sets that elements must take theirs from. Value set, code
# system, codes. Sets that cannot be listed (units, media types, languages) are
# left out: their codes are not checked.
";

/// By code system, the codes of a value set.
type Codes = BTreeMap<String, BTreeSet<String>>;

/// The table `codes.tsv` and the ids of the value sets in it.
pub(crate) fn table(package: &Package) -> anyhow::Result<(BTreeSet<String>, String)> {
    let mut wanted = BTreeMap::new();
    for definition in package.all("StructureDefinition") {
        if !is_type(definition) {
            continue;
        }
        for element in items(&definition["snapshot"], "element") {
            if let Some(id) = types::required_value_set(package, element) {
                let url = value_set_of(&element["binding"]).unwrap_or_default();
                wanted.insert(id.to_owned(), url.to_owned());
            }
        }
    }
    let mut listed = BTreeSet::new();
    let mut out = format!("# FHIR {}.\n{HEADER}", package.version.name());
    for (id, url) in wanted {
        let Some(codes) = expand(package, &url) else {
            eprintln!("not listed: {id}");
            continue;
        };
        for (system, codes) in codes {
            write!(out, "{id}\t{system}")?;
            for code in codes {
                write!(out, "\t{code}")?;
            }
            out.push('\n');
        }
        listed.insert(id);
    }
    Ok((listed, out))
}

/// The codes of a value set; `None` when they cannot be listed from the package.
fn expand(package: &Package, url: &str) -> Option<Codes> {
    let compose = &package.find("ValueSet", url)?["compose"];
    let mut codes = Codes::new();
    for include in items(compose, "include") {
        for (system, more) in part(package, include)? {
            codes.entry(system).or_default().extend(more);
        }
    }
    for exclude in items(compose, "exclude") {
        for (system, fewer) in part(package, exclude)? {
            codes
                .entry(system)
                .or_default()
                .retain(|code| !fewer.contains(code));
        }
    }
    codes.retain(|_, codes| !codes.is_empty());
    (!codes.is_empty()).then_some(codes)
}

/// One include or exclude.
fn part(package: &Package, part: &Value) -> Option<Codes> {
    let Some(system) = part["system"].as_str() else {
        // Only whole value sets, and in R4 never more than one.
        let [set] = items(part, "valueSet") else {
            return None;
        };
        return expand(package, set.as_str()?);
    };
    if !items(part, "valueSet").is_empty() {
        return None;
    }
    let mut codes = BTreeSet::new();
    if items(part, "concept").is_empty() {
        let code_system = package.find("CodeSystem", system)?;
        if code_system["content"] != "complete" {
            return None;
        }
        let roots = match items(part, "filter") {
            [] => None,
            [filter] if filter["property"] == "concept" => Some((
                filter["value"].as_str()?,
                match filter["op"].as_str()? {
                    "is-a" => true,
                    "descendent-of" => false,
                    _ => return None,
                },
            )),
            _ => return None,
        };
        collect(items(code_system, "concept"), roots, &mut codes);
    } else {
        codes.extend(items(part, "concept").iter().filter_map(code));
    }
    Some(Codes::from([(system.to_owned(), codes)]))
}

/// All concepts, or (with `below`) one concept's descendants, with that concept
/// itself when the flag says so.
fn collect(concepts: &[Value], below: Option<(&str, bool)>, codes: &mut BTreeSet<String>) {
    for concept in concepts {
        let children = items(concept, "concept");
        let is_root = below.is_some_and(|(root, _)| concept["code"] == root);
        if below.is_none_or(|(_, is_inclusive)| is_root && is_inclusive) {
            codes.extend(code(concept));
        }
        collect(children, if is_root { None } else { below }, codes);
    }
}

fn code(concept: &Value) -> Option<String> {
    concept["code"].as_str().map(str::to_owned)
}
