//! The tables, read.

use std::collections::HashMap;

use crate::FhirVersion;

use super::structure::{
    Binding, BindingStrength, CodeSet, Element, Form, Structure, TypeId, form_name,
};
use super::tables::{self, Table};
use super::{Definitions, Primitive, UNBOUNDED, is_abstract};

/// Where value sets without an address of their own are.
const VALUE_SETS: &str = "http://hl7.org/fhir/ValueSet/";

/// By name, the targets or profiles that several elements share.
type NameLists = HashMap<&'static str, &'static [&'static str]>;

/// The line of an element.
struct Row {
    path: &'static str,
    cardinality: &'static str,
    types: &'static str,
    flags: &'static str,
    binding: &'static str,
    widest: &'static str,
    code_set: &'static str,
}

/// The lines of one type: its head and its elements.
struct Draft {
    name: &'static str,
    base: &'static str,
    kind: &'static str,
    elements: Vec<Row>,
}

fn drafts(version: FhirVersion) -> Vec<Draft> {
    let mut drafts: Vec<Draft> = Vec::new();
    for line in tables::lines(version, Table::Types) {
        let mut columns = line.split('\t');
        let mut next = || columns.next().unwrap_or_default();
        match next() {
            "" => {
                let element = Row {
                    path: next(),
                    cardinality: next(),
                    types: next(),
                    flags: next(),
                    binding: next(),
                    widest: next(),
                    code_set: next(),
                };
                if let Some(draft) = drafts.last_mut() {
                    draft.elements.push(element);
                }
            }
            name => drafts.push(Draft {
                name,
                base: next(),
                kind: next(),
                elements: Vec::new(),
            }),
        }
    }
    drafts
}

fn code_sets(version: FhirVersion) -> HashMap<&'static str, &'static CodeSet> {
    let mut sets: Vec<CodeSet> = Vec::new();
    for line in tables::lines(version, Table::Codes) {
        let mut columns = line.split('\t');
        let (id, system) = (
            columns.next().unwrap_or_default(),
            columns.next().unwrap_or_default(),
        );
        if sets.last().is_none_or(|set| set.id != id) {
            sets.push(CodeSet {
                id,
                codes: Vec::new(),
                bare: Vec::new(),
            });
        }
        if let Some(set) = sets.last_mut() {
            for code in columns {
                set.codes.push((system, code));
                set.bare.push(code);
            }
        }
    }
    for set in &mut sets {
        set.codes.sort_unstable();
        set.bare.sort_unstable();
    }
    // The tables live as long as the process.
    sets.leak().iter().map(|set| (set.id, set)).collect()
}

pub(super) fn load(version: FhirVersion) -> Definitions {
    let drafts = drafts(version);
    let sets = code_sets(version);
    let mut lists = NameLists::new();

    // First the names, so that elements can refer to types that come later.
    let mut names: Vec<&'static str> = drafts.iter().map(|draft| draft.name).collect();
    let mut by_name: HashMap<&'static str, TypeId> = HashMap::new();
    let mut contents: Vec<(usize, &'static str, &'static str)> = Vec::new();
    for (position, draft) in drafts.iter().enumerate() {
        for Row { path, types, .. } in &draft.elements {
            if matches!(*types, "BackboneElement" | "Element") {
                contents.push((position, path, types));
                names.push(String::leak(format!("{}.{path}", draft.name)));
            }
        }
    }
    for (position, name) in names.iter().enumerate() {
        by_name.insert(name, TypeId::new(version, position));
    }

    let open_types = drafts
        .iter()
        .find(|draft| draft.name == "Extension")
        .and_then(|draft| draft.elements.iter().find(|row| row.path == "value[x]"))
        .map_or("", |row| row.types);

    let mut structures: Vec<Structure> = Vec::with_capacity(names.len());
    for (position, draft) in drafts.iter().enumerate() {
        structures.push(Structure {
            name: names[position],
            base: by_name.get(draft.base).copied(),
            primitive: Primitive::from_name(draft.name),
            is_resource: draft.kind == "resource",
            elements: own_elements(draft, "", open_types, &by_name, &sets, &mut lists),
            by_name: Vec::new(),
            by_member: Vec::new(),
        });
    }
    for (n, (draft, path, base)) in contents.iter().enumerate() {
        structures.push(Structure {
            name: names[drafts.len() + n],
            base: by_name.get(base).copied(),
            primitive: None,
            is_resource: false,
            elements: own_elements(
                &drafts[*draft],
                path,
                open_types,
                &by_name,
                &sets,
                &mut lists,
            ),
            by_name: Vec::new(),
            by_member: Vec::new(),
        });
    }

    let inherited: Vec<Vec<Element>> = structures
        .iter()
        .map(|structure| inherited(&structures, structure))
        .collect();
    for (structure, mut elements) in structures.iter_mut().zip(inherited) {
        elements.append(&mut structure.elements);
        structure.elements = elements;
        structure.index();
    }

    let mut resource_types: Vec<&'static str> = structures
        .iter()
        .filter(|structure| structure.is_resource && !is_abstract(structure.name))
        .map(|structure| structure.name)
        .collect();
    resource_types.sort_unstable();
    let any_resource = by_name["Resource"];
    Definitions {
        version,
        structures,
        by_name,
        resource_types,
        any_resource,
    }
}

/// The elements of all ancestors, the oldest first.
fn inherited(structures: &[Structure], structure: &Structure) -> Vec<Element> {
    let mut chain = Vec::new();
    let mut next = structure.base;
    while let Some(id) = next {
        let ancestor = &structures[id.position()];
        chain.push(ancestor);
        next = ancestor.base;
    }
    chain
        .iter()
        .rev()
        .flat_map(|ancestor| ancestor.elements.iter().cloned())
        .collect()
}

/// The elements right below `parent` (empty for the type itself).
fn own_elements(
    draft: &Draft,
    parent: &str,
    open_types: &'static str,
    by_name: &HashMap<&'static str, TypeId>,
    sets: &HashMap<&'static str, &'static CodeSet>,
    lists: &mut NameLists,
) -> Vec<Element> {
    let mut elements = Vec::new();
    for row in &draft.elements {
        let path = row.path;
        let name = match parent {
            "" => Some(path),
            _ => path
                .strip_prefix(parent)
                .and_then(|rest| rest.strip_prefix('.')),
        };
        let Some(name) = name.filter(|name| !name.contains('.')) else {
            continue;
        };
        let (is_choice, name) = match name.strip_suffix("[x]") {
            Some(name) => (true, name),
            None => (false, name),
        };
        let types = if row.types == "*" {
            open_types
        } else {
            row.types
        };
        let forms = types
            .split('|')
            .filter_map(|entry| {
                let (entry, profiles) = entry.split_once('<').unwrap_or((entry, ""));
                let (code, targets) = entry.split_once('>').unwrap_or((entry, ""));
                // Resource.id is a string in R4, by an old mistake: its own text
                // makes it an id.
                let is_resource_id = draft.name == "Resource" && name == "id";
                let type_name = match code.strip_prefix('#') {
                    Some(other) => other.to_owned(),
                    None if is_resource_id => "id".to_owned(),
                    None if matches!(code, "BackboneElement" | "Element") => {
                        format!("{}.{path}", draft.name)
                    }
                    None => code.to_owned(),
                };
                let type_id = *by_name.get(type_name.as_str())?;
                let member = if is_choice {
                    form_name(name, code)
                } else {
                    name.to_owned()
                };
                Some(Form {
                    extras: format!("_{member}").into(),
                    member: member.into(),
                    type_id,
                    targets: list(targets, lists),
                    profiles: list(profiles, lists),
                })
            })
            .collect();
        let (min, max) = row.cardinality.split_at(1);
        elements.push(Element {
            name,
            is_choice,
            min: min.parse().unwrap_or(0),
            max: max.parse().unwrap_or(UNBOUNDED),
            forms,
            codes: sets.get(row.code_set).copied(),
            binding: binding(row),
            is_summary: row.flags.contains('S'),
            is_modifier: row.flags.contains('M'),
        });
    }
    elements
}

fn binding(row: &Row) -> Option<Binding> {
    let (strength, value_set) = row.binding.split_once(' ')?;
    Some(Binding {
        strength: BindingStrength::from_code(strength)?,
        value_set: value_set_url(value_set),
        widest: (!row.widest.is_empty()).then(|| value_set_url(row.widest)),
    })
}

fn value_set_url(name: &'static str) -> &'static str {
    if name.contains(':') {
        name
    } else {
        // As long-lived as the table itself.
        String::leak(format!("{VALUE_SETS}{name}"))
    }
}

fn list(names: &'static str, lists: &mut NameLists) -> &'static [&'static str] {
    if names.is_empty() {
        return &[];
    }
    lists
        .entry(names)
        .or_insert_with(|| Vec::leak(names.split(',').collect()))
}
