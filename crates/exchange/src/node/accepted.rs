//! What is taken of the answer of one source.

use std::collections::{HashMap, HashSet};

use care::{AccessContext, Ura};
use fhir::Resource;
use jiff::Timestamp;

use super::own_door::bsn_of;
use crate::record::SourcedResource;

/// The most resources that are taken from one source.
pub const RESOURCES_PER_SOURCE_MAX: usize = 20_000;

/// Whether there is anything but who the patient is, and what comes with that.
pub(super) fn says_something(resources: &[SourcedResource]) -> bool {
    resources
        .iter()
        .any(|sourced| !sourced.included && sourced.resource.resource_type() != "Patient")
}

/// The resources of one source, each once, up to the limit; none of them when
/// the source answered about somebody else. The flag says whether all fitted.
pub(super) fn accepted(
    cx: &AccessContext,
    source: Ura,
    resources: Vec<(Resource, bool)>,
    received: Timestamp,
) -> Option<(Vec<SourcedResource>, bool)> {
    let mut seen: HashSet<(&'static str, String)> = HashSet::new();
    let mut places: HashMap<(&'static str, String), usize> = HashMap::new();
    let mut kept: Vec<SourcedResource> = Vec::new();
    for (resource, included) in resources {
        let resource_type = resource.resource_type();
        if resource_type == "Patient"
            && bsn_of(&resource).is_some_and(|bsn| cx.patient() != Some(&bsn))
        {
            return None;
        }
        let id = resource.id().unwrap_or_default().into_owned();
        let key = (resource_type, id);
        if !key.1.is_empty() && !seen.insert(key.clone()) {
            // What one search includes may be what another one asks for.
            if let (false, Some(place)) = (included, places.get(&key)) {
                kept[*place].included = false;
            }
            continue;
        }
        if kept.len() >= RESOURCES_PER_SOURCE_MAX {
            return Some((kept, false));
        }
        places.insert(key, kept.len());
        kept.push(SourcedResource {
            source,
            resource,
            included,
            received,
        });
    }
    Some((kept, true))
}

#[cfg(test)]
mod tests {
    use care::{Actor, Authenticated, Bsn, OrganisationType, Purpose, RequestId, Role};

    use super::*;

    #[expect(
        clippy::disallowed_methods,
        reason = "a test stands in for authentication"
    )]
    fn about(bsn: &str) -> AccessContext {
        AccessContext::from_authentication(Authenticated {
            actor: Actor {
                id: "x".into(),
                name: "X".into(),
                role: Role::Internist,
            },
            organisation: "3".parse().unwrap(),
            organisation_name: "Ziekenhuis Zuid".into(),
            organisation_type: OrganisationType::Hospital,
            purpose: Purpose::Treatment,
            patient: Some(Bsn::parse(bsn).unwrap()),
            exchange: None,
            treatment_relation: None,
            emergency_reason: None,
            request: RequestId("r".into()),
        })
    }

    fn flag(id: &str, included: bool) -> (Resource, bool) {
        let flag = fhir::value!({ "resourceType": "Flag", "id": id });
        (Resource::from_value(&flag).unwrap(), included)
    }

    fn taken(resources: Vec<(Resource, bool)>) -> Option<(Vec<SourcedResource>, bool)> {
        accepted(
            &about("999911119"),
            "1".parse().unwrap(),
            resources,
            Timestamp::UNIX_EPOCH,
        )
    }

    #[test]
    fn a_source_gives_a_limited_number_of_resources() {
        let flags = |count: usize| (0..count).map(|n| flag(&n.to_string(), false)).collect();
        let (kept, all) = taken(flags(RESOURCES_PER_SOURCE_MAX)).unwrap();
        assert!(kept.len() == RESOURCES_PER_SOURCE_MAX && all);
        let (kept, all) = taken(flags(RESOURCES_PER_SOURCE_MAX + 1)).unwrap();
        assert!(kept.len() == RESOURCES_PER_SOURCE_MAX && !all);
    }

    #[test]
    fn what_two_searches_find_is_there_once_and_as_a_match() {
        let (kept, _) = taken(vec![flag("a", true), flag("a", false), flag("a", true)]).unwrap();
        assert_eq!(
            kept.iter().map(|it| it.included).collect::<Vec<_>>(),
            [false]
        );
        // Without an id nobody can tell whether they are the same.
        let nameless = || {
            let flag = fhir::value!({ "resourceType": "Flag" });
            (Resource::from_value(&flag).unwrap(), false)
        };
        assert_eq!(taken(vec![nameless(), nameless()]).unwrap().0.len(), 2);
    }

    #[test]
    fn an_answer_about_another_patient_is_no_answer() {
        let patient = |bsn: &str| {
            let identifier = fhir::value!({ "system": (Bsn::SYSTEM), "value": bsn });
            let patient =
                fhir::value!({ "resourceType": "Patient", "id": "p", "identifier": [identifier] });
            (Resource::from_value(&patient).unwrap(), false)
        };
        assert!(taken(vec![flag("a", false), patient("999911119")]).is_some());
        assert!(taken(vec![flag("a", false), patient("999906276")]).is_none());
    }
}
