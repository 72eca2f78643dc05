//! Per resource type: where its title, its date and its details stand.

use super::model::FieldName;

/// A path of element names.
pub(super) type Path = &'static [&'static str];

/// Where things stand in one resource type.
pub(super) struct Details {
    /// What it is about: the first that says something.
    pub(super) titles: &'static [Path],
    /// When: the first that is there.
    pub(super) dates: &'static [Path],
    /// Details: name, and the first path that says something.
    pub(super) fields: &'static [(FieldName, &'static [Path])],
}

/// The places for a type; what no line names gets the places most types use.
pub(super) fn of(resource_type: &str) -> &'static Details {
    TYPES
        .iter()
        .find(|(name, _)| *name == resource_type)
        .map_or(&ANY, |(_, details)| details)
}

const NOTE: (FieldName, &[Path]) = (FieldName::Note, &[&["note"]]);

const ANY: Details = Details {
    titles: &[
        &["code"],
        &["type"],
        &["category"],
        &["name"],
        &["title"],
        &["description"],
    ],
    dates: &[
        &["date"],
        &["dateTime"],
        &["authoredOn"],
        &["created"],
        &["issued"],
        &["recorded"],
        &["period", "start"],
    ],
    fields: &[(FieldName::Description, &[&["description"]]), NOTE],
};

const TYPES: &[(&str, Details)] = &[
    (
        "Patient",
        Details {
            titles: &[&["name"]],
            dates: &[],
            fields: &[
                (FieldName::BirthDate, &[&["birthDate"]]),
                (FieldName::Gender, &[&["gender"]]),
                (
                    FieldName::Deceased,
                    &[&["deceasedDateTime"], &["deceasedBoolean"]],
                ),
                (FieldName::Address, &[&["address"]]),
                (FieldName::Telecom, &[&["telecom"]]),
                (FieldName::Author, &[&["generalPractitioner"]]),
                (FieldName::Organisation, &[&["managingOrganization"]]),
            ],
        },
    ),
    (
        "RelatedPerson",
        Details {
            titles: &[&["name"], &["relationship"]],
            dates: &[&["period", "start"]],
            fields: &[
                (FieldName::Relationship, &[&["relationship"]]),
                (FieldName::Telecom, &[&["telecom"]]),
                (FieldName::Address, &[&["address"]]),
            ],
        },
    ),
    (
        "Coverage",
        Details {
            titles: &[&["type"], &["payor"]],
            dates: &[&["period", "start"]],
            fields: &[
                (FieldName::Organisation, &[&["payor"]]),
                (FieldName::End, &[&["period", "end"]]),
            ],
        },
    ),
    (
        "Flag",
        Details {
            titles: &[&["code"]],
            dates: &[&["period", "start"]],
            fields: &[
                (FieldName::Category, &[&["category"]]),
                (FieldName::Start, &[&["period", "start"]]),
                (FieldName::End, &[&["period", "end"]]),
                (FieldName::Author, &[&["author"]]),
            ],
        },
    ),
    (
        "AllergyIntolerance",
        Details {
            titles: &[&["code"], &["reaction", "substance"]],
            dates: &[
                &["onsetDateTime"],
                &["onsetPeriod", "start"],
                &["recordedDate"],
                &["lastOccurrence"],
            ],
            fields: &[
                (FieldName::Status, &[&["clinicalStatus"]]),
                (FieldName::Verification, &[&["verificationStatus"]]),
                (FieldName::Criticality, &[&["criticality"]]),
                (FieldName::Severity, &[&["reaction", "severity"]]),
                (
                    FieldName::Reaction,
                    &[&["reaction", "manifestation"], &["reaction", "description"]],
                ),
                (FieldName::Category, &[&["category"]]),
                (
                    FieldName::Start,
                    &[&["onsetDateTime"], &["onsetPeriod", "start"]],
                ),
                (FieldName::Author, &[&["asserter"], &["recorder"]]),
                NOTE,
            ],
        },
    ),
    (
        "Consent",
        Details {
            titles: &[&["provision", "code"], &["category"], &["scope"]],
            dates: &[&["dateTime"], &["provision", "period", "start"]],
            fields: &[
                (FieldName::Category, &[&["category"]]),
                (FieldName::Description, &[&["provision", "type"]]),
                (FieldName::End, &[&["provision", "period", "end"]]),
                (FieldName::Author, &[&["performer"]]),
                (FieldName::Organisation, &[&["organization"]]),
                (
                    FieldName::Note,
                    &[&["policyRule"], &["sourceAttachment", "title"]],
                ),
            ],
        },
    ),
    (
        "Condition",
        Details {
            titles: &[&["code"]],
            dates: &[
                &["onsetDateTime"],
                &["onsetPeriod", "start"],
                &["recordedDate"],
            ],
            fields: &[
                (FieldName::Status, &[&["clinicalStatus"]]),
                (FieldName::Verification, &[&["verificationStatus"]]),
                (FieldName::Severity, &[&["severity"]]),
                (
                    FieldName::Start,
                    &[&["onsetDateTime"], &["onsetPeriod", "start"]],
                ),
                (
                    FieldName::End,
                    &[&["abatementDateTime"], &["abatementPeriod", "end"]],
                ),
                (FieldName::BodySite, &[&["bodySite"]]),
                (FieldName::Category, &[&["category"]]),
                (FieldName::Author, &[&["asserter"], &["recorder"]]),
                NOTE,
            ],
        },
    ),
    (
        "MedicationRequest",
        Details {
            titles: &[&["medicationCodeableConcept"]],
            dates: &[&["authoredOn"]],
            fields: &[
                (FieldName::Reason, &[&["reasonCode"], &["statusReason"]]),
                (FieldName::Category, &[&["category"]]),
                (FieldName::Date, &[&["authoredOn"]]),
                (FieldName::Author, &[&["requester"]]),
                NOTE,
            ],
        },
    ),
    (
        "MedicationDispense",
        Details {
            titles: &[&["medicationCodeableConcept"]],
            dates: &[&["whenHandedOver"], &["whenPrepared"]],
            fields: &[
                (FieldName::Quantity, &[&["quantity"]]),
                (FieldName::Category, &[&["category"]]),
                (FieldName::Date, &[&["whenHandedOver"], &["whenPrepared"]]),
                (FieldName::Performer, &[&["performer", "actor"]]),
                NOTE,
            ],
        },
    ),
    (
        "MedicationStatement",
        Details {
            titles: &[&["medicationCodeableConcept"]],
            dates: &[
                &["effectiveDateTime"],
                &["effectivePeriod", "start"],
                &["dateAsserted"],
            ],
            fields: &[
                (FieldName::Reason, &[&["reasonCode"], &["statusReason"]]),
                (FieldName::Category, &[&["category"]]),
                (FieldName::Author, &[&["informationSource"]]),
                NOTE,
            ],
        },
    ),
    (
        "MedicationAdministration",
        Details {
            titles: &[&["medicationCodeableConcept"]],
            dates: &[&["effectiveDateTime"], &["effectivePeriod", "start"]],
            fields: &[
                (FieldName::Reason, &[&["reasonCode"], &["statusReason"]]),
                (FieldName::Category, &[&["category"]]),
                (FieldName::Performer, &[&["performer", "actor"]]),
                NOTE,
            ],
        },
    ),
    (
        "Observation",
        Details {
            titles: &[&["code"]],
            dates: &[
                &["effectiveDateTime"],
                &["effectivePeriod", "start"],
                &["effectiveInstant"],
                &["issued"],
            ],
            fields: &[
                (FieldName::Category, &[&["category"]]),
                (FieldName::Method, &[&["method"]]),
                (FieldName::BodySite, &[&["bodySite"]]),
                (FieldName::Performer, &[&["performer"]]),
                NOTE,
            ],
        },
    ),
    (
        "DiagnosticReport",
        Details {
            titles: &[&["code"]],
            dates: &[
                &["effectiveDateTime"],
                &["effectivePeriod", "start"],
                &["issued"],
            ],
            fields: &[
                (FieldName::Category, &[&["category"]]),
                (
                    FieldName::Date,
                    &[&["effectiveDateTime"], &["effectivePeriod", "start"]],
                ),
                (FieldName::Performer, &[&["performer"]]),
                (
                    FieldName::Conclusion,
                    &[&["conclusion"], &["conclusionCode"]],
                ),
            ],
        },
    ),
    (
        "NutritionOrder",
        Details {
            titles: &[
                &["oralDiet", "type"],
                &["excludeFoodModifier"],
                &["foodPreferenceModifier"],
            ],
            dates: &[&["dateTime"]],
            fields: &[(FieldName::Author, &[&["orderer"]]), NOTE],
        },
    ),
    (
        "Immunization",
        Details {
            titles: &[&["vaccineCode"]],
            dates: &[&["occurrenceDateTime"], &["recorded"]],
            fields: &[
                (
                    FieldName::Date,
                    &[&["occurrenceDateTime"], &["occurrenceString"]],
                ),
                (FieldName::Dose, &[&["doseQuantity"]]),
                (FieldName::Route, &[&["route"]]),
                (FieldName::BodySite, &[&["site"]]),
                (FieldName::Lot, &[&["lotNumber"]]),
                (FieldName::Performer, &[&["performer", "actor"]]),
                NOTE,
            ],
        },
    ),
    (
        "Procedure",
        Details {
            titles: &[&["code"]],
            dates: &[&["performedDateTime"], &["performedPeriod", "start"]],
            fields: &[
                (
                    FieldName::Date,
                    &[
                        &["performedDateTime"],
                        &["performedPeriod", "start"],
                        &["performedString"],
                    ],
                ),
                (FieldName::End, &[&["performedPeriod", "end"]]),
                (FieldName::BodySite, &[&["bodySite"]]),
                (FieldName::Reason, &[&["reasonCode"]]),
                (FieldName::Performer, &[&["performer", "actor"]]),
                NOTE,
            ],
        },
    ),
    (
        "Encounter",
        Details {
            titles: &[&["type"], &["class"], &["reasonCode"]],
            dates: &[&["period", "start"]],
            fields: &[
                (FieldName::Category, &[&["class"]]),
                (FieldName::Start, &[&["period", "start"]]),
                (FieldName::End, &[&["period", "end"]]),
                (FieldName::Reason, &[&["reasonCode"], &["reasonReference"]]),
                (FieldName::Performer, &[&["participant", "individual"]]),
                (FieldName::Organisation, &[&["serviceProvider"]]),
                (FieldName::Place, &[&["location", "location"]]),
            ],
        },
    ),
    (
        "EpisodeOfCare",
        Details {
            titles: &[&["type"], &["diagnosis", "condition"]],
            dates: &[&["period", "start"]],
            fields: &[
                (FieldName::Start, &[&["period", "start"]]),
                (FieldName::End, &[&["period", "end"]]),
                (FieldName::Reason, &[&["diagnosis", "condition"]]),
                (FieldName::Performer, &[&["careManager"]]),
                (FieldName::Organisation, &[&["managingOrganization"]]),
            ],
        },
    ),
    (
        "DeviceUseStatement",
        Details {
            titles: &[&["device"]],
            dates: &[
                &["timingPeriod", "start"],
                &["timingDateTime"],
                &["recordedOn"],
            ],
            fields: &[
                (FieldName::Reason, &[&["reasonCode"]]),
                (FieldName::BodySite, &[&["bodySite"]]),
                NOTE,
            ],
        },
    ),
    (
        "CarePlan",
        Details {
            titles: &[&["title"], &["category"], &["description"]],
            dates: &[&["period", "start"], &["created"]],
            fields: &[
                (FieldName::Start, &[&["period", "start"]]),
                (FieldName::End, &[&["period", "end"]]),
                (FieldName::Description, &[&["description"]]),
                (FieldName::Author, &[&["author"]]),
                NOTE,
            ],
        },
    ),
    (
        "CareTeam",
        Details {
            titles: &[&["name"], &["category"]],
            dates: &[&["period", "start"]],
            fields: &[
                (FieldName::Performer, &[&["participant", "member"]]),
                (FieldName::Organisation, &[&["managingOrganization"]]),
                NOTE,
            ],
        },
    ),
    (
        "Goal",
        Details {
            titles: &[&["description"]],
            dates: &[&["startDate"], &["statusDate"]],
            fields: &[
                (FieldName::Status, &[&["lifecycleStatus"]]),
                (FieldName::Start, &[&["startDate"]]),
                NOTE,
            ],
        },
    ),
    (
        "ServiceRequest",
        Details {
            titles: &[&["code"], &["category"]],
            dates: &[
                &["occurrenceDateTime"],
                &["occurrencePeriod", "start"],
                &["authoredOn"],
            ],
            fields: &[
                (
                    FieldName::Date,
                    &[&["occurrenceDateTime"], &["occurrencePeriod", "start"]],
                ),
                (FieldName::Reason, &[&["reasonCode"]]),
                (FieldName::Author, &[&["requester"]]),
                (FieldName::Performer, &[&["performer"]]),
                NOTE,
            ],
        },
    ),
    (
        "DeviceRequest",
        Details {
            titles: &[&["codeCodeableConcept"], &["codeReference"]],
            dates: &[&["authoredOn"]],
            fields: &[(FieldName::Author, &[&["requester"]]), NOTE],
        },
    ),
    (
        "ImmunizationRecommendation",
        Details {
            titles: &[
                &["recommendation", "vaccineCode"],
                &["recommendation", "targetDisease"],
            ],
            dates: &[&["recommendation", "dateCriterion", "value"], &["date"]],
            fields: &[(FieldName::Status, &[&["recommendation", "forecastStatus"]])],
        },
    ),
    (
        "Appointment",
        Details {
            titles: &[
                &["description"],
                &["serviceType"],
                &["appointmentType"],
                &["reasonCode"],
            ],
            dates: &[&["start"], &["created"]],
            fields: &[
                (FieldName::Start, &[&["start"]]),
                (FieldName::End, &[&["end"]]),
                (FieldName::Performer, &[&["participant", "actor"]]),
            ],
        },
    ),
    (
        "Organization",
        Details {
            titles: &[&["name"], &["type"]],
            dates: &[],
            fields: &[
                (FieldName::Telecom, &[&["telecom"]]),
                (FieldName::Address, &[&["address"]]),
            ],
        },
    ),
    (
        "Practitioner",
        Details {
            titles: &[&["name"]],
            dates: &[],
            fields: &[],
        },
    ),
    (
        "PractitionerRole",
        Details {
            titles: &[&["practitioner"], &["code"], &["organization"]],
            dates: &[],
            fields: &[
                (FieldName::Category, &[&["specialty"], &["code"]]),
                (FieldName::Organisation, &[&["organization"]]),
            ],
        },
    ),
    (
        "Location",
        Details {
            titles: &[&["name"], &["type"]],
            dates: &[],
            fields: &[],
        },
    ),
    (
        "Provenance",
        Details {
            titles: &[&["activity"]],
            dates: &[&["occurredDateTime"], &["recorded"]],
            fields: &[(FieldName::Author, &[&["agent", "who"]])],
        },
    ),
    (
        "Specimen",
        Details {
            titles: &[&["type"]],
            dates: &[&["collection", "collectedDateTime"], &["receivedTime"]],
            fields: &[(FieldName::BodySite, &[&["collection", "bodySite"]]), NOTE],
        },
    ),
];
