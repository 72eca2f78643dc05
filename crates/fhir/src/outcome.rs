//! What is wrong with a resource or a request, and the OperationOutcome that says it.

use crate::FhirVersion;
use crate::json::Value;

/// How bad an [`Issue`] is (code system issue-severity).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Severity {
    /// Nothing could be done at all.
    Fatal,
    /// It was refused.
    Error,
    /// It was done, but something is not right.
    Warning,
    /// For information.
    Information,
}

impl Severity {
    /// The code, as in FHIR.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Fatal => "fatal",
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Information => "information",
        }
    }
}

macro_rules! issue_codes {
    ($($variant:ident $code:literal $doc:literal)*) => {
        /// What kind of thing is wrong (code system issue-type).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum IssueCode { $(#[doc = $doc] $variant),* }

        impl IssueCode {
            /// The code, as in FHIR.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }

            #[cfg(test)]
            const ALL: &[Self] = &[$(Self::$variant),*];
        }
    };
}

issue_codes! {
    Invalid "invalid" "Content does not follow the rules."
    Structure "structure" "The syntax or shape is wrong."
    Required "required" "A required element is missing."
    Value "value" "An element has a value that it cannot have."
    Invariant "invariant" "A rule of the specification is broken."
    Security "security" "Something about authentication or access."
    Login "login" "Nobody has signed in."
    Unknown "unknown" "The user or system is not known."
    Expired "expired" "The session or token has run out."
    Forbidden "forbidden" "This may not be done."
    Suppressed "suppressed" "Some information was left out on purpose."
    Processing "processing" "The request could not be processed."
    NotSupported "not-supported" "What is asked for is not supported."
    Duplicate "duplicate" "It is there already."
    MultipleMatches "multiple-matches" "More than one match where one was needed."
    NotFound "not-found" "What is referred to is not there."
    Deleted "deleted" "What is referred to was deleted."
    TooLong "too-long" "The content is too long."
    CodeInvalid "code-invalid" "A code that is not in its value set."
    Extension "extension" "An extension that is not acceptable."
    TooCostly "too-costly" "The request takes more than may be spent on it."
    BusinessRule "business-rule" "A rule of the organisation is broken."
    Conflict "conflict" "Somebody else changed it meanwhile."
    Incomplete "incomplete" "Not all sources answered."
    Transient "transient" "A passing fault: try again later."
    Exception "exception" "An unexpected fault inside."
    Timeout "timeout" "It took too long."
    Throttled "throttled" "Too many requests at once."
    Informational "informational" "For information."
}

impl IssueCode {
    /// The code in a version: where STU3 lacks one of R4, the code above it.
    pub const fn code_in(self, version: FhirVersion) -> &'static str {
        match (version, self) {
            (FhirVersion::Stu3, Self::MultipleMatches) => Self::Processing.code(),
            (FhirVersion::Stu3, Self::Deleted) => Self::NotFound.code(),
            _ => self.code(),
        }
    }
}

/// One thing that is wrong. The text is English and never holds a value from
/// the resource: it may end up in a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// How bad it is.
    pub severity: Severity,
    /// What kind of thing it is.
    pub code: IssueCode,
    /// What is wrong, for people; no patient data.
    pub text: String,
    /// Where it is, as a FHIRPath expression such as `Patient.name[0].given`.
    pub expression: Option<String>,
}

impl Issue {
    /// An error without a place.
    pub fn error(code: IssueCode, text: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code,
            text: text.into(),
            expression: None,
        }
    }

    /// The same issue, at a place.
    pub fn at(mut self, expression: impl Into<String>) -> Self {
        self.expression = Some(expression.into());
        self
    }
}

/// The issues as an OperationOutcome of R4, as [`operation_outcome_in`] has it.
pub fn operation_outcome(issues: &[Issue]) -> Value {
    operation_outcome_in(FhirVersion::R4, issues)
}

/// The issues as an OperationOutcome. Without any, it says that all is well:
/// FHIR demands at least one issue.
pub fn operation_outcome_in(version: FhirVersion, issues: &[Issue]) -> Value {
    let all_well = [Issue {
        severity: Severity::Information,
        code: IssueCode::Informational,
        text: "No issues".to_owned(),
        expression: None,
    }];
    let issues = if issues.is_empty() { &all_well } else { issues };
    let issues: Vec<Value> = issues
        .iter()
        .map(|issue| {
            let mut value = crate::value!({
                "severity": issue.severity.code(),
                "code": issue.code.code_in(version),
                "diagnostics": issue.text.as_str(),
            });
            if let Some(expression) = &issue.expression {
                value.set("expression", crate::value!([expression.as_str()]));
            }
            value
        })
        .collect();
    crate::value!({ "resourceType": "OperationOutcome", "issue": issues })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_says_what_and_where() {
        let issue =
            Issue::error(IssueCode::Required, "birthDate is missing").at("Patient.birthDate");
        insta::assert_snapshot!(operation_outcome(&[issue]).to_pretty());
        insta::assert_snapshot!(operation_outcome(&[]).to_pretty());
    }

    #[test]
    fn every_code_is_one_of_its_version() {
        for version in FhirVersion::ALL {
            for code in IssueCode::ALL {
                let issue = Issue::error(*code, "x");
                let outcome = operation_outcome_in(version, &[issue]).to_bytes();
                let outcome = crate::Resource::parse_in(version, outcome).unwrap();
                assert_eq!(crate::structure::check(&outcome), [], "{version} {code:?}");
            }
        }
    }
}
