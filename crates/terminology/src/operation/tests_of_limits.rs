//! The limits of the operations, at each and one past it.

use std::sync::Arc;

use super::*;
use crate::definitions::{Definitions, built_in};
use crate::operation::lookup::CHILDREN_MAX;
use crate::session::FETCHED_MAX;

/// A code system `urn:s`, and a value set of all its codes.
fn with(system: &str) -> Arc<Definitions> {
    let all = r#"{"resourceType":"ValueSet","url":"urn:s:all","status":"active",
        "compose":{"include":[{"system":"urn:s"}]}}"#;
    let mut definitions = Definitions::over(built_in());
    for json in [system, all] {
        assert!(definitions.add(Document::parse(json).expect("JSON")));
    }
    Arc::new(definitions)
}

fn ask(
    session: &Session,
    operation: Operation,
    of: Kind,
    query: &[(&str, &str)],
) -> Result<Value, Refusal> {
    let pairs: Vec<(String, String)> = query
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let question = Question {
        operation,
        of,
        instance: None,
        inputs: &Inputs::of_query(&pairs),
        now: "2026-01-01T00:00:00Z",
    };
    answer(session, &question)
}

#[test]
fn as_many_children_as_may_be_are_told() {
    let system = |children: usize| {
        let children: Vec<String> = (0..children)
            .map(|one| format!("{{\"code\":\"c{one}\"}}"))
            .collect();
        with(&format!(
            r#"{{"resourceType":"CodeSystem","url":"urn:s","content":"complete","status":"active",
            "concept":[{{"code":"top","display":"Top","concept":[{}]}}]}}"#,
            children.join(",")
        ))
    };
    let told = |children: usize| {
        let session = Session::closed(system(children));
        let query = [("system", "urn:s"), ("code", "top"), ("property", "child")];
        ask(&session, Operation::Lookup, Kind::CodeSystem, &query)
    };
    let parameters = told(CHILDREN_MAX).expect("an answer");
    let told_of = parameters.get("parameter").map_or(&[][..], Value::items);
    let properties = told_of
        .iter()
        .filter(|one| one.text("name") == Some("property"));
    assert_eq!(properties.count(), CHILDREN_MAX);
    let refusal = told(CHILDREN_MAX + 1).expect_err("one too many");
    assert!(
        refusal.issue.text.contains("CHILDREN_MAX"),
        "{}",
        refusal.issue.text
    );
}

#[test]
fn codes_stand_below_one_another_as_deep_as_may_be() {
    fn depth(contains: &Value) -> usize {
        let below = |one: &Value| one.get("contains").map_or(0, depth);
        1 + contains.items().iter().map(below).max().unwrap_or(0)
    }
    let expanded = |deep: usize| {
        let concepts = (0..deep).rev().fold(String::new(), |below, one| {
            let below = match &*below {
                "" => String::new(),
                below => format!(",\"concept\":[{below}]"),
            };
            format!("{{\"code\":\"c{one}\"{below}}}")
        });
        let loaded = with(&format!(
            r#"{{"resourceType":"CodeSystem","url":"urn:s","content":"complete","status":"active",
            "concept":[{concepts}]}}"#
        ));
        let session = Session::closed(loaded);
        let query = [("url", "urn:s:all"), ("excludeNested", "false")];
        let answer = ask(&session, Operation::Expand, Kind::ValueSet, &query);
        let answer = answer.expect("an expansion");
        let expansion = answer.get("expansion").expect("an expansion");
        let contains = expansion.get("contains").expect("codes");
        (contains.items().len(), depth(contains))
    };
    assert_eq!(expanded(NESTING_MAX), (1, NESTING_MAX));
    // What stands deeper stands beside them.
    assert_eq!(expanded(NESTING_MAX + 1), (2, NESTING_MAX));
}

#[test]
fn as_many_definitions_as_may_be_are_fetched() {
    let mut session = Session::new(built_in());
    let find = |session: &Session, number: usize| {
        session.find(Kind::ValueSet, &format!("urn:vs:{number}"), None);
    };
    (0..FETCHED_MAX - 1).for_each(|number| find(&session, number));
    assert_eq!(session.take_wanted().len(), FETCHED_MAX - 1);
    find(&session, FETCHED_MAX);
    find(&session, FETCHED_MAX + 1);
    assert_eq!(session.take_wanted().len(), 1, "the last that fits");
    find(&session, FETCHED_MAX + 2);
    assert_eq!(session.take_wanted().len(), 0);
    assert!(!session.missing().is_empty(), "what lacks is told");
}
