//! `schakel terminology`: releases in made-up files of the right form.

use std::{fmt::Write as _, io::Write, path::Path};

use crate::kit::schakel;

/// Three made-up concepts: a thing, a kind of it, and a kind of that.
const CONCEPTS: [&str; 3] = ["9000002", "9001003", "9002005"];

fn run(directory: &Path, arguments: &[&str]) -> (bool, String, String) {
    let output = schakel()
        .current_dir(directory)
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        output.status.success(),
        text(output.stdout),
        text(output.stderr),
    )
}

/// The files of an edition, by name.
fn edition() -> Vec<(&'static str, String)> {
    let [thing, kind, finer] = CONCEPTS;
    let mut concepts = "id\teffectiveTime\tactive\tmoduleId\tdefinitionStatusId\n".to_owned();
    let mut descriptions = "id\teffectiveTime\tactive\tmoduleId\tconceptId\tlanguageCode\ttypeId\tterm\tcaseSignificanceId\n".to_owned();
    for (concept, description) in CONCEPTS.iter().zip(["5000012", "5001011", "5002016"]) {
        writeln!(concepts, "{concept}\t20260101\t1\t1\t1").unwrap();
        writeln!(
            descriptions,
            "{description}\t20260101\t1\t1\t{concept}\tnl\t900000000000013009\tDing {concept}\t1"
        )
        .unwrap();
    }
    let relationships = format!(
        "id\teffectiveTime\tactive\tmoduleId\tsourceId\tdestinationId\trelationshipGroup\ttypeId\tcharacteristicTypeId\tmodifierId\n\
         1\t20260101\t1\t1\t{kind}\t{thing}\t0\t116680003\t1\t1\n\
         2\t20260101\t1\t1\t{finer}\t{kind}\t0\t116680003\t1\t1\n"
    );
    vec![
        ("sct2_Concept_Snapshot_XX_20260101.txt", concepts),
        ("sct2_Description_Snapshot-nl_XX_20260101.txt", descriptions),
        ("sct2_Relationship_Snapshot_XX_20260101.txt", relationships),
        ("sct2_Concept_Full_XX_20260101.txt", "not read".to_owned()),
    ]
}

const VERSION: &str = "http://snomed.info/sct/11000146104/version/20260101";

#[test]
fn an_edition_loads_from_a_directory_and_from_a_zip() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let folder = at.join("release/Snapshot/Terminology");
    std::fs::create_dir_all(&folder).unwrap();
    let mut archive = zip::ZipWriter::new(std::fs::File::create(at.join("release.zip")).unwrap());
    for (name, text) in edition() {
        std::fs::write(folder.join(name), &text).unwrap();
        let options = zip::write::SimpleFileOptions::default();
        let name = format!("release/Snapshot/{name}");
        archive.start_file(name.as_str(), options).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    archive.finish().unwrap();
    let told = "3 concepts, 3 names";
    for from in ["release", "release.zip"] {
        let load = [
            "terminology",
            "load",
            "--into",
            "loaded",
            "snomed",
            "--version",
            VERSION,
            from,
        ];
        let (is_right, out, err) = run(at, &load);
        assert!(is_right && out.contains(told), "{from}: {out} {err}");
    }
    let (_, out, _) = run(at, &["terminology", "list", "loaded"]);
    assert_eq!(out.lines().count(), 1, "{out}");
    assert!(
        out.contains(&format!("http://snomed.info/sct|{VERSION}  {told}")),
        "{out}"
    );

    // What is loaded judges bindings to SNOMED CT.
    let set = format!("http://snomed.info/sct?fhir_vs=isa/{}", CONCEPTS[1]);
    let profile = format!(
        r#"{{"resourceType":"StructureDefinition","url":"urn:p","type":"Observation","kind":"resource",
        "derivation":"constraint","baseDefinition":"http://hl7.org/fhir/StructureDefinition/Observation",
        "differential":{{"element":[{{"id":"Observation.code","path":"Observation.code",
        "binding":{{"strength":"required","valueSet":"{set}"}}}}]}}}}"#
    );
    std::fs::create_dir(at.join("package")).unwrap();
    std::fs::write(at.join("package/profile.json"), profile).unwrap();
    for (code, expected) in [(CONCEPTS[2], true), (CONCEPTS[0], false)] {
        let observation = format!(
            r#"{{"resourceType":"Observation","status":"final","code":{{"coding":[
            {{"system":"http://snomed.info/sct","code":"{code}"}}]}}}}"#
        );
        std::fs::write(at.join("observation.json"), observation).unwrap();
        let validate = ["validate", "--package", "package", "--profile", "urn:p"];
        let file = ["observation.json"];
        let (is_right, out, _) = run(at, &[&validate[..], &file].concat());
        assert!(
            is_right,
            "nothing can be checked without the release: {out}"
        );
        let with = [&validate[..], &["--terminology", "loaded"], &file].concat();
        let (is_right, out, _) = run(at, &with);
        assert_eq!(is_right, expected, "{out}");
    }
}

#[test]
fn a_table_loads_with_its_columns_named() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    std::fs::write(at.join("table.csv"), "nr;naam;boven\n1;Een;\n2;Twee;1\n").unwrap();
    let load = [
        "terminology",
        "load",
        "--into",
        "loaded",
        "table",
        "--url",
        "urn:table",
    ];
    let columns = [
        "--code",
        "nr",
        "--display",
        "nl=naam",
        "--parent",
        "boven",
        "table.csv",
    ];
    let (is_right, out, err) = run(at, &[&load[..], &columns].concat());
    assert!(
        is_right && out.contains("urn:table|  2 concepts, 2 names"),
        "{out} {err}"
    );
    // Without the columns named, what lacks is.
    let (is_right, _, err) = run(at, &[&load[..], &["table.csv"]].concat());
    assert!(
        !is_right && err.contains("the first line names no column `code`"),
        "{err}"
    );
    // A damaged file is refused.
    let (_, out, _) = run(at, &["terminology", "list", "loaded"]);
    let file = at.join(out.split_whitespace().next().unwrap());
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[40] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let (is_right, _, err) = run(at, &["terminology", "list", "loaded"]);
    assert!(!is_right && err.contains("is damaged"), "{err}");
}
