//! What a validation finds, and the OperationOutcome that says it.

use crate::json::Value;
use crate::outcome::{Issue, IssueCode, Severity, operation_outcome};

/// The kind of rule that a finding is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// The shape that FHIR itself gives the resource.
    Shape,
    /// A profile that is named and not at hand, or that is about something else.
    Profile,
    /// How many values there must or may be.
    Cardinality,
    /// The type of a value, or the profile that the type must fit.
    Type,
    /// A value that is prescribed, in whole or in part, or a limit to it.
    Value,
    /// Which slices there must or may be, and in which order.
    Slice,
    /// Which codes a value may have.
    Binding,
    /// An invariant, by its key.
    Invariant(String),
    /// What a reference may point at.
    Reference,
    /// Where an extension may be used.
    Extension,
    /// What is contained must be referred to.
    Contained,
    /// The rules of Bundles.
    Bundle,
    /// What a Questionnaire asks.
    Questionnaire,
}

impl Rule {
    /// A word for it: `cardinality`, or the key of an invariant.
    pub fn name(&self) -> &str {
        match self {
            Self::Shape => "shape",
            Self::Profile => "profile",
            Self::Cardinality => "cardinality",
            Self::Type => "type",
            Self::Value => "value",
            Self::Slice => "slice",
            Self::Binding => "binding",
            Self::Invariant(key) => key,
            Self::Reference => "reference",
            Self::Extension => "extension",
            Self::Contained => "contained",
            Self::Bundle => "bundle",
            Self::Questionnaire => "questionnaire",
        }
    }
}

/// One thing that a validation has to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What is wrong and where; as all issues, without values from the resource.
    pub issue: Issue,
    /// The rule that it is about.
    pub rule: Rule,
    /// Codes, numbers and types that were found. For whoever sent the resource;
    /// never for a log.
    pub found: Option<String>,
}

impl Finding {
    pub(super) fn new(severity: Severity, rule: Rule, text: impl Into<String>) -> Self {
        let code = match (&rule, severity) {
            (_, Severity::Information) => IssueCode::Informational,
            (Rule::Shape | Rule::Type | Rule::Slice | Rule::Reference | Rule::Contained, _) => {
                IssueCode::Structure
            }
            (Rule::Profile, _) => IssueCode::NotFound,
            (Rule::Cardinality, _) => IssueCode::Required,
            (Rule::Value, _) => IssueCode::Value,
            (Rule::Binding, _) => IssueCode::CodeInvalid,
            (Rule::Invariant(_) | Rule::Bundle | Rule::Questionnaire, _) => IssueCode::Invariant,
            (Rule::Extension, _) => IssueCode::Extension,
        };
        Self {
            issue: Issue {
                severity,
                code,
                text: text.into(),
                expression: None,
            },
            rule,
            found: None,
        }
    }

    /// Whether it makes the resource invalid.
    pub fn is_error(&self) -> bool {
        matches!(self.issue.severity, Severity::Error | Severity::Fatal)
    }
}

/// The findings as an OperationOutcome; what was found is in `details.text`.
pub fn outcome(findings: &[Finding]) -> Value {
    let issues: Vec<Issue> = findings
        .iter()
        .map(|finding| finding.issue.clone())
        .collect();
    let mut outcome = operation_outcome(&issues);
    if let Some(Value::Array(issues)) = outcome.get_mut("issue") {
        for (issue, finding) in issues.iter_mut().zip(findings) {
            if let Some(found) = &finding.found {
                issue.set("details", crate::value!({ "text": found.as_str() }));
            }
        }
    }
    outcome
}
