use proptest::prelude::*;

use super::{from_json, to_json};
use crate::json::{DOCUMENT_BYTES_MAX, Document, NESTING_MAX};
use crate::outcome::IssueCode;

fn json(xml: &str) -> String {
    match to_json(xml.as_bytes()) {
        Ok(json) => String::from_utf8(json).unwrap(),
        Err(issue) => format!("{}: {}", issue.expression.unwrap_or_default(), issue.text),
    }
}

fn xml(json: &str) -> String {
    match from_json(&Document::parse(json).unwrap()) {
        Ok(xml) => String::from_utf8(xml).unwrap(),
        Err(issue) => format!("{}: {}", issue.expression.unwrap_or_default(), issue.text),
    }
}

const PATIENT_XML: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Patient xmlns="http://hl7.org/fhir"><id value="p1"/><text><status value="generated"/><div xmlns="http://www.w3.org/1999/xhtml"><p>A &amp; B&#160;</p></div></text><contained><Organization><name value="a &quot;b&quot;&#10;&lt;c&gt;"/></Organization></contained><extension url="urn:x"><valueDecimal value="1.50"/></extension><active value="true"/><name id="n1"><given value="A"/><given><extension url="urn:y"><valueCode value="z"/></extension></given></name><birthDate id="b" value="1970"/><multipleBirthInteger value="2"/></Patient>
"#;

#[test]
fn both_forms_say_the_same() {
    let as_json = json(PATIENT_XML);
    insta::assert_snapshot!(as_json, @r#"{"resourceType":"Patient","id":"p1","text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>A &amp; B&#160;</p></div>"},"contained":[{"resourceType":"Organization","name":"a \"b\"\n<c>"}],"extension":[{"url":"urn:x","valueDecimal":1.50}],"active":true,"name":[{"id":"n1","given":["A",null],"_given":[null,{"extension":[{"url":"urn:y","valueCode":"z"}]}]}],"birthDate":"1970","_birthDate":{"id":"b"},"multipleBirthInteger":2}"#);
    // Attributes come in a fixed order.
    assert_eq!(
        xml(&as_json),
        PATIENT_XML.replace(r#"id="b" value="1970""#, r#"value="1970" id="b""#)
    );
    assert_eq!(json(&xml(&as_json)), as_json);
}

#[test]
fn white_space_comments_and_prefixes_are_no_content() {
    let text = "\u{FEFF}<?xml version='1.0'?>\n<!-- x --><f:Patient xmlns:f='http://hl7.org/fhir' \
        xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:schemaLocation='a b'>\n\
        <!-- y --> <f:active value='false'></f:active>\n</f:Patient> <!-- z -->\n";
    assert_eq!(json(text), r#"{"resourceType":"Patient","active":false}"#);
}

#[test]
fn what_fhir_xml_must_not_hold_is_refused() {
    let patient = |inner: &str| format!("<Patient xmlns=\"http://hl7.org/fhir\">{inner}</Patient>");
    for (text, expected) in [
        ("", "not well-formed XML: it ends too early"),
        ("x", "text between elements"),
        ("<Patient/>", "not in the namespace of FHIR"),
        (
            "<Robot xmlns=\"http://hl7.org/fhir\"/>",
            "not a resource of FHIR R4",
        ),
        (
            "<!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]><Patient xmlns='http://hl7.org/fhir'/>",
            "a DOCTYPE",
        ),
        (
            "<?xml version='1.0' encoding='latin1'?><Patient xmlns='http://hl7.org/fhir'/>",
            "say UTF-8",
        ),
        (&patient("<?x y?>"), "a processing instruction"),
        (&patient("<active value='true'"), "not well-formed XML"),
        (
            &patient("<active value='true'></name>"),
            "not well-formed XML",
        ),
        (
            &patient("<active value='true' value='false'/>"),
            "not well-formed XML",
        ),
        (&patient("<active value='&bomb;'/>"), "entity"),
        (&patient("&amp;"), "text between elements"),
        (&patient("<active>true</active>"), "text between elements"),
        (&patient("<active/>"), "a value that is empty"),
        (
            &patient("<active value='true'/><active value='true'/>"),
            "an element twice",
        ),
        (
            &patient("<active worth='true'/>"),
            "an attribute that FHIR does not have",
        ),
        (
            &patient("<name><id value='x'/></name>"),
            "an element that FHIR R4 does not have",
        ),
        (
            &patient("<shoeSize value='43'/>"),
            "an element that FHIR R4 does not have",
        ),
        (
            &patient("<xi:include xmlns:xi='http://www.w3.org/2001/XInclude' href='x'/>"),
            "namespace",
        ),
        (&patient("<contained/>"), "a resource that is not there"),
        (
            &patient("<contained><Basic/><Basic/></contained>"),
            "two resources",
        ),
        (&patient("<text><div><p/></div></text>"), "wrong namespace"),
        (
            &patient("<text><div xmlns='http://www.w3.org/1999/xhtml'>&nbsp;</div></text>"),
            "no entities",
        ),
        (
            &format!("{}<Patient xmlns='http://hl7.org/fhir'/>", patient("")),
            "more text after",
        ),
        (
            &patient("<language value='\u{1}'/>"),
            "a character that XML cannot hold",
        ),
        (&patient("<language value='&#1;'/>"), "not well-formed XML"),
    ] {
        let found = json(text);
        assert!(found.contains(expected), "{text}\n{found}");
    }
    let undeclared = to_json(b"<Patient xmlns='http://hl7.org/fhir'>\xFF</Patient>");
    assert_eq!(undeclared.unwrap_err().text, "not UTF-8");
}

#[test]
fn json_that_xml_has_no_place_for_is_refused() {
    for (text, expected) in [
        (r#"{"resourceType":"Robot"}"#, ": not a resource of FHIR R4"),
        (
            r#"{"resourceType":"Patient","shoeSize":1}"#,
            "Patient: has an element that FHIR R4 does not have here",
        ),
        (
            r#"{"resourceType":"Patient","name":{"text":"x"}}"#,
            "Patient.name: must be a list",
        ),
        (
            r#"{"resourceType":"Patient","active":[true]}"#,
            "Patient.active: must be one value, not a list",
        ),
        (
            r#"{"resourceType":"Patient","name":["x"]}"#,
            "Patient.name: must be an object",
        ),
        (
            r#"{"resourceType":"Patient","active":null}"#,
            "Patient.active: must not be null",
        ),
        (
            r#"{"resourceType":"Patient","language":"\u0001"}"#,
            "Patient.language: has a character that XML cannot hold",
        ),
        (
            r#"{"resourceType":"Patient","text":{"div":"</div><evil/>"}}"#,
            "Patient.text.div: must be one XHTML div",
        ),
    ] {
        assert_eq!(xml(text), expected, "{text}");
    }
}

#[test]
fn nesting_stops_at_the_limit() {
    let nested = |extensions: usize| {
        format!(
            "<Patient xmlns='http://hl7.org/fhir'>{}<valueCode value='x'/>{}</Patient>",
            "<extension url='u'>".repeat(extensions),
            "</extension>".repeat(extensions)
        )
    };
    // The Patient and the value are a level each; an extension is a list and an object.
    let at_the_limit = to_json(nested(NESTING_MAX / 2 - 1).as_bytes()).unwrap();
    assert!(Document::parse(at_the_limit).is_ok());
    assert!(json(&nested(NESTING_MAX / 2)).contains("nested deeper"));
    assert!(json(&nested(10_000)).contains("nested deeper"));
}

#[test]
fn length_stops_at_the_limit() {
    // Refused at its first byte, so that the test need not read all of it.
    let mut bytes = vec![0xFF; DOCUMENT_BYTES_MAX];
    assert_eq!(to_json(&bytes).unwrap_err().text, "not UTF-8");
    bytes.push(0xFF);
    assert_eq!(to_json(&bytes).unwrap_err().code, IssueCode::TooLong);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        let _ = to_json(&bytes);
    }

    #[test]
    fn no_markup_makes_it_panic(inner in "(<|>|/|active|name|given|text|div| value=|'|\"|&|#1;|x| |<!--|-->|<\\?|\\]\\]>|<!\\[CDATA\\[){0,20}") {
        let _ = to_json(format!("<Patient xmlns='http://hl7.org/fhir'>{inner}</Patient>").as_bytes());
    }

    #[test]
    fn any_text_survives(text in "\\PC{1,40}|[a-z\\n\\t\\r<>&\"' ]{1,20}") {
        let before = crate::value!({ "resourceType": "Basic", "language": text.as_str() });
        let document = Document::parse(before.to_bytes()).unwrap();
        if let Ok(xml) = from_json(&document) {
            prop_assert_eq!(to_json(&xml).unwrap(), before.to_bytes());
        }
    }
}
