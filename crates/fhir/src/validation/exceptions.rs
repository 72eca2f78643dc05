//! Errors in examples that others wrote which are errors, and why.

use crate::conformance::{Exception, exception};

/// In the official examples of R4.
pub(super) const R4: &[Exception] = &[
    exception(
        &["[extension]", "StructureDefinition/translation"],
        200,
        "defined for texts, used at a concept of an expansion, more often than is reported",
    ),
    exception(
        &["more than 200 errors"],
        1,
        "the same Bundle, Bundle-valueset-expansions",
    ),
    exception(&["[bundle]", "a fullUrl must end in"], 18, "the ids differ"),
    exception(
        &["[bdl-7]", "Bundle-dataelements.json"],
        1,
        "has entries with the same fullUrl",
    ),
    exception(&["[shape]", ".text.div"], 4, "the narrative has no content"),
    exception(
        &["[shape]", "linkId"],
        32,
        "Questionnaire qs1 has items without linkId",
    ),
    exception(&["[shape]", "ImplementationGuide.name"], 2, "it has none"),
    exception(&["[shape]", "ImplementationGuide.status"], 2, "it has none"),
    exception(
        &["[shape]", "SearchParameter.base"],
        10,
        "parameters of extensions have none",
    ),
    exception(
        &["[shape]", "SearchParameter.id"],
        1,
        "longer than 64 characters",
    ),
    exception(
        &["[sdf-4]", "StructureDefinition"],
        4,
        "logical models without a base",
    ),
    exception(
        &["[reference]", "DeviceMetric.parent"],
        1,
        "to a DeviceDefinition",
    ),
    exception(
        &["[reference]", "DeviceUseStatement.reasonReference"],
        1,
        "to a Procedure",
    ),
    exception(
        &["[reference]", "MedicationRequest.dispenseRequest.performer"],
        1,
        "to a Practitioner",
    ),
    exception(
        &["[reference]", "Observation.performer"],
        1,
        "to an Encounter",
    ),
];

/// In the official examples of STU3.
pub(super) const STU3: &[Exception] = &[
    exception(
        &["[extension]", "valueset-comments"],
        14,
        "defined for value sets, used in a code system",
    ),
    exception(
        &["[bundle]", "a fullUrl must end in"],
        4,
        "the ids or the types differ",
    ),
    exception(&["[shape]", ".text.div"], 3, "the narrative has no content"),
    exception(
        &["[shape]", "linkId"],
        57,
        "Questionnaire qs1 has items without linkId",
    ),
    exception(
        &["[shape]", "ImplementationGuide-fhir.json"],
        2,
        "it has no name and no status",
    ),
    exception(&["ig-r4.json"], 5, "an ImplementationGuide of R4"),
    exception(
        &["[shape]", "SearchParameter.base"],
        12,
        "parameters of extensions have none",
    ),
    exception(
        &["[shape]", "StructureDefinition.type"],
        3,
        "logical models without a type",
    ),
    exception(
        &["[sdf-4]", "StructureDefinition"],
        3,
        "logical models without a base",
    ),
    exception(&["[dae-1]", "DataElement"], 11, "an element with a base"),
    exception(&["[dae-2]", "DataElement"], 3, "an element with slices"),
    exception(
        &[
            "[shape]",
            "DataElement-Identifier.system.json",
            "must be a URI",
        ],
        1,
        "two URIs with words between them",
    ),
    exception(
        &["[shape]", "Claim-960151.json", "v3-ActIncidentCode"],
        1,
        "a code of another code system",
    ),
    exception(
        &["[shape]", "DeviceRequest.intent"],
        2,
        "a code without its system",
    ),
    exception(
        &["[shape]", "PlanDefinition.action", "action-type"],
        6,
        "a code without its system",
    ),
    exception(
        &["[binding]", "DeviceComponent.languageCode"],
        2,
        "the code system has another URL",
    ),
    exception(
        &["[binding]", "Practitioner.communication"],
        3,
        "a code of another code system",
    ),
    exception(
        &["[binding]", "sibling-relationship-codes"],
        1,
        "a code without its system",
    ),
    exception(
        &["[binding]", "Questionnaire-qs1.json", "resource-types"],
        1,
        "`vitalsigns` is no type of resource",
    ),
    exception(
        &["[dom-1]", "Patient-null.json"],
        1,
        "something contained has a narrative",
    ),
];

/// In the examples of zib2020.
pub(super) const ZIB2020: &[Exception] = &[exception(
    &["nl-core-CareTeam-01.xml", "healthcareProfessional"],
    1,
    "has five health professionals where the profile allows one",
)];
