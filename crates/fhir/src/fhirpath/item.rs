//! What an expression finds.

use std::borrow::Cow;
use std::fmt;

use rust_decimal::Decimal;

use super::number;
use super::quantity::Quantity;
use super::temporal::{DateTime, Time};
use crate::FhirVersion;
use crate::definitions::{self, Definitions, Primitive, Structure, TypeId};
use crate::json::{Kind, Node};

/// What an evaluation gives: items in order.
pub type Collection<'a> = Vec<Item<'a>>;

/// One item of a collection: a place in a resource, or a value of one of
/// FHIRPath's own types that the expression made.
#[derive(Debug, Clone)]
pub enum Item<'a> {
    /// A place in the resource.
    Element(Element<'a>),
    /// The target of a reference, of which only the type is known.
    Target(Target),
    /// `System.Boolean`.
    Boolean(bool),
    /// `System.Integer`.
    Integer(i64),
    /// `System.Long`, a number of 64 bits that is written `1L`.
    Long(i64),
    /// `System.Decimal`.
    Decimal(Decimal),
    /// `System.String`.
    String(Cow<'a, str>),
    /// `System.Date`.
    Date(DateTime),
    /// `System.DateTime`.
    DateTime(DateTime),
    /// `System.Time`.
    Time(Time),
    /// `System.Quantity`.
    Quantity(Box<Quantity>),
    /// What `type()` gives.
    Type(TypeInfo<'a>),
}

/// The type of a resource that is referred to but not here.
#[derive(Clone, Copy)]
pub struct Target {
    pub(crate) type_id: TypeId,
    pub(super) definitions: &'static Definitions,
}

/// The name of a type, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeInfo<'a> {
    /// `System` or `FHIR`.
    pub namespace: &'static str,
    /// Such as `Patient`.
    pub name: Cow<'a, str>,
}

/// A place in a resource, with the type that the definitions give it.
#[derive(Clone, Copy)]
pub struct Element<'a> {
    /// The value; `None` for a primitive that has extensions only.
    pub(crate) node: Option<Node<'a>>,
    /// The id and extensions of a primitive.
    pub(crate) extras: Option<Node<'a>>,
    /// What it is; `None` in a tree that the definitions do not know.
    pub(super) type_id: Option<TypeId>,
    pub(super) definitions: &'static Definitions,
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({})", self.definitions.get(self.type_id).name)
    }
}

/// Shows the type and the place only: elements hold patient data.
impl fmt::Debug for Element<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Element({} {:?})", self.type_name(), self.node)
    }
}

impl<'a> Element<'a> {
    /// A resource to start from: an object with a known `resourceType`.
    pub fn resource(node: Node<'a>) -> Option<Self> {
        Self::resource_of(super::definitions_of_default(), node)
    }

    /// The same for a resource of a version of FHIR.
    pub fn resource_in(version: FhirVersion, node: Node<'a>) -> Option<Self> {
        Self::resource_of(definitions::of(version), node)
    }

    /// The same with other definitions.
    pub(super) fn resource_of(definitions: &'static Definitions, node: Node<'a>) -> Option<Self> {
        let name = node.text("resourceType")?;
        let type_id = definitions.resource(&name)?;
        Some(Self {
            node: Some(node),
            extras: None,
            type_id: Some(type_id),
            definitions,
        })
    }

    /// Any JSON to start from, of which no type is known: names find members,
    /// and values are of FHIRPath's own types.
    pub fn untyped(node: Node<'a>) -> Self {
        Self::untyped_in(FhirVersion::default(), node)
    }

    /// The same where `extension` and what an expression names are of a version.
    pub fn untyped_in(version: FhirVersion, node: Node<'a>) -> Self {
        Self {
            node: Some(node),
            extras: None,
            type_id: None,
            definitions: definitions::of(version),
        }
    }

    /// JSON as a type that is not that of a resource, such as `HumanName` or
    /// `Questionnaire.item`; `None` when there is no such type.
    pub fn of_type(node: Node<'a>, type_name: &str) -> Option<Self> {
        let definitions = super::definitions_of_default();
        Some(Self {
            node: Some(node),
            extras: None,
            type_id: Some(definitions.find(type_name)?),
            definitions,
        })
    }

    /// The version of FHIR that its type is of.
    pub fn version(&self) -> FhirVersion {
        self.definitions.version()
    }

    /// The number of its type; `None` in a tree that the definitions do not know.
    pub(crate) fn type_id(&self) -> Option<TypeId> {
        self.type_id
    }

    /// The value in the source; `None` for a primitive that has extensions only.
    pub fn node(&self) -> Option<Node<'a>> {
        self.node
    }

    /// The name of its type: `Patient`, `CodeableConcept`, `dateTime`, a
    /// path such as `Patient.contact`, or empty when the type is not known.
    pub fn type_name(&self) -> &'static str {
        self.structure().map_or("", |structure| structure.name)
    }

    pub(crate) fn structure(&self) -> Option<&'static Structure> {
        self.type_id.map(|id| self.definitions.get(id))
    }

    pub(crate) fn primitive(&self) -> Option<Primitive> {
        self.structure()?.primitive
    }

    /// Whether it is a whole resource.
    pub(crate) fn is_resource(&self) -> bool {
        self.structure()
            .is_some_and(|structure| structure.is_resource)
    }

    /// The value of a primitive as text, whatever JSON type it has.
    pub(crate) fn text(&self) -> Option<Cow<'a, str>> {
        let node = self.node?;
        match node.kind() {
            Kind::String => node.as_str(),
            Kind::Number | Kind::Bool => Some(Cow::Borrowed(node.raw())),
            _ => None,
        }
    }

    /// The value in FHIRPath's own types: that of a primitive, or a Quantity
    /// as a quantity. `None` for what has no such value.
    pub(super) fn value(&self) -> Option<Item<'a>> {
        let node = self.node?;
        match (node.kind(), self.structure()) {
            (Kind::Bool, _) => node.as_bool().map(Item::Boolean),
            (Kind::Number, structure) => {
                let digits = node.raw();
                let is_decimal =
                    structure.is_some_and(|one| one.primitive == Some(Primitive::Decimal));
                if !is_decimal
                    && number::is_integer(digits)
                    && let Ok(integer) = digits.parse()
                {
                    return Some(Item::Integer(integer));
                }
                number::decimal(digits).map(Item::Decimal)
            }
            (Kind::String, structure) => {
                let text = node.as_str()?;
                let typed = match structure.and_then(|one| one.primitive) {
                    Some(Primitive::Date) => DateTime::parse_date(&text).map(Item::Date),
                    Some(Primitive::DateTime | Primitive::Instant) => {
                        DateTime::parse(&text).map(Item::DateTime)
                    }
                    Some(Primitive::Time) => Time::parse(&text).map(Item::Time),
                    _ => None,
                };
                Some(typed.unwrap_or(Item::String(text)))
            }
            (Kind::Object, Some(_)) if self.is_quantity() => {
                Quantity::from_element(node).map(|quantity| Item::Quantity(Box::new(quantity)))
            }
            _ => None,
        }
    }

    /// Whether it is a Quantity or a specialisation of it.
    pub(super) fn is_quantity(&self) -> bool {
        let is_it = |structure: &Structure| structure.name == "Quantity";
        self.structure().is_some_and(|structure| {
            let base = structure.base.map(|base| self.definitions.get(base));
            is_it(structure) || base.is_some_and(is_it)
        })
    }

    /// Whether a type is this one's or one that it specialises.
    pub(super) fn is_a(&self, wanted: TypeId) -> bool {
        self.type_id
            .is_some_and(|id| self.definitions.is_a(id, wanted))
    }
}

impl<'a> Item<'a> {
    /// The value in FHIRPath's own types; `None` for an element without one.
    pub(super) fn value(&self) -> Option<Cow<'_, Item<'a>>> {
        match self {
            Item::Element(element) => element.value().map(Cow::Owned),
            Item::Target(_) => None,
            value => Some(Cow::Borrowed(value)),
        }
    }

    /// The text of a string, or of a primitive that is one.
    pub(super) fn text(&self) -> Option<Cow<'a, str>> {
        match self {
            Item::String(text) => Some(text.clone()),
            Item::Element(element) => element
                .node
                .filter(|node| node.kind() == Kind::String)?
                .as_str(),
            _ => None,
        }
    }

    pub(super) fn string(text: impl Into<Cow<'a, str>>) -> Self {
        Item::String(text.into())
    }

    pub(super) fn quantity(quantity: Quantity) -> Self {
        Item::Quantity(Box::new(quantity))
    }

    pub(super) fn count(count: usize) -> Self {
        Item::Integer(i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// The name of its type as a script shows it: `Patient`, `HumanName`,
    /// `string` for what is in a resource; `boolean`, `integer`, `decimal`,
    /// `string`, `date`, `dateTime`, `time`, `Quantity` for what an expression
    /// made. A backbone element has its path: `Patient.contact`.
    pub fn type_name(&self) -> &'static str {
        match self {
            Item::Element(element) => match element.type_name() {
                "" => element.value().map_or("object", |value| value.type_name()),
                name => name,
            },
            Item::Target(target) => target.definitions.get(target.type_id).name,
            Item::Boolean(_) => "boolean",
            Item::Integer(_) => "integer",
            Item::Long(_) => "integer64",
            Item::Decimal(_) => "decimal",
            Item::String(_) => "string",
            Item::Date(_) => "date",
            Item::DateTime(_) => "dateTime",
            Item::Time(_) => "time",
            Item::Quantity(_) => "Quantity",
            Item::Type(_) => "TypeInfo",
        }
    }
}

impl Quantity {
    /// From a FHIR Quantity: without a comparator, coded by UCUM or not at all.
    fn from_element(node: Node<'_>) -> Option<Self> {
        use super::quantity::{Calendar, Unit};
        if node.get("comparator").is_some() {
            return None;
        }
        let value = number::decimal(node.get("value")?.as_number()?)?;
        let unit = match (node.text("system").as_deref(), node.text("code")) {
            (Some(super::UCUM), Some(code)) => match Calendar::from_ucum(&code) {
                Some(calendar) => Unit::Either(calendar),
                None => Unit::Ucum(code.into_owned()),
            },
            (Some(_), Some(_)) => return None,
            (_, code) => match code.or_else(|| node.text("unit")) {
                Some(unit) => Unit::from_name(&unit),
                None => Unit::one(),
            },
        };
        Some(Self { value, unit })
    }
}
