//! A FHIR CodeSystem, from its tree.

use std::borrow::Cow;

use fhir::json::{Kind, Node};

use super::LoadError;
use crate::code_system::{Builder, CodeSystem, Header, NameKind, NewDescription, PropertyKind};

/// How deep concepts may nest in one another; JSON has a limit of its own.
pub use fhir::json::NESTING_MAX;

/// The code system of a CodeSystem resource.
///
/// Concepts below one another, and the properties `parent`, `subsumedBy` and
/// `child`, tell what is below what. `notSelectable` makes a concept abstract;
/// `inactive`, `status` (`retired`) and `retired` say that it is out of use.
pub fn read(definition: Node<'_>) -> Result<CodeSystem, LoadError> {
    if definition.text("resourceType").as_deref() != Some("CodeSystem") {
        return Err(LoadError::Resource("the resource is no CodeSystem"));
    }
    let text = |name: &str| definition.text(name).map(Cow::into_owned);
    let url = text("url").ok_or(LoadError::Resource("the CodeSystem has no url"))?;
    let mut builder = Builder::new(Header {
        url,
        version: text("version").unwrap_or_default(),
        title: text("title").or_else(|| text("name")).unwrap_or_default(),
        is_complete: text("content").as_deref() == Some("complete"),
        ignores_case: definition.get("caseSensitive").and_then(Node::as_bool) == Some(false),
        language: text("language").unwrap_or_else(|| "en".to_owned()),
    });
    for property in definition.each("property") {
        let kind = match property.text("type").as_deref() {
            Some("string") => PropertyKind::String,
            Some("integer") => PropertyKind::Integer,
            Some("decimal") => PropertyKind::Decimal,
            Some("boolean") => PropertyKind::Boolean,
            Some("dateTime") => PropertyKind::DateTime,
            Some("Coding") => PropertyKind::Coding,
            _ => PropertyKind::Code,
        };
        if let Some(code) = property.text("code") {
            builder.property_name(&code, kind)?;
        }
    }
    // All codes first: properties may name those further on.
    let mut concepts: Vec<(Node<'_>, u32)> = Vec::new();
    let mut open: Vec<(Node<'_>, Option<u32>)> = Vec::new();
    open_each(definition, None, &mut open);
    while let Some((node, parent)) = open.pop() {
        let Some(code) = node.text("code") else {
            continue;
        };
        let number = match builder.concept(&code)? {
            Some(number) => {
                concepts.push((node, number));
                number
            }
            // The same code under a second parent.
            None => builder.find(&code).unwrap_or_default(),
        };
        if let Some(parent) = parent {
            builder.below(number, parent);
        }
        open_each(node, Some(number), &mut open);
    }
    for (node, concept) in concepts {
        names(&mut builder, node, concept)?;
        properties(&mut builder, node, concept)?;
    }
    Ok(builder.finish()?)
}

/// Puts the concepts directly in a node on the pile, so that the first comes off first.
fn open_each<'a>(node: Node<'a>, parent: Option<u32>, open: &mut Vec<(Node<'a>, Option<u32>)>) {
    let start = open.len();
    open.extend(node.each("concept").map(|one| (one, parent)));
    open[start..].reverse();
}

fn names(builder: &mut Builder, node: Node<'_>, concept: u32) -> Result<(), LoadError> {
    let mut add = |language: &str, kind: NameKind, text: Option<Cow<'_, str>>| {
        let Some(text) = text else {
            return Ok::<(), LoadError>(());
        };
        builder.describe(NewDescription {
            concept,
            language,
            kind,
            text: &text,
        })?;
        Ok(())
    };
    add("", NameKind::Display, node.text("display"))?;
    for designation in node.each("designation") {
        let language = designation.text("language").unwrap_or_default();
        let use_code = designation.path(&["use", "code"]).and_then(Node::as_str);
        let kind = match use_code.as_deref() {
            Some("900000000000003001") => NameKind::FullySpecified,
            Some("display") => NameKind::Display,
            _ => NameKind::Synonym,
        };
        add(&language, kind, designation.text("value"))?;
    }
    add("", NameKind::Definition, node.text("definition"))
}

fn properties(builder: &mut Builder, node: Node<'_>, concept: u32) -> Result<(), LoadError> {
    for property in node.each("property") {
        let Some(code) = property.text("code") else {
            continue;
        };
        let value = property
            .members()
            .find(|(name, _)| name.starts_with("value"));
        let Some((name, value)) = value else { continue };
        let kind = match &name[5..] {
            "String" => PropertyKind::String,
            "Integer" => PropertyKind::Integer,
            "Decimal" => PropertyKind::Decimal,
            "Boolean" => PropertyKind::Boolean,
            "DateTime" => PropertyKind::DateTime,
            "Coding" => PropertyKind::Coding,
            _ => PropertyKind::Code,
        };
        let text: Cow<'_, str> = match value.kind() {
            Kind::String => value.as_str().unwrap_or_default(),
            Kind::Object => {
                let part = |name| value.text(name).unwrap_or_default();
                format!("{}|{}", part("system"), part("code")).into()
            }
            _ => value.raw().into(),
        };
        match (&*code, &*text) {
            ("parent" | "subsumedBy", _) => {
                if let Some(parent) = builder.find(&text) {
                    builder.below(concept, parent);
                }
                continue;
            }
            ("child", _) => {
                if let Some(child) = builder.find(&text) {
                    builder.below(child, concept);
                }
                continue;
            }
            ("notSelectable", "true") => builder.abstract_(concept),
            ("inactive" | "retired", "true") | ("status", "retired" | "inactive") => {
                builder.inactive(concept);
            }
            _ => {}
        }
        let name = builder.property_name(&code, kind)?;
        builder.property(concept, name, 0, &text)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use fhir::json::Document;

    use super::*;

    #[test]
    fn a_code_system_is_read() {
        let document = Document::parse(
            r#"{"resourceType":"CodeSystem","url":"http://example.org/a","version":"3",
            "content":"complete","caseSensitive":false,"language":"nl","concept":[
             {"code":"B","display":"Bee","definition":"Een insect","concept":[
               {"code":"C","designation":[{"language":"en","value":"Sea"}],
                "property":[{"code":"weight","valueDecimal":1.50},{"code":"like","valueCode":"D"},
                 {"code":"seen","valueCoding":{"system":"s","code":"c"}}]}]},
             {"code":"A","property":[{"code":"child","valueCode":"B"},{"code":"notSelectable","valueBoolean":true}]},
             {"code":"D","property":[{"code":"parent","valueCode":"a"},{"code":"status","valueCode":"retired"}],
              "concept":[{"code":"C"}]}]}"#,
        )
        .expect("JSON");
        let system = read(document.root()).expect("right");
        let at = |code| system.find(code).expect(code);
        let order: Vec<_> = (0..4).map(|one| system.code(one)).collect();
        assert_eq!(order, ["B", "C", "A", "D"]);
        assert!(system.is_above(at("A"), at("c")) && system.is_above(at("D"), at("C")));
        assert!(system.is_abstract(at("A")) && !system.is_active(at("D")));
        let values: Vec<_> = system
            .properties(at("C"))
            .map(|property| system.value_text(property.value))
            .collect();
        assert_eq!(values, ["1.50", "D", "s|c"]);
        assert_eq!(system.designations(at("B")).expect("readable").len(), 2);
        assert_eq!(system.header().version, "3");
    }

    #[test]
    fn what_is_no_code_system_is_refused() {
        for (json, expected) in [
            (
                r#"{"resourceType":"ValueSet"}"#,
                "the resource is no CodeSystem",
            ),
            (
                r#"{"resourceType":"CodeSystem"}"#,
                "the CodeSystem has no url",
            ),
        ] {
            let document = Document::parse(json).expect("JSON");
            assert_eq!(read(document.root()).expect_err(json).to_string(), expected);
        }
    }
}
