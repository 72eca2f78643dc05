//! The cases of the `fhirpath-js` engine that apply to R4 and STU3, where they
//! are present: those of the R4 and STU3 models and those without a model.
//!
//! Not counted are the cases that their own project has switched off, and
//! those for other versions of FHIR. [`EXCEPTIONS`] lists what fails here and
//! why.

use std::collections::HashMap;
use std::path::Path;

use serde_yaml_ng::Value as Yaml;

use super::exceptions::EXCEPTIONS;
use super::functions::value_text;
use super::{Check, Collection, Context, Element, Expression, Item, Made, check};
use crate::FhirVersion;
use crate::conformance::Suite;
use crate::json::{Document, Kind, Node, Value};

/// The cases that apply.
pub(crate) const SUITE: Suite = Suite {
    name: "Cases of fhirpath-js for R4 and STU3",
    source: "HL7, fhirpath.js: its cases for the R4 and STU3 models and those without a model, but for those that it has switched off itself.",
    right_when: "the result is the same, or an error where one is wanted",
    cases: 2520,
    right: 2497,
    exceptions: EXCEPTIONS,
};

struct Case {
    file: String,
    expression: String,
    /// The type that the input is of, when it is no resource.
    base: Option<String>,
    /// The version of FHIR; none for a tree without types.
    version: Option<FhirVersion>,
    input: Option<String>,
    context: Option<String>,
    variables: Value,
    wants_error: bool,
    result: Value,
}

fn value(yaml: &Yaml) -> Value {
    match yaml {
        Yaml::Number(number) => Value::number(&number.to_string()).expect("a number"),
        Yaml::String(text) => Value::from(text),
        Yaml::Bool(value) => Value::from(*value),
        Yaml::Sequence(items) => Value::from(items.iter().map(value).collect::<Vec<_>>()),
        Yaml::Mapping(members) => {
            let mut object = Value::object();
            for (name, member) in members {
                let name = match name {
                    Yaml::Number(number) => number.to_string(),
                    other => other.as_str().unwrap_or_default().to_owned(),
                };
                object.set(name, value(member));
            }
            object
        }
        _ => Value::Null,
    }
}

/// What a group hands down to its cases.
#[derive(Clone, Default)]
struct Inherited {
    model: Option<String>,
    input: Option<String>,
    is_disabled: bool,
}

fn collect(items: &Yaml, file: &str, inherited: &Inherited, cases: &mut Vec<Case>) {
    for item in items.as_sequence().into_iter().flatten() {
        let Some(members) = item.as_mapping() else {
            continue;
        };
        let get = |name: &str| members.get(name);
        let text = |name: &str| get(name).and_then(Yaml::as_str).map(str::to_owned);
        let own = Inherited {
            model: text("model").or_else(|| inherited.model.clone()),
            input: text("inputfile").or_else(|| inherited.input.clone()),
            is_disabled: get("disable").is_some() || inherited.is_disabled,
        };
        for (name, inner) in members {
            if name.as_str().is_some_and(|name| name.starts_with("group")) {
                collect(inner, file, &own, cases);
            }
        }
        let version = match own.model.as_deref() {
            Some("stu3") => Some(FhirVersion::Stu3),
            Some("r4") => Some(FhirVersion::R4),
            _ => None,
        };
        let is_other_version = own.model.is_some() && version.is_none();
        let Some(expression) = get("expression").filter(|_| !own.is_disabled && !is_other_version)
        else {
            continue;
        };
        let expressions: Vec<(Option<String>, String)> = match expression {
            Yaml::Sequence(many) => many
                .iter()
                .map(|one| (None, one.as_str().unwrap_or_default().to_owned()))
                .collect(),
            Yaml::Mapping(_) => {
                let part = |name: &str| expression[name].as_str().map(str::to_owned);
                vec![(part("base"), part("expression").unwrap_or_default())]
            }
            one => vec![(
                None,
                one.as_str()
                    .map_or_else(|| value(one).to_pretty(), str::to_owned),
            )],
        };
        for (base, expression) in expressions {
            cases.push(Case {
                file: file.to_owned(),
                expression,
                base,
                version,
                input: own.input.clone(),
                context: text("context"),
                variables: get("variables").map_or_else(Value::object, value),
                wants_error: get("error").is_some(),
                result: get("result").map_or(Value::Array(Vec::new()), value),
            });
        }
    }
}

/// An item as the engine writes it into its results.
fn shown(item: &Item<'_>) -> Option<Value> {
    Some(match item {
        Item::Element(element) => Value::from(element.node()?),
        Item::Type(info) => {
            let mut object = Value::object();
            object.set("name", &*info.name);
            object.set("namespace", info.namespace);
            object
        }
        Item::Boolean(value) => Value::from(*value),
        Item::Integer(value) => Value::from(*value),
        Item::Decimal(value) => Value::number(&value.to_string()).expect("a number"),
        other => Value::from(value_text(other).unwrap_or_default()),
    })
}

fn is_same(one: &Value, other: &Value) -> bool {
    match (one.kind(), other.kind()) {
        (Kind::Number, Kind::Number) => {
            let number = |value: &Value| value.as_number().and_then(super::number::decimal);
            number(one) == number(other)
        }
        (Kind::Array, Kind::Array) => {
            one.items().len() == other.items().len()
                && one
                    .items()
                    .iter()
                    .zip(other.items())
                    .all(|(one, other)| is_same(one, other))
        }
        (Kind::Object, Kind::Object) => {
            one.members().len() == other.members().len()
                && one
                    .members()
                    .iter()
                    .all(|(name, value)| other.get(name).is_some_and(|other| is_same(value, other)))
        }
        _ => one == other,
    }
}

/// Where an evaluation begins: a resource of R4, or a tree without types.
fn element<'a>(node: Node<'a>, case: &Case) -> Element<'a> {
    if let Some(base) = &case.base {
        return Element::of_type(node, base).expect("a type of R4");
    }
    let typed = case
        .version
        .and_then(|version| Element::resource_in(version, node));
    typed.unwrap_or_else(|| Element::untyped(node))
}

fn evaluate(case: &Case, input: &Document) -> Result<Value, String> {
    let made = Made::default();
    let variables: Vec<(String, Document)> = case
        .variables
        .members()
        .iter()
        .map(|(name, value)| {
            (
                name.clone(),
                Document::parse(value.to_bytes()).expect("JSON"),
            )
        })
        .collect();
    let expression = Expression::parse_in(case.version.unwrap_or_default(), &case.expression)
        .map_err(|error| error.to_string())?;
    let from = case
        .context
        .as_deref()
        .map(|path| Expression::parse(path).expect("a path"));
    let root = element(input.root(), case);
    // As for scripts: what has a type is checked.
    if !root.type_name().is_empty() {
        check(&expression, root.type_name(), Check::default())
            .map_err(|error| error.to_string())?;
    }
    let mut context = Context::new(root)
        .at(1_700_000_000_000, 60)
        .with_made(&made);
    for (name, value) in &variables {
        let node = value.root();
        let nodes: Vec<Node<'_>> = match node.kind() {
            Kind::Array => node.items().collect(),
            Kind::Null => Vec::new(),
            _ => vec![node],
        };
        let items = nodes
            .into_iter()
            .map(|node| Item::Element(element(node, case)))
            .collect();
        context = context.with_variable(name, items);
    }
    let start = match &from {
        Some(path) => path
            .evaluate(Item::Element(root), &context)
            .expect("a path")
            .remove(0),
        None => Item::Element(root),
    };
    let found: Collection<'_> = expression
        .evaluate(start, &context)
        .map_err(|error| error.to_string())?;
    Ok(Value::Array(found.iter().filter_map(shown).collect()))
}

/// What is wrong, if anything.
fn run(case: &Case, input: &Document) -> Result<(), String> {
    match evaluate(case, input) {
        Err(_) if case.wants_error => Ok(()),
        Err(error) => Err(error),
        Ok(found) if !case.wants_error && is_same(&found, &case.result) => Ok(()),
        Ok(found) => {
            let shown = |value: &Value| String::from_utf8(value.to_bytes()).expect("UTF-8");
            let wanted = if case.wants_error {
                "an error".to_owned()
            } else {
                shown(&case.result)
            };
            Err(format!("{} instead of {wanted}", shown(&found)))
        }
    }
}

fn input(
    folder: &Path,
    case: &Case,
    subject: &Document,
    read: &mut HashMap<String, Document>,
) -> Document {
    let Some(name) = &case.input else {
        return subject.clone();
    };
    let folder_of_version = match case.version {
        Some(FhirVersion::Stu3) => "stu3",
        _ => "r4",
    };
    let name = format!("{folder_of_version}/{name}");
    read.entry(name.clone())
        .or_insert_with(|| {
            let path = folder.join("resources").join(name);
            Document::parse(std::fs::read(path).expect("the input is there")).expect("JSON")
        })
        .clone()
}

#[test]
fn the_cases_of_fhirpath_js_pass() {
    let Some(folder) = crate::testdata("fhirpath-js") else {
        return;
    };
    let mut files: Vec<_> = std::fs::read_dir(folder.join("cases"))
        .expect("the cases")
        .map(|file| file.expect("a file").path())
        .collect();
    files.sort();
    let mut read = HashMap::new();
    let mut count = 0;
    let mut faults = Vec::new();
    for file in files {
        let name = file
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let text = std::fs::read_to_string(&file).expect("text");
        let yaml = serde_yaml_ng::from_str::<Yaml>(&text).expect("YAML");
        let subject = Document::parse(value(&yaml["subject"]).to_bytes()).expect("JSON");
        let mut cases = Vec::new();
        collect(&yaml["tests"], &name, &Inherited::default(), &mut cases);
        for case in &cases {
            count += 1;
            if let Err(fault) = run(case, &input(&folder, case, &subject, &mut read)) {
                let case = format!("{} {count}: {}", case.file, case.expression);
                faults.push((case, fault));
            }
        }
    }
    SUITE.check(count, &faults);
}
