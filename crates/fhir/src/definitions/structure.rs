//! A type and its elements.

use crate::FhirVersion;

use super::Primitive;

/// No upper bound on the number of values.
pub const UNBOUNDED: u16 = u16::MAX;

/// The bit of a [`TypeId`] that tells the version.
const STU3_BIT: u16 = 0x8000;

/// Number of a type, or of the content of one backbone element, in one version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeId(u16);

impl TypeId {
    pub(super) fn new(version: FhirVersion, position: usize) -> Self {
        Self(match version {
            FhirVersion::R4 => position as u16,
            FhirVersion::Stu3 => position as u16 | STU3_BIT,
        })
    }

    /// The version that the type is of.
    pub fn version(self) -> FhirVersion {
        if self.0 & STU3_BIT == 0 {
            FhirVersion::R4
        } else {
            FhirVersion::Stu3
        }
    }

    pub(super) fn position(self) -> usize {
        usize::from(self.0 & !STU3_BIT)
    }
}

/// A type or the content of a backbone element.
#[derive(Debug)]
pub struct Structure {
    /// `Patient`, `HumanName`, `string`, or a path such as `Patient.contact`.
    pub name: &'static str,
    /// The type that this one specialises.
    pub base: Option<TypeId>,
    /// Set for primitive types.
    pub primitive: Option<Primitive>,
    /// Whether it is a resource, the abstract ones included.
    pub is_resource: bool,
    /// The elements in the order of the standard, inherited ones first.
    pub elements: Vec<Element>,
    /// Element names without `[x]`, sorted, with positions in `elements`.
    pub(super) by_name: Vec<(&'static str, u16)>,
    /// JSON member names, sorted: element, position in its forms, and whether
    /// it is the `_name` that holds a primitive's extensions.
    pub(super) by_member: Vec<(Box<str>, Member)>,
}

/// An element of a structure.
#[derive(Debug, Clone)]
pub struct Element {
    /// The name, without `[x]`.
    pub name: &'static str,
    /// Whether the name is followed by one of several types.
    pub is_choice: bool,
    /// How many values there must be.
    pub min: u16,
    /// How many values there may be; [`UNBOUNDED`] for no limit.
    pub max: u16,
    /// The ways to write it: one, or one for each type of a choice.
    pub forms: Vec<Form>,
    /// Where its codes must come from, when they can be listed.
    pub codes: Option<&'static CodeSet>,
    /// Where its codes should come from, and how strictly.
    pub binding: Option<Binding>,
    /// Whether a summary holds it.
    pub is_summary: bool,
    /// Whether it changes the meaning of what it is part of.
    pub is_modifier: bool,
}

/// One way to write an element in JSON.
#[derive(Debug, Clone)]
pub struct Form {
    /// Member name: `valueQuantity`.
    pub member: Box<str>,
    /// Member name of a primitive's id and extensions: `_valueString`.
    pub extras: Box<str>,
    /// Type of the value.
    pub type_id: TypeId,
    /// What a reference or canonical URL may point at: names of resource types;
    /// empty when that is open.
    pub targets: &'static [&'static str],
    /// Names of the profiles of which the value must fit one; most have none.
    pub profiles: &'static [&'static str],
}

/// Where the codes of an element should come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Binding {
    /// How strictly.
    pub strength: BindingStrength,
    /// The value set, as a canonical URL without version.
    pub value_set: &'static str,
    /// The value set that a code must come from even though the binding is weaker.
    pub widest: Option<&'static str>,
}

/// How strictly codes must come from a value set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BindingStrength {
    /// The value set only illustrates.
    Example,
    /// It is recommended.
    Preferred,
    /// A code from elsewhere only when none fits.
    Extensible,
    /// No code from elsewhere.
    Required,
}

impl BindingStrength {
    /// The strength of that code, or of its letter in the tables.
    pub fn from_code(code: &str) -> Option<Self> {
        match code {
            "e" | "example" => Some(Self::Example),
            "p" | "preferred" => Some(Self::Preferred),
            "x" | "extensible" => Some(Self::Extensible),
            "r" | "required" => Some(Self::Required),
            _ => None,
        }
    }
}

/// What a JSON member of a structure stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// Position in [`Structure::elements`].
    pub element: u16,
    /// Position in [`Element::forms`].
    pub form: u16,
    /// Whether this is the `_name` beside a primitive.
    pub is_extras: bool,
}

/// The codes of one value set.
#[derive(Debug)]
pub struct CodeSet {
    /// The id of the value set.
    pub id: &'static str,
    /// System and code, sorted.
    pub(super) codes: Vec<(&'static str, &'static str)>,
    /// The codes alone, sorted.
    pub(super) bare: Vec<&'static str>,
}

impl CodeSet {
    /// Whether a `code` element may hold this.
    pub fn contains_code(&self, code: &str) -> bool {
        self.bare.binary_search(&code).is_ok()
    }

    /// Whether a Coding may hold this.
    pub fn contains(&self, system: &str, code: &str) -> bool {
        self.codes.binary_search(&(system, code)).is_ok()
    }
}

impl Structure {
    /// The element of that name (without `[x]`) and its position.
    pub fn element(&self, name: &str) -> Option<(u16, &Element)> {
        let found = self
            .by_name
            .binary_search_by(|(other, _)| (*other).cmp(name))
            .ok()?;
        let position = self.by_name[found].1;
        Some((position, &self.elements[usize::from(position)]))
    }

    /// What the JSON member of that name stands for.
    pub fn member(&self, name: &str) -> Option<Member> {
        let found = self
            .by_member
            .binary_search_by(|(other, _)| (**other).cmp(name))
            .ok()?;
        Some(self.by_member[found].1)
    }

    /// How many members an object of this type can have at most, `resourceType`
    /// not counted.
    pub fn members_max(&self) -> usize {
        self.by_member.len()
    }

    pub(super) fn index(&mut self) {
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

/// `value` and `dateTime` make `valueDateTime`.
pub(crate) fn form_name(name: &str, type_name: &str) -> String {
    let mut characters = type_name.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    name.chars().chain(first).chain(characters).collect()
}
