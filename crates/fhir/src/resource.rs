//! A FHIR resource: a JSON document that says what it is.

use std::borrow::Cow;
use std::fmt;

use crate::FhirVersion;
use crate::json::{Document, Kind, Node, SyntaxError, Value};
use crate::outcome::{Issue, IssueCode};

/// A JSON document whose root is an object with a known `resourceType`.
/// Nothing more is known of it until [`crate::structure::check`] has looked.
#[derive(Clone)]
pub struct Resource {
    document: Document,
    version: FhirVersion,
    type_name: &'static str,
}

impl Resource {
    /// Parses a resource of R4: syntax and type only.
    ///
    /// # Errors
    /// The issues to answer with: not JSON, not an object, no `resourceType`
    /// or one that R4 does not know.
    pub fn parse(bytes: impl AsRef<[u8]>) -> Result<Self, Vec<Issue>> {
        Self::parse_in(FhirVersion::R4, bytes)
    }

    /// Parses a resource of a version: syntax and type only.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn parse_in(version: FhirVersion, bytes: impl AsRef<[u8]>) -> Result<Self, Vec<Issue>> {
        Self::of_parsed(version, Document::parse(bytes))
    }

    /// The same of bytes that it may keep: large ones are not there twice.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn parse_owned_in(version: FhirVersion, bytes: Vec<u8>) -> Result<Self, Vec<Issue>> {
        Self::of_parsed(version, Document::parse_owned(bytes))
    }

    fn of_parsed(
        version: FhirVersion,
        parsed: Result<Document, SyntaxError>,
    ) -> Result<Self, Vec<Issue>> {
        let document = parsed.map_err(|error| {
            vec![Issue::error(
                IssueCode::Structure,
                format!("not valid JSON: {error}"),
            )]
        })?;
        Self::from_document_in(version, document).map_err(|issue| vec![issue])
    }

    /// Makes a resource of R4 of a document.
    ///
    /// # Errors
    /// When the root is not an object with a known `resourceType`.
    pub fn from_document(document: Document) -> Result<Self, Issue> {
        Self::from_document_in(FhirVersion::R4, document)
    }

    /// Makes a resource of a version of a document.
    ///
    /// # Errors
    /// As [`Self::from_document`].
    pub fn from_document_in(version: FhirVersion, document: Document) -> Result<Self, Issue> {
        let root = document.root();
        if root.kind() != Kind::Object {
            return Err(Issue::error(
                IssueCode::Structure,
                "a resource is a JSON object",
            ));
        }
        let resource_type = match root.text("resourceType") {
            None => {
                return Err(Issue::error(
                    IssueCode::Structure,
                    "resourceType is missing",
                ));
            }
            Some(name) => version.resource_type(&name).ok_or_else(|| {
                Issue::error(
                    IssueCode::Structure,
                    format!("resourceType is not a resource of FHIR {version}"),
                )
                .at("resourceType")
            })?,
        };
        Ok(Self {
            document,
            version,
            type_name: resource_type,
        })
    }

    /// Makes a resource of R4 of an object inside another document, such as
    /// `Bundle.entry.resource`. Its bytes are copied.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn from_node(node: Node<'_>) -> Result<Self, Vec<Issue>> {
        Self::from_node_in(FhirVersion::R4, node)
    }

    /// Makes a resource of a version of an object inside another document. Its
    /// bytes are copied.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn from_node_in(version: FhirVersion, node: Node<'_>) -> Result<Self, Vec<Issue>> {
        Self::parse_in(version, node.raw())
    }

    /// Makes a resource of R4 of a built value.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn from_value(value: &Value) -> Result<Self, Vec<Issue>> {
        Self::parse(value.to_bytes())
    }

    /// The version of FHIR that it is in.
    pub fn version(&self) -> FhirVersion {
        self.version
    }

    /// Its type, such as `Patient`.
    pub fn resource_type(&self) -> &'static str {
        self.type_name
    }

    /// Its logical id, when it has one.
    pub fn id(&self) -> Option<Cow<'_, str>> {
        self.root().text("id")
    }

    /// The object itself.
    pub fn root(&self) -> Node<'_> {
        self.document.root()
    }

    /// The document it is made of.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// The text as it came.
    pub fn as_bytes(&self) -> &[u8] {
        self.document.as_bytes()
    }
}

/// Shows type and size only: resources hold patient data.
impl fmt::Debug for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Resource({}, {} bytes)",
            self.type_name,
            self.as_bytes().len()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_what_it_is() {
        let patient = Resource::parse(br#"{"id":"a","resourceType":"Patient"}"#).unwrap();
        assert_eq!(
            (patient.resource_type(), patient.id().as_deref()),
            ("Patient", Some("a"))
        );
        for text in [
            "",
            "[]",
            "{}",
            r#"{"resourceType":"Robot"}"#,
            r#"{"resourceType":1}"#,
        ] {
            assert_eq!(Resource::parse(text).unwrap_err().len(), 1, "{text}");
        }
        let text = r#"{"resourceType":"ProcedureRequest"}"#;
        assert!(Resource::parse(text).is_err());
        let request = Resource::parse_in(FhirVersion::Stu3, text).unwrap();
        assert_eq!(request.version(), FhirVersion::Stu3);
    }
}
