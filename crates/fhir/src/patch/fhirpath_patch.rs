//! FHIRPath Patch (FHIR R4, fhirpatch): a Parameters resource with operations
//! whose places are FHIRPath expressions.

use std::sync::Arc;

use super::place::{self, Content, Place, Step};
use super::{Fault, PATCH_OPERATIONS_MAX, PatchError, Work, extent};
use crate::Resource;
use crate::definitions::{self, Definitions, Element as Definition, Structure};
use crate::fhirpath::{Collection, Context, Element, EvaluationError, Expression, Item, STEPS_MAX};
use crate::json::{Document, Kind, NESTING_MAX, Node, Value};

/// The operations of a FHIRPath Patch.
#[derive(Clone)]
pub(super) struct FhirPathPatch {
    operations: Vec<Operation>,
    definitions: &'static Definitions,
}

/// Shows the number of operations only: they hold patient data.
impl std::fmt::Debug for FhirPathPatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FhirPathPatch({} operations)", self.operations.len())
    }
}

#[derive(Clone)]
struct Operation {
    path: Arc<Expression>,
    action: Action,
}

#[derive(Clone)]
enum Action {
    Add { name: String, value: Part },
    Insert { index: usize, value: Part },
    Delete,
    Replace { value: Part },
    Move { source: usize, destination: usize },
}

/// The part of an operation that holds its value.
#[derive(Clone)]
struct Part {
    /// The type of `value[x]`; empty where the parts are the elements of a type
    /// that has no name.
    type_name: &'static str,
    content: Content,
    parts: Vec<(String, Part)>,
}

impl FhirPathPatch {
    pub(super) fn read(parameters: &Resource) -> Result<Self, PatchError> {
        if parameters.resource_type() != "Parameters" {
            return Err(PatchError::NoPatch);
        }
        let definitions = definitions::of(parameters.version());
        let nodes = parameters.root().each("parameter");
        if nodes.clone().count() > PATCH_OPERATIONS_MAX {
            return Err(PatchError::LimitExceeded {
                limit: "PATCH_OPERATIONS_MAX",
                max: PATCH_OPERATIONS_MAX,
            });
        }
        let mut operations = Vec::new();
        for (at, node) in nodes.enumerate() {
            if node.text("name").as_deref() != Some("operation") {
                return Err(PatchError::NoPatch);
            }
            let operation = Operation::read(definitions, node);
            operations.push(operation.map_err(|fault| PatchError::Unreadable { at, fault })?);
        }
        Ok(Self {
            operations,
            definitions,
        })
    }

    pub(super) fn apply(&self, resource: &Resource) -> Result<Value, PatchError> {
        let mut work = Work::new();
        let mut steps = STEPS_MAX;
        let mut root = Value::from(resource.root());
        let mut document = resource.document().clone();
        for (at, operation) in self.operations.iter().enumerate() {
            if at > 0 {
                // Every operation sees what the ones before it left.
                document = Document::parse(root.to_bytes()).map_err(|_| PatchError::NoResource)?;
            }
            work.spend(document.as_bytes().len())?;
            let not_applied = |fault| PatchError::NotApplied { at, fault };
            let items = operation.find(self.definitions, &document, &mut steps);
            let items = items.map_err(|error| match error.limit() {
                Some((limit, max)) => PatchError::LimitExceeded { limit, max },
                None => not_applied(Fault::Expression),
            })?;
            places(&document, &items)
                .and_then(|found| self.change(&mut root, &document, &found, &operation.action))
                .map_err(not_applied)?;
            if extent(&root).0 > NESTING_MAX {
                let fault = Fault::TooDeep;
                return Err(PatchError::NotApplied { at, fault });
            }
        }
        Ok(root)
    }

    fn change(
        &self,
        root: &mut Value,
        document: &Document,
        found: &[Vec<Step>],
        action: &Action,
    ) -> Result<(), Fault> {
        let one = || match found {
            [] => Err(Fault::Nothing),
            [steps] => Ok(steps.clone()),
            _ => Err(Fault::Several),
        };
        match action {
            Action::Add { name, value } => self.add(root, document, one()?, name, value),
            Action::Delete => match found {
                // What is not there is deleted already.
                [] => Ok(()),
                _ => Place::of(one()?)?.delete(root),
            },
            Action::Replace { value } => {
                let place = Place::of(one()?)?;
                let structure = self.structure(document, &place.holder)?;
                let member = structure.member(&place.member).ok_or(Fault::NoElement)?;
                let element = &structure.elements[usize::from(member.element)];
                let (member, content) = self.content(element, element.name, value)?;
                place.replace(root, &member, content)
            }
            Action::Insert { index, value } => {
                let place = whole_list(root, found)?;
                let structure = self.structure(document, &place.holder)?;
                let member = structure.member(&place.member).ok_or(Fault::NoElement)?;
                let element = &structure.elements[usize::from(member.element)];
                let (_, content) = self.content(element, element.name, value)?;
                place.insert(root, *index, content)
            }
            Action::Move {
                source,
                destination,
            } => whole_list(root, found)?.reorder(root, *source, *destination),
        }
    }

    fn add(
        &self,
        root: &mut Value,
        document: &Document,
        mut steps: Vec<Step>,
        name: &str,
        value: &Part,
    ) -> Result<(), Fault> {
        let mut structure = self.structure(document, &steps)?;
        if structure.primitive.is_some() {
            // A primitive has its ids and extensions beside it.
            let element = self.definitions.find("Element").ok_or(Fault::NoElement)?;
            structure = self.definitions.get(element);
            if structure.element(name).is_none() {
                return Err(Fault::Part("name"));
            }
            steps = place::extras_of(root, &steps)?;
        }
        // The name of the element, or as JSON has it: `value` or `valueString`.
        let by_member = || {
            let member = structure.member(name).filter(|member| !member.is_extras)?;
            Some(&structure.elements[usize::from(member.element)])
        };
        let element = structure
            .element(name)
            .map(|(_, element)| element)
            .or_else(by_member)
            .ok_or(Fault::Part("name"))?;
        let (member, content) = self.content(element, name, value)?;
        place::add(root, &steps, element, &member, content)
    }

    fn structure(&self, document: &Document, steps: &[Step]) -> Result<&'static Structure, Fault> {
        place::structure_at(self.definitions, document.root(), steps).ok_or(Fault::NoElement)
    }

    /// The member and the content that a value is as this element.
    fn content(
        &self,
        element: &Definition,
        name: &str,
        part: &Part,
    ) -> Result<(String, Content), Fault> {
        let form = if element.is_choice {
            let of_type = element.forms.iter().find(|form| {
                self.definitions.get(form.type_id).name == part.type_name
                    && (name == element.name || *form.member == *name)
            });
            of_type.ok_or(Fault::Part("value"))?
        } else {
            element.forms.first().ok_or(Fault::NoElement)?
        };
        if part.parts.is_empty() {
            return Ok((form.member.to_string(), part.content.clone()));
        }
        let structure = self.definitions.get(form.type_id);
        let mut built = Value::object();
        for (name, part) in &part.parts {
            let (_, element) = structure.element(name).ok_or(Fault::Part("value"))?;
            let (member, content) = self.content(element, name, part)?;
            place::add(&mut built, &[], element, &member, content)?;
        }
        let content = Content {
            value: Some(built),
            extras: None,
        };
        Ok((form.member.to_string(), content))
    }
}

/// The list that the found places are all of.
fn whole_list(root: &Value, found: &[Vec<Step>]) -> Result<Place, Fault> {
    let places = found.iter().map(|steps| Place::of(steps.clone()));
    let places: Vec<Place> = places.collect::<Result<_, _>>()?;
    let first = places.first().ok_or(Fault::Nothing)?;
    let in_order = places.iter().enumerate().all(|(at, place)| {
        place.item == Some(at) && place.holder == first.holder && place.member == first.member
    });
    if in_order && places.len() == first.len(root) {
        Ok(first.clone())
    } else {
        Err(Fault::NoList)
    }
}

impl Operation {
    fn read(definitions: &'static Definitions, node: Node<'_>) -> Result<Self, Fault> {
        let part = |wanted: &str| {
            node.each("part")
                .find(|part| part.text("name").as_deref() == Some(wanted))
        };
        let text = |name: &'static str| {
            let part = part(name)?;
            // `string` in the text of the standard, `code` in its examples.
            let names = ["valueString", "valueCode"];
            names.iter().find_map(|name| part.text(name))
        };
        let number = |name: &'static str| {
            let digits = part(name).and_then(|part| part.get("valueInteger")?.as_number());
            let number = digits.and_then(|digits| digits.parse::<usize>().ok());
            number.ok_or(Fault::Part(name))
        };
        let value = || {
            let part = part("value").ok_or(Fault::Part("value"))?;
            Part::read(definitions, part)
        };
        let path = text("path").ok_or(Fault::Part("path"))?;
        let path =
            Expression::parse_in(definitions.version(), &path).map_err(|_| Fault::Part("path"))?;
        let action = match text("type").ok_or(Fault::Part("type"))?.as_ref() {
            "add" => Action::Add {
                name: text("name").ok_or(Fault::Part("name"))?.into_owned(),
                value: value()?,
            },
            "insert" => Action::Insert {
                index: number("index")?,
                value: value()?,
            },
            "delete" => Action::Delete,
            "replace" => Action::Replace { value: value()? },
            "move" => Action::Move {
                source: number("source")?,
                destination: number("destination")?,
            },
            _ => return Err(Fault::Unknown),
        };
        Ok(Self {
            path: Arc::new(path),
            action,
        })
    }

    /// What its path finds. `steps` is what all expressions may take together.
    fn find<'a>(
        &'a self,
        definitions: &'static Definitions,
        document: &'a Document,
        steps: &mut usize,
    ) -> Result<Collection<'a>, EvaluationError> {
        let start = Element::resource_in(definitions.version(), document.root())
            .ok_or(EvaluationError::Expected("a resource"))?;
        let context = Context::with_steps(start, *steps);
        let found = self.path.evaluate(Item::Element(start), &context)?;
        *steps = context.steps_left();
        Ok(found)
    }
}

/// Where the elements that a path found stand.
fn places(document: &Document, found: &Collection<'_>) -> Result<Vec<Vec<Step>>, Fault> {
    found
        .iter()
        .map(|item| match item {
            Item::Element(element) => place::steps_to(document.root(), element),
            _ => Err(Fault::NoElement),
        })
        .collect()
}

impl Part {
    /// Reads `value[x]`, or the parts of a type that has no name.
    fn read(definitions: &'static Definitions, node: Node<'_>) -> Result<Self, Fault> {
        let wrong = Fault::Part("value");
        let type_id = definitions.find("Parameters.parameter").ok_or(wrong)?;
        let structure = definitions.get(type_id);
        let mut part = Self {
            type_name: "",
            content: Content::default(),
            parts: Vec::new(),
        };
        for (name, value) in node.members() {
            let member = structure.member(&name).ok_or(wrong)?;
            let element = &structure.elements[usize::from(member.element)];
            match element.name {
                "value" => {
                    let form = &element.forms[usize::from(member.form)];
                    part.type_name = definitions.get(form.type_id).name;
                    let side = if member.is_extras {
                        &mut part.content.extras
                    } else {
                        &mut part.content.value
                    };
                    *side = Some(Value::from(value));
                }
                "part" if value.kind() == Kind::Array => {
                    for inner in value.items() {
                        let name = inner.text("name").ok_or(wrong)?.into_owned();
                        part.parts.push((name, Self::read(definitions, inner)?));
                    }
                }
                "resource" => part.content.value = Some(Value::from(value)),
                _ => {}
            }
        }
        let has_content = part.content.value.is_some() || part.content.extras.is_some();
        if has_content == part.parts.is_empty() {
            Ok(part)
        } else {
            Err(wrong)
        }
    }
}
