//! Answers, right and wrong, in both versions.

use super::CONDITION_STEPS_MAX;
use crate::validation::{Finding, Given, Package, Validator};
use crate::{FhirVersion, Resource};

const R4: &str = r##"{"resourceType":"Questionnaire","url":"urn:q","version":"2","status":"active",
"contained":[{"resourceType":"ValueSet","id":"own","status":"active","compose":{"include":[
  {"system":"urn:s","concept":[{"code":"in"}]}]}}],
"item":[
{"linkId":"smokes","type":"boolean","required":true},
{"linkId":"packs","type":"decimal","required":true,
  "enableWhen":[{"question":"smokes","operator":"=","answerBoolean":true}]},
{"linkId":"heavy","type":"string","maxLength":5,
  "enableWhen":[{"question":"packs","operator":">","answerDecimal":1.5},
    {"question":"smokes","operator":"exists","answerBoolean":true}],"enableBehavior":"all"},
{"linkId":"group","type":"group","repeats":true,"item":[
  {"linkId":"day","type":"date","required":true},
  {"linkId":"mood","type":"choice","repeats":true,"answerOption":[
    {"valueCoding":{"system":"urn:s","code":"good"}},{"valueString":"none"}]},
  {"linkId":"why","type":"string",
    "enableWhen":[{"question":"mood","operator":"!=","answerCoding":{"system":"urn:s","code":"good"}}]}]},
{"linkId":"set","type":"choice","answerValueSet":"#own","item":[
  {"linkId":"below","type":"integer","required":true}]},
{"linkId":"open","type":"open-choice","answerOption":[{"valueCoding":{"code":"a"}}]},
{"linkId":"text","type":"display","required":true},
{"linkId":"one","type":"group"}]}"##;

/// Right in every way.
const RESPONSE: &str = r#"{"resourceType":"QuestionnaireResponse","questionnaire":"urn:q|2",
"status":"completed","item":[
{"linkId":"smokes","answer":[{"valueBoolean":true}]},
{"linkId":"packs","answer":[{"valueDecimal":2.0}]},
{"linkId":"heavy","answer":[{"valueString":"very"}]},
{"linkId":"group","item":[{"linkId":"day","answer":[{"valueDate":"2024-01-01"}]},
  {"linkId":"mood","answer":[{"valueCoding":{"system":"urn:s","code":"good"}},{"valueString":"none"}]}]},
{"linkId":"group","item":[{"linkId":"day","answer":[{"valueDate":"2024-01-02"}]},
  {"linkId":"mood","answer":[{"valueString":"none"}]},{"linkId":"why","answer":[{"valueString":"so"}]}]},
{"linkId":"set","answer":[{"valueCoding":{"system":"urn:s","code":"in"},
  "item":[{"linkId":"below","answer":[{"valueInteger":1}]}]}]},
{"linkId":"open","answer":[{"valueString":"anything"}]}]}"#;

fn validator(version: FhirVersion, questionnaire: &str) -> Validator {
    let mut package = Package::new(version);
    assert_eq!(package.add(questionnaire.as_bytes()), Ok(true));
    Validator::new(version, vec![package])
}

fn about_answers(validator: &Validator, response: &str) -> Vec<(bool, String)> {
    let resource = Resource::parse_in(validator.version(), response).expect("JSON of a resource");
    validator
        .validate(&resource, &[])
        .iter()
        .filter(|finding| finding.rule.name() == "questionnaire" || finding.is_error())
        .map(|finding| {
            let place = finding.issue.expression.as_deref().unwrap_or("-");
            let line = format!("{place}: {}", finding.issue.text);
            (finding.is_error(), line)
        })
        .collect()
}

#[test]
fn right_answers_have_no_findings() {
    let findings = about_answers(&validator(FhirVersion::R4, R4), RESPONSE);
    assert_eq!(findings, Vec::new());
}

#[test]
fn every_wrong_answer_is_told() {
    let validator = validator(FhirVersion::R4, R4);
    let mut faults = Vec::new();
    for (from, to, expected) in [
        (
            r#""linkId":"smokes""#,
            r#""linkId":"drinks""#,
            "item[0]: no item of the Questionnaire has this linkId",
        ),
        (
            r#"{"linkId":"open","answer":[{"valueString":"anything"}]}"#,
            r#"{"linkId":"why"}"#,
            "item[6]: has another place in the Questionnaire",
        ),
        (
            r#"{"linkId":"smokes","answer":[{"valueBoolean":true}]},"#,
            "",
            "QuestionnaireResponse: a required item of the Questionnaire is missing",
        ),
        (
            r#"{"linkId":"packs","answer":[{"valueDecimal":2.0}]},"#,
            "",
            "QuestionnaireResponse: a required item of the Questionnaire is missing",
        ),
        (
            r#""answer":[{"valueDecimal":2.0}]"#,
            r#""text":"packs""#,
            "item[1]: must be answered",
        ),
        (
            r#""valueDecimal":2.0"#,
            r#""valueString":"2""#,
            "item[1].answer[0].value: the answer must be of type decimal",
        ),
        (
            r#"{"valueDecimal":2.0}"#,
            r#"{"valueDecimal":2.0},{"valueDecimal":3}"#,
            "item[1]: has more than one answer and does not repeat",
        ),
        (
            r#""valueDecimal":2.0"#,
            r#""valueDecimal":1.5"#,
            "item[2]: is filled in though it is not enabled",
        ),
        (
            r#""valueBoolean":true"#,
            r#""valueBoolean":false"#,
            "item[1]: is filled in though it is not enabled",
        ),
        (
            r#""very""#,
            r#""veryyy""#,
            "item[2].answer[0].value: the answer must have at most 5 characters",
        ),
        (
            r#"{"linkId":"day","answer":[{"valueDate":"2024-01-01"}]},"#,
            "",
            "item[3]: a required item of the Questionnaire is missing",
        ),
        (
            r#""code":"good"}},"#,
            r#""code":"bad"}},"#,
            "item[3].item[1].answer[0].value: must be one of the answers that the Questionnaire offers",
        ),
        (
            r#"{"linkId":"mood","answer":[{"valueString":"none"}]},"#,
            r#"{"linkId":"mood","answer":[{"valueCoding":{"system":"urn:s","code":"good"}}]},"#,
            "item[4].item[2]: is filled in though it is not enabled",
        ),
        (
            r#"{"linkId":"mood","answer":[{"valueString":"none"}]},"#,
            r#"{"linkId":"mood","answer":[{"valueString":"none"}]},{"linkId":"mood","answer":[{"valueString":"none"}]},"#,
            "item[4].item[2]: all answers to a question must be in one item",
        ),
        (
            r#""code":"in""#,
            r#""code":"out""#,
            "item[5].answer[0].value: must have a code of the value set #own",
        ),
        (
            r#""item":[{"linkId":"below","answer":[{"valueInteger":1}]}]"#,
            r#""id":"x""#,
            "item[5].answer[0]: a required item of the Questionnaire is missing",
        ),
        (
            r#""valueString":"anything""#,
            r#""valueCoding":{"code":"b"}"#,
            "item[6].answer[0].value: must be one of the answers that the Questionnaire offers",
        ),
        (
            r#"{"linkId":"open""#,
            r#"{"linkId":"text","answer":[{"valueString":"x"}]},{"linkId":"open""#,
            "item[6]: only a question has answers",
        ),
        (
            r#"{"linkId":"open","answer":[{"valueString":"anything"}]}"#,
            r#"{"linkId":"one"},{"linkId":"one"}"#,
            "item[7]: the group is there more than once and does not repeat",
        ),
        (
            r#"{"linkId":"open","#,
            r#"{"linkId":"open","item":[{"linkId":"x"}],"#,
            "item[6]: what is below a question must be in its answer",
        ),
    ] {
        assert_eq!(RESPONSE.matches(from).count(), 1, "{from}");
        let found = about_answers(&validator, &RESPONSE.replace(from, to));
        let expected = if expected.starts_with('Q') {
            expected.to_owned()
        } else {
            format!("QuestionnaireResponse.{expected}")
        };
        if !found.contains(&(true, expected.clone())) {
            faults.push(format!("{from} -> {to}\n  {expected}, not {found:?}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn what_is_not_finished_may_lack_answers() {
    let validator = validator(FhirVersion::R4, R4);
    let empty =
        r#"{"resourceType":"QuestionnaireResponse","questionnaire":"urn:q","status":"completed"}"#;
    assert_eq!(about_answers(&validator, empty).len(), 1);
    let under_way = empty.replace("completed", "in-progress");
    assert_eq!(about_answers(&validator, &under_way), Vec::new());
    // What is not enabled is then only remarked upon.
    let under_way = RESPONSE
        .replace("completed", "in-progress")
        .replace(r#""valueBoolean":true"#, r#""valueBoolean":false"#);
    let found = about_answers(&validator, &under_way);
    assert!(
        !found.is_empty() && found.iter().all(|(is_error, _)| !is_error),
        "{found:?}"
    );
    let swapped = RESPONSE
        .replace(
            r#"{"linkId":"smokes","answer":[{"valueBoolean":true}]},"#,
            "",
        )
        .replace(
            r#"{"linkId":"open""#,
            r#"{"linkId":"smokes","answer":[{"valueBoolean":true}]},{"linkId":"open""#,
        );
    let found = about_answers(&validator, &swapped);
    let order = "has its items in another order than the Questionnaire";
    assert!(
        matches!(&found[..], [(false, line)] if line.ends_with(order)),
        "{found:?}"
    );
}

#[test]
fn a_questionnaire_that_is_not_at_hand_cannot_be_checked() {
    let validator = validator(FhirVersion::R4, R4);
    for other in ["urn:other", "urn:q|1"] {
        let found = about_answers(&validator, &RESPONSE.replace("urn:q|2", other));
        let said = "cannot check the answers: the Questionnaire is not at hand";
        assert!(
            matches!(&found[..], [(false, line)] if line.ends_with(said)),
            "{found:?}"
        );
    }
    // Given beside it, or in the same Bundle.
    let bare = Validator::new(FhirVersion::R4, Vec::new());
    let wrong = RESPONSE.replace("2.0", "1.0");
    let response = Resource::parse(&wrong).expect("a resource");
    let given = Given::new(vec![Resource::parse(R4).expect("a resource")]);
    let is_error = |findings: Vec<Finding>| {
        findings
            .iter()
            .any(|one| one.is_error() && one.rule.name() == "questionnaire")
    };
    assert!(is_error(bare.validate_among(&response, &[], &given)));
    assert!(!is_error(bare.validate(&response, &[])));
    let bundle = format!(
        r#"{{"resourceType":"Bundle","type":"collection","entry":[{{"resource":{R4}}},{{"resource":{}}}]}}"#,
        wrong.replace("urn:q|2", "urn:q")
    );
    let bundle = Resource::parse(bundle).expect("a resource");
    assert!(is_error(bare.validate(&bundle, &[])));
}

#[test]
fn conditions_of_stu3_are_joined_by_or() {
    let questionnaire = r#"{"resourceType":"Questionnaire","url":"urn:q","status":"active","item":[
      {"linkId":"a","type":"choice","option":[{"valueCoding":{"system":"s","code":"x"}},{"valueCoding":{"system":"s","code":"y"}}]},
      {"linkId":"b","type":"integer"},
      {"linkId":"c","type":"string","required":true,"enableWhen":[
        {"question":"a","answerCoding":{"system":"s","code":"x"}},{"question":"b","hasAnswer":true}]}]}"#;
    let validator = validator(FhirVersion::Stu3, questionnaire);
    let errors = |items: &str| {
        let response = format!(
            r#"{{"resourceType":"QuestionnaireResponse","questionnaire":{{"reference":"urn:q"}},"status":"completed","item":[{items}]}}"#
        );
        let found = about_answers(&validator, &response);
        found.iter().filter(|(is_error, _)| *is_error).count()
    };
    let a = |code: &str| {
        format!(r#"{{"linkId":"a","answer":[{{"valueCoding":{{"system":"s","code":"{code}"}}}}]}}"#)
    };
    let b = r#"{"linkId":"b","answer":[{"valueInteger":1}]}"#;
    let c = r#"{"linkId":"c","answer":[{"valueString":"1"}]}"#;
    assert_eq!(errors(&a("y")), 0);
    assert_eq!(errors(&a("x")), 1);
    assert_eq!(errors(&format!("{},{c}", a("x"))), 0);
    assert_eq!(errors(&format!("{},{c}", a("y"))), 1);
    assert_eq!(errors(&format!("{},{b}", a("y"))), 1);
    assert_eq!(errors(&format!("{},{b},{c}", a("y"))), 0);
    assert_eq!(errors(&a("z")), 1);
}

/// Every group has one required question with so many conditions, none of which
/// holds; each takes a step to look at and one to find its question.
#[test]
fn conditions_have_a_limit() {
    let unchecked = |groups: usize, conditions: usize| {
        let condition = r#"{"question":"a","operator":"=","answerBoolean":true}"#;
        let questionnaire = format!(
            r#"{{"resourceType":"Questionnaire","url":"urn:q","status":"active","item":[{{"linkId":"a","type":"boolean"}},
            {{"linkId":"g","type":"group","repeats":true,"item":[{{"linkId":"c","type":"string","required":true,
            "enableBehavior":"any","enableWhen":[{}]}}]}}]}}"#,
            vec![condition; conditions].join(",")
        );
        let response = format!(
            r#"{{"resourceType":"QuestionnaireResponse","questionnaire":"urn:q","status":"completed","item":[{}]}}"#,
            vec![r#"{"linkId":"g","item":[]}"#; groups].join(",")
        );
        let validator = validator(FhirVersion::R4, &questionnaire);
        let found = about_answers(&validator, &response.replace(r#","item":[]"#, ""));
        assert!(found.iter().all(|(is_error, _)| !is_error), "{found:?}");
        found.len()
    };
    assert_eq!(unchecked(CONDITION_STEPS_MAX / 100, 100), 0);
    assert_eq!(unchecked(CONDITION_STEPS_MAX / 100 + 1, 100), 1);
}
