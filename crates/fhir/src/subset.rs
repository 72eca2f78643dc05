//! A part of a resource, for who needs less than all of it (FHIR R4, search,
//! `_summary` and `_elements`).
//!
//! What would change the meaning of the rest stays: modifiers, and what must be
//! there. The part says of itself that it is one, with the tag `SUBSETTED`.

use std::collections::BTreeSet;

use crate::Resource;
use crate::definitions::{self, Definitions, Structure, TypeId};
use crate::json::{Kind, Node, Value};

/// The code system of [`SUBSETTED`].
const SUBSETTED_SYSTEM: &str = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue";
const SUBSETTED: &str = "SUBSETTED";

/// Which part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subset {
    /// The elements that the definitions mark for a summary.
    Summary,
    /// The narrative.
    Text,
    /// All but the narrative.
    Data,
    /// The elements of these names.
    Elements(BTreeSet<String>),
}

impl Subset {
    /// The part of a resource.
    pub fn of(&self, resource: &Resource) -> Value {
        let definitions = definitions::of(resource.version());
        let root = resource.root();
        let mut part = match definitions.resource(resource.resource_type()) {
            Some(type_id) => self.object(definitions, type_id, root),
            None => Value::from(root),
        };
        tag(&mut part);
        part
    }

    fn object(&self, definitions: &'static Definitions, type_id: TypeId, node: Node<'_>) -> Value {
        let structure = definitions.get(type_id);
        let mut kept = Vec::with_capacity(node.len());
        for (name, value) in node.members() {
            if name == "resourceType" || self.keeps(structure, &name) {
                let value = self.value(definitions, structure, &name, value);
                kept.push((name.into_owned(), value));
            }
        }
        Value::Object(kept)
    }

    /// A value that is kept; of the parts of a backbone element in a summary
    /// only those that belong there.
    fn value(
        &self,
        definitions: &'static Definitions,
        structure: &Structure,
        name: &str,
        value: Node<'_>,
    ) -> Value {
        let backbone = structure.member(name).and_then(|member| {
            let element = &structure.elements[usize::from(member.element)];
            let type_id = element.forms[usize::from(member.form)].type_id;
            definitions
                .get(type_id)
                .name
                .contains('.')
                .then_some(type_id)
        });
        match (self, backbone, value.kind()) {
            (Self::Summary, Some(type_id), Kind::Object) => {
                self.object(definitions, type_id, value)
            }
            (Self::Summary, Some(type_id), Kind::Array) => {
                let items = value.items();
                Value::Array(
                    items
                        .map(|item| self.object(definitions, type_id, item))
                        .collect(),
                )
            }
            _ => Value::from(value),
        }
    }

    fn keeps(&self, structure: &Structure, name: &str) -> bool {
        if structure.is_resource && matches!(name, "id" | "meta") {
            return true;
        }
        let Some(member) = structure.member(name) else {
            return false;
        };
        let element = &structure.elements[usize::from(member.element)];
        match self {
            Self::Data => element.name != "text",
            Self::Summary => element.is_summary || element.is_modifier || element.min > 0,
            Self::Text => matches!(element.name, "text") || element.is_modifier || element.min > 0,
            Self::Elements(names) => {
                names.contains(element.name) || element.is_modifier || element.min > 0
            }
        }
    }
}

/// Whether resources of a type have an element of that name.
pub fn has_element(version: crate::FhirVersion, resource_type: &str, name: &str) -> bool {
    let definitions = definitions::of(version);
    let structure = definitions
        .resource(resource_type)
        .map(|id| definitions.get(id));
    structure.is_some_and(|structure| structure.element(name).is_some())
}

fn tag(part: &mut Value) {
    if part.get("meta").is_none() {
        let at = part
            .members()
            .iter()
            .take_while(|(name, _)| name == "resourceType" || name == "id");
        let at = at.count();
        if let Value::Object(members) = part {
            members.insert(at, ("meta".to_owned(), Value::object()));
        }
    }
    let Some(meta) = part.get_mut("meta") else {
        return;
    };
    let is_tagged = meta.get("tag").is_some_and(|tags| {
        tags.items()
            .iter()
            .any(|tag| tag.text("code") == Some(SUBSETTED))
    });
    if is_tagged {
        return;
    }
    let tag = crate::value!({ "system": SUBSETTED_SYSTEM, "code": SUBSETTED });
    match meta.get_mut("tag") {
        Some(tags) => tags.push(tag),
        None => meta.set("tag", vec![tag]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::structure;

    const OBSERVATION: &str = r#"{"resourceType":"Observation","id":"a","text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">x</div>"},"modifierExtension":[{"url":"urn:x","valueCode":"y"}],"status":"final","code":{"text":"x"},"valueQuantity":{"value":1.50},"note":[{"text":"n"}],"referenceRange":[{"text":"r"}]}"#;

    fn check(subset: &Subset, text: &str, expected: &str) {
        let part = subset.of(&Resource::parse(text).unwrap());
        let bytes = part.to_bytes();
        assert_eq!(
            String::from_utf8(bytes.clone()).unwrap(),
            expected,
            "{subset:?}"
        );
        let part = Resource::parse(bytes).unwrap();
        assert_eq!(structure::check(&part), [], "{subset:?}");
    }

    #[test]
    fn the_parts_are_those_of_the_standard() {
        let tag = r#""meta":{"tag":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}]}"#;
        let kept = r#""modifierExtension":[{"url":"urn:x","valueCode":"y"}],"status":"final","code":{"text":"x"}"#;
        let narrative = r#""text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">x</div>"}"#;
        let start = format!(r#"{{"resourceType":"Observation","id":"a",{tag}"#);
        let value = r#""valueQuantity":{"value":1.50}"#;
        check(
            &Subset::Summary,
            OBSERVATION,
            &format!("{start},{kept},{value}}}"),
        );
        check(
            &Subset::Text,
            OBSERVATION,
            &format!("{start},{narrative},{kept}}}"),
        );
        check(
            &Subset::Data,
            OBSERVATION,
            &format!(
                r#"{start},{kept},{value},"note":[{{"text":"n"}}],"referenceRange":[{{"text":"r"}}]}}"#
            ),
        );
        let elements = |names: &[&str]| {
            Subset::Elements(names.iter().map(|name| (*name).to_owned()).collect())
        };
        check(
            &elements(&["note", "value"]),
            OBSERVATION,
            &format!(r#"{start},{kept},{value},"note":[{{"text":"n"}}]}}"#),
        );
        check(&elements(&[]), OBSERVATION, &format!("{start},{kept}}}"));
    }

    #[test]
    fn a_tag_is_added_once_and_others_stay() {
        let patient =
            r#"{"resourceType":"Patient","id":"a","meta":{"versionId":"1","tag":[{"code":"z"}]}}"#;
        let part = Subset::Summary.of(&Resource::parse(patient).unwrap());
        let again = Subset::Data.of(&Resource::from_value(&part).unwrap());
        assert_eq!(part, again);
        assert_eq!(
            part.get("meta")
                .and_then(|meta| meta.get("tag"))
                .unwrap()
                .items()
                .len(),
            2
        );
    }

    #[test]
    fn parts_of_a_backbone_element_are_chosen_too() {
        let patient = r#"{"resourceType":"Patient","id":"a","link":[{"other":{"reference":"Patient/b"},"type":"refer"}],"communication":[{"language":{"text":"nl"}}]}"#;
        let part = Subset::Summary.of(&Resource::parse(patient).unwrap());
        assert!(part.get("communication").is_none() && part.get("link").is_some());
    }
}
