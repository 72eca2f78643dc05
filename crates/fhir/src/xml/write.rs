//! JSON to XML.

use super::FHIR;
use crate::FhirVersion;
use crate::definitions::{self, Definitions, Element, Form, Primitive, Structure, TypeId};
use crate::json::{Document, Kind, Node};
use crate::narrative;
use crate::outcome::{Issue, IssueCode};

/// A resource of R4 in JSON, as FHIR XML: elements in the order of the standard,
/// without white space between them.
///
/// # Errors
/// When the document is not a resource of R4, has members that R4 does not
/// have, or text that XML cannot hold.
pub fn from_json(document: &Document) -> Result<Vec<u8>, Issue> {
    from_json_in(FhirVersion::R4, document)
}

/// The same for a resource of a version.
///
/// # Errors
/// As [`from_json`].
pub fn from_json_in(version: FhirVersion, document: &Document) -> Result<Vec<u8>, Issue> {
    let mut writer = Writer {
        out: String::new(),
        definitions: definitions::of(version),
        path: Vec::new(),
    };
    writer
        .out
        .push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    writer.resource(document.root(), true)?;
    writer.out.push('\n');
    Ok(writer.out.into_bytes())
}

struct Writer {
    out: String,
    definitions: &'static Definitions,
    path: Vec<&'static str>,
}

impl Writer {
    fn fail<T>(&self, text: &str) -> Result<T, Issue> {
        let issue = Issue::error(IssueCode::Structure, text);
        Err(if self.path.is_empty() {
            issue
        } else {
            issue.at(self.path.join("."))
        })
    }

    fn unknown_element<T>(&self) -> Result<T, Issue> {
        let version = self.definitions.version();
        self.fail(&format!(
            "has an element that FHIR {version} does not have here"
        ))
    }

    fn resource(&mut self, node: Node<'_>, is_root: bool) -> Result<(), Issue> {
        let type_id = node
            .text("resourceType")
            .and_then(|name| self.definitions.resource(&name));
        let Some(type_id) = type_id else {
            return self.fail(&format!(
                "not a resource of FHIR {}",
                self.definitions.version()
            ));
        };
        let name = self.definitions.get(type_id).name;
        let namespace = if is_root {
            format!(" xmlns=\"{FHIR}\"")
        } else {
            String::new()
        };
        self.out.push('<');
        self.out.push_str(name);
        self.out.push_str(&namespace);
        if is_root {
            self.path.push(name);
        }
        self.content(name, node, type_id)?;
        if is_root {
            self.path.pop();
        }
        Ok(())
    }

    /// Attributes, the rest of the opening tag, elements and the closing tag.
    fn content(&mut self, tag: &str, node: Node<'_>, type_id: TypeId) -> Result<(), Issue> {
        if node.kind() != Kind::Object {
            return self.fail("must be an object");
        }
        let definitions = self.definitions;
        let structure = definitions.get(type_id);
        // Looking for every element in an object is only cheap in one of sane size.
        if node.len() > structure.members_max() + 1 {
            return self.unknown_element();
        }
        let mut written = usize::from(structure.is_resource && node.get("resourceType").is_some());
        let opened = self.out.len();
        let has_value = self.out.ends_with('"');
        for name in attributes(structure) {
            if let Some(value) = node.get(name) {
                let Some(text) = value.as_str() else {
                    return self.fail("must be text");
                };
                self.attribute(name, &text)?;
                written += 1;
            }
        }
        let start = self.out.len();
        self.out.push('>');
        for element in &structure.elements {
            if attributes(structure).contains(&element.name) {
                continue;
            }
            for form in &element.forms {
                let value = node.get(&form.member);
                let is_primitive = definitions.get(form.type_id).primitive.is_some();
                let extras = if is_primitive {
                    node.get(&form.extras)
                } else {
                    None
                };
                if value.is_none() && extras.is_none() {
                    continue;
                }
                written += usize::from(value.is_some()) + usize::from(extras.is_some());
                self.path.push(element.name);
                self.values(element, form, value, extras)?;
                self.path.pop();
            }
        }
        if written != node.len() {
            return self.unknown_element();
        }
        if self.out.len() == start + 1 {
            // FHIR has no empty elements, so nobody could read it back.
            if start == opened && !has_value && !structure.is_resource {
                return self.fail("must not be empty");
            }
            self.out.truncate(start);
            self.out.push_str("/>");
        } else {
            self.end(tag);
        }
        Ok(())
    }

    fn end(&mut self, tag: &str) {
        self.out.push_str("</");
        self.out.push_str(tag);
        self.out.push('>');
    }

    fn attribute(&mut self, name: &str, text: &str) -> Result<(), Issue> {
        if !narrative::is_xml_text(text) {
            return self.fail("has a character that XML cannot hold");
        }
        self.out.push(' ');
        self.out.push_str(name);
        self.out.push_str("=\"");
        for character in text.chars() {
            match character {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '"' => self.out.push_str("&quot;"),
                // As they stand, readers would turn these into spaces.
                '\t' => self.out.push_str("&#9;"),
                '\n' => self.out.push_str("&#10;"),
                '\r' => self.out.push_str("&#13;"),
                plain => self.out.push(plain),
            }
        }
        self.out.push('"');
        Ok(())
    }

    fn values(
        &mut self,
        element: &Element,
        form: &Form,
        value: Option<Node<'_>>,
        extras: Option<Node<'_>>,
    ) -> Result<(), Issue> {
        let is_list = |node: Option<Node<'_>>| node.map(|node| node.kind() == Kind::Array);
        let should_be_list = element.max != 1;
        for is_list in [is_list(value), is_list(extras)].into_iter().flatten() {
            if is_list != should_be_list {
                return self.fail(if is_list {
                    "must be one value, not a list"
                } else {
                    "must be a list"
                });
            }
        }
        if !should_be_list {
            return self.value(form, value, extras);
        }
        let mut values = value.into_iter().flat_map(Node::items);
        let mut extras = extras.into_iter().flat_map(Node::items);
        loop {
            match (values.next(), extras.next()) {
                (None, None) => return Ok(()),
                (value, extras) => self.value(form, value, extras)?,
            }
        }
    }

    fn value(
        &mut self,
        form: &Form,
        value: Option<Node<'_>>,
        extras: Option<Node<'_>>,
    ) -> Result<(), Issue> {
        let definitions = self.definitions;
        let structure = definitions.get(form.type_id);
        let present = |node: Option<Node<'_>>| node.is_some_and(|node| node.kind() != Kind::Null);
        if !present(value) && !present(extras) {
            return self.fail("must not be null");
        }
        if structure.primitive == Some(Primitive::Xhtml) {
            let text = value.and_then(Node::as_str).unwrap_or_default();
            if let Err(wrong) = narrative::check(&text) {
                return self.fail(wrong);
            }
            if extras.is_some() {
                return self.fail("XML has no place for extensions of a narrative");
            }
            self.out.push_str(&text);
            return Ok(());
        }
        self.out.push('<');
        self.out.push_str(&form.member);
        if structure.primitive.is_some() {
            if let Some(value) = value.filter(|value| value.kind() != Kind::Null) {
                match value.kind() {
                    Kind::String => self.attribute("value", &value.as_str().unwrap_or_default())?,
                    Kind::Number | Kind::Bool => self.attribute("value", value.raw())?,
                    _ => return self.fail("must be a single value"),
                }
            }
            match extras.filter(|extras| extras.kind() != Kind::Null) {
                Some(extras) => {
                    let Some(element_type) = definitions.find("Element") else {
                        return self.fail("has no type");
                    };
                    self.content(&form.member, extras, element_type)?;
                }
                None => self.out.push_str("/>"),
            }
            return Ok(());
        }
        let Some(value) = value else {
            return self.fail("must not be null");
        };
        if form.type_id == definitions.any_resource() {
            self.out.push('>');
            self.resource(value, false)?;
            self.end(&form.member);
            return Ok(());
        }
        self.content(&form.member, value, form.type_id)
    }
}

/// The elements that are attributes in XML.
fn attributes(structure: &Structure) -> &'static [&'static str] {
    match structure.name {
        "Extension" => &["id", "url"],
        _ if structure.is_resource => &[],
        _ => &["id"],
    }
}
