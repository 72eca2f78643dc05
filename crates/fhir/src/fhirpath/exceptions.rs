//! Cases of `fhirpath-js` that do not pass, and why.

use crate::conformance::{Exception, exception};

/// The parts: file and expression.
pub(super) const EXCEPTIONS: &[Exception] = &[
    exception(
        &[
            "5.1_existence.yaml",
            "Functions.collWithNullAndTrue.subsetOf(Functions.collWith2NullAndTrue)",
        ],
        1,
        "elements without a value differ when their ids do, here as elsewhere in these cases",
    ),
    exception(
        &[
            "5.1_existence.yaml",
            "Functions.collWith2NullAndTrue.supersetOf(Functions.collWithNullAndTrue)",
        ],
        1,
        "elements without a value differ when their ids do, here as elsewhere in these cases",
    ),
    exception(
        &[
            "5.8_tree_navigation.yaml",
            "Patient.children() = (Patient.birthDate | Patient.address | Patient.name | Patient.communication)",
        ],
        1,
        "`_address` beside a complex element is no FHIR",
    ),
    exception(
        &[
            "6.1_equality.yaml",
            "Bundle.entry[1].resource.name.given[0] = Bundle.entry[2].resource.name.given[0]",
        ],
        1,
        "two primitives without a value and with the same extensions are the same",
    ),
    exception(
        &["6.1_equality.yaml", "4 'g' !~ 4040 'mg'"],
        1,
        "testQuantity4 of the official suite wants the opposite",
    ),
    exception(
        &["6.1_equality.yaml", "4040 'mg' !~ 4 'g'"],
        1,
        "testQuantity4 of the official suite wants the opposite",
    ),
    exception(
        &[
            "6.2_comparision.yaml",
            "Observation.value.comparable(1 year)",
        ],
        1,
        "nothing is comparable with nothing: the result of a function on an empty input is empty",
    ),
    exception(
        &[
            "6.3_types.yaml",
            "Patient.contact.name.family.extension('http://hl7.org/fhir/StructureDefinition/humanname-own-prefix').url is System.String",
        ],
        1,
        "testType14 of the official suite: what is in a resource is of FHIR's types",
    ),
    exception(
        &["6.3_types.yaml", "Patient.id is System.String"],
        1,
        "testContainedId of the official suite wants an id",
    ),
    exception(
        &[
            "6.6_math.yaml",
            "(1 'a') / (1 year).toQuantity('seconds').toQuantity('s') = 1.0006849315068493",
        ],
        1,
        "the result is rounded to a binary fraction; decimals here are exact",
    ),
    exception(
        &[
            "6.6_math.yaml",
            "(1 year).toQuantity('seconds').toQuantity('s') / (1 'a') = 0.999315537303217",
        ],
        1,
        "the result is rounded to a binary fraction; decimals here are exact",
    ),
    exception(
        &[
            "6.6_math.yaml",
            "(1 'mo') / (1 year).toQuantity('seconds').toQuantity('s') = 0.08339041095890411",
        ],
        1,
        "the result is rounded to a binary fraction; decimals here are exact",
    ),
    exception(
        &[
            "6.6_math.yaml",
            "(1 year).toQuantity('seconds').toQuantity('s') / (1 'mo') = 11.991786447638603",
        ],
        1,
        "the result is rounded to a binary fraction; decimals here are exact",
    ),
    exception(
        &["6.6_math.yaml", "@2018-02-18T12:23:45-05:00 + 2 years"],
        1,
        "depends on the time zone of the machine; here the zone stays",
    ),
    exception(
        &["6.6_math.yaml", "@T23:59:23 + 1.5 's' = @T23:59:24.500"],
        1,
        "testPlusDate19 of the official suite cuts off the fraction of a UCUM second",
    ),
    exception(
        &["6.6_math.yaml", "@T23:59:23 - 1.5 's' = @T23:59:21.500"],
        1,
        "testPlusDate19 of the official suite cuts off the fraction of a UCUM second",
    ),
    exception(
        &["6.6_math.yaml", "@T23:59:60 + 1 minute = @T00:00:59"],
        1,
        "a leap second counts as the one after it, not as the one before",
    ),
    exception(
        &[
            "extensions.yaml",
            "Patient.communication.preferred.extension('test').value.id is System.String",
        ],
        1,
        "testType14 of the official suite: what is in a resource is of FHIR's types",
    ),
    exception(
        &["extensions.yaml", "Patient.address[1].id = 'someId'"],
        1,
        "`_address` beside a complex element is no FHIR",
    ),
    exception(
        &["simple.yaml", "Patient.name.exists(given)"],
        1,
        "a criterion with several items is an error in FHIRPath (singleton evaluation)",
    ),
    exception(
        &[
            "simple.yaml",
            "Patient.name.given.select($this.length) = Patient.name.given.select(length)",
        ],
        1,
        "`length` is a property of a JavaScript string; strings of FHIRPath have no elements",
    ),
    exception(
        &[
            "6.1_equality.yaml",
            "(%factory.date('2024-01-01', %factory.Extension('someExt', 'someString')) =\n %factory.date('2024-01-01', %factory.Extension('someExt', 'someString'))) |\n(%factory.date('2024-01-01', %factory.Extension('someExt', 'someString1')) =\n %factory.date('2024-01-01', %factory.Extension('someExt', 'someString2')))",
        ],
        1,
        "`=` compares the values of primitives, not what is said of them",
    ),
    exception(
        &[
            "6.2_comparision.yaml",
            "DiagnosticReport.issued < DiagnosticReport.effectiveDateTime",
        ],
        1,
        "testPolymorphicsB of the official suite wants an error for an element with its type in its name",
    ),
];
