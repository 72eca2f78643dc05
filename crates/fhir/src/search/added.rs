//! Search parameters that a SearchParameter resource adds to the standard's.

use std::borrow::Cow;
use std::sync::Arc;

use super::parameter::{Compiled, Kind, Parameter, parameter_in};
use crate::definitions;
use crate::fhirpath::{self, Expression};
use crate::json::Node;
use crate::outcome::{Issue, IssueCode};
use crate::{FhirVersion, Resource};

/// How long the expression of an added parameter may be, in bytes: it runs for
/// every resource of its types.
pub const ADDED_EXPRESSION_BYTES_MAX: usize = 2_048;

/// How long the name of an added parameter may be, in bytes.
pub const ADDED_CODE_BYTES_MAX: usize = 64;

/// How long the URL of its definition may be, in bytes.
pub const ADDED_URL_BYTES_MAX: usize = 1_024;

/// A search parameter that was added.
#[derive(Debug)]
pub struct Added {
    parameter: Arc<Parameter>,
    url: String,
    /// The types that have it, in the order of their names, each with the
    /// expression ready for use.
    bases: Vec<(&'static str, Compiled)>,
}

impl Added {
    /// Reads a SearchParameter (FHIR R4 and STU3, searchparameter) as the
    /// parameter with this number, [`Parameter::ADDED`] or more. `None` when it
    /// is not `active`: then it adds nothing.
    ///
    /// # Errors
    /// One issue for each thing that keeps it from being searched by, with the
    /// element that it is about.
    pub fn read(id: u32, resource: &Resource) -> Result<Option<Self>, Vec<Issue>> {
        let root = resource.root();
        if resource.resource_type() != "SearchParameter"
            || root.text("status").as_deref() != Some("active")
        {
            return Ok(None);
        }
        let mut reader = Reader {
            version: resource.version(),
            root,
            issues: Vec::new(),
        };
        let found = reader.read(id);
        if reader.issues.is_empty() {
            Ok(found)
        } else {
            Err(reader.issues)
        }
    }

    /// The parameter.
    pub const fn parameter(&self) -> &Arc<Parameter> {
        &self.parameter
    }

    /// The canonical URL of its definition.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The resource types that have it.
    pub fn bases(&self) -> impl Iterator<Item = &'static str> {
        self.bases.iter().map(|(name, _)| *name)
    }

    /// Whether a resource type has it.
    pub fn is_of(&self, resource_type: &str) -> bool {
        self.compiled(resource_type).is_some()
    }

    /// Whether both find the same by the same name, whatever else is said of them.
    pub fn finds_the_same(&self, other: &Self) -> bool {
        let (one, another) = (&self.parameter, &other.parameter);
        one.code == another.code
            && one.kind == another.kind
            && one.expression == another.expression
            && one.targets == another.targets
            && self.bases().eq(other.bases())
    }

    pub(super) fn compiled(&self, resource_type: &str) -> Option<&Compiled> {
        let at = self
            .bases
            .binary_search_by(|(name, _)| (*name).cmp(resource_type))
            .ok()?;
        Some(&self.bases[at].1)
    }
}

struct Reader<'a> {
    version: FhirVersion,
    root: Node<'a>,
    issues: Vec<Issue>,
}

impl<'a> Reader<'a> {
    fn read(&mut self, id: u32) -> Option<Added> {
        let url = self.url();
        let code = self.code();
        let kind = self.kind();
        let bases = self.bases();
        let expression = self.expression();
        let targets = self.targets(kind);
        self.usage();
        for (name, words) in [
            ("modifier", modifiers(kind)),
            ("comparator", comparators(kind)),
        ] {
            self.listed(name, kind, words);
        }
        for base in &bases {
            let is_known = code
                .as_deref()
                .is_some_and(|code| parameter_in(self.version, base, code).is_some());
            if is_known {
                let reason = format!("{base} has a search parameter of that name in the standard");
                self.refuse("code", IssueCode::Duplicate, reason);
                break;
            }
        }
        let expression = expression?;
        let bases = self.compile(&bases, &expression);
        let text = self.root.text("expression")?.into_owned();
        let parameter = Arc::new(Parameter {
            id,
            code: Cow::Owned(code?),
            kind: kind?,
            expression: Cow::Owned(text),
            targets: Cow::Owned(targets),
            components: &[],
        });
        let bases = bases
            .into_iter()
            .map(|(name, expression)| {
                let compiled = Compiled {
                    parameter: Arc::clone(&parameter),
                    expression,
                    components: Vec::new(),
                };
                (name, compiled)
            })
            .collect();
        Some(Added {
            parameter,
            url: url?,
            bases,
        })
    }

    fn refuse(&mut self, element: &str, code: IssueCode, reason: impl Into<String>) {
        let place = format!("SearchParameter.{element}");
        self.issues.push(Issue::error(code, reason).at(place));
    }

    fn required(&mut self, element: &str) -> Option<Cow<'a, str>> {
        let found = self.root.text(element);
        if found.is_none() {
            self.refuse(element, IssueCode::Required, "is needed to search by it");
        }
        found
    }

    fn url(&mut self) -> Option<String> {
        let url = self.required("url")?;
        if url.len() > ADDED_URL_BYTES_MAX {
            let reason = format!("is longer than ADDED_URL_BYTES_MAX ({ADDED_URL_BYTES_MAX})");
            self.refuse("url", IssueCode::TooLong, reason);
            return None;
        }
        Some(url.into_owned())
    }

    /// The name in a query. What FHIR allows as a code could hold what a query
    /// gives a meaning of its own: dots, colons, a leading underscore.
    fn code(&mut self) -> Option<String> {
        let code = self.required("code")?;
        if code.len() > ADDED_CODE_BYTES_MAX {
            let reason = format!("is longer than ADDED_CODE_BYTES_MAX ({ADDED_CODE_BYTES_MAX})");
            self.refuse("code", IssueCode::TooLong, reason);
            return None;
        }
        let fits = code.starts_with(|letter: char| letter.is_ascii_alphabetic())
            && code
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        if !fits {
            let reason = "is letters, digits, - and _, and begins with a letter";
            self.refuse("code", IssueCode::Value, reason);
            return None;
        }
        Some(code.into_owned())
    }

    fn kind(&mut self) -> Option<Kind> {
        let code = self.required("type")?;
        match Kind::from_code(&code) {
            Kind::Composite => {
                let reason = "composite parameters cannot be added: search by their components";
                self.refuse("type", IssueCode::NotSupported, reason);
                None
            }
            Kind::Special => {
                let reason = "is number, date, string, token, reference, quantity or uri here";
                self.refuse("type", IssueCode::NotSupported, reason);
                None
            }
            kind => Some(kind),
        }
    }

    /// The resource types: those named, and those of an abstract type named.
    fn bases(&mut self) -> Vec<&'static str> {
        let mut bases = Vec::new();
        for name in self.root.each("base").filter_map(Node::as_str) {
            let all = self.version.resource_types().iter().copied();
            match &*name {
                "Resource" => bases.extend(all),
                "DomainResource" => bases.extend(
                    all.filter(|name| !matches!(*name, "Bundle" | "Binary" | "Parameters")),
                ),
                _ => match self.version.resource_type(&name) {
                    Some(name) => bases.push(name),
                    None => self.refuse("base", IssueCode::CodeInvalid, "is not a resource type"),
                },
            }
        }
        bases.sort_unstable();
        bases.dedup();
        if bases.is_empty() && self.issues.is_empty() {
            self.refuse("base", IssueCode::Required, "is needed to search by it");
        }
        bases
    }

    fn expression(&mut self) -> Option<Expression> {
        let text = self.required("expression")?;
        if text.len() > ADDED_EXPRESSION_BYTES_MAX {
            let reason =
                format!("is longer than ADDED_EXPRESSION_BYTES_MAX ({ADDED_EXPRESSION_BYTES_MAX})");
            self.refuse("expression", IssueCode::TooLong, reason);
            return None;
        }
        match Expression::parse_in(self.version, &text) {
            Ok(expression) => {
                if let Some(reason) = expression.beyond_a_walk() {
                    self.refuse("expression", IssueCode::NotSupported, reason);
                }
                Some(expression)
            }
            Err(error) => {
                let reason = format!("is not FHIRPath: {error}");
                self.refuse("expression", IssueCode::Invalid, reason);
                None
            }
        }
    }

    /// The expression for each type, when it means something there.
    fn compile(
        &mut self,
        bases: &[&'static str],
        expression: &Expression,
    ) -> Vec<(&'static str, Expression)> {
        let mut compiled = Vec::with_capacity(bases.len());
        for base in bases {
            let Some(type_id) = definitions::of(self.version).resource(base) else {
                continue;
            };
            if !expression.is_for(type_id) {
                let reason = format!("has no path that begins with {base}");
                self.refuse("expression", IssueCode::Invalid, reason);
                break;
            }
            let expression = expression.for_type(type_id);
            if let Err(error) = fhirpath::check(&expression, base, fhirpath::Check::default()) {
                let reason = format!("means nothing in {base}: {error}");
                self.refuse("expression", IssueCode::Invalid, reason);
                break;
            }
            compiled.push((*base, expression));
        }
        compiled
    }

    /// The types that a reference may point at: all, when none is named.
    fn targets(&mut self, kind: Option<Kind>) -> Vec<&'static str> {
        let named: Vec<_> = self
            .root
            .each("target")
            .filter_map(Node::as_str)
            .map(|name| self.version.resource_type(&name))
            .collect();
        if named.contains(&None) {
            self.refuse("target", IssueCode::CodeInvalid, "is not a resource type");
        }
        match kind {
            Some(Kind::Reference) if named.is_empty() => self.version.resource_types().to_vec(),
            Some(Kind::Reference) => named.into_iter().flatten().collect(),
            _ => Vec::new(),
        }
    }

    /// `xpathUsage` says how values are compared; only the normal way is there.
    fn usage(&mut self) {
        let usage = self.root.text("xpathUsage");
        if usage.is_some_and(|usage| usage != "normal") {
            let reason = "values are compared in the normal way only";
            self.refuse("xpathUsage", IssueCode::NotSupported, reason);
        }
    }

    /// What the definition lists must be there; more than it lists does no harm.
    fn listed(&mut self, element: &str, kind: Option<Kind>, there: &[&str]) {
        let Some(kind) = kind else { return };
        let mut words = self.root.each(element).filter_map(Node::as_str);
        if words.any(|word| !there.contains(&&*word)) {
            let reason = if there.is_empty() {
                format!("there is none for the type {}", kind.code())
            } else {
                let there = there.join(", ");
                format!("is one of these for the type {}: {there}", kind.code())
            };
            self.refuse(element, IssueCode::NotSupported, reason);
        }
    }
}

/// The modifiers that a search by a parameter of this kind takes.
const fn modifiers(kind: Option<Kind>) -> &'static [&'static str] {
    match kind {
        Some(Kind::Token) => &[
            "missing", "not", "text", "in", "not-in", "below", "above", "of-type",
        ],
        Some(Kind::Reference) => &["missing", "identifier", "type"],
        Some(Kind::String) => &["missing", "exact", "contains"],
        Some(Kind::Uri) => &["missing", "below", "above"],
        Some(_) => &["missing"],
        None => &[],
    }
}

/// The comparisons that a search by a parameter of this kind takes.
const fn comparators(kind: Option<Kind>) -> &'static [&'static str] {
    match kind {
        Some(Kind::Number | Kind::Date | Kind::Quantity) => {
            &["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"]
        }
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::Parameters;
    use crate::value;

    fn definition() -> crate::json::Value {
        value!({
            "resourceType": "SearchParameter",
            "url": "https://a.example/SearchParameter/nickname",
            "name": "nickname",
            "status": "active",
            "description": "How people call somebody",
            "code": "nickname",
            "base": ["Patient"],
            "type": "string",
            "expression": "Patient.name.where(use = 'nickname').given"
        })
    }

    fn read(value: &crate::json::Value) -> Result<Option<Added>, Vec<Issue>> {
        let resource = Resource::from_value(value).expect("it has the shape of a resource");
        Added::read(Parameter::ADDED, &resource)
    }

    #[test]
    fn an_active_definition_finds_values() {
        let added = read(&definition()).expect("it is right").expect("active");
        assert_eq!(added.bases().collect::<Vec<_>>(), ["Patient"]);
        assert!(added.is_of("Patient") && !added.is_of("Person"));
        let parameters = Parameters::new(FhirVersion::R4, vec![Arc::new(added)]);
        let patient = Resource::parse(
            r#"{"resourceType":"Patient","name":[{"given":["A"]},{"use":"nickname","given":["B"]}]}"#,
        )
        .expect("a patient");
        let parameter = parameters.get("Patient", "nickname").expect("it is there");
        assert!(parameter.is_added() && parameters.get("Person", "nickname").is_none());
        let found: Vec<_> = parameters
            .extract(&patient)
            .into_iter()
            .filter(|entry| entry.parameter == parameter.id)
            .map(|entry| entry.value)
            .collect();
        assert_eq!(found, [super::super::IndexValue::String("B".to_owned())]);
        let all = parameters.of("Patient").count();
        assert_eq!(
            all,
            super::super::parameters("Patient").len() + 1,
            "those of the standard stay"
        );
    }

    #[test]
    fn a_definition_that_is_not_active_adds_nothing() {
        let mut draft = definition();
        draft.set("status", "draft");
        draft.set("expression", "((");
        assert!(matches!(read(&draft), Ok(None)));
    }

    #[test]
    fn what_cannot_be_searched_by_is_refused_with_the_element() {
        let check = |element: &str, value: Option<crate::json::Value>, code: IssueCode| {
            let mut changed = definition();
            match value {
                Some(value) => changed.set(element, value),
                None => drop(changed.remove(element)),
            }
            let issues = read(&changed).expect_err(element);
            let place = format!("SearchParameter.{element}");
            assert!(
                issues
                    .iter()
                    .all(|issue| issue.expression.as_deref() == Some(&place) && issue.code == code),
                "{element}: {issues:?}"
            );
        };
        use IssueCode::{CodeInvalid, Duplicate, Invalid, NotSupported, Required, TooLong, Value};
        let text = |text: &str| Some(crate::json::Value::from(text));
        check("url", None, Required);
        check("code", None, Required);
        check("type", None, Required);
        check("base", None, Required);
        check("expression", None, Required);
        check("code", text("a.b"), Value);
        check("code", text("_a"), Value);
        check("code", text("birthdate"), Duplicate);
        check("type", text("composite"), NotSupported);
        check("type", text("special"), NotSupported);
        check("base", Some(value!(["Robot"])), CodeInvalid);
        check("expression", text("Patient.name.("), Invalid);
        check("expression", text("Patient.nmae"), Invalid);
        check("expression", text("Observation.code"), Invalid);
        check("expression", text("Patient.descendants()"), NotSupported);
        check("modifier", Some(value!(["identifier"])), NotSupported);
        check("comparator", Some(value!(["gt"])), NotSupported);
        check("xpathUsage", text("nearby"), NotSupported);
        check("target", Some(value!(["Robot"])), CodeInvalid);
        check("code", text(&"a".repeat(ADDED_CODE_BYTES_MAX + 1)), TooLong);
        check("url", text(&"a".repeat(ADDED_URL_BYTES_MAX + 1)), TooLong);
        let long = |bytes: usize| {
            let start = "Patient.name.given";
            format!("{start}{}", " ".repeat(bytes - start.len()))
        };
        check(
            "expression",
            text(&long(ADDED_EXPRESSION_BYTES_MAX + 1)),
            TooLong,
        );
        let mut longest = definition();
        longest.set("code", "a".repeat(ADDED_CODE_BYTES_MAX));
        longest.set("url", "a".repeat(ADDED_URL_BYTES_MAX));
        longest.set("expression", long(ADDED_EXPRESSION_BYTES_MAX));
        assert!(matches!(read(&longest), Ok(Some(_))));
    }

    #[test]
    fn what_is_only_said_differently_finds_the_same() {
        let one = read(&definition()).expect("right").expect("active");
        let mut other = definition();
        other.set("description", "Something else");
        let same = read(&other).expect("right").expect("active");
        assert!(one.finds_the_same(&same));
        other.set("expression", "Patient.name.given");
        let different = read(&other).expect("right").expect("active");
        assert!(!one.finds_the_same(&different));
    }

    proptest::proptest! {
        #[test]
        fn no_expression_makes_it_panic(text in "\\PC{0,60}|(Patient|name|given|where|\\(|\\)|\\.|=|'|\\|| ){0,20}") {
            let mut changed = definition();
            changed.set("expression", text);
            if let Ok(resource) = Resource::from_value(&changed) {
                let _ = Added::read(Parameter::ADDED, &resource);
            }
        }
    }
}
