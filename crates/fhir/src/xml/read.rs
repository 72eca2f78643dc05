//! XML to JSON.

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};
use quick_xml::reader::NsReader;

use super::FHIR;
use crate::FhirVersion;
use crate::definitions::{self, Definitions, Element, Form, Primitive, TypeId};
use crate::json::{DOCUMENT_BYTES_MAX, NESTING_MAX, Value};
use crate::narrative::{self, NARRATIVE_DEPTH_MAX, XHTML};
use crate::outcome::{Issue, IssueCode};

/// The namespace of attributes about schemas, which say nothing here.
const SCHEMA_INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// A resource of R4 in FHIR XML (UTF-8), as JSON.
///
/// # Errors
/// When it is not well-formed XML, holds what FHIR XML must not, or has an
/// element that R4 does not have. The issue tells where, by element.
pub fn to_json(bytes: &[u8]) -> Result<Vec<u8>, Issue> {
    to_json_in(FhirVersion::R4, bytes)
}

/// The same for a resource of a version.
///
/// # Errors
/// As [`to_json`].
pub fn to_json_in(version: FhirVersion, bytes: &[u8]) -> Result<Vec<u8>, Issue> {
    let structure = |text: &str| Issue::error(IssueCode::Structure, text);
    if bytes.len() > DOCUMENT_BYTES_MAX {
        let text = format!("longer than {DOCUMENT_BYTES_MAX} bytes");
        return Err(Issue::error(IssueCode::TooLong, text));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| structure("not UTF-8"))?;
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    if !narrative::is_xml_text(text) {
        return Err(structure("not XML: a character that XML cannot hold"));
    }
    let mut source = NsReader::from_str(text);
    source.config_mut().check_comments = true;
    let mut reader = Reader {
        text,
        source,
        definitions: definitions::of(version),
        path: Vec::new(),
        depth: 0,
    };
    Ok(reader.document()?.to_bytes())
}

struct Reader<'a> {
    text: &'a str,
    source: NsReader<&'a [u8]>,
    definitions: &'static Definitions,
    /// The names of the open elements, for the expression of an issue.
    path: Vec<String>,
    /// How many levels of JSON are open, at most.
    depth: usize,
}

/// An element that has begun.
struct Opened<'a> {
    tag: BytesStart<'a>,
    /// Whether it has an end of its own still to come.
    is_open: bool,
    is_xhtml: bool,
    /// Where its tag begins, in bytes.
    from: usize,
}

impl Opened<'_> {
    fn name(&self) -> &str {
        let name = self.tag.name().0;
        name.split_once(':').map_or(name, |(_, local)| local)
    }
}

/// The values of one element of an object, as they come.
struct Slot {
    element: u16,
    form: u16,
    values: Vec<Option<Value>>,
    /// The ids and extensions of primitives.
    extras: Vec<Option<Value>>,
}

impl<'a> Reader<'a> {
    fn fail<T>(&self, text: impl Into<String>) -> Result<T, Issue> {
        let issue = Issue::error(IssueCode::Structure, text);
        Err(if self.path.is_empty() {
            issue
        } else {
            issue.at(self.path.join("."))
        })
    }

    fn place(&self) -> usize {
        self.source.buffer_position() as usize
    }

    /// The next tag: an opening one, or `None` at the closing one.
    fn next(&mut self) -> Result<Option<Opened<'a>>, Issue> {
        loop {
            let from = self.place();
            let Ok(event) = self.source.read_event() else {
                return self.fail("not well-formed XML");
            };
            match event {
                Event::Start(tag) => return self.opened(tag, true, from).map(Some),
                Event::Empty(tag) => return self.opened(tag, false, from).map(Some),
                Event::End(_) => return Ok(None),
                Event::Text(text) if text.trim_matches([' ', '\t', '\r', '\n']).is_empty() => {}
                Event::Comment(_) => {}
                Event::Text(_) | Event::CData(_) | Event::GeneralRef(_) => {
                    return self.fail("text between elements: values are attributes in FHIR XML");
                }
                Event::Decl(declaration) => {
                    let is_first = from == 0;
                    let encoding = declaration.encoding().transpose().ok().flatten();
                    let is_utf8 = encoding.is_none_or(|name| name.eq_ignore_ascii_case("utf-8"));
                    if !is_first || !is_utf8 {
                        return self.fail("an XML declaration must come first and say UTF-8");
                    }
                }
                Event::PI(_) => return self.fail("a processing instruction"),
                Event::DocType(_) => return self.fail("a DOCTYPE"),
                Event::Eof => return self.fail("not well-formed XML: it ends too early"),
            }
        }
    }

    fn opened(&self, tag: BytesStart<'a>, is_open: bool, from: usize) -> Result<Opened<'a>, Issue> {
        let (namespace, _) = self.source.resolver().resolve_element(tag.name());
        let is_in = |wanted| namespace == ResolveResult::Bound(Namespace(wanted));
        let is_xhtml = is_in(XHTML);
        if !is_xhtml && !is_in(FHIR) {
            return self.fail("an element that is not in the namespace of FHIR");
        }
        Ok(Opened {
            tag,
            is_open,
            is_xhtml,
            from,
        })
    }

    fn document(&mut self) -> Result<Value, Issue> {
        let Some(root) = self.next()? else {
            return self.fail("not well-formed XML");
        };
        let value = self.resource(root)?;
        loop {
            match self.source.read_event() {
                Ok(Event::Eof) => return Ok(value),
                Ok(Event::Comment(_)) => {}
                Ok(Event::Text(text)) if text.trim().is_empty() => {}
                _ => return self.fail("more text after the resource"),
            }
        }
    }

    /// Goes down as many levels of JSON, for as long as `inner` works: what comes
    /// out must not nest deeper than our own parser takes.
    fn within<T>(
        &mut self,
        name: &str,
        levels: usize,
        inner: impl FnOnce(&mut Self) -> Result<T, Issue>,
    ) -> Result<T, Issue> {
        if self.depth + levels > NESTING_MAX {
            return self.fail(format!("nested deeper than {NESTING_MAX} levels"));
        }
        self.depth += levels;
        self.path.push(name.to_owned());
        let result = inner(self)?;
        self.path.pop();
        self.depth -= levels;
        Ok(result)
    }

    fn resource(&mut self, opened: Opened<'a>) -> Result<Value, Issue> {
        let name = opened.name().to_owned();
        let type_id = if opened.is_xhtml {
            None
        } else {
            self.definitions.resource(&name)
        };
        let Some(type_id) = type_id else {
            return self.fail(format!(
                "not a resource of FHIR {}",
                self.definitions.version()
            ));
        };
        self.within(&name, 1, |reader| {
            let mut members = vec![("resourceType".to_owned(), Value::from(name.as_str()))];
            let attributes = reader.attributes(&opened, &[])?;
            members.extend(attributes);
            reader.content(&opened, type_id, &mut members)?;
            Ok(Value::Object(members))
        })
    }

    /// The attributes that are allowed here, in the order of the list.
    fn attributes(
        &self,
        opened: &Opened<'_>,
        allowed: &[&str],
    ) -> Result<Vec<(String, Value)>, Issue> {
        let mut found = Vec::new();
        for attribute in opened.tag.attributes() {
            let Ok(attribute) = attribute else {
                return self.fail("not well-formed XML");
            };
            if attribute.key.as_namespace_binding().is_some() {
                continue;
            }
            let (namespace, _) = self.source.resolver().resolve_attribute(attribute.key);
            if namespace == ResolveResult::Bound(Namespace(SCHEMA_INSTANCE)) {
                continue;
            }
            let name = attribute.key.0;
            if !allowed.contains(&name) {
                return self.fail("an attribute that FHIR does not have here");
            }
            let value = attribute.normalized_value(XmlVersion::Explicit1_0);
            let Some(value) = value
                .ok()
                .filter(|value| !attribute.value.contains('<') && narrative::is_xml_text(value))
            else {
                return self.fail("not well-formed XML, or an entity that XML does not have");
            };
            found.push((name.to_owned(), Value::from(value)));
        }
        Ok(found)
    }

    /// The elements inside an object, up to its end.
    fn content(
        &mut self,
        opened: &Opened<'_>,
        type_id: TypeId,
        members: &mut Vec<(String, Value)>,
    ) -> Result<(), Issue> {
        if !opened.is_open {
            return Ok(());
        }
        let definitions = self.definitions;
        let structure = definitions.get(type_id);
        let mut slots: Vec<Slot> = Vec::new();
        while let Some(child) = self.next()? {
            let name = child.name().to_owned();
            // Elements that are attributes in XML are not elements as well.
            let is_attribute = match name.as_str() {
                "id" => !structure.is_resource,
                "url" => structure.name == "Extension",
                _ => false,
            };
            let member = structure
                .member(&name)
                .filter(|found| !found.is_extras && !is_attribute);
            let Some(member) = member else {
                return self.fail(format!(
                    "an element that FHIR {} does not have here",
                    definitions.version()
                ));
            };
            let element = &structure.elements[usize::from(member.element)];
            let form = &element.forms[usize::from(member.form)];
            // A list is a level, an object is one; a resource counts itself.
            let is_resource = form.type_id == definitions.any_resource();
            let levels = usize::from(element.max != 1) + usize::from(!is_resource);
            let (value, extras) =
                self.within(&name, levels, |reader| reader.value(&child, form))?;
            let found = slots
                .iter_mut()
                .find(|slot| (slot.element, slot.form) == (member.element, member.form));
            match found {
                Some(_) if element.max == 1 => {
                    return self.fail("an element twice that can be there once");
                }
                Some(slot) => {
                    slot.values.push(value);
                    slot.extras.push(extras);
                }
                None => slots.push(Slot {
                    element: member.element,
                    form: member.form,
                    values: vec![value],
                    extras: vec![extras],
                }),
            }
        }
        for slot in slots {
            let element = &structure.elements[usize::from(slot.element)];
            let form = &element.forms[usize::from(slot.form)];
            add_member(members, element, &form.member, slot.values);
            add_member(members, element, &form.extras, slot.extras);
        }
        Ok(())
    }

    /// One value of an element; for a primitive also its id and extensions.
    fn value(
        &mut self,
        opened: &Opened<'a>,
        form: &Form,
    ) -> Result<(Option<Value>, Option<Value>), Issue> {
        let definitions = self.definitions;
        let structure = definitions.get(form.type_id);
        if opened.is_xhtml != (structure.primitive == Some(Primitive::Xhtml)) {
            return self.fail("an element in the wrong namespace");
        }
        match structure.primitive {
            Some(Primitive::Xhtml) => Ok((Some(self.xhtml(opened)?), None)),
            Some(primitive) => {
                let mut value = None;
                let mut extras = Vec::new();
                for (name, text) in self.attributes(opened, &["value", "id"])? {
                    if name == "value" {
                        value = Some(typed(primitive, text));
                    } else {
                        extras.push((name, text));
                    }
                }
                if let Some(element_type) = definitions.find("Element") {
                    self.content(opened, element_type, &mut extras)?;
                }
                if value.is_none() && extras.is_empty() {
                    return self.fail("a value that is empty");
                }
                let extras = (!extras.is_empty()).then_some(Value::Object(extras));
                Ok((value, extras))
            }
            None if form.type_id == definitions.any_resource() => {
                self.attributes(opened, &[])?;
                let inner = if opened.is_open { self.next()? } else { None };
                let Some(inner) = inner else {
                    return self.fail("a resource that is not there");
                };
                let value = self.resource(inner)?;
                match self.next()? {
                    None => Ok((Some(value), None)),
                    Some(_) => self.fail("two resources where one belongs"),
                }
            }
            None => {
                let allowed: &[&str] = if structure.name == "Extension" {
                    &["id", "url"]
                } else {
                    &["id"]
                };
                let mut members = self.attributes(opened, allowed)?;
                self.content(opened, form.type_id, &mut members)?;
                Ok((Some(Value::Object(members)), None))
            }
        }
    }

    /// The narrative, exactly as it is written.
    fn xhtml(&mut self, opened: &Opened<'a>) -> Result<Value, Issue> {
        let mut depth = usize::from(opened.is_open);
        while depth > 0 {
            match self.source.read_event() {
                Ok(Event::Start(_)) => depth += 1,
                Ok(Event::End(_)) => depth -= 1,
                Ok(Event::Eof | Event::DocType(_) | Event::PI(_) | Event::Decl(_)) | Err(_) => {
                    return self.fail("not well-formed XML");
                }
                Ok(Event::GeneralRef(reference)) => {
                    if let Err(text) = narrative::check_reference(&reference) {
                        return self.fail(text);
                    }
                }
                Ok(_) => {}
            }
            if depth > NARRATIVE_DEPTH_MAX {
                return self.fail(format!("nested deeper than {NARRATIVE_DEPTH_MAX} levels"));
            }
        }
        Ok(Value::from(&self.text[opened.from..self.place()]))
    }
}

/// Adds a member when one of its values is there: a list for an element that
/// can have several, with nulls for the values that are not.
fn add_member(
    members: &mut Vec<(String, Value)>,
    element: &Element,
    name: &str,
    values: Vec<Option<Value>>,
) {
    if values.iter().all(Option::is_none) {
        return;
    }
    let mut values = values.into_iter().map(Option::unwrap_or_default);
    let value = if element.max == 1 {
        values.next().unwrap_or_default()
    } else {
        Value::Array(values.collect())
    };
    members.push((name.to_owned(), value));
}

/// The JSON form of a primitive. What is no number or truth value stays text:
/// the structure check refuses it with its place.
fn typed(primitive: Primitive, text: Value) -> Value {
    let number = || text.as_str().and_then(Value::number);
    let typed = match primitive {
        Primitive::Boolean => match text.as_str() {
            Some("true") => Some(Value::Bool(true)),
            Some("false") => Some(Value::Bool(false)),
            _ => None,
        },
        Primitive::Decimal
        | Primitive::Integer
        | Primitive::PositiveInt
        | Primitive::UnsignedInt => number(),
        _ => None,
    };
    typed.unwrap_or(text)
}
