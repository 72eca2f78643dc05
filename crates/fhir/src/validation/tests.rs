use super::{
    FINDINGS_MAX, Finding, PACKAGE_FILE_BYTES_MAX, Package, PackageError, Rule, Validator, outcome,
};
use crate::{FhirVersion, Resource};

/// A profile with a rule of every kind; only differentials.
const PROFILES: [&str; 4] = [
    r#"{"resourceType":"StructureDefinition","url":"urn:p:base","type":"Observation","kind":"resource",
    "derivation":"constraint","baseDefinition":"http://hl7.org/fhir/StructureDefinition/Observation",
    "differential":{"element":[
      {"id":"Observation","path":"Observation","constraint":[{"key":"own-1","severity":"error",
        "expression":"issued.exists() or value.exists()"}]},
      {"id":"Observation.category","path":"Observation.category","slicing":{"discriminator":[
        {"type":"value","path":"coding.system"}],"rules":"closed"},"min":1},
      {"id":"Observation.category:kind","path":"Observation.category","sliceName":"kind","min":1,"max":"1",
        "patternCodeableConcept":{"coding":[{"system":"urn:kind","code":"lab"}]}},
      {"id":"Observation.category:kind.coding.system","path":"Observation.category.coding.system",
        "min":1,"fixedUri":"urn:kind"},
      {"id":"Observation.code","path":"Observation.code","binding":{"strength":"required",
        "valueSet":"urn:vs:codes|1.0"}},
      {"id":"Observation.subject","path":"Observation.subject","min":1,"type":[{"code":"Reference",
        "targetProfile":["http://hl7.org/fhir/StructureDefinition/Patient"]}]},
      {"id":"Observation.value[x]","path":"Observation.value[x]","type":[{"code":"Quantity"},{"code":"string"}]},
      {"id":"Observation.value[x]:valueQuantity","path":"Observation.value[x]","sliceName":"valueQuantity",
        "type":[{"code":"Quantity","profile":["urn:p:quantity"]}]},
      {"id":"Observation.extension","path":"Observation.extension","slicing":{"discriminator":[
        {"type":"value","path":"url"}],"rules":"open"}},
      {"id":"Observation.extension:note","path":"Observation.extension","sliceName":"note","max":"1",
        "type":[{"code":"Extension","profile":["urn:x:note"]}]},
      {"id":"Observation.component","path":"Observation.component","slicing":{"discriminator":[
        {"type":"exists","path":"dataAbsentReason"}],"rules":"open"}},
      {"id":"Observation.component:absent","path":"Observation.component","sliceName":"absent","max":"1"},
      {"id":"Observation.component:absent.dataAbsentReason","path":"Observation.component.dataAbsentReason","min":1},
      {"id":"Observation.component:present","path":"Observation.component","sliceName":"present","max":"1"},
      {"id":"Observation.component:present.dataAbsentReason","path":"Observation.component.dataAbsentReason","max":"0"}
    ]}}"#,
    r#"{"resourceType":"StructureDefinition","url":"urn:p:derived","type":"Observation","kind":"resource",
    "derivation":"constraint","baseDefinition":"urn:p:base","differential":{"element":[
      {"id":"Observation.note","path":"Observation.note","max":"1"},
      {"id":"Observation.note.text","path":"Observation.note.text","maxLength":5}]}}"#,
    r#"{"resourceType":"StructureDefinition","url":"urn:p:quantity","type":"Quantity","kind":"complex-type",
    "derivation":"constraint","baseDefinition":"http://hl7.org/fhir/StructureDefinition/Quantity",
    "differential":{"element":[
      {"id":"Quantity.value","path":"Quantity.value","min":1,"minValueDecimal":0,"maxValueDecimal":10}]}}"#,
    r#"{"resourceType":"StructureDefinition","url":"urn:x:note","type":"Extension","kind":"complex-type",
    "derivation":"constraint","context":[{"type":"element","expression":"Observation"}],
    "baseDefinition":"http://hl7.org/fhir/StructureDefinition/Extension","differential":{"element":[
      {"id":"Extension.url","path":"Extension.url","fixedUri":"urn:x:note"},
      {"id":"Extension.value[x]","path":"Extension.value[x]","min":1,"type":[{"code":"string"}]}]}}"#,
];

const TERMS: [&str; 2] = [
    r#"{"resourceType":"ValueSet","url":"urn:vs:codes","compose":{"include":[{"system":"urn:codes",
    "filter":[{"property":"concept","op":"is-a","value":"a"}]}],"exclude":[{"system":"urn:codes",
    "concept":[{"code":"a2"}]}]}}"#,
    r#"{"resourceType":"CodeSystem","url":"urn:codes","content":"complete","concept":[
    {"code":"a","concept":[{"code":"a1"},{"code":"a2"}]},{"code":"b"}]}"#,
];

/// Right in every way.
const OBSERVATION: &str = r##"{"resourceType":"Observation","meta":{"profile":["urn:p:derived"]},
"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">x</div>"},
"contained":[{"resourceType":"Patient","id":"p"}],
"extension":[{"url":"urn:x:note","valueString":"n"}],"status":"final",
"category":[{"coding":[{"system":"urn:kind","code":"lab"}]}],
"code":{"coding":[{"system":"urn:codes","code":"a1"}]},"subject":{"reference":"#p"},
"performer":[{"reference":"Organization/1"}],
"valueQuantity":{"value":4.20,"system":"urn:s","code":"c"},"note":[{"text":"short"}],
"component":[{"code":{"text":"x"},"valueString":"y"},
{"code":{"text":"x"},"dataAbsentReason":{"text":"z"}}]}"##;

fn validator() -> Validator {
    let mut package = Package::new(FhirVersion::R4);
    for definition in PROFILES.iter().chain(&TERMS) {
        assert_eq!(package.add(definition.as_bytes()), Ok(true));
    }
    assert_eq!(package.len(), 6);
    Validator::new(FhirVersion::R4, vec![package])
}

fn errors(validator: &Validator, json: &str) -> Vec<String> {
    let resource = Resource::parse(json).expect("JSON of a resource");
    let mut lines: Vec<String> = validator
        .validate(&resource, &[])
        .iter()
        .filter(|finding| finding.is_error())
        .map(|finding| {
            let place = finding.issue.expression.as_deref().unwrap_or("-");
            format!("{}: {place}", finding.rule.name())
        })
        .collect();
    lines.sort();
    lines
}

#[test]
fn what_is_right_has_no_error() {
    assert_eq!(errors(&validator(), OBSERVATION), Vec::<String>::new());
}

#[test]
fn every_mutation_is_refused_by_the_rule_it_breaks() {
    let validator = validator();
    let mut faults = Vec::new();
    for (from, to, expected) in [
        (r#""status":"final","#, "", "shape: Observation.status"),
        (
            r#""status":"final""#,
            r#""status":"done""#,
            "shape: Observation.status",
        ),
        (
            r##""subject":{"reference":"#p"}"##,
            r##""focus":[{"reference":"#p"}]"##,
            "cardinality: Observation.subject",
        ),
        ("Organization/1", "#q", "ref-1: Observation"),
        (
            r##""subject":{"reference":"#p"}"##,
            r##""subject":{"reference":"Group/1"},"focus":[{"reference":"#p"}]"##,
            "reference: Observation.subject",
        ),
        (
            "Organization/1",
            "Medication/1",
            "reference: Observation.performer[0]",
        ),
        (
            r#""code":"lab""#,
            r#""code":"other""#,
            "value: Observation.category[0]",
        ),
        ("urn:kind", "urn:other", "slice: Observation.category"),
        (
            r#""category":[{"coding":[{"system":"urn:kind","code":"lab"}]}],"#,
            "",
            "slice: Observation.category",
        ),
        (
            r#""code":"a1""#,
            r#""code":"b""#,
            "binding: Observation.code",
        ),
        (
            r#""code":"a1""#,
            r#""code":"a2""#,
            "binding: Observation.code",
        ),
        (
            r#""code":"a1""#,
            r#""code":"zz""#,
            "binding: Observation.code",
        ),
        (
            r#""valueQuantity":{"value":4.20,"system":"urn:s","code":"c"}"#,
            r#""valueBoolean":true"#,
            "type: Observation.value",
        ),
        (
            r#""value":4.20,"#,
            "",
            "cardinality: Observation.value.value",
        ),
        ("4.20", "-0.01", "value: Observation.value.value"),
        ("4.20", "10.01", "value: Observation.value.value"),
        (r#","system":"urn:s""#, "", "qty-3: Observation.value"),
        (
            r#""valueQuantity":{"value":4.20,"system":"urn:s","code":"c"},"#,
            "",
            "own-1: Observation",
        ),
        (
            r#"[{"text":"short"}]"#,
            r#"[{"text":"longer"}]"#,
            "value: Observation.note[0].text",
        ),
        (
            r#"[{"text":"short"}]"#,
            r#"[{"text":"a"},{"text":"b"}]"#,
            "cardinality: Observation.note",
        ),
        (
            r#""valueString":"n""#,
            r#""valueCode":"n""#,
            "type: Observation.extension[0].value",
        ),
        (
            r#""valueString":"n"}]"#,
            r#""valueString":"n"},{"url":"urn:y"}]"#,
            "ext-1: Observation.extension[1]",
        ),
        (
            r#""extension":["#,
            r#""modifierExtension":["#,
            "extension: Observation.modifierExtension[0]",
        ),
        (
            r#""valueString":"n"}]"#,
            r#""valueString":"n"},{"url":"urn:x:note","valueString":"m"}]"#,
            "slice: Observation.extension",
        ),
        (
            r#""status":"final""#,
            r#""status":"final","_status":{"extension":[{"url":"urn:x:note","valueString":"n"}]}"#,
            "extension: Observation.status.extension[0]",
        ),
        (
            r#""dataAbsentReason":{"text":"z"}"#,
            r#""valueString":"z""#,
            "slice: Observation.component",
        ),
        (
            r#""id":"p""#,
            r#""id":"p","meta":{"versionId":"1"}"#,
            "dom-4: Observation",
        ),
        (
            r#"{"resourceType":"Patient","id":"p"}"#,
            r#"{"resourceType":"Patient","id":"p"},{"resourceType":"Patient","id":"r"}"#,
            "dom-3: Observation.contained[1]",
        ),
        (
            r#""urn:p:derived""#,
            r#""urn:p:derived","http://hl7.org/fhir/StructureDefinition/patient-birthPlace""#,
            "profile: Observation",
        ),
    ] {
        assert_eq!(OBSERVATION.matches(from).count(), 1, "{from}");
        let found = errors(&validator, &OBSERVATION.replace(from, to));
        // One mutation breaks one rule; a value in no slice leaves its slice short too.
        let is_expected = found.contains(&expected.to_owned());
        if !is_expected || found.len() > 1 && !expected.starts_with("slice") {
            faults.push(format!("{from} -> {to}\n  {expected}, not {found:?}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn bundles_are_whole() {
    let document = |reference: &str, url: &str| {
        format!(
            r#"{{"resourceType":"Bundle","type":"document","identifier":{{"system":"urn:s","value":"1"}},
            "timestamp":"2024-01-01T00:00:00Z","entry":[
            {{"fullUrl":"http://x.nl/Composition/c","resource":{{"resourceType":"Composition","id":"c",
            "status":"final","type":{{"text":"t"}},"date":"2024","title":"t","author":[{{"reference":"{reference}"}}]}}}},
            {{"fullUrl":"{url}","resource":{{"resourceType":"Practitioner","id":"a"}}}}]}}"#
        )
    };
    let validator = Validator::new(FhirVersion::R4, Vec::new());
    let practitioner = "http://x.nl/Practitioner/a";
    for (reference, url, expected) in [
        ("Practitioner/a", practitioner, &[][..]),
        (practitioner, practitioner, &[]),
        (
            "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0",
            practitioner,
            &["bundle: Bundle.entry[0]"],
        ),
        ("Practitioner/b", practitioner, &["bundle: Bundle.entry[0]"]),
        (
            "Practitioner/a",
            "http://x.nl/Practitioner/b",
            &["bundle: Bundle.entry[1].fullUrl"],
        ),
        (
            "Practitioner/a",
            "Practitioner/a",
            &["bundle: Bundle.entry[1].fullUrl"],
        ),
    ] {
        assert_eq!(
            errors(&validator, &document(reference, url)),
            expected,
            "{reference} {url}"
        );
    }
}

#[test]
fn a_profile_that_is_asked_for_must_be_at_hand() {
    let resource = Resource::parse(OBSERVATION.replace("urn:p:derived", "urn:p:missing"))
        .expect("JSON of a resource");
    let rules = |findings: Vec<Finding>| -> Vec<(bool, Rule)> {
        findings
            .into_iter()
            .map(|one| (one.is_error(), one.rule))
            .collect()
    };
    let validator = validator();
    let unknown = validator.validate(&resource, &[]);
    assert!(rules(unknown).contains(&(false, Rule::Profile)));
    let asked = validator.validate(&resource, &["urn:p:other"]);
    assert!(rules(asked).contains(&(true, Rule::Profile)));
    assert!(
        !validator
            .validate(&resource, &["urn:p:base|1.0"])
            .iter()
            .any(Finding::is_error)
    );
}

#[test]
fn versions_are_not_mixed() {
    let validator = Validator::new(FhirVersion::Stu3, vec![Package::new(FhirVersion::R4)]);
    assert!(validator.packages.is_empty());
    let patient = r#"{"resourceType":"Patient","animal":{"species":{"text":"cat"}}}"#;
    let stu3 = Resource::parse_in(FhirVersion::Stu3, patient).expect("a resource of STU3");
    assert!(!validator.validate(&stu3, &[]).iter().any(Finding::is_error));
    let r4 = Resource::parse(patient).expect("a resource of R4");
    assert!(validator.validate(&r4, &[]).iter().any(Finding::is_error));
}

#[test]
fn findings_stop_at_the_limit() {
    let with = |count: usize, extension: &str| {
        let extensions = vec![extension; count].join(",");
        let json = format!(
            r#"{{"resourceType":"Basic","code":{{"text":"x"}},"extension":[{extensions}]}}"#
        );
        let resource = Resource::parse(json).expect("a resource");
        let findings = Validator::new(FhirVersion::R4, Vec::new()).validate(&resource, &[]);
        let errors = findings.iter().filter(|one| one.is_error()).count();
        (errors, findings.len() - errors)
    };
    let unknown = r#"{"url":"urn:unknown","valueCode":"x"}"#;
    // Rule dom-6 warns that there is no narrative.
    assert_eq!(with(FINDINGS_MAX - 1, unknown), (0, FINDINGS_MAX));
    assert_eq!(with(FINDINGS_MAX, unknown), (0, FINDINGS_MAX + 1));
    assert_eq!(with(FINDINGS_MAX * 2, unknown), (0, FINDINGS_MAX + 1));
    // Rule ext-1: a value, or extensions.
    let empty = r#"{"url":"nothing"}"#;
    assert_eq!(with(FINDINGS_MAX, empty), (FINDINGS_MAX, 1));
    assert_eq!(with(FINDINGS_MAX + 1, empty), (FINDINGS_MAX + 1, 1));
    assert_eq!(with(FINDINGS_MAX * 2, empty), (FINDINGS_MAX + 1, 1));
}

#[test]
fn files_of_packages_stop_at_the_limit() {
    let mut package = Package::new(FhirVersion::R4);
    let mut bytes = vec![b' '; PACKAGE_FILE_BYTES_MAX];
    assert!(matches!(
        package.add(&bytes),
        Err(PackageError::Unreadable(_))
    ));
    bytes.push(b' ');
    assert_eq!(package.add(&bytes), Err(PackageError::TooLong));
    assert_eq!(package.add(br#"{"name":"package.json"}"#), Ok(false));
    assert!(package.is_empty());
}

#[test]
fn an_outcome_tells_what_was_found() {
    let validator = validator();
    let resource = Resource::parse(OBSERVATION.replace("\"a1\"", "\"b\"")).expect("a resource");
    let findings = validator.validate(&resource, &[]);
    let text = outcome(&findings).to_pretty();
    assert!(
        text.contains("must have a code of the value set urn:vs:codes"),
        "{text}"
    );
    assert!(text.contains("\"text\": \"urn:codes|b\""), "{text}");
}
