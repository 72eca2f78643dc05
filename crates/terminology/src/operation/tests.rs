//! Questions to a made-up edition, a code system, value sets and maps.

use std::sync::Arc;

use fhir::{FhirVersion, Resource, structure};

use super::*;
use crate::definitions::{Definitions, built_in};
use crate::load::rf2::tests::edition;

const RESOURCES: [&str; 8] = [
    r#"{"resourceType":"CodeSystem","url":"urn:fruit","version":"2","content":"complete","status":"active",
    "concept":[{"code":"fruit","display":"Fruit","concept":[
      {"code":"apple","display":"Apple","definition":"Grows on trees","designation":[{"language":"nl","value":"Appel"}]},
      {"code":"pear","display":"Pear","property":[{"code":"inactive","valueBoolean":true}]}]},
     {"code":"group","property":[{"code":"notSelectable","valueBoolean":true}]}]}"#,
    r#"{"resourceType":"CodeSystem","url":"urn:part","content":"fragment","status":"active",
    "concept":[{"code":"a","display":"A"}]}"#,
    r#"{"resourceType":"ValueSet","url":"urn:vs:fruit","status":"active","compose":{"include":[
      {"system":"urn:fruit","filter":[{"property":"concept","op":"is-a","value":"fruit"}]}],
      "exclude":[{"system":"urn:fruit","concept":[{"code":"fruit"}]}]}}"#,
    r#"{"resourceType":"ValueSet","url":"urn:vs:mixed","status":"active","compose":{"include":[
      {"system":"urn:elsewhere","concept":[{"code":"z","display":"Zed"},{"code":"y"}]},
      {"valueSet":["urn:vs:fruit"]}]}}"#,
    r#"{"resourceType":"ValueSet","url":"urn:vs:part","status":"active","compose":{"include":[
      {"system":"urn:part"}]}}"#,
    r#"{"resourceType":"ValueSet","url":"urn:vs:lost","status":"active","compose":{"include":[
      {"valueSet":["urn:vs:nowhere"]}]}}"#,
    r#"{"resourceType":"ConceptMap","url":"urn:map","status":"active","group":[
      {"source":"urn:fruit","target":"urn:part","element":[
        {"code":"apple","target":[{"code":"a","display":"A","equivalence":"wider"}]},
        {"code":"pear","target":[{"equivalence":"unmatched"}]}],
       "unmapped":{"mode":"other-map","url":"urn:map:rest"}}]}"#,
    r#"{"resourceType":"ConceptMap","url":"urn:map:rest","status":"active","group":[
      {"source":"urn:fruit","target":"urn:part","element":[],"unmapped":{"mode":"fixed","code":"other"}},
      {"source":"urn:circle","target":"urn:part","element":[],"unmapped":{"mode":"other-map","url":"urn:map:rest"}}]}"#,
];

fn loaded() -> Arc<Definitions> {
    let mut definitions = Definitions::over(built_in());
    for json in RESOURCES {
        assert!(
            definitions.add(Document::parse(json).expect("JSON")),
            "{json}"
        );
    }
    definitions.add_release(Arc::new(edition().load().expect("right")));
    Arc::new(definitions)
}

/// The answer to a question with a query, in short: what the parameters say, or the
/// codes of an expansion, or the reason of a refusal.
fn ask(operation: Operation, of: Kind, query: &[(&str, &str)]) -> String {
    let pairs: Vec<(String, String)> = query
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    ask_with(operation, of, &Inputs::of_query(&pairs))
}

fn ask_with(operation: Operation, of: Kind, inputs: &Inputs) -> String {
    let question = Question {
        operation,
        of,
        instance: None,
        inputs,
        now: "2026-01-01T00:00:00Z",
    };
    match answer(&Session::closed(loaded()), &question) {
        Ok(answer) => {
            let resource = Resource::from_value(&answer).expect("a resource");
            assert_eq!(structure::check(&resource), [], "{answer:?}");
            short(&answer)
        }
        Err(refusal) => format!("{:?}: {}", refusal.kind, refusal.issue.text),
    }
}

fn short(answer: &Value) -> String {
    if let Some(expansion) = answer.get("expansion") {
        let total = expansion
            .get("total")
            .and_then(Value::as_number)
            .unwrap_or("?");
        let contains = expansion.get("contains").map_or(&[][..], Value::items);
        return format!("{total}:{}", codes(contains));
    }
    let parameters = answer.get("parameter").map_or(&[][..], Value::items);
    parameters.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn one(parameter: &Value) -> String {
    let name = parameter.text("name").unwrap_or_default();
    let parts = parameter.get("part").map_or(&[][..], Value::items);
    if !parts.is_empty() {
        let inside: Vec<String> = parts.iter().map(one).collect();
        return format!("{name}({})", inside.join(" "));
    }
    let value = parameter
        .members()
        .iter()
        .find(|(name, _)| name.starts_with("value"));
    let value = value.map_or(String::new(), |(_, value)| {
        let bytes = value.to_bytes();
        String::from_utf8_lossy(&bytes).replace('"', "")
    });
    format!("{name}={value}")
}

fn codes(contains: &[Value]) -> String {
    let code = |one: &Value| {
        let below = one.get("contains").map_or(&[][..], Value::items);
        let below = if below.is_empty() {
            String::new()
        } else {
            format!("[{}]", codes(below))
        };
        let display = one.text("display").unwrap_or("-");
        format!(" {}={display}{below}", one.text("code").unwrap_or("-"))
    };
    contains.iter().map(code).collect()
}

#[test]
fn a_code_is_looked_up() {
    let check = |query: &[(&str, &str)], expected: &str| {
        assert_eq!(
            ask(Operation::Lookup, Kind::CodeSystem, query),
            expected,
            "{query:?}"
        );
    };
    check(
        &[
            ("system", "urn:fruit"),
            ("code", "apple"),
            ("displayLanguage", "nl"),
        ],
        "name=urn:fruit; version=2; display=Appel; \
         designation(language=en value=Apple); designation(language=nl \
         use={system:http://snomed.info/sct,code:900000000000013009,display:Synonym} value=Appel); \
         property(code=definition value=Grows on trees); property(code=inactive value=false); \
         property(code=parent value=fruit description=Fruit)",
    );
    check(
        &[
            ("system", "urn:fruit"),
            ("code", "fruit"),
            ("property", "child"),
        ],
        "name=urn:fruit; version=2; display=Fruit; \
         property(code=child value=apple description=Apple); \
         property(code=child value=pear description=Pear)",
    );
    check(
        &[("system", "urn:fruit"), ("code", "kiwi")],
        "NotFound: the code system urn:fruit has no such code",
    );
    check(
        &[("system", "urn:part"), ("code", "b")],
        "CannotTell: only a part of the code system urn:part is at hand, and the code is not in it",
    );
    check(
        &[("system", "urn:nowhere"), ("code", "b")],
        "NotFound: the code system urn:nowhere is not at hand",
    );
    check(
        &[("code", "b")],
        "Invalid: the system of the code is needed",
    );
    check(
        &[
            ("system", "urn:fruit"),
            ("code", "apple"),
            ("property", "taste"),
        ],
        "Invalid: the code system urn:fruit has no such property",
    );
    check(
        &[("system", "urn:fruit"), ("code", "apple"), ("date", "2026")],
        "Invalid: a parameter is unknown, not supported, or given twice",
    );
    let edition = edition();
    let found = ask(
        Operation::Lookup,
        Kind::CodeSystem,
        &[
            ("system", "http://snomed.info/sct"),
            ("code", &edition.codes[3]),
            ("displayLanguage", "nl"),
        ],
    );
    let site = format!(
        "property(code={} value={} description=Wortel)",
        edition.codes[7], edition.codes[6]
    );
    assert!(
        found.contains("display=Rotte wortel") && found.contains(&site),
        "{found}"
    );
}

#[test]
fn codes_are_held_against_systems_and_value_sets() {
    let check = |of: Kind, query: &[(&str, &str)], expected: &str| {
        assert_eq!(
            ask(Operation::ValidateCode, of, query),
            expected,
            "{query:?}"
        );
    };
    let system = Kind::CodeSystem;
    check(
        system,
        &[("url", "urn:fruit"), ("code", "apple")],
        "result=true; display=Apple",
    );
    check(
        system,
        &[
            ("url", "urn:fruit"),
            ("code", "apple"),
            ("display", " appel "),
        ],
        "result=true; display=Apple",
    );
    check(
        system,
        &[("url", "urn:fruit"), ("code", "apple"), ("display", "Pear")],
        "result=false; message=the display is not one of the code; display=Apple",
    );
    check(
        system,
        &[("url", "urn:fruit"), ("code", "kiwi")],
        "result=false; message=the code system does not have the code",
    );
    check(
        system,
        &[("url", "urn:part"), ("code", "b")],
        "CannotTell: the code cannot be checked: not at hand, or not complete: urn:part",
    );
    let set = Kind::ValueSet;
    check(
        set,
        &[
            ("url", "urn:vs:fruit"),
            ("system", "urn:fruit"),
            ("code", "apple"),
        ],
        "result=true; display=Apple",
    );
    check(
        set,
        &[
            ("url", "urn:vs:fruit"),
            ("system", "urn:fruit"),
            ("code", "fruit"),
        ],
        "result=false; message=the code is not in the value set",
    );
    check(
        set,
        &[
            ("url", "urn:vs:mixed"),
            ("system", "urn:elsewhere"),
            ("code", "z"),
        ],
        "result=true",
    );
    check(
        set,
        &[
            ("url", "urn:vs:part"),
            ("system", "urn:part"),
            ("code", "b"),
        ],
        "CannotTell: the code cannot be checked: not at hand, or not complete: urn:part",
    );
    check(
        set,
        &[
            ("url", "urn:vs:lost"),
            ("system", "urn:part"),
            ("code", "b"),
        ],
        "CannotTell: the code cannot be checked: not at hand, or not complete: urn:vs:nowhere",
    );
    check(
        set,
        &[("url", "urn:vs:nowhere"), ("code", "b")],
        "NotFound: the value set urn:vs:nowhere is not at hand",
    );
    check(
        set,
        &[
            ("url", "http://hl7.org/fhir/ValueSet/administrative-gender"),
            ("system", "http://hl7.org/fhir/administrative-gender"),
            ("code", "female"),
        ],
        "result=true; display=Female",
    );
    let edition = edition();
    let isa = format!("http://snomed.info/sct?fhir_vs=isa/{}", edition.codes[1]);
    let in_isa = |code: usize| {
        let query = [
            ("url", isa.as_str()),
            ("system", "http://snomed.info/sct"),
            ("code", edition.codes[code].as_str()),
        ];
        ask(Operation::ValidateCode, set, &query)
    };
    assert!(in_isa(10).starts_with("result=true"));
    assert!(in_isa(5).starts_with("result=false"));
    check(
        set,
        &[
            ("url", "http://loinc.org/vs"),
            ("system", "http://loinc.org"),
            ("code", "1-8"),
        ],
        "CannotTell: the code cannot be checked: not at hand, or not complete: http://loinc.org",
    );
}

#[test]
fn a_concept_is_right_when_one_of_its_codes_is() {
    let parameters = r#"{"resourceType":"Parameters","parameter":[{"name":"url","valueUri":"urn:vs:fruit"},
        {"name":"codeableConcept","valueCodeableConcept":{"coding":[
          {"system":"urn:other","code":"x"},{"system":"urn:fruit","code":"apple"}]}}]}"#;
    let document = Document::parse(parameters).expect("JSON");
    let inputs = Inputs::of_parameters(document.root()).expect("right");
    let found = ask_with(Operation::ValidateCode, Kind::ValueSet, &inputs);
    assert_eq!(found, "result=true; display=Apple");
}

#[test]
fn value_sets_are_expanded() {
    let check = |query: &[(&str, &str)], expected: &str| {
        assert_eq!(
            ask(Operation::Expand, Kind::ValueSet, query),
            expected,
            "{query:?}"
        );
    };
    check(&[("url", "urn:vs:fruit")], "2: apple=Apple pear=Pear");
    check(
        &[("url", "urn:vs:fruit"), ("activeOnly", "true")],
        "1: apple=Apple",
    );
    check(
        &[("url", "urn:vs:mixed"), ("displayLanguage", "nl")],
        "4: apple=Appel pear=Pear z=Zed y=-",
    );
    check(&[("url", "urn:vs:mixed"), ("filter", "ze")], "1: z=Zed");
    check(
        &[("url", "urn:vs:mixed"), ("offset", "1"), ("count", "2")],
        "4: pear=Pear z=Zed",
    );
    check(&[("url", "urn:vs:mixed"), ("offset", "9")], "4:");
    check(&[("url", "urn:vs:mixed"), ("count", "0")], "4:");
    check(
        &[("url", "urn:vs:part")],
        "CannotTell: cannot expand: only a part of the code system urn:part is at hand",
    );
    check(
        &[("url", "urn:vs:lost")],
        "CannotTell: cannot expand: the value set urn:vs:nowhere is not at hand",
    );
    check(
        &[("url", "urn:vs:fruit"), ("count", "x")],
        "Invalid: count must be a whole number from 0",
    );
    check(
        &[("url", "urn:vs:fruit"), ("count", "10001")],
        "CannotTell: a page holds at most EXPANSION_CODES_MAX codes, 10000",
    );
    check(
        &[("url", "urn:vs:fruit"), ("count", "10000")],
        "2: apple=Apple pear=Pear",
    );
    let edition = edition();
    let ecl = format!("http://snomed.info/sct?fhir_vs=ecl/<<{}", edition.codes[2]);
    check(
        &[
            ("url", &ecl),
            ("filter", "zw ge"),
            ("displayLanguage", "nl"),
        ],
        &format!("1: {}=Zwaar gevlekt blad", edition.codes[10]),
    );
    check(
        &[
            ("url", &ecl),
            ("excludeNested", "false"),
            ("displayLanguage", "nl"),
        ],
        &format!(
            "2: {}=Gevlekt blad[ {}=Zwaar gevlekt blad]",
            edition.codes[2], edition.codes[10]
        ),
    );
    check(
        &[("url", "http://snomed.info/sct?fhir_vs=ecl/<")],
        "CannotTell: cannot expand: the expression needs a SNOMED CT identifier at position 1",
    );
}

#[test]
fn a_value_set_in_the_question_is_expanded() {
    let expand = |codes: usize| {
        let concepts: Vec<String> = (0..codes)
            .map(|one| format!("{{\"code\":\"c{one}\"}}"))
            .collect();
        let parameters = format!(
            r#"{{"resourceType":"Parameters","parameter":[{{"name":"valueSet","resource":
            {{"resourceType":"ValueSet","status":"draft","compose":{{"include":[
            {{"system":"urn:x","concept":[{}]}}]}}}}}}]}}"#,
            concepts.join(",")
        );
        let document = Document::parse(parameters).expect("JSON");
        let inputs = Inputs::of_parameters(document.root()).expect("right");
        ask_with(Operation::Expand, Kind::ValueSet, &inputs)
    };
    assert_eq!(expand(2), "2: c0=- c1=-");
    assert!(expand(EXPANSION_CODES_MAX).starts_with("10000: c0"));
    assert!(expand(EXPANSION_CODES_MAX + 1).contains("more codes than EXPANSION_CODES_MAX"));
}

#[test]
fn codes_are_translated() {
    let check = |query: &[(&str, &str)], expected: &str| {
        assert_eq!(
            ask(Operation::Translate, Kind::ConceptMap, query),
            expected,
            "{query:?}"
        );
    };
    let apple = "result=true; match(equivalence=wider concept={system:urn:part,code:a,display:A} source=urn:map)";
    check(
        &[
            ("url", "urn:map"),
            ("system", "urn:fruit"),
            ("code", "apple"),
        ],
        apple,
    );
    check(
        &[
            ("targetsystem", "urn:part"),
            ("system", "urn:fruit"),
            ("code", "apple"),
        ],
        &format!(
            "{apple}; match(equivalence=inexact concept={{system:urn:part,code:other}} source=urn:map:rest)"
        ),
    );
    check(
        &[
            ("url", "urn:map"),
            ("system", "urn:part"),
            ("code", "a"),
            ("reverse", "true"),
        ],
        "result=true; match(equivalence=narrower concept={system:urn:fruit,code:apple} source=urn:map)",
    );
    check(
        &[
            ("url", "urn:map"),
            ("system", "urn:fruit"),
            ("code", "pear"),
        ],
        "result=false; message=the concept map has no translation of the code; \
         match(equivalence=unmatched source=urn:map)",
    );
    check(
        &[
            ("url", "urn:map"),
            ("system", "urn:fruit"),
            ("code", "kiwi"),
        ],
        "result=true; match(equivalence=inexact concept={system:urn:part,code:other} source=urn:map:rest)",
    );
    check(
        &[
            ("url", "urn:map:rest"),
            ("system", "urn:circle"),
            ("code", "x"),
        ],
        "CannotTell: concept maps send on more often than MAPS_MAX, 32",
    );
    check(
        &[
            ("url", "https://schakel.example/fhir/ConceptMap/nhg45-loinc"),
            ("system", crate::system::NHG45),
            ("code", "1740"),
        ],
        "result=true; match(equivalence=relatedto concept={system:http://loinc.org,code:8462-4} \
         source=https://schakel.example/fhir/ConceptMap/nhg45-loinc)",
    );
    check(
        &[("system", "urn:fruit"), ("code", "apple")],
        "Invalid: the url of the concept map is needed, or a source, target or targetsystem",
    );
}

#[test]
fn codes_are_compared() {
    let subsumes = |one: &str, other: &str| {
        let query = [("system", "urn:fruit"), ("codeA", one), ("codeB", other)];
        ask(Operation::Subsumes, Kind::CodeSystem, &query)
    };
    assert_eq!(subsumes("fruit", "apple"), "outcome=subsumes");
    assert_eq!(subsumes("apple", "fruit"), "outcome=subsumed-by");
    assert_eq!(subsumes("apple", "apple"), "outcome=equivalent");
    assert_eq!(subsumes("apple", "pear"), "outcome=not-subsumed");
    assert_eq!(
        subsumes("apple", "kiwi"),
        "NotFound: the code system urn:fruit does not have both codes"
    );
    let query = [("system", "urn:part"), ("codeA", "a"), ("codeB", "a")];
    assert!(ask(Operation::Subsumes, Kind::CodeSystem, &query).starts_with("CannotTell"));
}

#[test]
fn what_is_wanted_is_fetched_and_then_counts() {
    let mut session = Session::new(loaded());
    let inputs = Inputs::of_query(&[("url".to_owned(), "urn:vs:lost".to_owned())]);
    let question = Question {
        operation: Operation::Expand,
        of: Kind::ValueSet,
        instance: None,
        inputs: &inputs,
        now: "2026-01-01T00:00:00Z",
    };
    let mut rounds = 0;
    let found = loop {
        let found = answer(&session, &question);
        let wanted = session.take_wanted();
        if wanted.is_empty() {
            break found;
        }
        rounds += 1;
        for one in wanted {
            if one.url == "urn:vs:nowhere" {
                let json = r#"{"resourceType":"ValueSet","url":"urn:vs:nowhere","status":"active",
                    "compose":{"include":[{"system":"urn:fruit"}]}}"#;
                session.add(Document::parse(json).expect("JSON"));
            }
        }
    };
    assert!(rounds >= 2, "the set, the set within, its system");
    assert_eq!(
        short(&found.expect("it is at hand")).split(':').next(),
        Some("4")
    );
}

#[test]
fn validation_judges_codes_by_a_release() {
    let profile = |code: &str| {
        format!(
            r#"{{"resourceType":"StructureDefinition","url":"urn:p","type":"Observation","kind":"resource",
            "derivation":"constraint","baseDefinition":"http://hl7.org/fhir/StructureDefinition/Observation",
            "differential":{{"element":[{{"id":"Observation.code","path":"Observation.code",
            "binding":{{"strength":"required","valueSet":"http://snomed.info/sct?fhir_vs=isa/{code}"}}}}]}}}}"#
        )
    };
    let edition = edition();
    let observation = |code: &str| {
        let json = format!(
            r#"{{"resourceType":"Observation","status":"final","code":{{"coding":[
            {{"system":"http://snomed.info/sct","code":"{code}"}}]}}}}"#
        );
        Resource::parse(json).expect("right")
    };
    let mut package = fhir::validation::Package::new(FhirVersion::R4);
    package
        .add(profile(&edition.codes[1]).as_bytes())
        .expect("right");
    let validator = fhir::validation::Validator::new(FhirVersion::R4, vec![package]);
    let judge = |validator: &fhir::validation::Validator, code: usize| {
        let findings = validator.validate(&observation(&edition.codes[code]), &["urn:p"]);
        let of_binding = findings
            .iter()
            .filter(|one| one.rule == fhir::validation::Rule::Binding);
        of_binding
            .map(|one| one.issue.severity.code())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        judge(&validator, 2),
        ["information"],
        "it cannot be checked"
    );
    let loaded = crate::session::Loaded(loaded());
    let validator = validator.with_terminology(Arc::new(loaded));
    assert_eq!(judge(&validator, 2), [""; 0]);
    assert_eq!(judge(&validator, 5), ["error"]);
}
