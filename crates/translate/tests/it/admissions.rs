//! HL7 v2 ADT.

use crate::kit::{MSH, faults, hl7, message, resources};

fn adt(event: &str, pv1: &str) -> Vec<u8> {
    let msh = MSH.replace("ORU^R01^ORU_R01", event).replace("2.4", "2.5");
    message(&[
        &msh,
        "EVN||20240301",
        "PID|1||999911119^^^&2.16.840.1.113883.2.4.6.3&ISO~12^^^ZIS^PI||de Vries&de&Vries&van&Dam^Jan Piet^K.||1980|M|||&Dorpsstraat&12^bis^Meerdorp^^9901QT^NL^H~Postbus 1^^Meerdorp||0612345678~^NET^Internet^jan@voorbeeld.invalid",
        "NK1|1|Iemand",
        pv1,
    ])
}

const PV1: &str = "PV1|1|I|A3^12^2^ZH||||01990101^Vermaat^H.^^^dr.^^^VEKTIS||||||||||||V100^^^ZIS|||||||||||||||||||||||||20240301101500";

#[test]
fn an_admission_becomes_patient_and_contact() {
    let translation = hl7(&adt("ADT^A01", PV1)).unwrap();
    assert_eq!(faults(&translation.bundle), Vec::<String>::new());
    assert_eq!(translation.kept_only, ["NK1"]);
    insta::assert_snapshot!("adt_a01", translation.bundle.to_pretty());
}

#[test]
fn an_update_finds_the_same_contact() {
    let url = |bytes: &[u8]| {
        let translation = hl7(bytes).unwrap();
        let entries = translation.bundle.get("entry").unwrap().items().to_vec();
        let urls: Vec<String> = entries
            .iter()
            .map(|entry| {
                entry
                    .get("request")
                    .unwrap()
                    .text("url")
                    .unwrap()
                    .to_owned()
            })
            .filter(|url| url.starts_with("Encounter?") || url.starts_with("Patient?"))
            .collect();
        let encounter = resources(&translation.bundle, "Encounter")[0];
        (urls, encounter.text("status").unwrap().to_owned())
    };
    let (first, status) = url(&adt("ADT^A01", PV1));
    assert_eq!(status, "in-progress");
    let (second, status) = url(&adt("ADT^A08", &format!("{PV1}|20240305")));
    assert_eq!((first, status.as_str()), (second, "finished"));
}

#[test]
fn a_registration_without_a_number_of_the_contact_is_the_patient_only() {
    let translation = hl7(&adt("ADT^A04", "PV1|1|O")).unwrap();
    assert_eq!(resources(&translation.bundle, "Encounter").len(), 0);
    assert_eq!(resources(&translation.bundle, "Patient").len(), 1);
}

#[test]
fn classes_are_those_of_fhir_or_the_senders_own() {
    for (code, class) in [
        ("I", "IMP"),
        ("O", "AMB"),
        ("E", "EMER"),
        ("P", "PRENC"),
        ("B", "B"),
    ] {
        let translation = hl7(&adt(
            "ADT^A01",
            &PV1.replacen("|I|", &format!("|{code}|"), 1),
        ))
        .unwrap();
        let encounter = resources(&translation.bundle, "Encounter")[0];
        assert_eq!(encounter.get("class").unwrap().text("code"), Some(class));
    }
}
