use proptest::prelude::*;

use super::{
    Context, EXPRESSION_BYTES_MAX, EXPRESSION_DEPTH_MAX, Element, EvaluationError, Expression,
    ExpressionError, Item,
};
use crate::Resource;

const OBSERVATION: &str = r##"{
    "resourceType": "Observation", "id": "o1", "status": "final",
    "contained": [{"resourceType": "Patient", "id": "p"}],
    "extension": [{"url": "http://example.org/a", "valueString": "x"}],
    "_issued": {"extension": [{"url": "http://example.org/b", "valueBoolean": true}]},
    "subject": {"reference": "#p"},
    "performer": [
        {"reference": "Practitioner/1"},
        {"reference": "http://example.org/fhir/Organization/2/_history/1"},
        {"type": "Patient", "identifier": {"value": "1"}},
        {"reference": "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"}
    ],
    "code": {"coding": [
        {"system": "http://loinc.org", "code": "29463-7", "display": "Weight"},
        {"system": "urn:local", "code": "GEW"}
    ]},
    "valueQuantity": {"value": 72.50, "unit": "kg"},
    "component": [{"valueString": "a"}, {"valueQuantity": {"value": 3}}]
}"##;

/// Evaluates and shows each item on a line, or the error.
fn show(expression: &str) -> String {
    let resource = Resource::parse(OBSERVATION).unwrap();
    let root = Element::resource(resource.root()).unwrap();
    let expression = match Expression::parse(expression) {
        Ok(expression) => expression,
        Err(error) => return error.to_string(),
    };
    match expression.evaluate(Item::Element(root), &Context::new(root)) {
        Ok(items) => items.iter().map(show_item).collect::<Vec<_>>().join(" "),
        Err(error) => error.to_string(),
    }
}

fn show_item(item: &Item<'_>) -> String {
    match item {
        Item::Element(element) => {
            let raw = element.node().map_or("-", |node| node.raw());
            let raw = if raw.len() > 30 { "…" } else { raw };
            format!("{}:{raw}", element.type_name())
        }
        Item::Target(target) => format!("{target:?}"),
        Item::Boolean(value) => value.to_string(),
        Item::String(text) => format!("'{text}'"),
        value => super::functions::value_text(value).unwrap_or_default(),
    }
}

#[test]
fn finds_what_is_there() {
    for (expression, expected) in [
        ("Observation.status", "code:\"final\""),
        ("status", "code:\"final\""),
        ("Patient.status", ""),
        (
            "Resource.id | DomainResource.status",
            "id:\"o1\" code:\"final\"",
        ),
        (
            "Observation.code.coding.code",
            "code:\"29463-7\" code:\"GEW\"",
        ),
        ("code.coding[1].code", "code:\"GEW\""),
        ("code.coding[7]", ""),
        (
            "code.coding.where(system = 'http://loinc.org').code",
            "code:\"29463-7\"",
        ),
        (
            "code.coding.where($this.system.startsWith('urn:')).code",
            "code:\"GEW\"",
        ),
        (
            "code.coding.select(display | code)",
            "string:\"Weight\" code:\"29463-7\" code:\"GEW\"",
        ),
        ("(Observation.value as Quantity).value", "decimal:72.50"),
        ("value.as(Quantity).value = 72.5", "true"),
        ("value.value > 72 and value.value <= 72.50", "true"),
        ("value.ofType(string)", ""),
        ("component.value", "string:\"a\" Quantity:{\"value\": 3}"),
        ("component.value.ofType(string)", "string:\"a\""),
        ("component.value.ofType(System.String)", "string:\"a\""),
        (
            "component.value.ofType(FHIR.string) is System.String",
            "false",
        ),
        ("extension('http://example.org/a').value", "string:\"x\""),
        ("issued", "instant:-"),
        ("issued.extension.value", "boolean:true"),
        ("issued.hasValue()", "false"),
        ("issued.hasExtension('http://example.org/b')", "true"),
        ("subject.resolve() is Patient", "true"),
        ("subject.resolve().id", "id:\"p\""),
        (
            "performer.where(resolve() is Patient).identifier.value",
            "string:\"1\"",
        ),
        ("performer.where(resolve() is Organization).count()", "1"),
        ("performer.resolve().count()", "3"),
        ("issued.exists() and issued != false", ""),
        ("status.exists() and status != 'draft'", "true"),
        ("{} or true", "true"),
        ("{} and false", "false"),
        ("{} implies true", "true"),
        ("status in ('final' | 'amended')", "true"),
        ("code.coding.code contains 'GEW'", "true"),
        ("code.coding.exists(code = 'GEW')", "true"),
        ("code.coding.all(display.exists())", "false"),
        ("code.coding.display.empty().not()", "true"),
        (
            "code.coding.first().code | code.coding.last().code",
            "code:\"29463-7\" code:\"GEW\"",
        ),
        ("(status | status | code.coding.skip(1).code).count()", "2"),
        // More than are compared pairwise.
        (
            "(status | id | code.coding.code | code.coding.system | performer.reference | status).count()",
            "9",
        ),
        ("%resource.component.tail().value.value", "decimal:3"),
        ("performer.take(2).reference.distinct().count()", "2"),
        ("nothing.at.all", ""),
    ] {
        assert_eq!(show(expression), expected, "{expression}");
    }
}

#[test]
fn says_what_it_cannot_do() {
    for (expression, expected) in [
        ("", "at byte 0: expected a name, literal or parenthesis"),
        (
            "a.",
            "at byte 2: expected the name of an element or function",
        ),
        ("a b", "at byte 2: expected the end of the expression"),
        ("where('x'", "at byte 9: expected )"),
        ("a = 'x", "at byte 4: expected the end of the string"),
        ("a is Robot", "at byte 5: there is no type Robot"),
        ("foo()", "at byte 0: there is no function foo"),
        ("%x.a", "there is no variable `%x`"),
        ("now()", "cannot check: nobody said what time it is"),
        ("@2020-13", "at byte 8: expected a date that exists"),
        ("1 /* 2", "at byte 2: expected the end of the comment"),
        ("value.as(string) - 'a'", ""),
        ("'b' - 'a'", "`-` does not take these operands"),
        (
            "exists(1, 2)",
            "at byte 0: expected another number of arguments",
        ),
        ("code.coding is Coding", "several items where one is needed"),
        ("code > 1", "two things that cannot be compared"),
    ] {
        assert_eq!(show(expression), expected, "{expression}");
    }
}

#[test]
fn limits_hold_at_the_limit_and_one_past() {
    let wide = |bytes: usize| format!("a{}", " ".repeat(bytes - 1));
    assert!(Expression::parse(&wide(EXPRESSION_BYTES_MAX)).is_ok());
    let too_long = Expression::parse(&wide(EXPRESSION_BYTES_MAX + 1));
    assert_eq!(too_long.unwrap_err(), ExpressionError::TooLong);

    let nested = |levels: usize| format!("{}a{}", "(".repeat(levels), ")".repeat(levels));
    let calls = |levels: usize| format!("a{}{}", ".select(b".repeat(levels), ")".repeat(levels));
    let signs = |levels: usize| format!("{}a", "- ".repeat(levels));
    for deep in [nested, calls, signs] {
        assert!(Expression::parse(&deep(EXPRESSION_DEPTH_MAX)).is_ok());
        let too_deep = Expression::parse(&deep(EXPRESSION_DEPTH_MAX + 1));
        assert_eq!(too_deep.unwrap_err(), ExpressionError::TooDeep);
    }

    let resource = Resource::parse(r#"{"resourceType":"Basic"}"#).unwrap();
    let root = Element::resource(resource.root()).unwrap();
    let expression = Expression::parse("Basic").unwrap();
    for (steps, expected) in [(1, Ok(1)), (0, Err(EvaluationError::TooManySteps))] {
        let context = Context::with_steps(root, steps);
        let found = expression.evaluate(Item::Element(root), &context);
        assert_eq!(found.map(|items| items.len()), expected);
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in r"[a-z.()\[\]{}|='$%`\\ 0-9<>!@LT:+*/&~-]{0,60}|\PC{0,60}") {
        let _ = Expression::parse(&text);
    }
}

/// Found by the fuzz target `fhirpath`: an empty name, and one that begins
/// with more than one byte, where a type is named.
#[test]
fn a_type_of_no_name_is_nothings_type() {
    let resource = Resource::parse(OBSERVATION).unwrap();
    let root = Element::resource(resource.root()).unwrap();
    for name in ["``", "`é`", "System.``", "FHIR.``"] {
        let text = format!("status.ofType({name})");
        let Ok(expression) = Expression::parse(&text) else {
            continue;
        };
        let context = Context::new(root);
        let found = expression.evaluate(Item::Element(root), &context);
        assert!(found.is_ok_and(|found| found.is_empty()), "{text}");
    }
}
