//! The limits, at the limit and one past it; and steps that grow with the
//! input, counted rather than timed.

use proptest::prelude::*;

use super::{
    Context, Element, EvaluationError, Expression, ITEMS_MAX, Item, PATTERN_BYTES_MAX, STEPS_MAX,
    TEXT_BYTES_MAX, VARIABLES_MAX,
};
use crate::Resource;

/// A Bundle of patients with a name and an identifier each.
fn bundle(entries: usize) -> Resource {
    let entry = |n: usize| {
        format!(
            r#"{{"fullUrl":"urn:x:{n}","resource":{{"resourceType":"Patient","id":"p{n}","active":true,
            "name":[{{"family":"f{n}","given":["a","b"]}}],"multipleBirthInteger":{n}}}}}"#
        )
    };
    let entries: Vec<String> = (0..entries).map(entry).collect();
    let text = format!(
        r#"{{"resourceType":"Bundle","type":"collection","entry":[{}]}}"#,
        entries.join(",")
    );
    Resource::parse(text).expect("a Bundle")
}

fn evaluate(text: &str, resource: &Resource) -> Result<usize, EvaluationError> {
    let root = Element::resource(resource.root()).expect("a resource");
    let context = Context::new(root);
    let expression = Expression::parse(text).expect("FHIRPath");
    expression
        .evaluate(Item::Element(root), &context)
        .map(|found| found.len())
}

/// How many steps an expression takes.
fn steps(text: &str, resource: &Resource) -> usize {
    let root = Element::resource(resource.root()).expect("a resource");
    let context = Context::new(root);
    let before = context.steps_left();
    let expression = Expression::parse(text).expect("FHIRPath");
    let found = expression.evaluate(Item::Element(root), &context);
    assert!(found.is_ok(), "{text}: {found:?}");
    before - context.steps_left()
}

#[test]
fn steps_grow_with_the_bundle() {
    let bundles: Vec<Resource> = (0..7).map(|power| bundle(50 << power)).collect();
    let all = "entry.resource.name.given";
    for expression in [
        "entry.resource.where(active and name.exists()).select(name.family | id)".to_owned(),
        "entry.where(resource is Patient).select(resource.name.given).isDistinct()".to_owned(),
        "entry.resource.select(id).distinct().count()".to_owned(),
        "entry.distinct()".to_owned(),
        "entry.resource.id.union(entry.fullUrl).count()".to_owned(),
        "(entry.resource.id | entry.fullUrl | entry.resource.name.family).count()".to_owned(),
        "entry.resource.id.combine(entry.resource.id).isDistinct()".to_owned(),
        "entry.resource.id.subsetOf(%resource.entry.resource.id)".to_owned(),
        "entry.resource.supersetOf(%resource.entry.resource)".to_owned(),
        "entry.resource.id.intersect(%resource.entry.resource.id).count()".to_owned(),
        "entry.resource.id.exclude(%resource.entry.resource.id).count()".to_owned(),
        "repeat(entry.resource | name | given).count()".to_owned(),
        "descendants().count()".to_owned(),
        "descendants().where($this is HumanName).family".to_owned(),
        "children().children().children().given.first()".to_owned(),
        "entry.resource.multipleBirth.aggregate($this + $total, 0)".to_owned(),
        "entry.resource.multipleBirth.ofType(integer).sum()".to_owned(),
        "entry.resource.multipleBirth.max()".to_owned(),
        "entry.resource.id.join(',').length()".to_owned(),
        "entry.resource.id.join(',').split(',').count()".to_owned(),
        "entry.resource.id.join(',').replaceMatches('p', 'q').length()".to_owned(),
        "entry.resource.id.all(matches('^p[0-9]+$'))".to_owned(),
        "entry.resource.id ~ entry.resource.id".to_owned(),
        "entry = entry".to_owned(),
        format!("{all}.tail().skip(1).take(10000).last()"),
        "entry.resource.select(name.first().given[0] & name.last().given.last())".to_owned(),
    ] {
        let counts: Vec<usize> = bundles
            .iter()
            .map(|bundle| steps(&expression, bundle))
            .collect();
        for pair in counts.windows(2) {
            // Twice the entries take twice the steps, and what is constant once.
            assert!(
                pair[1] <= 2 * pair[0] + pair[0] / 10,
                "{expression}: {counts:?}"
            );
        }
    }
    // Sorting takes a logarithm more.
    let counts: Vec<usize> = bundles
        .iter()
        .map(|bundle| steps("entry.resource.sort(name.family).first()", bundle))
        .collect();
    assert!(
        counts
            .windows(2)
            .all(|pair| pair[1] <= 2 * pair[0] + pair[0] / 2),
        "{counts:?}"
    );
}

#[test]
fn what_is_not_linear_runs_out_of_steps() {
    let bundle = bundle(3200);
    for expression in [
        "entry.where(%resource.entry.resource.where(active).count() > 0)",
        "entry.select(%resource.descendants().count())",
        "repeatAll($this)",
        "entry.repeatAll($this | $this)",
        "entry.where($this in %resource.entry).where($this in %resource.entry)",
    ] {
        let root = Element::resource(bundle.root()).expect("a resource");
        let context = Context::with_steps(root, STEPS_MAX / 10);
        let parsed = Expression::parse(expression).expect("FHIRPath");
        let found = parsed.evaluate(Item::Element(root), &context);
        let is_limit = matches!(
            found,
            Err(EvaluationError::TooManySteps | EvaluationError::TooManyItems)
        );
        assert!(is_limit, "{expression}: {found:?}");
    }
}

#[test]
fn collections_end_at_a_million_items() {
    let resource = bundle(1000);
    // A thousand for each of a thousand is the limit, one more is past it.
    let thousand = "entry.select(%resource.entry)";
    assert_eq!(evaluate(thousand, &resource), Ok(ITEMS_MAX));
    let past = format!("{thousand}.combine(entry.first())");
    assert_eq!(
        evaluate(&past, &resource),
        Err(EvaluationError::TooManyItems)
    );
}

#[test]
fn texts_end_at_their_limit() {
    let resource = bundle(1);
    let doubled = |texts: &str| format!("{texts}.aggregate($total & $total, 'a')");
    // 2²⁰ bytes are the limit.
    let twenty = format!("'{}'.toChars()", "x".repeat(20));
    let at_limit = format!("({}).length() = {TEXT_BYTES_MAX}", doubled(&twenty));
    assert_eq!(evaluate(&at_limit, &resource), Ok(1));
    let past = format!("({}) & 'a'", doubled(&twenty));
    assert_eq!(
        evaluate(&past, &resource),
        Err(EvaluationError::TextTooLong)
    );
    for expression in [
        "replace('a', 'bb')",
        "replaceMatches('a', 'bb')",
        "encode('hex')",
        "combine('a').join('')",
    ] {
        let past = format!("({}).{expression}", doubled(&twenty));
        assert_eq!(
            evaluate(&past, &resource),
            Err(EvaluationError::TextTooLong),
            "{expression}"
        );
    }
}

#[test]
fn patterns_end_at_their_limit() {
    let resource = bundle(1);
    let matches = |pattern: &str| evaluate(&format!("'aaa'.matches('{pattern}')"), &resource);
    assert_eq!(matches(&"a".repeat(PATTERN_BYTES_MAX)), Ok(1));
    for pattern in [
        "a".repeat(PATTERN_BYTES_MAX + 1).as_str(),
        "(a{500}){500}",
        "(((a{99}){99}){99}){99}",
        "(a)\\\\1",
        "(?=a)",
        "(",
    ] {
        assert_eq!(matches(pattern), Err(EvaluationError::Pattern), "{pattern}");
    }
    // What takes others exponential time takes these as long as the text.
    let evil = format!("'{}b'.matches('^(a+)+$')", "a".repeat(5000));
    assert_eq!(evaluate(&evil, &resource), Ok(1));
}

#[test]
fn variables_end_at_their_limit() {
    let resource = bundle(1);
    let defined = |count: usize| {
        let defined: Vec<String> = (0..count)
            .map(|n| format!("defineVariable('v{n}')"))
            .collect();
        format!("{}.select(%v0)", defined.join("."))
    };
    assert_eq!(evaluate(&defined(VARIABLES_MAX), &resource), Ok(1));
    let past = evaluate(&defined(VARIABLES_MAX + 1), &resource);
    assert_eq!(past, Err(EvaluationError::TooManyVariables));
    // A variable ends where it was defined, and none is defined twice.
    for (expression, expected) in [
        ("defineVariable('a', 1).select(%a)", Ok(1)),
        (
            "entry.select(defineVariable('a', 1).select(%a)) | entry.select(defineVariable('a', 2).select(%a))",
            Ok(2),
        ),
        (
            "(defineVariable('a', 1) | 2).select(%a)",
            Err(EvaluationError::NoVariable("a".to_owned())),
        ),
        (
            "defineVariable('a').defineVariable('a')",
            Err(EvaluationError::VariableDefined("a".to_owned())),
        ),
        (
            "defineVariable('resource')",
            Err(EvaluationError::VariableDefined("resource".to_owned())),
        ),
    ] {
        assert_eq!(evaluate(expression, &resource), expected, "{expression}");
    }
}

/// Expressions that parse, more often than random text does.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("entry.resource".to_owned()),
        Just("name".to_owned()),
        Just("$this".to_owned()),
        Just("1.5 'kg'".to_owned()),
        Just("2 years".to_owned()),
        Just("@2020-02".to_owned()),
        Just("@T10:30".to_owned()),
        Just("'a'".to_owned()),
        Just("{}".to_owned()),
        Just("9223372036854775807".to_owned()),
        Just("79228162514264337593543950335".to_owned()),
    ];
    leaf.prop_recursive(4, 30, 3, |inner| {
        let operator = prop::sample::select(vec![
            "+", "-", "*", "/", "div", "mod", "&", "|", "=", "!=", "~", "!~", "<", ">=", "in",
            "contains", "and", "or", "xor", "implies",
        ]);
        let function = prop::sample::select(vec![
            "where",
            "select",
            "exists",
            "all",
            "repeat",
            "skip",
            "take",
            "power",
            "log",
            "round",
            "lowBoundary",
            "highBoundary",
            "toQuantity",
            "matches",
            "split",
            "substring",
            "sort",
            "combine",
            "intersect",
            "comparable",
            "indexOf",
            "aggregate",
        ]);
        let plain = prop::sample::select(vec![
            "toString()",
            "toInteger()",
            "abs()",
            "exp()",
            "ln()",
            "sqrt()",
            "children()",
            "descendants()",
            "type()",
            "not()",
            "first()",
            "distinct()",
            "precision()",
            "sum()",
            "avg()",
            "min()",
            "toDate()",
            "convertsToTime()",
            "yearOf()",
        ]);
        prop_oneof![
            (inner.clone(), operator, inner.clone())
                .prop_map(|(one, operator, other)| format!("({one} {operator} {other})")),
            (inner.clone(), function, inner.clone())
                .prop_map(|(one, function, other)| format!("({one}).{function}({other})")),
            (inner.clone(), plain).prop_map(|(one, plain)| format!("({one}).{plain}")),
            inner.prop_map(|one| format!("-({one})")),
        ]
    })
}

proptest! {
    #[test]
    fn no_expression_makes_it_panic(text in expression()) {
        let resource = bundle(2);
        let root = Element::resource(resource.root()).expect("a resource");
        let context = Context::with_steps(root, 20_000).at(1_700_000_000_000, 60);
        let expression = Expression::parse(&text).expect("FHIRPath");
        let found = expression.evaluate(Item::Element(root), &context);
        if let Ok(found) = found {
            super::script::result(&found);
        }
    }
}
