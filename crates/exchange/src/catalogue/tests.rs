use super::*;

const VACCINATION: &str = r#"
code = "vaccination"
fhir_version = "4.0"
title = { nl = "Vaccinaties", en = "Vaccinations" }
roles = ["general-practitioner", "patient"]
organisation_types = ["Z3"]
purposes = ["TREAT", "PATRQT"]
legal_basis = { nl = "Wpg", en = "Public Health Act" }

[[section]]
code = "vaccinations"
title = { nl = "Vaccinaties", en = "Vaccinations" }
categories = ["MedicationUse"]
queries = ["Immunization?status=completed&_include=Immunization:performer"]
presentation = { form = "timeline" }
"#;

fn load(text: &str) -> Result<Catalogue, String> {
    Catalogue::from_texts([("test.toml", text)]).map_err(|error| error.to_string())
}

#[test]
fn the_embedded_exchanges_are_sound() {
    let catalogue = Catalogue::embedded().unwrap();
    let codes: Vec<&str> = catalogue
        .iter()
        .map(|exchange| exchange.code.0.as_str())
        .collect();
    assert_eq!(codes, ["bgz", "laboratory", "medication"]);
    for exchange in catalogue.iter() {
        assert!(!exchange.questions().is_empty());
        for section in &exchange.sections {
            assert!(!section.categories.is_empty(), "{}", section.code);
        }
    }
}

#[test]
fn a_fourth_exchange_needs_no_rust() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("vaccination.toml"), VACCINATION).unwrap();
    fs::write(directory.path().join("notes.txt"), "not an exchange").unwrap();
    let catalogue = Catalogue::embedded()
        .unwrap()
        .and_directory(directory.path())
        .unwrap();
    let exchange = catalogue.get(&ExchangeCode("vaccination".into())).unwrap();
    assert_eq!(
        exchange.questions()[0].to_url(),
        "Immunization?status=completed&_include=Immunization:performer"
    );
    assert!(
        exchange
            .categories()
            .contains(care::DataCategory::MedicationUse)
    );
    assert_eq!(catalogue.iter().count(), 4);
}

#[test]
fn the_widest_searches_are_sent_with_all_includes() {
    let catalogue = Catalogue::embedded().unwrap();
    let medication = catalogue.get(&ExchangeCode("medication".into())).unwrap();
    let urls: Vec<String> = medication.questions().iter().map(Query::to_url).collect();
    insta::assert_snapshot!(urls.join("\n"), @r"
    Patient
    AllergyIntolerance?_include=AllergyIntolerance:recorder&_include=AllergyIntolerance:asserter
    MedicationRequest?_include=MedicationRequest:medication&_include=MedicationRequest:requester
    MedicationDispense?_include=MedicationDispense:medication&_include=MedicationDispense:performer
    MedicationStatement?_include=MedicationStatement:medication
    MedicationAdministration?_include=MedicationAdministration:medication
    ");
}

#[test]
fn what_is_wrong_in_a_file_is_named() {
    let check = |from: &str, to: &str, expected: &str| {
        let error = load(&VACCINATION.replacen(from, to, 1)).unwrap_err();
        assert!(error.contains(expected), "{error}");
    };
    check(
        "Immunization?",
        "Vaccination?",
        "unknown resource type `Vaccination`",
    );
    check(
        "status=",
        "state=",
        "`Immunization` has no search parameter `state`",
    );
    check(
        "MedicationUse",
        "Vaccines",
        "unknown data category `Vaccines`",
    );
    check("\"patient\"]", "\"doctor\"]", "unknown role `doctor`");
    check("\"Z3\"", "\"Q9\"", "unknown type of organisation `Q9`");
    check("\"TREAT\"", "\"FUN\"", "unknown purpose `FUN`");
    check("status=completed", "patient=Patient/1", "names the patient");
    check(
        "status=completed",
        "patient.identifier=x",
        "is not for an exchange",
    );
    check("status=completed", "status=", "`status` has no value");
    check(
        "status=completed",
        "_count=1",
        "`_count` is not for an exchange",
    );
    check(
        "Immunization:performer",
        "Immunization:status",
        "is not an include",
    );
    check("Immunization:performer", "performer", "is not an include");
    check("\"4.0\"", "\"2.0\"", "4.0");
    check("timeline", "spiral", "unknown variant `spiral`");
    check(
        "code = \"vaccination\"",
        "code = \"Vaccination!\"",
        "unknown code `Vaccination!`",
    );
    check("nl = \"Wpg\"", "nl = \" \"", "`legal_basis.nl` is empty");
    check(
        "[[section]]",
        "colour = 1\n[[section]]",
        "unknown field `colour`",
    );
    check("queries = [", "queries = [] # [", "queries` is empty");
}

#[test]
fn a_code_stands_once() {
    let error = Catalogue::from_texts([("a.toml", VACCINATION), ("b.toml", VACCINATION)]);
    assert_eq!(
        error.unwrap_err().to_string(),
        "b.toml: the exchange `vaccination` stands twice"
    );
    let section = VACCINATION.split_once("[[section]]").unwrap().1;
    let error = load(&format!("{VACCINATION}\n[[section]]{section}")).unwrap_err();
    assert!(
        error.contains("the section `vaccinations` stands twice"),
        "{error}"
    );
}

#[test]
fn the_limits_hold_at_the_limit_and_one_past() {
    let (head, section) = VACCINATION.split_once("[[section]]").unwrap();
    let with_sections = |count: usize| {
        let sections: Vec<String> = (0..count)
            .map(|n| section.replacen("vaccinations", &format!("s{n}"), 1))
            .collect();
        load(&format!(
            "{head}[[section]]{}",
            sections.join("[[section]]")
        ))
    };
    assert!(with_sections(SECTIONS_MAX).is_ok());
    assert!(
        with_sections(SECTIONS_MAX + 1)
            .unwrap_err()
            .contains("more than 64 sections")
    );

    let query = "\"Immunization?status=completed&_include=Immunization:performer\"";
    let with_queries =
        |count: usize| load(&VACCINATION.replacen(query, &vec![query; count].join(","), 1));
    assert!(with_queries(QUERIES_PER_SECTION_MAX).is_ok());
    assert!(
        with_queries(QUERIES_PER_SECTION_MAX + 1)
            .unwrap_err()
            .contains("more than 32")
    );

    let padded = |bytes: usize| {
        format!(
            "{VACCINATION}#{}",
            "x".repeat(bytes - VACCINATION.len() - 1)
        )
    };
    assert!(load(&padded(FILE_BYTES_MAX as usize)).is_ok());
    assert!(
        load(&padded(FILE_BYTES_MAX as usize + 1))
            .unwrap_err()
            .contains("larger than")
    );
}
