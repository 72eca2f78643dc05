use proptest::prelude::*;

use super::*;
use crate::json::{Document, NESTING_MAX};

fn apply_json(resource: &str, patch: &str) -> Result<String, PatchError> {
    let document = Document::parse(patch).unwrap();
    apply(resource, Patch::json(document.root()))
}

fn apply_fhir_path(resource: &str, operations: &[&str]) -> Result<String, PatchError> {
    let parameters = format!(
        r#"{{"resourceType":"Parameters","parameter":[{}]}}"#,
        operations.join(",")
    );
    apply(
        resource,
        Patch::fhir_path(&Resource::parse(parameters).unwrap()),
    )
}

fn apply(resource: &str, patch: Result<Patch, PatchError>) -> Result<String, PatchError> {
    let patched = patch?.apply(&Resource::parse(resource).unwrap())?;
    Ok(String::from_utf8(patched.as_bytes().to_vec()).unwrap())
}

/// An operation of a FHIRPath Patch; `rest` holds its other parts.
fn operation(kind: &str, path: &str, rest: &str) -> String {
    let path = Value::from(path).to_bytes();
    let path = String::from_utf8(path).unwrap();
    let rest = if rest.is_empty() {
        String::new()
    } else {
        format!(",{rest}")
    };
    format!(
        r#"{{"name":"operation","part":[{{"name":"type","valueCode":"{kind}"}},{{"name":"path","valueString":{path}}}{rest}]}}"#
    )
}

const PATIENT: &str = r#"{"resourceType":"Patient","id":"a","name":[{"family":"Jansen","given":["Piet","Jan"]}],"birthDate":"1970-01-01"}"#;

fn check_json(patch: &str, expected: Result<&str, Fault>) {
    let expected = expected
        .map(str::to_owned)
        .map_err(|fault| PatchError::NotApplied { at: 0, fault });
    assert_eq!(apply_json(PATIENT, patch), expected, "{patch}");
}

#[test]
fn json_operations_do_what_the_rfc_says() {
    check_json(
        r#"[{"op":"add","path":"/active","value":true}]"#,
        Ok(
            r#"{"resourceType":"Patient","id":"a","name":[{"family":"Jansen","given":["Piet","Jan"]}],"birthDate":"1970-01-01","active":true}"#,
        ),
    );
    check_json(
        r#"[{"op":"add","path":"/name/0/given/1","value":"Kees"}]"#,
        Ok(
            r#"{"resourceType":"Patient","id":"a","name":[{"family":"Jansen","given":["Piet","Kees","Jan"]}],"birthDate":"1970-01-01"}"#,
        ),
    );
    check_json(
        r#"[{"op":"add","path":"/name/0/given/-","value":"Kees"}]"#,
        Ok(
            r#"{"resourceType":"Patient","id":"a","name":[{"family":"Jansen","given":["Piet","Jan","Kees"]}],"birthDate":"1970-01-01"}"#,
        ),
    );
    check_json(
        r#"[{"op":"remove","path":"/name/0/given/0"}]"#,
        Ok(
            r#"{"resourceType":"Patient","id":"a","name":[{"family":"Jansen","given":["Jan"]}],"birthDate":"1970-01-01"}"#,
        ),
    );
    check_json(
        r#"[{"op":"replace","path":"/name/0/family","value":"Smit"}]"#,
        Ok(
            r#"{"resourceType":"Patient","id":"a","name":[{"family":"Smit","given":["Piet","Jan"]}],"birthDate":"1970-01-01"}"#,
        ),
    );
    check_json(
        r#"[{"op":"move","from":"/name/0/given/0","path":"/name/0/given/1"}]"#,
        Ok(
            r#"{"resourceType":"Patient","id":"a","name":[{"family":"Jansen","given":["Jan","Piet"]}],"birthDate":"1970-01-01"}"#,
        ),
    );
    check_json(
        r#"[{"op":"copy","from":"/name/0","path":"/name/0"},{"op":"test","path":"/name/1/family","value":"Jansen"},{"op":"remove","path":"/name/1"}]"#,
        Ok(PATIENT),
    );
    check_json(r#"[{"op":"remove","path":"/gender"}]"#, Err(Fault::Nothing));
    check_json(
        r#"[{"op":"replace","path":"/gender","value":"male"}]"#,
        Err(Fault::Nothing),
    );
    check_json(
        r#"[{"op":"add","path":"/name/2","value":{}}]"#,
        Err(Fault::Index),
    );
    check_json(
        r#"[{"op":"add","path":"/birthDate/x","value":1}]"#,
        Err(Fault::Nothing),
    );
    check_json(
        r#"[{"op":"test","path":"/birthDate","value":"1971-01-01"}]"#,
        Err(Fault::TestFailed),
    );
    check_json(
        r#"[{"op":"move","from":"/gender","path":"/gender"}]"#,
        Err(Fault::Nothing),
    );
}

#[test]
fn what_is_no_json_patch_is_refused() {
    assert_eq!(apply_json(PATIENT, "{}"), Err(PatchError::NoPatch));
    for (patch, fault) in [
        (r#"[{"path":"/a"}]"#, Fault::Part("op")),
        (r#"[{"op":"add","value":1}]"#, Fault::Part("path")),
        (
            r#"[{"op":"add","path":"a","value":1}]"#,
            Fault::Part("path"),
        ),
        (r#"[{"op":"add","path":"/a"}]"#, Fault::Part("value")),
        (r#"[{"op":"move","path":"/a"}]"#, Fault::Part("from")),
        (r#"[{"op":"spoil","path":"/a"}]"#, Fault::Unknown),
        (
            r#"[{"op":"move","from":"/a","path":"/a/b"}]"#,
            Fault::IntoItself,
        ),
    ] {
        let expected = PatchError::Unreadable { at: 0, fault };
        assert_eq!(apply_json(PATIENT, patch), Err(expected), "{patch}");
    }
}

#[test]
fn type_and_id_stay() {
    for patch in [
        r#"[{"op":"replace","path":"/id","value":"b"}]"#,
        r#"[{"op":"remove","path":"/id"}]"#,
        r#"[{"op":"replace","path":"/resourceType","value":"Person"}]"#,
    ] {
        assert_eq!(apply_json(PATIENT, patch), Err(PatchError::Identity));
    }
    for patch in [
        r#"[{"op":"replace","path":"","value":[]}]"#,
        r#"[{"op":"remove","path":""}]"#,
        r#"[{"op":"remove","path":"/resourceType"}]"#,
    ] {
        assert_eq!(apply_json(PATIENT, patch), Err(PatchError::NoResource));
    }
}

#[test]
fn digits_stay_as_they_are() {
    let observation = r#"{"resourceType":"Observation","id":"a","valueQuantity":{"value":1.50}}"#;
    let patched = apply_json(
        observation,
        r#"[{"op":"test","path":"/valueQuantity/value","value":1.5},{"op":"add","path":"/status","value":"final"}]"#,
    );
    assert_eq!(
        patched.unwrap(),
        r#"{"resourceType":"Observation","id":"a","valueQuantity":{"value":1.50},"status":"final"}"#
    );
    let replaced = apply_fhir_path(
        observation,
        &[&operation(
            "replace",
            "Observation.value",
            r#"{"name":"value","valueQuantity":{"value":2.10}}"#,
        )],
    );
    assert_eq!(
        replaced.unwrap(),
        r#"{"resourceType":"Observation","id":"a","valueQuantity":{"value":2.10}}"#
    );
}

#[test]
fn the_limits_of_a_patch_hold() {
    let operations = |count: usize| {
        let one = r#"{"op":"test","path":"/id","value":"a"}"#;
        format!("[{}]", vec![one; count].join(","))
    };
    assert!(apply_json(PATIENT, &operations(PATCH_OPERATIONS_MAX)).is_ok());
    let over = apply_json(PATIENT, &operations(PATCH_OPERATIONS_MAX + 1));
    let limit = |limit, max| Err(PatchError::LimitExceeded { limit, max });
    assert_eq!(over, limit("PATCH_OPERATIONS_MAX", PATCH_OPERATIONS_MAX));

    let delete = operation("delete", "Patient.gender", "");
    let many = |count: usize| apply_fhir_path(PATIENT, &vec![delete.as_str(); count]);
    assert!(many(PATCH_OPERATIONS_MAX).is_ok());
    assert_eq!(
        many(PATCH_OPERATIONS_MAX + 1),
        limit("PATCH_OPERATIONS_MAX", PATCH_OPERATIONS_MAX)
    );

    // Every copy doubles the resource: 2 to the 200th without the limit.
    let copies = vec![r#"{"op":"copy","from":"/name","path":"/name/-"}"#; 40].join(",");
    assert_eq!(
        apply_json(PATIENT, &format!("[{copies}]")),
        limit("PATCH_WORK_BYTES_MAX", PATCH_WORK_BYTES_MAX)
    );
    let wide = r#"{"op":"copy","from":"/name/0","path":"/name/0/x"}"#;
    let rows: Vec<String> = (0..60)
        .map(|at| wide.replace("/x", &format!("/x{at}")))
        .collect();
    assert_eq!(
        apply_json(PATIENT, &format!("[{}]", rows.join(","))),
        limit("PATCH_WORK_BYTES_MAX", PATCH_WORK_BYTES_MAX)
    );

    let nested = |levels: usize| {
        let value = format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        apply_json(
            PATIENT,
            &format!(r#"[{{"op":"add","path":"/x","value":{value}}}]"#),
        )
    };
    // A patch nests two levels itself before its value.
    assert!(nested(NESTING_MAX - 2).is_ok());
    let path = "/x".to_owned() + &"/0".repeat(NESTING_MAX - 3);
    let deeper = format!(
        r#"[{{"op":"add","path":"/x","value":{}1{}}},{{"op":"replace","path":"{path}","value":[[[1]]]}}]"#,
        "[".repeat(NESTING_MAX - 3),
        "]".repeat(NESTING_MAX - 3)
    );
    assert_eq!(
        apply_json(PATIENT, &deeper),
        Err(PatchError::NotApplied {
            at: 1,
            fault: Fault::TooDeep
        })
    );
}

fn check_fhir_path(kind: &str, path: &str, rest: &str, expected: Result<&str, Fault>) {
    let expected = expected
        .map(str::to_owned)
        .map_err(|fault| PatchError::NotApplied { at: 0, fault });
    let found = apply_fhir_path(PATIENT, &[&operation(kind, path, rest)]);
    assert_eq!(found, expected, "{kind} {path} {rest}");
}

#[test]
fn fhirpath_operations_do_what_the_standard_says() {
    let name = |name: &str| format!(r#"{{"name":"name","valueString":"{name}"}}"#);
    let add = |path: &str, member: &str, value: &str, expected| {
        let rest = format!("{},{{\"name\":\"value\",{value}}}", name(member));
        check_fhir_path("add", path, &rest, expected);
    };
    add(
        "Patient",
        "gender",
        r#""valueCode":"male""#,
        Ok(
            r#"{"resourceType":"Patient","id":"a","name":[{"family":"Jansen","given":["Piet","Jan"]}],"birthDate":"1970-01-01","gender":"male"}"#,
        ),
    );
    add(
        "Patient.name[0]",
        "given",
        r#""valueString":"Kees""#,
        Ok(
            r#"{"resourceType":"Patient","id":"a","name":[{"family":"Jansen","given":["Piet","Jan","Kees"]}],"birthDate":"1970-01-01"}"#,
        ),
    );
    add(
        "Patient",
        "deceased",
        r#""valueBoolean":false"#,
        Ok(
            r#"{"resourceType":"Patient","id":"a","name":[{"family":"Jansen","given":["Piet","Jan"]}],"birthDate":"1970-01-01","deceasedBoolean":false}"#,
        ),
    );
    // A backbone element has no type of its own: its elements are parts.
    add(
        "Patient",
        "contact",
        r#""part":[{"name":"name","valueHumanName":{"text":"Oma"}},{"name":"gender","valueCode":"female"}]"#,
        Ok(
            r#"{"resourceType":"Patient","id":"a","name":[{"family":"Jansen","given":["Piet","Jan"]}],"birthDate":"1970-01-01","contact":[{"name":{"text":"Oma"},"gender":"female"}]}"#,
        ),
    );
    add(
        "Patient.birthDate",
        "extension",
        r#""part":[{"name":"url","valueUri":"urn:x"},{"name":"value","valueTime":"12:00:00"}]"#,
        Ok(
            r#"{"resourceType":"Patient","id":"a","name":[{"family":"Jansen","given":["Piet","Jan"]}],"birthDate":"1970-01-01","_birthDate":{"extension":[{"url":"urn:x","valueTime":"12:00:00"}]}}"#,
        ),
    );
    add(
        "Patient.name.given[1]",
        "extension",
        r#""part":[{"name":"url","valueUri":"urn:x"},{"name":"value","valueCode":"y"}]"#,
        Ok(
            r#"{"resourceType":"Patient","id":"a","name":[{"family":"Jansen","given":["Piet","Jan"],"_given":[null,{"extension":[{"url":"urn:x","valueCode":"y"}]}]}],"birthDate":"1970-01-01"}"#,
        ),
    );
    add(
        "Patient",
        "birthDate",
        r#""valueDate":"1971""#,
        Err(Fault::Taken),
    );
    add(
        "Patient",
        "shoe",
        r#""valueString":"x""#,
        Err(Fault::Part("name")),
    );
    add(
        "Patient.name.given",
        "extension",
        r#""valueString":"x""#,
        Err(Fault::Several),
    );
    add(
        "Patient.photo",
        "url",
        r#""valueUrl":"x""#,
        Err(Fault::Nothing),
    );
    add("1 + 1", "x", r#""valueString":"x""#, Err(Fault::NoElement));
    add(
        "Patient.name.given.single()",
        "x",
        r#""valueString":"x""#,
        Err(Fault::Expression),
    );

    check_fhir_path(
        "delete",
        "Patient.name.given.where($this = 'Piet')",
        "",
        Ok(
            r#"{"resourceType":"Patient","id":"a","name":[{"family":"Jansen","given":["Jan"]}],"birthDate":"1970-01-01"}"#,
        ),
    );
    check_fhir_path(
        "delete",
        "Patient.name",
        "",
        Ok(r#"{"resourceType":"Patient","id":"a","birthDate":"1970-01-01"}"#),
    );
    check_fhir_path("delete", "Patient.gender", "", Ok(PATIENT));
    check_fhir_path("delete", "Patient.name.given", "", Err(Fault::Several));
    check_fhir_path("delete", "Patient", "", Err(Fault::NoElement));

    let at = |name: &str, number: usize| format!(r#"{{"name":"{name}","valueInteger":{number}}}"#);
    let insert = |index: usize, expected| {
        let rest = format!(
            r#"{},{{"name":"value","valueString":"Kees"}}"#,
            at("index", index)
        );
        check_fhir_path("insert", "Patient.name.given", &rest, expected);
    };
    insert(
        0,
        Ok(
            r#"{"resourceType":"Patient","id":"a","name":[{"family":"Jansen","given":["Kees","Piet","Jan"]}],"birthDate":"1970-01-01"}"#,
        ),
    );
    insert(
        2,
        Ok(
            r#"{"resourceType":"Patient","id":"a","name":[{"family":"Jansen","given":["Piet","Jan","Kees"]}],"birthDate":"1970-01-01"}"#,
        ),
    );
    insert(3, Err(Fault::Index));

    let reorder = |path: &str, source, destination, expected| {
        let rest = format!(
            "{},{}",
            at("source", source),
            at("destination", destination)
        );
        check_fhir_path("move", path, &rest, expected);
    };
    reorder(
        "Patient.name.given",
        1,
        0,
        Ok(
            r#"{"resourceType":"Patient","id":"a","name":[{"family":"Jansen","given":["Jan","Piet"]}],"birthDate":"1970-01-01"}"#,
        ),
    );
    reorder("Patient.name.given", 0, 2, Err(Fault::Index));
    reorder("Patient.name.given[1]", 0, 0, Err(Fault::NoList));
    reorder("Patient.birthDate", 0, 0, Err(Fault::NoList));
}

#[test]
fn the_type_of_a_choice_can_change() {
    let observation = r#"{"resourceType":"Observation","id":"a","valueQuantity":{"value":1.50},"status":"final"}"#;
    let replaced = apply_fhir_path(
        observation,
        &[&operation(
            "replace",
            "Observation.value",
            r#"{"name":"value","valueString":"much"}"#,
        )],
    );
    assert_eq!(
        replaced.unwrap(),
        r#"{"resourceType":"Observation","id":"a","valueString":"much","status":"final"}"#
    );
}

#[test]
fn what_stands_beside_a_primitive_moves_with_it() {
    let patient = r#"{"resourceType":"Patient","id":"a","name":[{"given":["A",null,"C"],"_given":[null,{"id":"b"},null]}]}"#;
    let piece = r#"{"name":"source","valueInteger":1},{"name":"destination","valueInteger":0}"#;
    assert_eq!(
        apply_fhir_path(patient, &[&operation("move", "Patient.name.given", piece)]).unwrap(),
        r#"{"resourceType":"Patient","id":"a","name":[{"given":[null,"A","C"],"_given":[{"id":"b"},null,null]}]}"#
    );
    assert_eq!(
        apply_fhir_path(
            patient,
            &[&operation("delete", "Patient.name.given[1]", "")]
        )
        .unwrap(),
        r#"{"resourceType":"Patient","id":"a","name":[{"given":["A","C"]}]}"#
    );
    let all = [0; 3].map(|_| operation("delete", "Patient.name.given[0]", ""));
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    assert_eq!(
        apply_fhir_path(patient, &all).unwrap(),
        r#"{"resourceType":"Patient","id":"a"}"#,
        "what is empty goes"
    );
}

#[test]
fn what_is_no_fhirpath_patch_is_refused() {
    assert_eq!(
        apply(
            PATIENT,
            Patch::fhir_path(&Resource::parse(PATIENT).unwrap())
        ),
        Err(PatchError::NoPatch)
    );
    assert_eq!(
        apply_fhir_path(PATIENT, &[r#"{"name":"other"}"#]),
        Err(PatchError::NoPatch)
    );
    for (one, fault) in [
        (r#"{"name":"operation"}"#.to_owned(), Fault::Part("path")),
        (operation("delete", "Patient.", ""), Fault::Part("path")),
        (operation("spoil", "Patient", ""), Fault::Unknown),
        (operation("add", "Patient", ""), Fault::Part("name")),
        (
            operation("replace", "Patient.name", ""),
            Fault::Part("value"),
        ),
        (
            operation("replace", "Patient.name", r#"{"name":"value"}"#),
            Fault::Part("value"),
        ),
        (
            operation(
                "insert",
                "Patient.name",
                r#"{"name":"index","valueInteger":-1}"#,
            ),
            Fault::Part("index"),
        ),
    ] {
        let expected = PatchError::Unreadable { at: 0, fault };
        assert_eq!(apply_fhir_path(PATIENT, &[&one]), Err(expected), "{one}");
    }
}

#[test]
fn meta_is_added_once_and_taken_away_by_system_and_code() {
    let meta = r#"{"profile":["p","q"],"tag":[{"system":"s","code":"t","display":"other"}],"security":[{"code":"R"}]}"#;
    let meta = Document::parse(meta).unwrap();
    let resource = r#"{"resourceType":"Basic","id":"a","meta":{"source":"x","tag":[{"system":"s","code":"t"}],"profile":["p"]}}"#;
    let added = apply(resource, Patch::adding_meta(meta.root())).unwrap();
    assert_eq!(
        added,
        r#"{"resourceType":"Basic","id":"a","meta":{"source":"x","tag":[{"system":"s","code":"t"}],"profile":["p","q"],"security":[{"code":"R"}]}}"#
    );
    assert_eq!(
        apply(&added, Patch::adding_meta(meta.root())).unwrap(),
        added
    );
    assert_eq!(
        apply(&added, Patch::removing_meta(meta.root())).unwrap(),
        r#"{"resourceType":"Basic","id":"a","meta":{"source":"x"}}"#
    );
    let bare = r#"{"resourceType":"Basic","id":"a"}"#;
    assert_eq!(
        apply(bare, Patch::removing_meta(meta.root())).unwrap(),
        bare
    );
    for wrong in ["[]", r#"{"tag":{}}"#] {
        let wrong = Document::parse(wrong).unwrap();
        assert_eq!(
            Patch::adding_meta(wrong.root()).unwrap_err(),
            PatchError::NoPatch
        );
    }
}

fn any_json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        "-?(0|[1-9][0-9]{0,3})(\\.[0-9]{1,3})?(e-?[0-9]{1,2})?",
        "\"[a-c]{0,2}\"",
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::btree_map("[a-d]", inner, 0..4).prop_map(|members| {
                let members: Vec<String> = members
                    .iter()
                    .map(|(name, value)| format!("\"{name}\":{value}"))
                    .collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

fn any_pointer() -> impl Strategy<Value = String> {
    prop::collection::vec("[a-d]|[0-3]|-|~0|x", 0..4).prop_map(|names| {
        names
            .iter()
            .flat_map(|name| ["/", name.as_str()])
            .collect::<String>()
    })
}

proptest! {
    #[test]
    fn no_json_patch_makes_it_panic(
        value in any_json(),
        operations in prop::collection::vec(
            ("add|remove|replace|move|copy|test|other", any_pointer(), any_pointer(), any_json()),
            0..8,
        ),
    ) {
        let operations: Vec<String> = operations
            .into_iter()
            .map(|(op, path, from, value)| {
                format!(r#"{{"op":"{op}","path":"/x{path}","from":"/x{from}","value":{value}}}"#)
            })
            .collect();
        let resource = format!(r#"{{"resourceType":"Basic","id":"a","x":{value}}}"#);
        let patch = format!("[{}]", operations.join(","));
        if let Ok(patched) = apply_json(&resource, &patch) {
            prop_assert!(Resource::parse(patched).is_ok());
        }
    }

    #[test]
    fn what_is_added_can_be_tested_and_removed(value in any_json(), added in any_json()) {
        let resource = format!(r#"{{"resourceType":"Basic","id":"a","x":{value}}}"#);
        let patch = format!(
            r#"[{{"op":"add","path":"/y","value":{added}}},{{"op":"test","path":"/y","value":{added}}},{{"op":"copy","from":"/y","path":"/z"}},{{"op":"remove","path":"/y"}},{{"op":"move","from":"/z","path":"/q"}},{{"op":"remove","path":"/q"}}]"#
        );
        let same = Value::from(Document::parse(&resource).unwrap().root()).to_bytes();
        prop_assert_eq!(apply_json(&resource, &patch).unwrap().into_bytes(), same);
    }

    #[test]
    fn no_fhirpath_patch_makes_it_panic(
        kind in "add|insert|delete|replace|move|other",
        path in prop_oneof![
            Just("Patient"), Just("Patient.name"), Just("Patient.name[0]"), Just("Patient.name.given"),
            Just("Patient.name.given[0]"), Just("Patient.birthDate"), Just("Patient.descendants()"),
            Just("Patient.name.given | Patient.birthDate"), Just("'x'"), Just("{}"),
        ],
        name in "given|name|gender|extension|id|deceased|deceasedBoolean|contact",
        numbers in prop::array::uniform3(0_usize..4),
        value in prop_oneof![
            Just(r#""valueString":"x""#), Just(r#""valueHumanName":{"text":"x"}"#), Just(r#""_valueString":{"id":"x"}"#),
            Just(r#""part":[{"name":"family","valueString":"y"}]"#), Just(r#""valueBoolean":true"#),
        ],
    ) {
        let [index, source, destination] = numbers;
        let rest = format!(
            r#"{{"name":"name","valueString":"{name}"}},{{"name":"value",{value}}},{{"name":"index","valueInteger":{index}}},{{"name":"source","valueInteger":{source}}},{{"name":"destination","valueInteger":{destination}}}"#
        );
        if let Ok(patched) = apply_fhir_path(PATIENT, &[&operation(&kind, path, &rest)]) {
            prop_assert!(Resource::parse(patched).is_ok());
        }
    }

    #[test]
    fn replacing_a_value_by_itself_changes_nothing(at in 0_usize..2) {
        let value = ["Piet", "Jan"][at];
        let rest = format!(r#"{{"name":"value","valueString":"{value}"}}"#);
        let path = format!("Patient.name.given[{at}]");
        prop_assert_eq!(apply_fhir_path(PATIENT, &[&operation("replace", &path, &rest)]).unwrap(), PATIENT);
    }
}

#[test]
fn an_expression_that_grows_without_end_is_stopped_by_a_named_limit() {
    let check = |expression: &str, expected: &str| {
        let found = apply_fhir_path(PATIENT, &[&operation("delete", expression, "")]);
        let Err(PatchError::LimitExceeded { limit, .. }) = found else {
            panic!("{expression}: {found:?}");
        };
        assert_eq!(limit, expected, "{expression}");
    };
    let doubled = ".select($this & $this)".repeat(40);
    check(
        &format!("Patient.name.where('x'{doubled}.exists())"),
        "TEXT_BYTES_MAX",
    );
    let walked = ".select(%resource.descendants())".repeat(12);
    check(&format!("Patient{walked}"), "ITEMS_MAX");
}
