//! One search of an exchange, without the patient.

use std::fmt;

/// A FHIR search as an exchange states it: a type, conditions, and what to
/// include. It never names a patient: the source narrows it to the one patient
/// that the question is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    resource_type: String,
    conditions: Vec<(String, String)>,
    includes: Vec<(String, String)>,
}

/// Why a search cannot stand in an exchange.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryFault {
    /// No such resource type.
    #[error("unknown resource type `{0}`")]
    UnknownType(String),
    /// The type has no such search parameter.
    #[error("`{resource_type}` has no search parameter `{name}`")]
    UnknownParameter {
        /// The resource type.
        resource_type: String,
        /// The parameter as written.
        name: String,
    },
    /// A condition on who the patient is: that is the source's to add.
    #[error("`{0}` names the patient, which the source adds itself")]
    NamesPatient(String),
    /// A condition without a value.
    #[error("`{0}` has no value")]
    NoValue(String),
    /// A modifier, chain or result parameter that an exchange does not use.
    #[error("`{0}` is not for an exchange")]
    NotForExchange(String),
    /// An include that is not `Type:parameter` of a reference.
    #[error("`{0}` is not an include of `Type:parameter`")]
    Include(String),
}

/// The parameters that say who the patient is, in every type.
const PATIENT_PARAMETERS: [&str; 5] = ["patient", "subject", "beneficiary", "_id", "identifier"];

/// The modifiers that a condition may carry.
const MODIFIERS: [&str; 2] = ["not", "missing"];

impl Query {
    /// Reads `Type` or `Type?name=value&…`, and checks every name in it
    /// against the search parameters of FHIR.
    pub fn parse(text: &str) -> Result<Self, QueryFault> {
        let (resource_type, parameters) = text.split_once('?').unwrap_or((text, ""));
        if !fhir::resource_types().contains(&resource_type) {
            return Err(QueryFault::UnknownType(resource_type.to_owned()));
        }
        let mut query = Self {
            resource_type: resource_type.to_owned(),
            conditions: Vec::new(),
            includes: Vec::new(),
        };
        for parameter in parameters
            .split('&')
            .filter(|parameter| !parameter.is_empty())
        {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            if value.is_empty() {
                return Err(QueryFault::NoValue(name.to_owned()));
            }
            let pair = (name.to_owned(), value.to_owned());
            match name {
                "_include" | "_include:iterate" | "_revinclude" => {
                    check_include(value)?;
                    if !query.includes.contains(&pair) {
                        query.includes.push(pair);
                    }
                }
                _ => {
                    check_condition(resource_type, name, value)?;
                    query.conditions.push(pair);
                }
            }
        }
        Ok(query)
    }

    /// The type that is searched.
    pub fn resource_type(&self) -> &str {
        &self.resource_type
    }

    /// The conditions: name with modifier, and value, as written.
    pub fn conditions(&self) -> &[(String, String)] {
        &self.conditions
    }

    /// All parameters, decoded, as the store takes them.
    pub fn parameters(&self) -> Vec<(String, String)> {
        self.conditions
            .iter()
            .chain(&self.includes)
            .cloned()
            .collect()
    }

    /// The search as a relative URL, percent-encoded.
    pub fn to_url(&self) -> String {
        let mut url = self.resource_type.clone();
        for (index, (name, value)) in self.conditions.iter().chain(&self.includes).enumerate() {
            url.push(if index == 0 { '?' } else { '&' });
            url.push_str(&encode(name));
            url.push('=');
            url.push_str(&encode(value));
        }
        url
    }

    /// Whether everything that `other` finds, this one finds: fewer conditions
    /// of the same, on the same type.
    fn covers(&self, other: &Self) -> bool {
        self.resource_type == other.resource_type
            && self
                .conditions
                .iter()
                .all(|condition| other.conditions.contains(condition))
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_url())
    }
}

/// The searches that cover all others, with the includes of those they cover,
/// in the order in which they first stand.
pub(super) fn widest<'a>(queries: impl Iterator<Item = &'a Query>) -> Vec<Query> {
    let mut kept: Vec<Query> = Vec::new();
    for query in queries {
        let mut candidate = query.clone();
        if let Some(wider) = kept.iter_mut().find(|wider| wider.covers(&candidate)) {
            add_includes(wider, &candidate);
            continue;
        }
        let at = kept.iter().position(|narrower| candidate.covers(narrower));
        kept.retain(|narrower| {
            let covered = candidate.covers(narrower);
            if covered {
                add_includes(&mut candidate, narrower);
            }
            !covered
        });
        kept.insert(at.unwrap_or(kept.len()).min(kept.len()), candidate);
    }
    kept
}

fn add_includes(into: &mut Query, from: &Query) {
    for include in &from.includes {
        if !into.includes.contains(include) {
            into.includes.push(include.clone());
        }
    }
}

fn check_condition(resource_type: &str, name: &str, value: &str) -> Result<(), QueryFault> {
    let (code, modifier) = match name.split_once(':') {
        Some((code, modifier)) => (code, Some(modifier)),
        None => (name, None),
    };
    if code.contains('.') || modifier.is_some_and(|modifier| !MODIFIERS.contains(&modifier)) {
        return Err(QueryFault::NotForExchange(name.to_owned()));
    }
    let is_patient = PATIENT_PARAMETERS.contains(&code) || value.contains(care::Bsn::SYSTEM);
    if is_patient || code == "_has" {
        return Err(QueryFault::NamesPatient(name.to_owned()));
    }
    if fhir::search::parameter(resource_type, code).is_some() {
        Ok(())
    } else if matches!(
        code,
        "_sort" | "_count" | "_summary" | "_elements" | "_total"
    ) {
        // The asker takes everything; leaving things out is not an exchange's to do.
        Err(QueryFault::NotForExchange(name.to_owned()))
    } else {
        Err(QueryFault::UnknownParameter {
            resource_type: resource_type.to_owned(),
            name: code.to_owned(),
        })
    }
}

fn check_include(value: &str) -> Result<(), QueryFault> {
    let fault = || QueryFault::Include(value.to_owned());
    let mut parts = value.split(':');
    let (Some(resource_type), Some(code)) = (parts.next(), parts.next()) else {
        return Err(fault());
    };
    if !fhir::resource_types().contains(&resource_type) {
        return Err(QueryFault::UnknownType(resource_type.to_owned()));
    }
    let parameter = fhir::search::parameter(resource_type, code).ok_or_else(|| {
        QueryFault::UnknownParameter {
            resource_type: resource_type.to_owned(),
            name: code.to_owned(),
        }
    })?;
    if parameter.kind != fhir::search::Kind::Reference || parts.clone().count() > 1 {
        return Err(fault());
    }
    match parts.next() {
        Some(target) if !fhir::resource_types().contains(&target) => {
            Err(QueryFault::UnknownType(target.to_owned()))
        }
        _ => Ok(()),
    }
}

/// Percent-encodes what has a meaning of its own in a query.
fn encode(text: &str) -> String {
    use fmt::Write as _;
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z'
            | b'a'..=b'z'
            | b'0'..=b'9'
            | b'-'
            | b'_'
            | b'.'
            | b'~'
            | b':'
            | b'/'
            | b',' => encoded.push(char::from(byte)),
            _ => {
                // Writing to a String cannot fail.
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    encoded
}
