//! A Subscription, read: what it asks for, or what is wrong with it.
//!
//! Two forms: the criteria of R4 and STU3, where `criteria` is a search, and,
//! for R4, topics as the Subscriptions R5 Backport (1.1) has them, where it is
//! the canonical URL of a topic and extensions say the rest.

use std::time::Duration;

use fhir::{
    FhirVersion, Resource,
    json::Node as JsonNode,
    outcome::{Issue, IssueCode},
};
use jiff::{SignedDuration, Timestamp};
use network::hook::{
    AllowedEndpoints, HOOK_HEADERS_MAX, HeaderName, HeaderValue, Url, hook_header,
};

use super::{
    limits::{
        CRITERIA_BYTES_MAX, FILTERS_MAX, HEARTBEAT_MAX, HEARTBEAT_MIN, NOTIFICATION_EVENTS_MAX,
        TIMEOUT_DEFAULT, TIMEOUT_MAX,
    },
    topics::{self, Trigger},
};
use crate::url;

/// Where the extensions of the backport are.
const BACKPORT: &str =
    "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-";

/// Parameters that say how a search is answered, not what it finds.
const RESULT_PARAMETERS: [&str; 10] = [
    "_count",
    "_cursor",
    "_elements",
    "_format",
    "_include",
    "_pretty",
    "_revinclude",
    "_sort",
    "_summary",
    "_total",
];

/// What a Subscription asks for.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// What makes an event; any of them.
    pub(super) triggers: Vec<Trigger>,
    /// What is told of it, and how.
    pub(super) form: Form,
    /// Where it goes.
    pub(super) channel: Channel,
    /// The longest that the endpoint may take.
    pub(super) timeout: Duration,
    /// When it is over.
    pub(super) end: Option<Timestamp>,
}

/// What is told of an event, and how.
#[derive(Debug, Clone)]
pub(super) enum Form {
    /// By the rules of R4 and STU3: with the resource, or bare.
    Criteria {
        /// The resource goes along in this format.
        payload: Option<Format>,
    },
    /// A notification of the backport.
    Topic {
        /// The canonical URL.
        topic: String,
        /// The format of the notification.
        format: Format,
        /// What of the resources goes along.
        content: Content,
        /// When nothing is sent for so long, that is told.
        heartbeat: Option<Duration>,
        /// Events in one notification.
        events_max: usize,
    },
}

/// A format of FHIR.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Xml,
}

/// What of the resources goes along with a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Nothing.
    Empty,
    /// Where they are.
    IdOnly,
    /// All.
    FullResource,
}

/// Where notifications go.
#[derive(Debug, Clone)]
pub(super) enum Channel {
    RestHook {
        endpoint: Url,
        headers: Vec<(HeaderName, HeaderValue)>,
    },
    WebSocket,
}

impl Format {
    pub(super) const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/fhir+json",
            Self::Xml => "application/fhir+xml",
        }
    }

    fn of(payload: &str) -> Option<Self> {
        match payload.split(';').next().unwrap_or_default().trim() {
            "application/fhir+json" | "application/json" => Some(Self::Json),
            "application/fhir+xml" | "application/xml" => Some(Self::Xml),
            _ => None,
        }
    }
}

impl Content {
    /// By its code.
    pub fn of(code: &str) -> Option<Self> {
        match code {
            "empty" => Some(Self::Empty),
            "id-only" => Some(Self::IdOnly),
            "full-resource" => Some(Self::FullResource),
            _ => None,
        }
    }
}

impl Wanted {
    /// Reads a Subscription. It looks at the Subscription only: whether its
    /// searches are understood is for the store to say.
    pub(super) fn read(
        resource: &Resource,
        allowed: &AllowedEndpoints,
    ) -> Result<Self, Vec<Issue>> {
        let root = resource.root();
        let mut reading = Reading {
            root,
            version: resource.version(),
            issues: Vec::new(),
        };
        let criteria = root.text("criteria").unwrap_or_default();
        if criteria.len() > CRITERIA_BYTES_MAX {
            reading.wrong("criteria", "longer than CRITERIA_BYTES_MAX");
            return Err(reading.issues);
        }
        // The value of a search can hold a URL; its type cannot.
        let is_topic = criteria
            .split('?')
            .next()
            .is_some_and(|start| start.contains("://"));
        let (triggers, form, timeout) = if !is_topic {
            let payload = reading.payload();
            let form = Form::Criteria { payload };
            (
                reading.trigger("criteria", &criteria).into_iter().collect(),
                form,
                TIMEOUT_DEFAULT,
            )
        } else if resource.version() == FhirVersion::R4 {
            reading.topic(&criteria)
        } else {
            reading.wrong("criteria", "topics are for R4 only; here it is a search");
            return Err(reading.issues);
        };
        let channel = reading.channel(allowed);
        let end = root.text("end").and_then(|text| text.parse().ok());
        if root.get("end").is_some() && end.is_none() {
            reading.wrong("end", "not an instant");
        }
        match channel {
            Some(channel) if reading.issues.is_empty() => Ok(Self {
                triggers,
                form,
                channel,
                timeout,
                end,
            }),
            _ => Err(reading.issues),
        }
    }

    /// The types that it is about, each once.
    pub(super) fn types(&self) -> Vec<String> {
        let mut types: Vec<String> = self
            .triggers
            .iter()
            .map(|trigger| trigger.resource_type.clone())
            .collect();
        types.sort();
        types.dedup();
        types
    }

    /// Whether it is fetched through a websocket.
    pub(super) const fn by_websocket(&self) -> bool {
        matches!(self.channel, Channel::WebSocket)
    }

    /// Events in one notification.
    pub(super) const fn events_max(&self) -> usize {
        match self.form {
            Form::Criteria { .. } => 1,
            Form::Topic { events_max, .. } => events_max,
        }
    }

    /// When something is to be done whatever happens, after something was sent:
    /// a heartbeat, or the end.
    pub(super) fn wake_after(&self, now: Timestamp) -> Option<Timestamp> {
        let beat = self.heartbeat().and_then(|period| {
            let period = SignedDuration::try_from(period).ok()?;
            now.checked_add(period).ok()
        });
        [beat, self.end].into_iter().flatten().min()
    }

    /// The time after which silence is told.
    pub(super) const fn heartbeat(&self) -> Option<Duration> {
        match self.form {
            Form::Criteria { .. } => None,
            Form::Topic { heartbeat, .. } => heartbeat,
        }
    }
}

struct Reading<'a> {
    root: JsonNode<'a>,
    version: FhirVersion,
    issues: Vec<Issue>,
}

impl Reading<'_> {
    fn wrong(&mut self, place: &str, text: impl Into<String>) {
        let issue = Issue::error(IssueCode::Value, text);
        self.issues.push(issue.at(format!("Subscription.{place}")));
    }

    /// A search as a criterion has it: `Type?name=value`.
    fn trigger(&mut self, place: &str, text: &str) -> Option<Trigger> {
        let (resource_type, query) = text.split_once('?').unwrap_or((text, ""));
        let Some(known) = self.version.resource_type(resource_type) else {
            self.wrong(
                place,
                "a search begins with a resource type: Type?name=value",
            );
            return None;
        };
        let Some(query) = url::pairs(query) else {
            self.wrong(place, "the search is not well-formed");
            return None;
        };
        let result = query.iter().find(|(name, _)| {
            let name = name.split(':').next().unwrap_or_default();
            RESULT_PARAMETERS.contains(&name)
        });
        if let Some((name, _)) = result {
            let name = name.split(':').next().unwrap_or_default().to_owned();
            self.wrong(
                place,
                format!("{name} says how a search is answered, which has no meaning here"),
            );
            return None;
        }
        Some(Trigger {
            resource_type: known.to_owned(),
            query,
        })
    }

    fn payload(&mut self) -> Option<Format> {
        let payload = self.root.path(&["channel"])?.text("payload")?.into_owned();
        if payload.is_empty() {
            return None;
        }
        let format = Format::of(&payload);
        if format.is_none() {
            self.wrong(
                "channel.payload",
                "known are application/fhir+json and application/fhir+xml, or none",
            );
        }
        format
    }

    fn topic(&mut self, canonical: &str) -> (Vec<Trigger>, Form, Duration) {
        let mut triggers = if let Some(topic) = topics::find(canonical) {
            topic.triggers.clone()
        } else {
            self.wrong(
                "criteria",
                "this node has no such topic; GET metadata names those it has",
            );
            Vec::new()
        };
        let filters = extensions(self.root.get("_criteria"), "filter-criteria");
        if filters.len() > FILTERS_MAX {
            self.wrong("criteria.extension", "over the limit FILTERS_MAX of 10");
        }
        for filter in filters.iter().take(FILTERS_MAX) {
            self.filter(
                &mut triggers,
                filter.text("valueString").unwrap_or_default().as_ref(),
            );
        }
        let channel = self.root.get("channel");
        let seconds = |name: &str| {
            let found = extensions(channel, name);
            let value = found.first()?;
            let digits = value
                .get("valueUnsignedInt")
                .or_else(|| value.get("valuePositiveInt"))
                .and_then(JsonNode::as_number);
            Some(digits.and_then(|digits| digits.parse::<u32>().ok()))
        };
        let within = |found: Option<Option<u32>>, low: Duration, high: Duration| match found {
            None => Ok(None),
            Some(Some(seconds)) => {
                let asked = Duration::from_secs(seconds.into());
                (low..=high)
                    .contains(&asked)
                    .then_some(Some(asked))
                    .ok_or(())
            }
            Some(None) => Err(()),
        };
        let heartbeat = within(seconds("heartbeat-period"), HEARTBEAT_MIN, HEARTBEAT_MAX);
        let timeout = within(seconds("timeout"), Duration::from_secs(1), TIMEOUT_MAX);
        let events_max = match seconds("max-count") {
            None => Ok(NOTIFICATION_EVENTS_MAX),
            Some(Some(asked)) if asked > 0 => Ok(usize::try_from(asked)
                .unwrap_or(usize::MAX)
                .min(NOTIFICATION_EVENTS_MAX)),
            Some(_) => Err(()),
        };
        let content = extensions(
            channel.and_then(|channel| channel.get("_payload")),
            "payload-content",
        )
        .first()
        .and_then(|extension| Content::of(extension.text("valueCode")?.as_ref()));
        if heartbeat.is_err() {
            self.wrong(
                "channel.extension",
                "the heartbeat is HEARTBEAT_MIN of 10 to HEARTBEAT_MAX of 86400 seconds",
            );
        }
        if timeout.is_err() {
            self.wrong(
                "channel.extension",
                "the timeout is 1 to TIMEOUT_MAX of 60 seconds",
            );
        }
        if events_max.is_err() {
            self.wrong(
                "channel.extension",
                "the maximum count is a positive number",
            );
        }
        if content.is_none() {
            self.wrong(
                "channel.payload.extension",
                "backport-payload-content is needed: empty, id-only or full-resource",
            );
        }
        let format = self.payload().unwrap_or(Format::Json);
        (
            triggers,
            Form::Topic {
                topic: canonical.to_owned(),
                format,
                content: content.unwrap_or(Content::Empty),
                heartbeat: heartbeat.unwrap_or_default(),
                events_max: events_max.unwrap_or(1),
            },
            timeout.ok().flatten().unwrap_or(TIMEOUT_DEFAULT),
        )
    }

    /// Narrows the triggers of a type.
    fn filter(&mut self, triggers: &mut [Trigger], text: &str) {
        const PLACE: &str = "criteria.extension";
        if text.len() > CRITERIA_BYTES_MAX {
            self.wrong(PLACE, "longer than CRITERIA_BYTES_MAX");
            return;
        }
        let Some(filter) = self.trigger(PLACE, text) else {
            return;
        };
        let mut narrowed = false;
        for trigger in triggers.iter_mut() {
            if trigger.resource_type == filter.resource_type {
                trigger.query.extend(filter.query.iter().cloned());
                narrowed = true;
            }
        }
        if !narrowed && !triggers.is_empty() {
            self.wrong(PLACE, "the topic is not about this resource type");
        }
    }

    fn channel(&mut self, allowed: &AllowedEndpoints) -> Option<Channel> {
        let channel = self.root.get("channel")?;
        match channel.text("type").unwrap_or_default().as_ref() {
            // What binds one is of the backport, which is for R4.
            "websocket" => Some(Channel::WebSocket),
            "rest-hook" => {
                let endpoint = channel.text("endpoint").unwrap_or_default();
                let endpoint = match allowed.check(&endpoint) {
                    Ok(endpoint) => Some(endpoint),
                    Err(error) => {
                        self.wrong("channel.endpoint", error.to_string());
                        None
                    }
                };
                let headers = self.headers(channel);
                Some(Channel::RestHook {
                    endpoint: endpoint?,
                    headers,
                })
            }
            _ => {
                self.wrong("channel.type", "known are rest-hook and websocket");
                None
            }
        }
    }

    fn headers(&mut self, channel: JsonNode<'_>) -> Vec<(HeaderName, HeaderValue)> {
        let mut headers = Vec::new();
        for header in channel.each("header") {
            if headers.len() == HOOK_HEADERS_MAX {
                self.wrong("channel.header", "over the limit HOOK_HEADERS_MAX of 10");
                break;
            }
            match hook_header(header.as_str().unwrap_or_default().as_ref()) {
                Ok(header) => headers.push(header),
                Err(error) => {
                    self.wrong("channel.header", error.to_string());
                    break;
                }
            }
        }
        headers
    }
}

/// The extensions of the backport with this name.
fn extensions<'a>(element: Option<JsonNode<'a>>, name: &str) -> Vec<JsonNode<'a>> {
    let Some(element) = element else {
        return Vec::new();
    };
    element
        .each("extension")
        .filter(|extension| {
            extension
                .text("url")
                .is_some_and(|url| url.strip_prefix(BACKPORT) == Some(name))
        })
        .collect()
}
