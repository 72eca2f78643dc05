//! Resources that are given beside the one that is validated.

use std::collections::HashMap;

use crate::Resource;

/// Resources that references and canonical URLs may lead to, by `Type/id` and by
/// `url` (with and without `|version`). Those of another version of FHIR than the
/// one that is validated lead nowhere.
#[derive(Debug, Default)]
pub struct Given {
    resources: Vec<Resource>,
    by_reference: HashMap<String, usize>,
}

impl Given {
    /// Of two with the same reference, the first counts.
    pub fn new(resources: Vec<Resource>) -> Self {
        let mut by_reference = HashMap::new();
        for (position, resource) in resources.iter().enumerate() {
            let root = resource.root();
            let relative = resource
                .id()
                .map(|id| format!("{}/{id}", resource.resource_type()));
            let url = root.text("url").map(std::borrow::Cow::into_owned);
            let exact = url
                .as_ref()
                .zip(root.text("version"))
                .map(|(url, version)| format!("{url}|{version}"));
            for reference in [relative, url, exact].into_iter().flatten() {
                by_reference.entry(reference).or_insert(position);
            }
        }
        Self {
            resources,
            by_reference,
        }
    }

    pub(super) fn get(&self, reference: &str) -> Option<&Resource> {
        let position = self.by_reference.get(reference)?;
        self.resources.get(*position)
    }
}
