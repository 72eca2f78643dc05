//! FHIRPath for scripts: expressions and resources in, JSON out.
//!
//! What an expression finds is written as an array of `{"type", "value"}`.
//! The type is the name without its namespace: `Patient`, `HumanName`, `code`
//! or `Patient.contact` for what is in the resource, and `boolean`, `integer`,
//! `decimal`, `string`, `date`, `dateTime`, `time` or `Quantity` for what the
//! expression made. The value is the JSON of an element, digits and all; dates
//! and times are strings, a quantity is `{"value", "unit"}`, and what has no
//! value (a primitive with extensions only) has no `value`.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashMap;

use super::functions::value_text;
use super::quantity::Unit;
use super::{
    Check, Collection, Context, Element, ErrorKind, EvaluationError, Expression, ExpressionError,
    Item, Lookups, Made, check,
};
use crate::json::{Document, Kind, Node, Value};
use crate::{FhirVersion, xml};

/// Why a script gets no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", kind.code())]
pub struct ScriptError {
    /// When the error showed.
    pub kind: ErrorKind,
    /// What is wrong. Names no value of the resource.
    pub message: String,
}

impl ScriptError {
    fn execution(message: impl Into<String>) -> Self {
        Self {
            kind: ErrorKind::Execution,
            message: message.into(),
        }
    }

    /// As a script reads it: `{"kind", "message"}`.
    pub fn to_value(&self) -> Value {
        let mut object = Value::object();
        object.set("kind", self.kind.code());
        object.set("message", &self.message);
        object
    }
}

impl From<ExpressionError> for ScriptError {
    fn from(error: ExpressionError) -> Self {
        Self {
            kind: error.kind(),
            message: error.to_string(),
        }
    }
}

impl From<EvaluationError> for ScriptError {
    fn from(error: EvaluationError) -> Self {
        Self::execution(error.to_string())
    }
}

/// The time, for `now()`: milliseconds since 1970 UTC and minutes east of UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Milliseconds since 1970 UTC.
    pub milliseconds: i64,
    /// Minutes east of UTC.
    pub offset_minutes: i16,
}

/// One line of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What the answer is called; any JSON.
    pub id: Value,
    /// The expression.
    pub expression: String,
    /// Where the resource is.
    pub resource: String,
    /// Variables by name: JSON values, arrays for several items, resources as such.
    pub variables: Value,
}

impl Request {
    /// Reads a line of a batch: `{"id", "expression", "resource", "variables"?}`.
    ///
    /// # Errors
    /// When the line is not that; the message says what is missing.
    pub fn parse(line: &str) -> Result<Self, ScriptError> {
        let fault = |message: &str| ScriptError {
            kind: ErrorKind::Syntax,
            message: message.to_owned(),
        };
        let document = Document::parse(line)
            .map_err(|error| fault(&format!("the line is not JSON: {error}")))?;
        let root = document.root();
        let text = |name: &str| {
            let text = root.text(name).map(Cow::into_owned);
            text.ok_or_else(|| fault(&format!("the line has no text `{name}`")))
        };
        Ok(Self {
            id: root.get("id").map_or(Value::Null, Value::from),
            expression: text("expression")?,
            resource: text("resource")?,
            variables: root
                .get("variables")
                .map_or_else(Value::object, Value::from),
        })
    }

    /// The line that answers it: `{"id", "result"}` or `{"id", "error"}`.
    pub fn answer(&self, result: Result<Value, ScriptError>) -> Value {
        answer(&self.id, result)
    }
}

/// The line that answers a request of some id.
pub fn answer(id: &Value, result: Result<Value, ScriptError>) -> Value {
    let mut line = Value::object();
    line.set("id", id);
    match result {
        Ok(result) => line.set("result", result),
        Err(error) => line.set("error", error.to_value()),
    }
    line
}

/// A resource from the bytes of a file, JSON or XML.
///
/// # Errors
/// When it is neither.
pub fn read(version: FhirVersion, bytes: &[u8]) -> Result<Document, ScriptError> {
    let fault = |text: &str| ScriptError::execution(format!("the resource cannot be read: {text}"));
    let is_xml = bytes.trim_ascii_start().starts_with(b"<");
    let json = if is_xml {
        Cow::Owned(xml::to_json_in(version, bytes).map_err(|issue| fault(&issue.text))?)
    } else {
        Cow::Borrowed(bytes)
    };
    Document::parse(&json).map_err(|error| fault(&error.to_string()))
}

/// Evaluates an expression on a resource, as a script asks it: checked first,
/// with references inside a Bundle resolved. JSON that is no resource of the
/// a tree without types, on which nothing can be checked. `variables` is an
/// object, its members as [`Request::variables`] has them.
///
/// # Errors
/// When the expression is none, cannot mean anything on the resource, or fails.
pub fn run(
    version: FhirVersion,
    expression: &str,
    resource: &Document,
    variables: &Value,
    now: Moment,
) -> Result<Value, ScriptError> {
    let expression = Expression::parse_in(version, expression)?;
    let root = match Element::resource_in(version, resource.root()) {
        Some(root) => {
            check(&expression, root.type_name(), Check::default())?;
            root
        }
        None => Element::untyped_in(version, resource.root()),
    };
    let documents = variables
        .members()
        .iter()
        .map(|(name, value)| Ok((name, Document::parse(value.to_bytes())?)))
        .collect::<Result<Vec<_>, crate::json::SyntaxError>>()
        .map_err(|error| {
            ScriptError::execution(format!("the variables cannot be read: {error}"))
        })?;
    let made = Made::default();
    let entries = Entries::of(version, resource.root());
    let mut context = Context::new(root)
        .at(now.milliseconds, now.offset_minutes)
        .with_lookups(&entries)
        .with_made(&made);
    for (name, document) in &documents {
        context = context.with_variable(name.as_str(), variable(version, document.root()));
    }
    let found = expression.evaluate(Item::Element(root), &context)?;
    Ok(result(&found))
}

/// The items of a variable.
fn variable(version: FhirVersion, node: Node<'_>) -> Collection<'_> {
    let item = |node| {
        let element = Element::resource_in(version, node)
            .unwrap_or_else(|| Element::untyped_in(version, node));
        Item::Element(element)
    };
    match node.kind() {
        Kind::Null => Vec::new(),
        Kind::Array => node.items().map(item).collect(),
        _ => vec![item(node)],
    }
}

/// What was found, as an array of `{"type", "value"}`.
pub fn result(found: &[Item<'_>]) -> Value {
    let items = found.iter().map(|item| {
        let mut object = Value::object();
        object.set("type", item.type_name());
        if let Some(value) = value(item) {
            object.set("value", value);
        }
        object
    });
    Value::Array(items.collect())
}

fn value(item: &Item<'_>) -> Option<Value> {
    Some(match item {
        Item::Element(element) => Value::from(element.node()?),
        Item::Target(_) => return None,
        Item::Boolean(value) => Value::from(*value),
        Item::Integer(value) => Value::from(*value),
        Item::Decimal(value) => Value::number(&value.to_string())?,
        Item::Quantity(quantity) => {
            let mut object = Value::object();
            object.set("value", Value::number(&quantity.value.to_string())?);
            let unit = match &quantity.unit {
                Unit::Calendar(calendar) => calendar.name().to_owned(),
                unit => unit.to_string(),
            };
            object.set("unit", unit);
            object
        }
        Item::Type(info) => {
            let mut object = Value::object();
            object.set("namespace", info.namespace);
            object.set("name", &*info.name);
            object
        }
        other => Value::from(value_text(other)?),
    })
}

/// The resources of a Bundle, by the URL that the Bundle gives them and by
/// type and id.
struct Entries<'a> {
    version: FhirVersion,
    bundle: Node<'a>,
    by_reference: OnceCell<HashMap<String, Element<'a>>>,
}

impl<'a> Entries<'a> {
    fn of(version: FhirVersion, bundle: Node<'a>) -> Self {
        Self {
            version,
            bundle,
            by_reference: OnceCell::new(),
        }
    }
}

impl<'a> Lookups<'a> for Entries<'a> {
    fn resolve(&self, reference: &str) -> Option<Element<'a>> {
        let by_reference = self.by_reference.get_or_init(|| {
            let mut found = HashMap::new();
            for entry in self.bundle.each("entry") {
                let Some(resource) = entry
                    .get("resource")
                    .and_then(|resource| Element::resource_in(self.version, resource))
                else {
                    continue;
                };
                let id = resource.node.and_then(|node| node.text("id"));
                found.extend(id.map(|id| (format!("{}/{id}", resource.type_name()), resource)));
                let url = entry.text("fullUrl").map(Cow::into_owned);
                found.extend(url.map(|url| (url, resource)));
            }
            found
        });
        by_reference.get(reference).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const R4: FhirVersion = FhirVersion::R4;

    const NOW: Moment = Moment {
        milliseconds: 1_700_000_000_000,
        offset_minutes: 60,
    };

    const BUNDLE: &str = r#"{"resourceType": "Bundle", "type": "collection", "entry": [
        {"fullUrl": "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0", "resource": {
            "resourceType": "Patient", "id": "p", "birthDate": "1974-12-25", "active": true,
            "name": [{"family": "Jansen"}], "_gender": {"id": "g"}}},
        {"fullUrl": "http://example.org/fhir/Observation/o", "resource": {
            "resourceType": "Observation", "id": "o", "status": "final",
            "subject": {"reference": "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"},
            "performer": [{"reference": "Patient/p"}],
            "valueQuantity": {"value": 72.50, "unit": "kg"}}}]}"#;

    fn line(expression: &str, variables: &str) -> String {
        let document = read(R4, BUNDLE.as_bytes()).expect("JSON");
        let variables = Document::parse(variables).expect("JSON");
        let result = run(R4, expression, &document, &variables.root().into(), NOW);
        let line = answer(&Value::from("1"), result);
        String::from_utf8(line.to_bytes()).expect("UTF-8")
    }

    #[test]
    fn a_script_gets_types_and_values() {
        let patient = "entry.resource.ofType(Patient)";
        for (expression, result) in [
            (
                format!("{patient}.name"),
                r#"[{"type":"HumanName","value":{"family":"Jansen"}}]"#,
            ),
            (
                format!("{patient}.birthDate"),
                r#"[{"type":"date","value":"1974-12-25"}]"#,
            ),
            (format!("{patient}.gender"), r#"[{"type":"code"}]"#),
            (
                format!("{patient}.active | 1 | 1.50 | 'a'"),
                r#"[{"type":"boolean","value":true},{"type":"integer","value":1},{"type":"decimal","value":1.50},{"type":"string","value":"a"}]"#,
            ),
            (
                "2 days | 3 'kg'".to_owned(),
                r#"[{"type":"Quantity","value":{"value":2,"unit":"day"}},{"type":"Quantity","value":{"value":3,"unit":"kg"}}]"#,
            ),
            (
                "now() | today() | timeOfDay()".to_owned(),
                r#"[{"type":"dateTime","value":"2023-11-14T23:13:20.000+01:00"},{"type":"date","value":"2023-11-14"},{"type":"time","value":"23:13:20.000"}]"#,
            ),
            (
                "entry.resource.subject.resolve().id | entry.resource.performer.resolve().id"
                    .to_owned(),
                r#"[{"type":"id","value":"p"}]"#,
            ),
            (
                "entry.resource.ofType(Observation).value.value".to_owned(),
                r#"[{"type":"decimal","value":72.50}]"#,
            ),
            (
                "entry.first().resource.type()".to_owned(),
                r#"[{"type":"TypeInfo","value":{"namespace":"FHIR","name":"Patient"}}]"#,
            ),
            (
                "%a + 1 | %p.active".to_owned(),
                r#"[{"type":"integer","value":3},{"type":"boolean","value":false}]"#,
            ),
        ] {
            let variables = r#"{"a": 2, "p": [{"resourceType": "Patient", "active": false}]}"#;
            assert_eq!(
                line(&expression, variables),
                format!(r#"{{"id":"1","result":{result}}}"#),
                "{expression}"
            );
        }
    }

    #[test]
    fn a_script_is_told_what_kind_of_error() {
        for (expression, error) in [
            (
                "entry.",
                r#"{"kind":"syntax","message":"at byte 6: expected the name of an element or function"}"#,
            ),
            (
                "entry.foo()",
                r#"{"kind":"semantic","message":"at byte 6: there is no function foo"}"#,
            ),
            (
                "entry.resources",
                r#"{"kind":"semantic","message":"there is no element resources here"}"#,
            ),
            (
                "entry.single()",
                r#"{"kind":"execution","message":"several items where one is needed"}"#,
            ),
            (
                "%b",
                r#"{"kind":"execution","message":"there is no variable `%b`"}"#,
            ),
        ] {
            assert_eq!(
                line(expression, "{}"),
                format!(r#"{{"id":"1","error":{error}}}"#)
            );
        }
    }

    #[test]
    fn lines_of_a_batch_are_read() {
        let request = Request::parse(
            r#"{"id": 7, "expression": "a", "resource": "b.json", "variables": {"c": 1}}"#,
        );
        let request = request.expect("a line");
        assert_eq!(
            (
                request.id.as_number(),
                &*request.expression,
                &*request.resource
            ),
            (Some("7"), "a", "b.json")
        );
        for line in [
            "",
            "[]",
            "{}",
            r#"{"expression": "a"}"#,
            r#"{"expression": 1, "resource": "b"}"#,
        ] {
            assert_eq!(
                Request::parse(line).map_err(|error| error.kind),
                Err(ErrorKind::Syntax),
                "{line}"
            );
        }
        assert!(read(R4, b"<a/>").is_err() && read(R4, b"{").is_err());
        let tree = read(R4, b"{\"a\": [1, 2]}").expect("JSON");
        let result = run(R4, "a.sum()", &tree, &Value::object(), NOW).expect("a sum");
        assert_eq!(result.to_bytes(), br#"[{"type":"integer","value":3}]"#);
    }

    #[test]
    fn a_script_is_of_a_version() {
        // What R4 calls `reasonReference` of an Encounter, STU3 does not have.
        let encounter = br#"{"resourceType": "Encounter", "reason": [{"text": "cough"}]}"#;
        for (version, expression, is_right) in [
            (FhirVersion::Stu3, "reason.text", true),
            (FhirVersion::Stu3, "reasonReference", false),
            (FhirVersion::R4, "reason.text", false),
            (FhirVersion::R4, "reasonReference", true),
        ] {
            let document = read(version, encounter).expect("JSON");
            let result = run(version, expression, &document, &Value::object(), NOW);
            assert_eq!(result.is_ok(), is_right, "{version:?} {expression}");
        }
    }
}
