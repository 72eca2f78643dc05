//! Whether a resource has the shape that its version of FHIR gives it: elements that exist, in
//! the right number, of the right JSON type and format, with codes from the
//! value sets that leave no choice.
//!
//! Deliberately not here: profiles, invariants, other bindings, and whether
//! references lead anywhere.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::Resource;
use crate::definitions::{self, CodeSet, Definitions, Element, Form, TypeId, UNBOUNDED};
use crate::format;
use crate::json::{Kind, Node};
use crate::outcome::{Issue, IssueCode};

/// How many issues one check reports. A resource with more is wrong enough.
pub const ISSUES_MAX: usize = 100;

/// Everything that is wrong with the shape of a resource; nothing when it is
/// right. Contained resources and those in a Bundle are checked with it.
///
/// The texts hold no values from the resource. The expressions name elements
/// only; an unknown member whose name is not plainly a word is not repeated.
pub fn check(resource: &Resource) -> Vec<Issue> {
    let definitions = definitions::of(resource.version());
    let mut checker = Checker {
        definitions,
        issues: Vec::new(),
    };
    let path = Path::Root(resource.resource_type());
    if let Some(type_id) = definitions.resource(resource.resource_type()) {
        checker.object(resource.root(), type_id, &path, false);
    }
    checker.issues
}

/// Where the checker is. Written out only when there is something to say.
enum Path<'a> {
    Root(&'a str),
    Element {
        parent: &'a Path<'a>,
        name: &'a str,
        index: Option<usize>,
    },
}

impl Path<'_> {
    fn write(&self, out: &mut String) {
        match self {
            Self::Root(name) => out.push_str(name),
            Self::Element {
                parent,
                name,
                index,
            } => {
                parent.write(out);
                out.push('.');
                out.push_str(name);
                if let Some(index) = index {
                    // Writing to a String cannot fail.
                    let _ = write!(out, "[{index}]");
                }
            }
        }
    }
}

struct Checker {
    definitions: &'static Definitions,
    issues: Vec<Issue>,
}

impl Checker {
    fn report(&mut self, code: IssueCode, text: &str, path: &Path<'_>) {
        match self.issues.len() {
            0..ISSUES_MAX => {
                let mut expression = String::new();
                path.write(&mut expression);
                self.issues.push(Issue::error(code, text).at(expression));
            }
            ISSUES_MAX => self.issues.push(Issue::error(
                IssueCode::TooCostly,
                format!("more than {ISSUES_MAX} issues: the rest is not reported"),
            )),
            _ => {}
        }
    }

    /// A resource or complex value.
    fn object(&mut self, node: Node<'_>, type_id: TypeId, path: &Path<'_>, is_contained: bool) {
        if self.issues.len() > ISSUES_MAX {
            return;
        }
        if node.kind() != Kind::Object {
            return self.report(IssueCode::Structure, "must be an object", path);
        }
        if node.is_empty() {
            return self.report(IssueCode::Structure, "an object must not be empty", path);
        }
        let structure = self.definitions.get(type_id);
        // The elements that are there, and for choices which form they have.
        let mut seen = 0_u128;
        let mut forms = [0_u8; 128];
        for (name, value) in node.members() {
            if structure.is_resource && name == "resourceType" {
                continue;
            }
            let Some(member) = structure.member(&name) else {
                self.unknown(&name, path);
                continue;
            };
            let position = usize::from(member.element);
            let element = &structure.elements[position];
            let form = &element.forms[usize::from(member.form)];
            let bit = 1 << position;
            if seen & bit != 0 && usize::from(forms[position]) != usize::from(member.form) {
                let path = Path::Element {
                    parent: path,
                    name: element.name,
                    index: None,
                };
                self.report(IssueCode::Structure, "has values of two types", &path);
            }
            seen |= bit;
            forms[position] = member.form as u8;
            let is_primitive = self.definitions.get(form.type_id).primitive.is_some();
            if member.is_extras && !is_primitive {
                self.unknown(&name, path);
            } else if member.is_extras {
                self.extras(value, node.get(&form.member), element, path);
            } else if is_contained && element.name == "contained" {
                let path = Path::Element {
                    parent: path,
                    name: "contained",
                    index: None,
                };
                let text = "a contained resource must contain no other";
                self.report(IssueCode::Structure, text, &path);
            } else {
                self.values(node, value, element, form, path);
            }
        }
        for (position, element) in structure.elements.iter().enumerate() {
            if element.min > 0 && seen & 1 << position == 0 {
                let path = Path::Element {
                    parent: path,
                    name: element.name,
                    index: None,
                };
                self.report(IssueCode::Required, "is required", &path);
            }
        }
        if structure.name == "Extension" && node.get("extension").is_some() {
            // Rule ext-1 of the standard.
            let has_value = structure
                .element("value")
                .is_some_and(|(value, _)| seen & 1 << value != 0);
            if has_value {
                let text = "must have a value or extensions, not both";
                self.report(IssueCode::Invariant, text, path);
            }
        }
    }

    fn unknown(&mut self, name: &str, path: &Path<'_>) {
        // A member name is free text too: repeat it only when it looks like the
        // name of an element.
        let digits = name.bytes().filter(u8::is_ascii_digit).count();
        let is_word = name.len() <= 64
            && digits <= 3
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && !name.starts_with(|first: char| first.is_ascii_digit());
        let inner = Path::Element {
            parent: path,
            name,
            index: None,
        };
        let path = if is_word && !name.is_empty() {
            &inner
        } else {
            path
        };
        self.report(IssueCode::Structure, "unknown element", path);
    }

    /// All values of an element: one, or a list when it can have several.
    fn values(
        &mut self,
        parent: Node<'_>,
        value: Node<'_>,
        element: &Element,
        form: &Form,
        path: &Path<'_>,
    ) {
        let path_of = |index| Path::Element {
            parent: path,
            name: element.name,
            index,
        };
        if element.max == 0 {
            return self.report(
                IssueCode::Structure,
                "must not be used here",
                &path_of(None),
            );
        }
        if element.max == 1 {
            if value.kind() == Kind::Array {
                return self.report(
                    IssueCode::Structure,
                    "must be one value, not a list",
                    &path_of(None),
                );
            }
            return self.value(value, element, form, &path_of(None), false);
        }
        if value.kind() != Kind::Array {
            return self.report(IssueCode::Structure, "must be a list", &path_of(None));
        }
        if value.is_empty() {
            return self.report(
                IssueCode::Structure,
                "a list must not be empty",
                &path_of(None),
            );
        }
        if element.max != UNBOUNDED && value.len() > usize::from(element.max) {
            self.report(IssueCode::Structure, "has too many values", &path_of(None));
        }
        // Found only when needed: most lists hold no null.
        let mut extras = None;
        for (index, item) in value.items().enumerate() {
            let mut may_be_null = false;
            if item.kind() == Kind::Null {
                let extras = extras.get_or_insert_with(|| {
                    let list = parent.get(&form.extras);
                    list.into_iter().flat_map(Node::items).collect::<Vec<_>>()
                });
                may_be_null = extras
                    .get(index)
                    .is_some_and(|extra| extra.kind() == Kind::Object);
            }
            self.value(item, element, form, &path_of(Some(index)), may_be_null);
        }
    }

    /// One value.
    fn value(
        &mut self,
        value: Node<'_>,
        element: &Element,
        form: &Form,
        path: &Path<'_>,
        may_be_null: bool,
    ) {
        if value.kind() == Kind::Null {
            if !may_be_null {
                self.report(IssueCode::Structure, "must not be null", path);
            }
            return;
        }
        let structure = self.definitions.get(form.type_id);
        if let Some(primitive) = structure.primitive {
            if let Err(text) = format::check(primitive, value) {
                self.report(IssueCode::Value, text, path);
            } else if let (Some(codes), Some(code)) = (element.codes, value.as_str())
                && !codes.contains_code(&code)
            {
                self.report_code(codes, path);
            }
            return;
        }
        if form.type_id == self.definitions.any_resource() {
            let name = value.text("resourceType");
            let Some(type_id) = name.and_then(|name| self.definitions.resource(&name)) else {
                let version = self.definitions.version();
                let text = format!("must be a resource with the resourceType of one in {version}");
                return self.report(IssueCode::Structure, &text, path);
            };
            return self.object(value, type_id, path, element.name == "contained");
        }
        self.object(value, form.type_id, path, false);
        if let Some(codes) = element.codes {
            let is_right = match structure.name {
                "Coding" => is_coded(value, codes),
                "CodeableConcept" => {
                    // Without a coding only an extension can say why.
                    let no_coding = value.get("coding").is_none();
                    no_coding && value.get("extension").is_some()
                        || value.each("coding").any(|coding| is_coded(coding, codes))
                }
                _ => true,
            };
            if !is_right {
                self.report_code(codes, path);
            }
        }
    }

    fn report_code(&mut self, codes: &CodeSet, path: &Path<'_>) {
        let text = format!("must be a code of the value set {}", codes.id);
        self.report(IssueCode::CodeInvalid, &text, path);
    }

    /// The ids and extensions of a primitive: `_name` beside `name`.
    fn extras(
        &mut self,
        extras: Node<'_>,
        values: Option<Node<'_>>,
        element: &Element,
        path: &Path<'_>,
    ) {
        let Some(type_id) = self.definitions.find("Element") else {
            return;
        };
        let path_of = |index| Path::Element {
            parent: path,
            name: element.name,
            index,
        };
        if element.max == 1 {
            return self.object(extras, type_id, &path_of(None), false);
        }
        if extras.kind() != Kind::Array {
            return self.report(IssueCode::Structure, "must be a list", &path_of(None));
        }
        if extras.is_empty() {
            return self.report(
                IssueCode::Structure,
                "a list must not be empty",
                &path_of(None),
            );
        }
        if values.is_some_and(|values| values.kind() == Kind::Array && values.len() != extras.len())
        {
            let text = "must have as many extensions or nulls as values";
            self.report(IssueCode::Structure, text, &path_of(None));
        }
        for (index, extra) in extras.items().enumerate() {
            // A null fills the place of a value without extensions.
            if extra.kind() == Kind::Null {
                if values.is_none() {
                    self.report(
                        IssueCode::Structure,
                        "must not be null",
                        &path_of(Some(index)),
                    );
                }
                continue;
            }
            self.object(extra, type_id, &path_of(Some(index)), false);
        }
    }
}

fn is_coded(coding: Node<'_>, codes: &CodeSet) -> bool {
    let text = |name| coding.text(name).unwrap_or(Cow::Borrowed(""));
    codes.contains(&text("system"), &text("code"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn issues(json: &str) -> String {
        let issues = check(&Resource::parse(json).unwrap());
        let lines: Vec<String> = issues
            .iter()
            .map(|issue| {
                let expression = issue.expression.as_deref().unwrap_or("-");
                format!("{expression}: {} ({})", issue.text, issue.code.code())
            })
            .collect();
        lines.join("\n")
    }

    /// A Patient with these members.
    fn patient(members: &str) -> String {
        format!(r#"{{"resourceType":"Patient",{members}}}"#)
    }

    #[test]
    fn what_is_right_has_no_issues() {
        for json in [
            patient(r#""id":"a","active":true,"name":[{"given":["A","B"]}],"birthDate":"1970-01""#),
            patient(r#""birthDate":"1970","_birthDate":{"extension":[{"url":"u","valueCode":"x"}]}"#),
            patient(r#""_birthDate":{"id":"x"}"#),
            patient(r#""name":[{"given":["A",null],"_given":[null,{"id":"x"}]}]"#),
            patient(r#""name":[{"_given":[{"id":"x"}]}]"#),
            patient(r#""maritalStatus":{"text":"x"},"multipleBirthInteger":2"#),
            patient(r#""contained":[{"resourceType":"Organization","name":"x"}]"#),
            patient(r#""text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">x</div>"}"#),
            r#"{"resourceType":"Bundle","type":"batch","entry":[{"resource":{"resourceType":"Basic",
                "code":{"text":"x"}}}]}"#.to_owned(),
            r#"{"resourceType":"Condition","subject":{"display":"x"},"clinicalStatus":{"coding":[
                {"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]}}"#.to_owned(),
            r#"{"resourceType":"Condition","subject":{"display":"x"},"clinicalStatus":{"extension":[
                {"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]}}"#.to_owned(),
            r#"{"resourceType":"Parameters","parameter":[{"name":"x","part":[{"name":"y","valueString":"z"}]}]}"#.to_owned(),
        ] {
            assert_eq!(issues(&json), "", "{json}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        for (json, expected) in [
            (patient(r#""shoeSize":43"#), "Patient.shoeSize: unknown element (structure)"),
            (patient(r#""999990019":1"#), "Patient: unknown element (structure)"),
            (patient(r#""_name":[{"id":"x"}]"#), "Patient._name: unknown element (structure)"),
            (patient(r#""birthDate":"31-12-1970""#),
                "Patient.birthDate: must be a date: YYYY, YYYY-MM or YYYY-MM-DD (value)"),
            (patient(r#""birthDate":"""#), "Patient.birthDate: must not be empty (value)"),
            (patient(r#""birthDate":null"#), "Patient.birthDate: must not be null (structure)"),
            (patient(r#""birthDate":["1970"]"#), "Patient.birthDate: must be one value, not a list (structure)"),
            (patient(r#""active":"true""#), "Patient.active: must be true or false (value)"),
            (patient(r#""name":{"family":"x"}"#), "Patient.name: must be a list (structure)"),
            (patient(r#""name":[]"#), "Patient.name: a list must not be empty (structure)"),
            (patient(r#""name":[{}]"#), "Patient.name[0]: an object must not be empty (structure)"),
            (patient(r#""name":["x"]"#), "Patient.name[0]: must be an object (structure)"),
            (patient(r#""name":[{"given":["A",null]}]"#), "Patient.name[0].given[1]: must not be null (structure)"),
            (patient(r#""name":[{"given":["A"],"_given":[null,{"id":"x"}]}]"#),
                "Patient.name[0].given: must have as many extensions or nulls as values (structure)"),
            (patient(r#""gender":"none""#),
                "Patient.gender: must be a code of the value set administrative-gender (code-invalid)"),
            (patient(r#""deceasedBoolean":true,"deceasedDateTime":"2020""#),
                "Patient.deceased: has values of two types (structure)"),
            (patient(r#""deceasedString":"x""#), "Patient.deceasedString: unknown element (structure)"),
            (patient(r#""link":[{"type":"refer"}]"#), "Patient.link[0].other: is required (required)"),
            (patient(r#""extension":[{"valueString":"x"}]"#), "Patient.extension[0].url: is required (required)"),
            (patient(r#""extension":[{"url":"u","valueString":"x","extension":[{"url":"v","valueCode":"y"}]}]"#),
                "Patient.extension[0]: must have a value or extensions, not both (invariant)"),
            (patient(r#""contained":[{"resourceType":"Robot"}]"#),
                "Patient.contained[0]: must be a resource with the resourceType of one in R4 (structure)"),
            (patient(r#""contained":[{"resourceType":"Basic","code":{"text":"x"},"contained":[]}]"#),
                "Patient.contained[0].contained: a contained resource must contain no other (structure)"),
            (patient(r#""text":{"status":"generated","div":"<p>x</p>"}"#),
                "Patient.text.div: must be one XHTML div (value)"),
            (r#"{"resourceType":"Condition","subject":{"display":"x"},"clinicalStatus":{"text":"actief"}}"#.to_owned(),
                "Condition.clinicalStatus: must be a code of the value set condition-clinical (code-invalid)"),
            (r#"{"resourceType":"Observation","status":"final","code":{"text":"x"},
                "valueQuantity":{"value":"7"}}"#.to_owned(),
                "Observation.value.value: must be a JSON number (value)"),
            (r#"{"resourceType":"Bundle","type":"batch","entry":[{"resource":{"resourceType":"Basic"}}]}"#.to_owned(),
                "Bundle.entry[0].resource.code: is required (required)"),
        ] {
            assert_eq!(issues(&json), expected, "{json}");
        }
    }

    #[test]
    fn issues_stop_at_the_limit() {
        let with = |count: usize| {
            let names = vec!["{}"; count].join(",");
            check(&Resource::parse(patient(&format!("\"name\":[{names}]"))).unwrap())
        };
        assert_eq!(with(ISSUES_MAX).len(), ISSUES_MAX);
        let past = with(ISSUES_MAX + 1);
        assert_eq!(past.len(), ISSUES_MAX + 1);
        assert_eq!(past.last().unwrap().code, IssueCode::TooCostly);
        assert_eq!(with(1000).len(), ISSUES_MAX + 1);
    }

    proptest! {
        #[test]
        fn no_value_makes_it_panic_or_shows(secret in "[A-Za-z]{12}", shape in 0..9_usize) {
            let value = [
                format!("\"{secret}\""),
                format!("[\"{secret}\"]"),
                format!("{{\"value\":\"{secret}\"}}"),
                format!("[{{\"given\":\"{secret}\",\"use\":\"{secret}\"}}]"),
                "null".to_owned(), "[null]".to_owned(), "1".to_owned(), "[[]]".to_owned(), "{}".to_owned(),
            ][shape].clone();
            for name in ["name", "active", "birthDate", "_birthDate", "_name", "text", "contained",
                "meta", "extension", "id", "gender", "deceasedDateTime", "link", "communication"]
            {
                let shown = issues(&patient(&format!("\"{name}\":{value}")));
                prop_assert!(!shown.contains(&secret), "{}", shown);
            }
        }
    }
}
