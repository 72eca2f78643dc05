//! The source data: Bundles with the record of one patient each.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use anyhow::{Context, ensure};
use serde_json::{Value, json};

/// How many resources go in one transaction.
const TRANSACTION: usize = 200;

/// A resource of the source.
#[derive(Clone)]
pub(crate) struct Source {
    pub(crate) kind: String,
    pub(crate) id: String,
    pub(crate) body: Value,
}

impl Source {
    pub(crate) fn name(&self) -> String {
        format!("{}/{}", self.kind, self.id)
    }

    /// What a reference element of it refers to.
    pub(crate) fn refers(&self, element: &str) -> Option<&str> {
        self.body[element]["reference"].as_str()
    }
}

/// All of it.
pub(crate) struct Data {
    pub(crate) resources: Vec<Source>,
    /// Transactions, as JSON, with how many resources each has.
    pub(crate) transactions: Vec<(usize, String)>,
}

impl Data {
    /// Reads the Bundles of a directory, in the order of their names, until
    /// there are so many resources. Their `urn:uuid` references become relative
    /// ones, and each resource is written under its own id, so that what a
    /// server answers can be held against the source.
    pub(crate) fn read(directory: &Path, resources: usize) -> anyhow::Result<Self> {
        let mut files: Vec<_> = std::fs::read_dir(directory)
            .with_context(|| format!("cannot read `{}`", directory.display()))?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()?;
        files.retain(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        });
        files.sort();
        let mut all = BTreeMap::new();
        for file in files {
            if all.len() >= resources {
                break;
            }
            let bundle: Value = serde_json::from_slice(&std::fs::read(&file)?)?;
            take(bundle, &mut all);
        }
        ensure!(
            all.len() >= resources,
            "there are {} resources, not {resources}",
            all.len()
        );
        Ok(Self::of_resources(all.into_values().collect()))
    }

    pub(crate) fn of_resources(resources: Vec<Source>) -> Self {
        let transactions = resources.chunks(TRANSACTION).map(transaction).collect();
        Self {
            resources,
            transactions,
        }
    }

    pub(crate) fn of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Source> {
        self.resources.iter().filter(move |one| one.kind == kind)
    }

    /// The patient with the most resources that name them as their subject.
    pub(crate) fn largest_patient(&self) -> (&str, usize) {
        let mut sizes: HashMap<&str, usize> = HashMap::new();
        for one in &self.resources {
            for element in ["subject", "patient", "beneficiary"] {
                if let Some(patient) = one.refers(element) {
                    *sizes.entry(patient).or_default() += 1;
                }
            }
        }
        sizes
            .into_iter()
            .max_by_key(|(patient, size)| (*size, *patient))
            .unwrap_or_default()
    }

    pub(crate) fn compartment_of_largest(&self) -> usize {
        self.largest_patient().1
    }
}

fn take(mut bundle: Value, all: &mut BTreeMap<(String, String), Source>) {
    let mut names = HashMap::new();
    let entries = bundle["entry"].as_array_mut().map(std::mem::take);
    let entries = entries.unwrap_or_default();
    for entry in &entries {
        let (kind, id) = (&entry["resource"]["resourceType"], &entry["resource"]["id"]);
        if let (Some(url), Some(kind), Some(id)) =
            (entry["fullUrl"].as_str(), kind.as_str(), id.as_str())
        {
            names.insert(url.to_owned(), format!("{kind}/{id}"));
        }
    }
    for mut entry in entries {
        let mut body = entry["resource"].take();
        resolve(&mut body, &names);
        if let Some(members) = body.as_object_mut() {
            // The generator leaves empty ones, which FHIR does not allow.
            members.retain(|_, member| !member.as_object().is_some_and(serde_json::Map::is_empty));
        }
        let (Some(kind), Some(id)) = (body["resourceType"].as_str(), body["id"].as_str()) else {
            continue;
        };
        let (kind, id) = (kind.to_owned(), id.to_owned());
        let source = Source {
            kind: kind.clone(),
            id: id.clone(),
            body,
        };
        all.insert((kind, id), source);
    }
}

fn resolve(value: &mut Value, names: &HashMap<String, String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let found = (name == "reference")
                    .then(|| names.get(member.as_str()?))
                    .flatten();
                match found {
                    Some(found) => *member = Value::from(found.as_str()),
                    None => resolve(member, names),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| resolve(item, names)),
        _ => {}
    }
}

fn transaction(resources: &[Source]) -> (usize, String) {
    let entries: Vec<Value> = resources
        .iter()
        .map(|one| {
            json!({
                "resource": one.body,
                "request": { "method": "PUT", "url": one.name() },
            })
        })
        .collect();
    let bundle = json!({ "resourceType": "Bundle", "type": "transaction", "entry": entries });
    (resources.len(), bundle.to_string())
}
