//! A Composition with what it refers to, as a document.

use std::collections::BTreeSet;

use care::{AccessContext, Scope};
use fhir::{
    FhirVersion,
    json::{Kind, Node as JsonNode, Value},
    search::ReferenceParts,
};
use store::Stored;

use super::Node;
use crate::error::ExchangeError;

/// How many resources one document may hold beside its Composition.
pub const DOCUMENT_RESOURCES_MAX: usize = 1_000;

impl Node {
    /// The Composition first, then what it refers to and the caller may see,
    /// each once. What is not here or not in sight is left out, as FHIR has it
    /// for what is not available.
    pub async fn document(
        &self,
        cx: &AccessContext,
        id: &str,
    ) -> Result<Vec<Stored>, ExchangeError> {
        let asked = ["Composition".to_owned(), "$document".to_owned()];
        let scope = self.reading_scope(cx, &asked).await?;
        let found = self.find(cx, &scope, "Composition", id).await?;
        let Some(composition) = found else {
            self.audit_shown(cx, &asked, &[]).await?;
            return Err(ExchangeError::NotFound);
        };
        let parsed = self
            .resource(&composition.body)
            .map_err(ExchangeError::Invalid)?;
        let mut wanted = Vec::new();
        references(self.version(), parsed.root(), &mut wanted);
        let mut seen = BTreeSet::from([("Composition".to_owned(), id.to_owned())]);
        let mut document = vec![composition];
        for (resource_type, id) in wanted {
            if !seen.insert((resource_type.clone(), id.clone())) {
                continue;
            }
            if seen.len() > DOCUMENT_RESOURCES_MAX + 1 {
                let limit = "DOCUMENT_RESOURCES_MAX";
                let max = DOCUMENT_RESOURCES_MAX;
                return Err(ExchangeError::LimitExceeded { limit, max });
            }
            document.extend(self.find(cx, &scope, &resource_type, &id).await?);
        }
        let shown: Vec<&Stored> = document.iter().collect();
        self.audit_shown(cx, &asked, &shown).await?;
        Ok(document)
    }

    async fn find(
        &self,
        cx: &AccessContext,
        scope: &Scope,
        resource_type: &str,
        id: &str,
    ) -> Result<Option<Stored>, ExchangeError> {
        let found = self.parts.store.read(cx, scope, resource_type, id).await?;
        Ok(found.here())
    }

    /// The parts of a document as the Bundle that it is. `full_url` makes the
    /// URL of a resource.
    pub fn document_bundle(
        &self,
        parts: &[Stored],
        full_url: impl Fn(&Stored) -> String,
    ) -> Result<Value, ExchangeError> {
        let mut entries = Vec::with_capacity(parts.len());
        for part in parts {
            let resource = self.resource(&part.body).map_err(ExchangeError::Invalid)?;
            entries.push(fhir::value!({
                "fullUrl": (full_url(part)),
                "resource": (Value::from(resource.root()))
            }));
        }
        let identifier = format!("urn:uuid:{}", self.parts.ids.next());
        let mut bundle = fhir::value!({
            "resourceType": "Bundle",
            "identifier": { "system": "urn:ietf:rfc:3986", "value": (identifier) },
            "type": "document"
        });
        // In STU3 a Bundle has no time of its own.
        if self.version() == FhirVersion::R4 {
            bundle.set("timestamp", self.parts.clock.now().to_string());
        }
        bundle.set("entry", entries);
        Ok(bundle)
    }
}

/// The resources of this store that a tree refers to, in the order of the text.
fn references(version: FhirVersion, node: JsonNode<'_>, found: &mut Vec<(String, String)>) {
    match node.kind() {
        Kind::Object => {
            for (name, value) in node.members() {
                match (name.as_ref(), value.as_str()) {
                    ("reference", Some(text)) => {
                        let parts = ReferenceParts::parse_in(version, &text);
                        if let (None, Some(resource_type), Some(id)) =
                            (parts.base, parts.resource_type, parts.id)
                        {
                            found.push((resource_type.to_owned(), id.to_owned()));
                        }
                    }
                    _ => references(version, value, found),
                }
            }
        }
        Kind::Array => node
            .items()
            .for_each(|item| references(version, item, found)),
        _ => {}
    }
}
