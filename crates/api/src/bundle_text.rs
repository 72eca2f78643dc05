//! Writing a Bundle around resources whose bytes stay as they are.

use fhir::{FhirVersion, json::Value};
use store::{HistoryEntry, Interaction, Stored};

use crate::resource::entity_tag;

/// A Bundle under construction: links first, then entries.
pub(crate) struct BundleText {
    links: Vec<Value>,
    head: Vec<u8>,
    entries: Vec<u8>,
}

impl BundleText {
    /// An empty Bundle of a type.
    pub(crate) fn new(kind: &str, total: Option<u64>) -> Self {
        let mut head = format!(r#"{{"resourceType":"Bundle","type":"{kind}""#).into_bytes();
        if let Some(total) = total {
            head.extend_from_slice(format!(r#","total":{total}"#).as_bytes());
        }
        Self {
            links: Vec::new(),
            head,
            entries: Vec::new(),
        }
    }

    /// Adds a link.
    pub(crate) fn link(&mut self, relation: &str, url: &str) {
        self.links
            .push(fhir::value!({ "relation": (relation), "url": (url) }));
    }

    /// Adds a resource that a search found: what of it is wanted.
    pub(crate) fn found(&mut self, base: &str, stored: &Stored, part: &[u8], mode: &str) {
        self.between();
        self.full_url(base, stored);
        self.entries.extend_from_slice(br#","resource":"#);
        self.entries.extend_from_slice(part);
        self.raw(&format!(r#","search":{{"mode":"{mode}"}}}}"#));
    }

    /// Adds a resource that has no URL of its own, as JSON.
    pub(crate) fn loose(&mut self, resource: &[u8], mode: &str) {
        self.between();
        self.raw(r#"{"resource":"#);
        self.entries.extend_from_slice(resource);
        self.raw(&format!(r#","search":{{"mode":"{mode}"}}}}"#));
    }

    /// Adds a version of a history, with what of it is wanted. A history of STU3
    /// says how a version came about, not what was answered (`bdl-4`).
    pub(crate) fn version(
        &mut self,
        version: FhirVersion,
        base: &str,
        entry: &HistoryEntry,
        part: &[u8],
    ) {
        let stored = &entry.stored;
        let (method, status) = match entry.interaction {
            Interaction::Create => ("POST", "201"),
            Interaction::Update => ("PUT", "200"),
            Interaction::Delete => ("DELETE", "204"),
        };
        let url = match entry.interaction {
            Interaction::Create => stored.resource_type.to_owned(),
            _ => format!("{}/{}", stored.resource_type, stored.id),
        };
        let request = fhir::value!({ "method": (method), "url": (url) });
        self.between();
        self.full_url(base, stored);
        if !part.is_empty() {
            self.raw(r#","resource":"#);
            self.entries.extend_from_slice(part);
        }
        self.raw(r#","request":"#);
        self.entries.extend_from_slice(&request.to_bytes());
        if version == FhirVersion::R4 {
            let response = fhir::value!({
                "status": (status),
                "etag": (entity_tag(stored.version)),
                "lastModified": (stored.last_updated.to_string())
            });
            self.raw(r#","response":"#);
            self.entries.extend_from_slice(&response.to_bytes());
        }
        self.raw("}");
    }

    /// The whole Bundle, in JSON.
    pub(crate) fn finish(self) -> Vec<u8> {
        let mut text = self.head;
        // FHIR has no empty arrays.
        if !self.links.is_empty() {
            text.extend_from_slice(br#","link":"#);
            text.extend_from_slice(&Value::from(self.links).to_bytes());
        }
        if !self.entries.is_empty() {
            text.extend_from_slice(br#","entry":["#);
            text.extend_from_slice(&self.entries);
            text.push(b']');
        }
        text.push(b'}');
        text
    }

    fn between(&mut self) {
        if !self.entries.is_empty() {
            self.entries.push(b',');
        }
    }

    /// Types and ids have nothing in them that JSON escapes.
    fn full_url(&mut self, base: &str, stored: &Stored) {
        self.raw(r#"{"fullUrl":"#);
        self.entries
            .extend_from_slice(&Value::from(base).to_bytes());
        // Before the quote that ends the base.
        self.entries.pop();
        for part in ["/", stored.resource_type, "/", &stored.id, "\""] {
            self.raw(part);
        }
    }

    fn raw(&mut self, text: &str) {
        self.entries.extend_from_slice(text.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn stored(body: &'static str) -> Stored {
        Stored {
            resource_type: "Patient",
            id: "a".to_owned(),
            version: 2,
            last_updated: Timestamp::UNIX_EPOCH,
            body: body.into(),
            filed: store::Filed {
                categories: care::Categories::NONE,
                whose: store::Whose::Nobody,
            },
        }
    }

    #[test]
    fn resources_keep_their_bytes() {
        let mut bundle = BundleText::new("searchset", Some(1));
        bundle.link("self", "http://base/Patient?a=\"b\"");
        bundle.found(
            "http://base",
            &stored(""),
            br#"{"resourceType": "Patient"}"#,
            "match",
        );
        insta::assert_snapshot!(
            String::from_utf8(bundle.finish()).unwrap(),
            @r#"{"resourceType":"Bundle","type":"searchset","total":1,"link":[{"relation":"self","url":"http://base/Patient?a=\"b\""}],"entry":[{"fullUrl":"http://base/Patient/a","resource":{"resourceType": "Patient"},"search":{"mode":"match"}}]}"#
        );
    }

    #[test]
    fn a_history_says_how_versions_came_about() {
        let mut bundle = BundleText::new("history", None);
        for (body, interaction) in [("", Interaction::Delete), ("{}", Interaction::Create)] {
            bundle.version(
                FhirVersion::R4,
                "b",
                &HistoryEntry {
                    stored: stored(body),
                    interaction,
                },
                body.as_bytes(),
            );
        }
        insta::assert_snapshot!(
            String::from_utf8(bundle.finish()).unwrap(),
            @r#"{"resourceType":"Bundle","type":"history","entry":[{"fullUrl":"b/Patient/a","request":{"method":"DELETE","url":"Patient/a"},"response":{"status":"204","etag":"W/\"2\"","lastModified":"1970-01-01T00:00:00Z"}},{"fullUrl":"b/Patient/a","resource":{},"request":{"method":"POST","url":"Patient"},"response":{"status":"201","etag":"W/\"2\"","lastModified":"1970-01-01T00:00:00Z"}}]}"#
        );
        insta::assert_snapshot!(
            String::from_utf8(BundleText::new("history", None).finish()).unwrap(),
            @r#"{"resourceType":"Bundle","type":"history"}"#
        );
    }
}
