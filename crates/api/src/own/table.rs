//! The endpoints of an own door.

use fhir::FhirVersion;

use super::{
    Shared, access_log, bulk, bundle, capability, document, everything, explain_access, health,
    history, last_n, message, meta, patch, purge, read, regional_record, search, subscription,
    terminology, validate, write,
};
use crate::{
    base,
    route::{Credential, Route, route},
};

/// What a door has beside its FHIR bases: the state of the node, and messages.
pub(super) fn of_door() -> Vec<Route<Shared>> {
    use Credential::{Bearer, Nothing};
    vec![
        route("/health/live", Nothing).get(health::live),
        route("/health/ready", Nothing).get(health::ready),
        route("/messages/hl7v2", Bearer).post(message::hl7v2),
        route("/messages/edifact", Bearer).post(message::edifact),
    ]
}

/// What the FHIR base of a version has.
pub(super) fn of_base(version: FhirVersion) -> Vec<Route<Shared>> {
    let mut table = on_everything();
    table.extend(on_types());
    table.extend(on_resources());
    table.extend(terminology::routes(version));
    if version == FhirVersion::R4 {
        table.extend(of_region());
    }
    table.extend(subscription::routes(version));
    let base = base::path(version);
    table.into_iter().map(|route| route.below(base)).collect()
}

fn on_everything() -> Vec<Route<Shared>> {
    use Credential::{Bearer, Nothing};
    vec![
        route("/metadata", Nothing).get(capability::capability),
        route("", Bearer)
            .get(search::search_types)
            .post(bundle::bundle),
        route("/", Bearer).post(bundle::bundle),
        route("/_search", Bearer).post(search::search_types_in_body),
        route("/_history", Bearer).get(history::of_system),
        route("/$meta", Bearer).get(meta::of_system),
        route("/$export", Bearer)
            .get_or_post(bulk::of_system)
            .no_head(),
        route("/$export-status/{id}", Bearer)
            .get(bulk::state)
            .delete(bulk::remove),
        route("/$export-file/{job}/{file}", Bearer).get(bulk::file),
        route("/$import", Bearer).post(bulk::import),
    ]
}

fn on_types() -> Vec<Route<Shared>> {
    use Credential::Bearer;
    vec![
        route("/{type}", Bearer)
            .get(search::search)
            .post(write::create)
            .put(write::update_where)
            .patch(patch::patch_where)
            .delete(write::delete_where),
        route("/{type}/_search", Bearer).post(search::search_in_body),
        route("/{type}/_history", Bearer).get(history::of_type),
        route("/{type}/$validate", Bearer).post(validate::of_type),
        route("/{type}/$meta", Bearer).get(meta::of_type),
        route("/Observation/$lastn", Bearer).get_or_post(last_n::last_n),
        route("/Patient/$export", Bearer)
            .get_or_post(bulk::of_patients)
            .no_head(),
    ]
}

fn on_resources() -> Vec<Route<Shared>> {
    use Credential::Bearer;
    vec![
        route("/{type}/{id}", Bearer)
            .get(read::read)
            .put(write::update)
            .patch(patch::patch)
            .delete(write::delete),
        route("/{type}/{id}/_history", Bearer).get(history::of_instance),
        route("/{type}/{id}/_history/{version}", Bearer).get(read::read_version),
        route("/{type}/{id}/$validate", Bearer)
            .get(validate::of_stored)
            .post(validate::of_instance),
        route("/{type}/{id}/$meta", Bearer).get(meta::meta),
        route("/{type}/{id}/_history/{version}/$meta", Bearer).get(meta::meta_of_version),
        route("/{type}/{id}/$meta-add", Bearer).post(meta::meta_add),
        route("/{type}/{id}/$meta-delete", Bearer).post(meta::meta_delete),
        route("/Patient/{id}/$everything", Bearer).get_or_post(everything::everything),
        route("/Patient/{id}/$purge", Bearer).post(purge::purge),
        route("/Composition/{id}/$document", Bearer).get(document::document),
        route("/Group/{id}/$export", Bearer)
            .get_or_post(bulk::of_group)
            .no_head(),
    ]
}

/// What asks the region, or tells about it: between nodes R4 is spoken.
fn of_region() -> Vec<Route<Shared>> {
    use Credential::Bearer;
    vec![
        route("/$regional-record", Bearer).post(regional_record::regional_record),
        route("/$access-log", Bearer).post(access_log::access_log),
        route("/$explain-access", Bearer).post(explain_access::explain_access),
    ]
}
