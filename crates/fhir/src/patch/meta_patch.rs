//! Adding and taking away profiles, tags and security labels (FHIR R4,
//! `$meta-add` and `$meta-delete`).

use crate::json::{Kind, Node, Value};

use super::PatchError;

/// The members of a Meta that are lists of what can be added.
const LISTS: [&str; 3] = ["profile", "security", "tag"];

/// A Meta whose profiles, tags and labels are added or taken away.
#[derive(Clone)]
pub(super) struct MetaPatch {
    meta: Value,
    adds: bool,
}

/// Shows the deed only: labels are about a patient.
impl std::fmt::Debug for MetaPatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MetaPatch(adds: {})", self.adds)
    }
}

impl MetaPatch {
    pub(super) fn read(meta: Node<'_>, adds: bool) -> Result<Self, PatchError> {
        let is_list = |name: &str| meta.get(name).is_none_or(|list| list.kind() == Kind::Array);
        if meta.kind() != Kind::Object || !LISTS.into_iter().all(is_list) {
            return Err(PatchError::NoPatch);
        }
        Ok(Self {
            meta: Value::from(meta),
            adds,
        })
    }

    pub(super) fn apply(&self, mut root: Value) -> Value {
        let mut meta = root.get("meta").cloned().unwrap_or(Value::object());
        for name in LISTS {
            let mut items = meta
                .get(name)
                .map_or(Vec::new(), |list| list.items().to_vec());
            for item in self.meta.get(name).map_or(&[][..], Value::items) {
                let is_there = items.iter().any(|other| is_same(other, item));
                if self.adds && !is_there {
                    items.push(item.clone());
                } else if !self.adds {
                    items.retain(|other| !is_same(other, item));
                }
            }
            // FHIR has no empty lists.
            if items.is_empty() {
                meta.remove(name);
            } else {
                meta.set(name, items);
            }
        }
        if meta.members().is_empty() {
            root.remove("meta");
        } else {
            root.set("meta", meta);
        }
        root
    }
}

/// Whether two profiles, or two codings, are the same one: a coding is by its
/// system and code.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one.as_str(), other.as_str()) {
        (Some(one), Some(other)) => one == other,
        _ => ["system", "code"]
            .into_iter()
            .all(|name| one.get(name) == other.get(name)),
    }
}
