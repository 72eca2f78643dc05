//! What an entry of a batch or transaction asks for.

use std::borrow::Cow;
use std::collections::BTreeSet;

use base64::{Engine, prelude::BASE64_STANDARD};
use fhir::{
    FhirVersion, Resource,
    json::{Document, Node as JsonNode},
    outcome::{Issue, IssueCode},
    patch::{Patch, PatchError},
};
use jiff::Timestamp;
use store::{Change, Target};

use crate::{error::ExchangeError, url};

/// The media type of JSON Patch, as a Binary in a Bundle says it.
const JSON_PATCH: &str = "application/json-patch+json";

/// What one entry asks for.
pub(super) enum Asked {
    /// A change.
    Change(Box<Change>),
    /// Something to read; after all changes of a transaction.
    Look(Look),
}

/// Something to read.
pub(super) enum Look {
    /// One resource, or one version of it.
    Read {
        resource_type: String,
        id: String,
        version: Option<u64>,
        /// Not again when it is still this version.
        if_none_match: Option<u64>,
        /// Not again when it has not changed since.
        if_modified_since: Option<Timestamp>,
        /// Whether only its version is wanted (HEAD).
        head_only: bool,
    },
    /// A search.
    Search {
        resource_type: String,
        query: Vec<(String, String)>,
    },
}

/// Reads an entry of a Bundle of this version.
pub(super) fn asked(version: FhirVersion, entry: JsonNode<'_>) -> Result<Asked, ExchangeError> {
    let request = entry.get("request").ok_or_else(|| required("request"))?;
    let method = request
        .text("method")
        .ok_or_else(|| required("request.method"))?;
    let url = request.text("url").ok_or_else(|| required("request.url"))?;
    let (path, query) = url
        .split_once('?')
        .map_or((url.as_ref(), None), |(path, query)| (path, Some(query)));
    let query = query.map(pairs).transpose()?;
    let parts: Vec<&str> = path.split('/').collect();
    let resource_type = version.resource_type(parts[0]).ok_or_else(bad_url)?;
    let request = Wanted {
        version,
        entry,
        request,
        resource_type,
    };
    let change = |change| Ok(Asked::Change(Box::new(change)));
    match (method.as_ref(), &parts[1..], query) {
        ("POST", [], None) => change(Change::Create {
            full_url: request.full_url(),
            resource: request.resource()?,
            if_none_exist: request.condition()?,
        }),
        ("POST", ["_search"], _) => Err(invalid(
            IssueCode::NotSupported,
            "a search in a Bundle is a GET",
            "request.method",
        )),
        ("PUT", [id], None) => change(Change::Update {
            full_url: request.full_url(),
            resource: request.resource()?,
            id: (*id).to_owned(),
            if_match: request.version("ifMatch")?,
        }),
        ("PUT", [], Some(query)) => {
            request.has_no("ifMatch")?;
            change(Change::UpdateWhere {
                full_url: request.full_url(),
                resource: request.resource()?,
                query,
            })
        }
        // The methods of a Bundle of STU3 are without it.
        ("PATCH", ..) if version == FhirVersion::Stu3 => Err(invalid(
            IssueCode::NotSupported,
            "a Bundle of STU3 holds no patch",
            "request.method",
        )),
        ("PATCH", [id], None) => change(request.patch(Target::Id((*id).to_owned()))?),
        ("PATCH", [], Some(query)) => change(request.patch(Target::Found(query))?),
        ("DELETE", [id], None) => change(Change::Delete {
            resource_type: resource_type.to_owned(),
            id: (*id).to_owned(),
            if_match: request.version("ifMatch")?,
        }),
        ("DELETE", [], Some(query)) => {
            request.has_no("ifMatch")?;
            change(Change::DeleteWhere {
                resource_type: resource_type.to_owned(),
                query,
            })
        }
        ("GET" | "HEAD", [id], None) => request.read(id, None, &method),
        ("GET" | "HEAD", [id, "_history", version], None) => {
            // A version that is no number is a version that is not there.
            let version = version.parse().map_err(|_| ExchangeError::NotFound)?;
            request.read(id, Some(version), &method)
        }
        ("GET", [], query) => Ok(Asked::Look(Look::Search {
            resource_type: resource_type.to_owned(),
            query: query.unwrap_or_default(),
        })),
        _ => Err(invalid(
            IssueCode::NotSupported,
            "this method does not go with this URL in a Bundle",
            "request.method",
        )),
    }
}

/// The request of an entry.
struct Wanted<'a> {
    version: FhirVersion,
    entry: JsonNode<'a>,
    request: JsonNode<'a>,
    resource_type: &'static str,
}

impl Wanted<'_> {
    fn full_url(&self) -> Option<String> {
        self.entry.text("fullUrl").map(Cow::into_owned)
    }

    fn resource_as_sent(&self) -> Result<Resource, ExchangeError> {
        let node = self
            .entry
            .get("resource")
            .ok_or_else(|| required("resource"))?;
        Resource::from_node_in(self.version, node).map_err(ExchangeError::Invalid)
    }

    /// The resource, which is of the type that the URL names.
    fn resource(&self) -> Result<Resource, ExchangeError> {
        let resource = self.resource_as_sent()?;
        if resource.resource_type() == self.resource_type {
            return Ok(resource);
        }
        Err(invalid(
            IssueCode::Value,
            "the URL names another type",
            "request.url",
        ))
    }

    /// Parameters with a FHIRPath Patch, or a Binary with a JSON Patch.
    fn patch(&self, target: Target) -> Result<Change, ExchangeError> {
        let resource = self.resource_as_sent()?;
        let patch = match resource.resource_type() {
            "Parameters" => Patch::fhir_path(&resource),
            "Binary" => {
                let root = resource.root();
                let media_type = root.text("contentType");
                if media_type
                    .as_deref()
                    .and_then(|text| text.split(';').next())
                    != Some(JSON_PATCH)
                {
                    return Err(invalid(
                        IssueCode::NotSupported,
                        "a patch in a Binary is a JSON Patch",
                        "resource.contentType",
                    ));
                }
                let data = root.text("data").ok_or_else(|| required("resource.data"))?;
                let bytes = BASE64_STANDARD.decode(data.as_bytes()).map_err(|_| {
                    invalid(IssueCode::Value, "this is not base64", "resource.data")
                })?;
                let document = Document::parse(&bytes).map_err(|error| {
                    let text = format!("not valid JSON: {error}");
                    invalid(IssueCode::Structure, &text, "resource.data")
                })?;
                Patch::json(document.root())
            }
            _ => Err(PatchError::NoPatch),
        };
        Ok(Change::Patch {
            resource_type: self.resource_type.to_owned(),
            target,
            patch: patch.map_err(|error| unreadable(&error))?,
            if_match: self.version("ifMatch")?,
            named: BTreeSet::new(),
        })
    }

    fn read(&self, id: &str, version: Option<u64>, method: &str) -> Result<Asked, ExchangeError> {
        let if_modified_since = match self.request.text("ifModifiedSince") {
            Some(text) => Some(text.parse().map_err(|_| {
                invalid(
                    IssueCode::Value,
                    "this is not an instant",
                    "request.ifModifiedSince",
                )
            })?),
            None => None,
        };
        Ok(Asked::Look(Look::Read {
            resource_type: self.resource_type.to_owned(),
            id: id.to_owned(),
            version,
            if_none_match: self.version("ifNoneMatch")?,
            if_modified_since,
            head_only: method == "HEAD",
        }))
    }

    fn condition(&self) -> Result<Option<Vec<(String, String)>>, ExchangeError> {
        let Some(text) = self.request.text("ifNoneExist") else {
            return Ok(None);
        };
        // Some clients send the whole search, type included.
        let query = text
            .split_once('?')
            .map_or(text.as_ref(), |(_, query)| query);
        pairs(query).map(Some)
    }

    fn version(&self, name: &str) -> Result<Option<u64>, ExchangeError> {
        let Some(tag) = self.request.text(name) else {
            return Ok(None);
        };
        let place = format!("request.{name}");
        let version = version(&tag)
            .ok_or_else(|| invalid(IssueCode::Value, "this is not a version", &place))?;
        Ok(Some(version))
    }

    /// A precondition that is ignored would change what the client protects.
    fn has_no(&self, name: &str) -> Result<(), ExchangeError> {
        if self.request.get(name).is_none() {
            return Ok(());
        }
        Err(invalid(
            IssueCode::NotSupported,
            "a version cannot be named beside a search",
            &format!("request.{name}"),
        ))
    }
}

/// What a patch that cannot be read is answered with.
pub(super) fn unreadable(error: &PatchError) -> ExchangeError {
    match error {
        PatchError::LimitExceeded { limit, max } => {
            ExchangeError::LimitExceeded { limit, max: *max }
        }
        other => ExchangeError::Invalid(vec![other.issue()]),
    }
}

/// The version of an entity tag such as `W/"3"`.
fn version(tag: &str) -> Option<u64> {
    tag.strip_prefix("W/")
        .unwrap_or(tag)
        .trim_matches('"')
        .parse()
        .ok()
}

fn pairs(query: &str) -> Result<Vec<(String, String)>, ExchangeError> {
    url::pairs(query).ok_or_else(bad_url)
}

fn bad_url() -> ExchangeError {
    invalid(
        IssueCode::Value,
        "this is not a relative FHIR URL",
        "request.url",
    )
}

fn required(place: &str) -> ExchangeError {
    invalid(IssueCode::Required, "this is needed", place)
}

pub(super) fn invalid(code: IssueCode, text: &str, place: &str) -> ExchangeError {
    ExchangeError::Invalid(vec![Issue::error(code, text).at(place)])
}
