//! The definition tables of R4, made by `cargo xtask definitions`: types, their
//! elements, and the codes of required bindings.
//!
//! Parsed once from text embedded in the binary; everything is addressed by
//! number, so a walk over a resource allocates nothing.

use std::collections::HashMap;
use std::sync::OnceLock;

const TYPES: &str = include_str!("../tables/r4/types.tsv");
const CODES: &str = include_str!("../tables/r4/codes.tsv");

/// No upper bound on the number of values.
pub(crate) const UNBOUNDED: u16 = u16::MAX;

/// Number of a type, or of the content of one backbone element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct TypeId(u16);

macro_rules! primitives {
    ($($variant:ident $name:literal)*) => {
        /// The primitive types of R4.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Primitive { $($variant),* }

        impl Primitive {
            fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

primitives! {
    Base64Binary "base64Binary"
    Boolean "boolean"
    Canonical "canonical"
    Code "code"
    Date "date"
    DateTime "dateTime"
    Decimal "decimal"
    Id "id"
    Instant "instant"
    Integer "integer"
    Markdown "markdown"
    Oid "oid"
    PositiveInt "positiveInt"
    String "string"
    Time "time"
    UnsignedInt "unsignedInt"
    Uri "uri"
    Url "url"
    Uuid "uuid"
    Xhtml "xhtml"
}

/// A type or the content of a backbone element.
#[derive(Debug)]
pub(crate) struct Structure {
    /// `Patient`, `HumanName`, `string`, or a path such as `Patient.contact`.
    pub(crate) name: &'static str,
    /// The type that this one specialises.
    pub(crate) base: Option<TypeId>,
    /// Set for primitive types.
    pub(crate) primitive: Option<Primitive>,
    /// Whether it is a resource, the abstract ones included.
    pub(crate) is_resource: bool,
    /// The elements in the order of the standard, inherited ones first.
    pub(crate) elements: Vec<Element>,
    /// Element names without `[x]`, sorted, with positions in `elements`.
    by_name: Vec<(&'static str, u16)>,
    /// JSON member names, sorted: element, position in its forms, and whether
    /// it is the `_name` that holds a primitive's extensions.
    by_member: Vec<(Box<str>, Member)>,
}

/// An element of a structure.
#[derive(Debug, Clone)]
pub(crate) struct Element {
    /// The name, without `[x]`.
    pub(crate) name: &'static str,
    /// Whether the name is followed by one of several types.
    pub(crate) is_choice: bool,
    /// How many values there must be.
    pub(crate) min: u16,
    /// How many values there may be; [`UNBOUNDED`] for no limit.
    pub(crate) max: u16,
    /// The ways to write it: one, or one for each type of a choice.
    pub(crate) forms: Vec<Form>,
    /// Where its codes must come from.
    pub(crate) codes: Option<&'static CodeSet>,
}

/// One way to write an element in JSON.
#[derive(Debug, Clone)]
pub(crate) struct Form {
    /// Member name: `valueQuantity`.
    pub(crate) member: Box<str>,
    /// Member name of a primitive's id and extensions: `_valueString`.
    pub(crate) extras: Box<str>,
    /// Type of the value.
    pub(crate) type_id: TypeId,
}

/// What a JSON member of a structure stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Member {
    /// Position in [`Structure::elements`].
    pub(crate) element: u16,
    /// Position in [`Element::forms`].
    pub(crate) form: u16,
    /// Whether this is the `_name` beside a primitive.
    pub(crate) is_extras: bool,
}

/// The codes of one value set.
#[derive(Debug)]
pub(crate) struct CodeSet {
    /// The id of the value set.
    pub(crate) id: &'static str,
    /// System and code, sorted.
    codes: Vec<(&'static str, &'static str)>,
    /// The codes alone, sorted.
    bare: Vec<&'static str>,
}

impl CodeSet {
    /// Whether a `code` element may hold this.
    pub(crate) fn contains_code(&self, code: &str) -> bool {
        self.bare.binary_search(&code).is_ok()
    }

    /// Whether a Coding may hold this.
    pub(crate) fn contains(&self, system: &str, code: &str) -> bool {
        self.codes.binary_search(&(system, code)).is_ok()
    }
}

impl Structure {
    /// The element of that name (without `[x]`) and its position.
    pub(crate) fn element(&self, name: &str) -> Option<(u16, &Element)> {
        let found = self
            .by_name
            .binary_search_by(|(other, _)| (*other).cmp(name))
            .ok()?;
        let position = self.by_name[found].1;
        Some((position, &self.elements[usize::from(position)]))
    }

    /// What the JSON member of that name stands for.
    pub(crate) fn member(&self, name: &str) -> Option<Member> {
        let found = self
            .by_member
            .binary_search_by(|(other, _)| (**other).cmp(name))
            .ok()?;
        Some(self.by_member[found].1)
    }

    /// How many members an object of this type can have at most, `resourceType`
    /// not counted.
    pub(crate) fn members_max(&self) -> usize {
        self.by_member.len()
    }

    fn index(&mut self) {
        for (position, element) in self.elements.iter().enumerate() {
            let element_position = position as u16;
            self.by_name.push((element.name, element_position));
            for (form_position, form) in element.forms.iter().enumerate() {
                let member = Member {
                    element: element_position,
                    form: form_position as u16,
                    is_extras: false,
                };
                self.by_member.push((form.member.clone(), member));
                self.by_member.push((
                    form.extras.clone(),
                    Member {
                        is_extras: true,
                        ..member
                    },
                ));
            }
        }
        self.by_name.sort_unstable();
        self.by_member
            .sort_unstable_by(|one, other| one.0.cmp(&other.0));
    }
}

/// All tables.
pub(crate) struct Definitions {
    structures: Vec<Structure>,
    by_name: HashMap<&'static str, TypeId>,
    resource_types: Vec<&'static str>,
    any_resource: TypeId,
}

impl Definitions {
    /// A type by its name, or the content of a backbone element by its path.
    pub(crate) fn find(&self, name: &str) -> Option<TypeId> {
        self.by_name.get(name).copied()
    }

    /// What is known of a type.
    pub(crate) fn get(&self, id: TypeId) -> &Structure {
        &self.structures[usize::from(id.0)]
    }

    /// The type of elements that hold any resource.
    pub(crate) fn any_resource(&self) -> TypeId {
        self.any_resource
    }

    /// Whether a type is another one or a specialisation of it.
    pub(crate) fn is_a(&self, id: TypeId, ancestor: TypeId) -> bool {
        let mut next = Some(id);
        while let Some(id) = next {
            if id == ancestor {
                return true;
            }
            next = self.get(id).base;
        }
        false
    }

    /// The types of resource that can exist, sorted.
    pub(crate) fn resource_types(&self) -> &[&'static str] {
        &self.resource_types
    }

    /// The resource type of that name, when resources of it can exist.
    pub(crate) fn resource(&self, name: &str) -> Option<TypeId> {
        let id = self.find(name)?;
        let is_concrete = self.get(id).is_resource && !is_abstract(name);
        is_concrete.then_some(id)
    }
}

/// The tables of R4.
pub(crate) fn r4() -> &'static Definitions {
    static TABLES: OnceLock<Definitions> = OnceLock::new();
    TABLES.get_or_init(load)
}

fn is_abstract(name: &str) -> bool {
    matches!(name, "Resource" | "DomainResource")
}

fn lines(table: &'static str) -> impl Iterator<Item = &'static str> {
    table.lines().filter(|line| !line.starts_with('#'))
}

/// The lines of one type: its head and its elements.
struct Draft {
    name: &'static str,
    base: &'static str,
    kind: &'static str,
    /// Path, cardinality, types and value set.
    elements: Vec<[&'static str; 4]>,
}

fn drafts() -> Vec<Draft> {
    let mut drafts: Vec<Draft> = Vec::new();
    for line in lines(TYPES) {
        let mut columns = line.split('\t');
        let mut next = || columns.next().unwrap_or_default();
        match next() {
            "" => {
                let element = [next(), next(), next(), next()];
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

fn code_sets() -> HashMap<&'static str, &'static CodeSet> {
    let mut sets: Vec<CodeSet> = Vec::new();
    for line in lines(CODES) {
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

fn load() -> Definitions {
    let drafts = drafts();
    let sets = code_sets();

    // First the names, so that elements can refer to types that come later.
    let mut names: Vec<&'static str> = drafts.iter().map(|draft| draft.name).collect();
    let mut by_name: HashMap<&'static str, TypeId> = HashMap::new();
    let mut contents: Vec<(usize, &'static str, &'static str)> = Vec::new();
    for (position, draft) in drafts.iter().enumerate() {
        for [path, _, types, _] in &draft.elements {
            if matches!(*types, "BackboneElement" | "Element") {
                contents.push((position, path, types));
                names.push(String::leak(format!("{}.{path}", draft.name)));
            }
        }
    }
    for (position, name) in names.iter().enumerate() {
        by_name.insert(name, TypeId(position as u16));
    }

    let open_types = drafts
        .iter()
        .find(|draft| draft.name == "Extension")
        .and_then(|draft| draft.elements.iter().find(|[path, ..]| *path == "value[x]"))
        .map_or("", |[_, _, types, _]| *types);

    let mut structures: Vec<Structure> = Vec::with_capacity(names.len());
    for (position, draft) in drafts.iter().enumerate() {
        structures.push(Structure {
            name: names[position],
            base: by_name.get(draft.base).copied(),
            primitive: Primitive::from_name(draft.name),
            is_resource: draft.kind == "resource",
            elements: own_elements(draft, "", open_types, &by_name, &sets),
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
            elements: own_elements(&drafts[*draft], path, open_types, &by_name, &sets),
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
        let ancestor = &structures[usize::from(id.0)];
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
) -> Vec<Element> {
    let mut elements = Vec::new();
    for [path, cardinality, types, set] in &draft.elements {
        let name = match parent {
            "" => Some(*path),
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
        let types = if *types == "*" { open_types } else { types };
        let forms = types
            .split('|')
            .filter_map(|code| {
                let type_name = match code.strip_prefix('#') {
                    Some(other) => other.to_owned(),
                    None if matches!(code, "BackboneElement" | "Element") => {
                        format!("{}.{path}", draft.name)
                    }
                    None => code.to_owned(),
                };
                // Resource.id is a string in the definitions, by an old mistake:
                // its own text makes it an id.
                let is_resource_id = draft.name == "Resource" && name == "id";
                let type_name = if is_resource_id {
                    "id".to_owned()
                } else {
                    type_name
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
                })
            })
            .collect();
        let (min, max) = cardinality.split_at(1);
        elements.push(Element {
            name,
            is_choice,
            min: min.parse().unwrap_or(0),
            max: max.parse().unwrap_or(UNBOUNDED),
            forms,
            codes: sets.get(set).copied(),
        });
    }
    elements
}

/// `value` and `dateTime` make `valueDateTime`.
fn form_name(name: &str, type_name: &str) -> String {
    let mut characters = type_name.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    name.chars().chain(first).chain(characters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn structure(name: &str) -> &'static Structure {
        r4().get(r4().find(name).unwrap())
    }

    #[test]
    fn knows_the_types_of_r4() {
        assert_eq!(r4().resource_types().len(), 146);
        assert!(r4().resource("Patient").is_some() && r4().resource("DomainResource").is_none());
        let age = r4().find("Age").unwrap();
        assert!(r4().is_a(age, r4().find("Quantity").unwrap()));
        assert!(!r4().is_a(age, r4().find("Range").unwrap()));
        // The structure check keeps the elements it has seen in 128 bits.
        assert!(
            r4().structures
                .iter()
                .all(|structure| structure.elements.len() <= 128)
        );
    }

    #[test]
    fn every_element_has_a_type() {
        for structure in &r4().structures {
            for element in &structure.elements {
                assert!(
                    !element.forms.is_empty(),
                    "{}.{}",
                    structure.name,
                    element.name
                );
            }
        }
    }

    #[test]
    fn elements_are_as_the_standard_has_them() {
        let patient = structure("Patient");
        let names: Vec<&str> = patient.elements[..9]
            .iter()
            .map(|element| element.name)
            .collect();
        insta::assert_compact_debug_snapshot!(
            names,
            @r#"["id", "meta", "implicitRules", "language", "text", "contained", "extension", "modifierExtension", "identifier"]"#
        );
        let (_, gender) = patient.element("gender").unwrap();
        assert_eq!((gender.min, gender.max), (0, 1));
        assert!(gender.codes.unwrap().contains_code("unknown"));
        assert!(!gender.codes.unwrap().contains_code("none"));
        let deceased = patient.member("_deceasedBoolean").unwrap();
        assert!(deceased.is_extras && patient.member("deceased").is_none());

        let component = structure("Observation.component");
        let (_, range) = component.element("referenceRange").unwrap();
        assert_eq!(
            r4().get(range.forms[0].type_id).name,
            "Observation.referenceRange"
        );
        assert_eq!(
            structure("Extension")
                .element("value")
                .unwrap()
                .1
                .forms
                .len(),
            50
        );
        assert_eq!(
            structure("Task.input")
                .element("value")
                .unwrap()
                .1
                .forms
                .len(),
            50
        );
        let status = structure("Condition").element("clinicalStatus").unwrap().1;
        let system = "http://terminology.hl7.org/CodeSystem/condition-clinical";
        assert!(status.codes.unwrap().contains(system, "active"));
    }
}
