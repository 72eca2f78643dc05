//! Reads an AuditEvent back, for people.

use care::{Categories, DataCategory, OrganisationType, Purpose, Role, TreatmentRelation, Ura};
use jiff::Timestamp;
use serde_json::Value;

use super::{Happened, Outcome};

/// Not an AuditEvent as this room writes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an audit event of this form")]
pub struct NotAnAuditEvent;

/// The longest AuditEvent that is read, in bytes.
pub const EVENT_BYTES_MAX: usize = 64 * 1024;

/// What an AuditEvent says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    /// When.
    pub recorded: Timestamp,
    /// What.
    pub happened: Happened,
    /// How it ended.
    pub outcome: Outcome,
    /// Who; empty for somebody unknown.
    pub actor_name: String,
    /// In what role; none for somebody unknown.
    pub role: Option<Role>,
    /// For which organisation; none for somebody unknown.
    pub organisation: Option<Ura>,
    /// The name of that organisation.
    pub organisation_name: String,
    /// What kind of organisation.
    pub organisation_type: Option<OrganisationType>,
    /// Whose data.
    pub holder: Option<Ura>,
    /// The name of who holds the data.
    pub holder_name: String,
    /// Which organisation wrote the line.
    pub observer: Option<Ura>,
    /// Why.
    pub purpose: Option<Purpose>,
    /// What tied the organisation to the patient.
    pub relation: Option<TreatmentRelation>,
    /// Why the glass was broken.
    pub emergency_reason: Option<String>,
    /// The kinds of data.
    pub categories: Categories,
    /// What was asked for, such as `Condition`.
    pub asked: Vec<String>,
    /// How many resources.
    pub count: Option<u64>,
    /// Under which exchange.
    pub exchange: Option<String>,
    /// The request that all lines of one question share; empty for an attempt
    /// by somebody unknown.
    pub request: String,
}

impl AuditRecord {
    /// Reads an AuditEvent that [`super::AuditLine`] wrote, here or at another
    /// node, at most [`EVENT_BYTES_MAX`]. Parts that it does not know it
    /// leaves out.
    pub fn from_json(bytes: &[u8]) -> Result<Self, NotAnAuditEvent> {
        if bytes.len() > EVENT_BYTES_MAX {
            return Err(NotAnAuditEvent);
        }
        let event: Value = serde_json::from_slice(bytes).map_err(|_| NotAnAuditEvent)?;
        if event["resourceType"] != "AuditEvent" {
            return Err(NotAnAuditEvent);
        }
        let user = agent(&event, "IRCP");
        let asking = agent(&event, "110153");
        let holder = agent(&event, "110152");
        let details: Vec<(&str, &str)> = items(&event["entity"])
            .flat_map(|entity| items(&entity["detail"]))
            .filter_map(|detail| Some((text(&detail["type"])?, text(&detail["valueString"])?)))
            .collect();
        let all = |kind: &'static str| {
            details
                .iter()
                .filter(move |(name, _)| *name == kind)
                .map(|(_, value)| *value)
        };
        let detail = |kind| all(kind).next();
        let code = |concept: &Value| text(&concept["coding"][0]["code"]).map(str::to_owned);
        let known = |found: Option<&Value>| found.cloned().unwrap_or_default();
        let (user, asking, holder) = (known(user), known(asking), known(holder));
        Ok(Self {
            recorded: text(&event["recorded"])
                .and_then(|time| time.parse().ok())
                .ok_or(NotAnAuditEvent)?,
            happened: items(&event["subtype"])
                .find(|subtype| subtype["system"] == Happened::SYSTEM)
                .and_then(|subtype| Happened::from_code(text(&subtype["code"])?))
                .ok_or(NotAnAuditEvent)?,
            outcome: text(&event["outcome"])
                .and_then(Outcome::from_code)
                .ok_or(NotAnAuditEvent)?,
            actor_name: text(&user["name"]).unwrap_or_default().to_owned(),
            role: code(&user["role"][0]).and_then(|code| Role::from_code(&code)),
            organisation: ura(&asking["who"]),
            organisation_name: text(&asking["who"]["display"])
                .unwrap_or_default()
                .to_owned(),
            organisation_type: code(&asking["role"][0])
                .and_then(|code| OrganisationType::from_code(&code)),
            holder: ura(&holder["who"]),
            holder_name: text(&holder["who"]["display"])
                .unwrap_or_default()
                .to_owned(),
            observer: ura(&event["source"]["observer"]),
            purpose: code(&event["purposeOfEvent"][0]).and_then(|code| Purpose::from_code(&code)),
            relation: detail("treatment-relation").and_then(TreatmentRelation::from_code),
            emergency_reason: detail("emergency-reason").map(str::to_owned),
            exchange: detail("exchange").map(str::to_owned),
            count: detail("count").and_then(|count| count.parse().ok()),
            categories: all("category")
                .filter_map(DataCategory::from_code)
                .collect(),
            asked: all("asked").map(str::to_owned).collect(),
            request: items(&event["entity"])
                .find(|entity| entity["type"]["code"] == "XrequestId")
                .and_then(|entity| text(&entity["what"]["identifier"]["value"]))
                .unwrap_or_default()
                .to_owned(),
        })
    }
}

fn agent<'a>(event: &'a Value, kind: &str) -> Option<&'a Value> {
    items(&event["agent"]).find(|agent| agent["type"]["coding"][0]["code"] == kind)
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> Option<&str> {
    value.as_str()
}

fn ura(reference: &Value) -> Option<Ura> {
    text(&reference["identifier"]["value"])?.parse().ok()
}
