//! The topics of this node: `topics.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::url;

/// What the canonical URL of a topic begins with.
const BASE: &str = "https://schakel.example/fhir/SubscriptionTopic/";

static TOPICS: LazyLock<Vec<SubscriptionTopic>> = LazyLock::new(|| {
    let file: File = toml::from_str(include_str!("topics.toml")).expect("built in, and tested");
    file.topic
        .into_iter()
        .map(SubscriptionTopic::from)
        .collect()
});

/// What a subscription can be about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionTopic {
    /// Its canonical URL.
    pub url: String,
    /// What it is, for people.
    pub title: String,
    /// What makes an event.
    pub(super) triggers: Vec<Trigger>,
}

/// A search: an event happens when a resource that it finds is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trigger {
    pub(super) resource_type: String,
    pub(super) query: Vec<(String, String)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    topic: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    title: String,
    on: Vec<On>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct On {
    #[serde(rename = "type")]
    resource_type: String,
    #[serde(default)]
    query: String,
}

impl From<Entry> for SubscriptionTopic {
    fn from(entry: Entry) -> Self {
        let trigger = |on: On| Trigger {
            query: url::pairs(&on.query).unwrap_or_default(),
            resource_type: on.resource_type,
        };
        Self {
            url: format!("{BASE}{}", entry.name),
            title: entry.title,
            triggers: entry.on.into_iter().map(trigger).collect(),
        }
    }
}

/// All topics.
pub fn subscription_topics() -> &'static [SubscriptionTopic] {
    &TOPICS
}

/// The topic of a canonical URL.
pub(super) fn find(canonical: &str) -> Option<&'static SubscriptionTopic> {
    TOPICS.iter().find(|topic| topic.url == canonical)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_topic_is_a_search_of_r4() {
        let file: File = toml::from_str(include_str!("topics.toml")).unwrap();
        assert_eq!(file.topic.len(), TOPICS.len());
        for on in file.topic.iter().flat_map(|topic| &topic.on) {
            assert!(fhir::resource_type(&on.resource_type).is_some());
            for (name, value) in url::pairs(&on.query).unwrap() {
                assert!(fhir::search::parameter(&on.resource_type, &name).is_some());
                assert!(!value.is_empty(), "{name}");
            }
        }
        let urls: BTreeSet<&str> = TOPICS.iter().map(|topic| topic.url.as_str()).collect();
        assert_eq!(urls.len(), TOPICS.len(), "each has a URL of its own");
        assert!(find(&TOPICS[0].url).is_some() && find("https://schakel.example/x").is_none());
    }
}
