//! SNOMED CT in Release Format 2: the snapshot files of one edition.
//!
//! An edition holds the International release and its extension together, so that
//! every component is there once; load one edition. The order is that of the
//! methods of [`Rf2`]: concepts, descriptions, language reference sets,
//! relationships, simple reference sets. Only what is active is kept, but concepts
//! out of use, which people may still ask about.

use std::collections::HashMap;
use std::io::BufRead;

use super::LoadError;
use super::rows::{Row, Rows, Separator};
use crate::code_system::{Builder, CodeSystem, Header, NameKind, NewDescription, PropertyKind};
use crate::system::SNOMED;

/// The relationship type "is a".
const IS_A: &str = "116680003";
/// The description types.
const FULLY_SPECIFIED_NAME: &str = "900000000000003001";
const SYNONYM: &str = "900000000000013009";
const DEFINITION: &str = "900000000000550004";
/// How much a dialect likes a name.
const PREFERRED: &str = "900000000000548007";
/// A concept that its relationships define wholly.
const DEFINED: &str = "900000000000073002";
/// Relationships as stated by authors; the inferred ones are what is asked about.
const STATED: &str = "900000000000010007";

/// The kinds of file that are read, told by their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rf2File {
    /// `sct2_Concept_Snapshot_…`
    Concepts,
    /// `sct2_Description_Snapshot-…`, `sct2_TextDefinition_Snapshot-…`
    Descriptions,
    /// `der2_cRefset_LanguageSnapshot-…`
    Languages,
    /// `sct2_Relationship_Snapshot_…`
    Relationships,
    /// `der2_Refset_SimpleSnapshot_…`
    Refsets,
}

impl Rf2File {
    /// The kind of a file by its name without folders; `None` for one that is
    /// not read.
    pub fn of_name(name: &str) -> Option<Self> {
        let name = name.strip_prefix('x').unwrap_or(name);
        let name = name.strip_suffix(".txt")?;
        [
            ("sct2_Concept_Snapshot", Self::Concepts),
            ("sct2_Description_Snapshot", Self::Descriptions),
            ("sct2_TextDefinition_Snapshot", Self::Descriptions),
            ("der2_cRefset_LanguageSnapshot", Self::Languages),
            ("sct2_Relationship_Snapshot", Self::Relationships),
            ("der2_Refset_SimpleSnapshot", Self::Refsets),
        ]
        .into_iter()
        .find_map(|(start, kind)| name.starts_with(start).then_some(kind))
    }
}

/// SNOMED CT on its way in.
#[derive(Debug)]
pub struct Rf2 {
    builder: Builder,
    /// Descriptions that are kept, by their id.
    descriptions: HashMap<u64, u32>,
}

impl Rf2 {
    /// `version` is the URI of edition and date
    /// (`http://snomed.info/sct/11000146104/version/20260331`).
    pub fn new(version: &str) -> Self {
        Self {
            builder: Builder::new(Header {
                url: SNOMED.to_owned(),
                version: version.to_owned(),
                title: "SNOMED CT".to_owned(),
                is_complete: true,
                ignores_case: false,
                language: "en".to_owned(),
            }),
            descriptions: HashMap::new(),
        }
    }

    /// Reads a file of some kind.
    pub fn read(&mut self, kind: Rf2File, source: impl BufRead) -> Result<(), LoadError> {
        let columns: &[&str] = match kind {
            Rf2File::Concepts => &["id", "active", "definitionStatusId"],
            Rf2File::Descriptions => &[
                "id",
                "active",
                "conceptId",
                "languageCode",
                "typeId",
                "term",
            ],
            Rf2File::Languages => &[
                "active",
                "refsetId",
                "referencedComponentId",
                "acceptabilityId",
            ],
            Rf2File::Relationships => &[
                "active",
                "sourceId",
                "destinationId",
                "relationshipGroup",
                "typeId",
                "characteristicTypeId",
            ],
            Rf2File::Refsets => &["active", "refsetId", "referencedComponentId"],
        };
        let mut rows = Rows::new(source, Separator::Tab);
        let Some(head) = rows.next()? else {
            return Ok(());
        };
        let mut at = Vec::with_capacity(columns.len());
        for column in columns {
            let place = head.fields().position(|field| field == *column);
            at.push(place.ok_or_else(|| LoadError::NoColumn((*column).to_owned()))?);
        }
        while let Some(row) = rows.next()? {
            let field = |column: usize| row.get(at[column]);
            match kind {
                Rf2File::Concepts => self.concept(&row, field(0), field(1), field(2))?,
                Rf2File::Descriptions if field(1) == "1" => {
                    self.description(&row, field(0), field(2), field(3), field(4), field(5))?;
                }
                Rf2File::Languages if field(0) == "1" => {
                    self.language(&row, field(1), field(2), field(3))?;
                }
                Rf2File::Relationships if field(0) == "1" && field(5) != STATED => {
                    self.relationship(&row, field(1), field(2), field(3), field(4))?;
                }
                Rf2File::Refsets if field(0) == "1" => self.member(field(1), field(2)),
                _ => {}
            }
        }
        Ok(())
    }

    fn concept(
        &mut self,
        row: &Row<'_>,
        id: &str,
        active: &str,
        status: &str,
    ) -> Result<(), LoadError> {
        if !is_sctid(id) {
            return Err(row.fault("the id is no SNOMED CT identifier"));
        }
        let Some(concept) = self.builder.concept(id)? else {
            return Err(row.fault("the concept is there twice; load one edition"));
        };
        if active != "1" {
            self.builder.inactive(concept);
        }
        if status == DEFINED {
            self.builder.defined(concept);
        }
        Ok(())
    }

    fn description(
        &mut self,
        row: &Row<'_>,
        id: &str,
        concept: &str,
        language: &str,
        kind: &str,
        text: &str,
    ) -> Result<(), LoadError> {
        let id = number(id).ok_or_else(|| row.fault("the id is no SNOMED CT identifier"))?;
        let Some(concept) = self.builder.find(concept) else {
            return Err(row.fault("the concept is not among the concepts that were read"));
        };
        let kind = match kind {
            FULLY_SPECIFIED_NAME => NameKind::FullySpecified,
            SYNONYM => NameKind::Synonym,
            DEFINITION => NameKind::Definition,
            _ => return Err(row.fault("the type of the description is not known")),
        };
        let description = self.builder.describe(NewDescription {
            concept,
            language,
            kind,
            text,
        })?;
        if self.descriptions.insert(id, description).is_some() {
            return Err(row.fault("the description is there twice; load one edition"));
        }
        Ok(())
    }

    fn language(
        &mut self,
        row: &Row<'_>,
        refset: &str,
        description: &str,
        acceptability: &str,
    ) -> Result<(), LoadError> {
        let id = number(description)
            .ok_or_else(|| row.fault("the component is no SNOMED CT identifier"))?;
        // A description out of use may still be in a language reference set.
        if let Some(description) = self.descriptions.get(&id) {
            self.builder
                .dialect(refset, *description, acceptability == PREFERRED)?;
        }
        Ok(())
    }

    fn relationship(
        &mut self,
        row: &Row<'_>,
        source: &str,
        destination: &str,
        group: &str,
        kind: &str,
    ) -> Result<(), LoadError> {
        let find = |id| self.builder.find(id);
        let (Some(source), Some(target)) = (find(source), find(destination)) else {
            return Err(row.fault("the relationship is between concepts that were not read"));
        };
        if kind == IS_A {
            self.builder.below(source, target);
            return Ok(());
        }
        let group = group
            .parse()
            .map_err(|_| row.fault("the relationship group is no number below 65536"))?;
        let name = self.builder.property_name(kind, PropertyKind::Code)?;
        Ok(self.builder.property(source, name, group, destination)?)
    }

    /// Members that are no concepts (descriptions, relationships) are passed over:
    /// `^` asks for concepts.
    fn member(&mut self, refset: &str, component: &str) {
        if let (Some(refset), Some(concept)) =
            (self.builder.find(refset), self.builder.find(component))
        {
            self.builder.member(refset, concept);
        }
    }

    /// The code system.
    pub fn finish(self) -> Result<CodeSystem, LoadError> {
        Ok(self.builder.finish()?)
    }
}

fn number(id: &str) -> Option<u64> {
    is_sctid(id).then(|| id.parse().ok()).flatten()
}

/// Whether a text is a SNOMED CT identifier: 6 to 18 digits, the last of which is
/// the check digit by Verhoeff (SNOMED CT Release File Specifications, 6.5).
pub fn is_sctid(text: &str) -> bool {
    (6..=18).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && !text.starts_with('0')
        && verhoeff(text.bytes()) == 0
}

/// The state of Verhoeff's check over digits, the check digit included: 0 when right.
fn verhoeff(digits: impl DoubleEndedIterator<Item = u8>) -> usize {
    /// Multiplication in the symmetries of a pentagon.
    fn multiply(one: usize, other: usize) -> usize {
        match (one < 5, other < 5) {
            (true, true) => (one + other) % 5,
            (true, false) => 5 + (one + other - 5) % 5,
            (false, true) => 5 + (one - other) % 5,
            (false, false) => (one + 5 - other) % 5,
        }
    }
    const PERMUTATION: [usize; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    digits.rev().enumerate().fold(0, |check, (at, digit)| {
        let mut digit = usize::from(digit - b'0');
        for _ in 0..at % 8 {
            digit = PERMUTATION[digit];
        }
        multiply(check, digit)
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An identifier that nobody was given: the digits, `10` for a concept and `11`
    /// for a description, and the check digit.
    pub(crate) fn made_up(item: u32, partition: &str) -> String {
        let rest = format!("{item}{partition}");
        let digits = (0..10).map(|check| format!("{rest}{check}"));
        digits
            .into_iter()
            .find(|id| verhoeff(id.bytes()) == 0)
            .expect("one of ten fits")
    }

    /// A made-up edition: diseases of plants, by leaf and root.
    pub(crate) fn edition() -> Edition {
        let concept = |item: u32| made_up(9000 + item, "00");
        let mut edition = Edition::default();
        let names = [
            (0, "Plant thing", "Plantding"),
            (1, "Disease of plant", "Plantenziekte"),
            (2, "Spotted leaf", "Gevlekt blad"),
            (3, "Rotten root", "Rotte wortel"),
            (4, "Plant part", "Plantendeel"),
            (5, "Leaf", "Blad"),
            (6, "Root", "Wortel"),
            (7, "Finding site", "Plaats"),
            (8, "Simple reference set", "Referentieset"),
            (9, "Withered thing", "Verlept ding"),
            (10, "Heavily spotted leaf", "Zwaar gevlekt blad"),
        ];
        for (item, english, dutch) in names {
            edition.codes.push(concept(item));
            edition.concepts.extend([format!(
                "{}\t20260101\t{}\t1\t{}\n",
                concept(item),
                u8::from(item != 9),
                if item == 2 {
                    DEFINED
                } else {
                    "900000000000074008"
                }
            )]);
            let kinds = [
                (
                    0,
                    "en",
                    FULLY_SPECIFIED_NAME,
                    format!("{english} (made up)"),
                ),
                (1, "en", SYNONYM, english.to_owned()),
                (2, "nl", SYNONYM, dutch.to_owned()),
                (
                    3,
                    "nl",
                    SYNONYM,
                    format!("ander woord voor {}", dutch.to_lowercase()),
                ),
            ];
            for (kind, language, type_id, term) in kinds {
                let id = made_up(5000 + item * 10 + kind, "01");
                edition.descriptions.extend([format!(
                    "{id}\t20260101\t1\t1\t{}\t{language}\t{type_id}\t{term}\t1\n",
                    concept(item)
                )]);
                let (refset, liked) = match kind {
                    2 => ("31000146106", PREFERRED),
                    3 => ("31000146106", "900000000000549004"),
                    _ => ("900000000000509007", PREFERRED),
                };
                edition
                    .languages
                    .extend([format!("x\t20260101\t1\t1\t{refset}\t{id}\t{liked}\n")]);
            }
        }
        for (source, target, group, kind) in [
            (1, 0, 0, IS_A.to_owned()),
            (2, 1, 0, IS_A.to_owned()),
            (3, 1, 0, IS_A.to_owned()),
            (10, 2, 0, IS_A.to_owned()),
            (4, 0, 0, IS_A.to_owned()),
            (5, 4, 0, IS_A.to_owned()),
            (6, 4, 0, IS_A.to_owned()),
            (7, 0, 0, IS_A.to_owned()),
            (8, 0, 0, IS_A.to_owned()),
            (2, 5, 1, concept(7)),
            (10, 5, 1, concept(7)),
            (3, 6, 1, concept(7)),
        ] {
            edition.relationships.extend([format!(
                "{}\t20260101\t1\t1\t{}\t{}\t{group}\t{kind}\t900000000000011006\t1\n",
                made_up(7000 + source * 100 + target, "02"),
                concept(source),
                concept(target)
            )]);
        }
        for member in [2, 3] {
            let row = format!("x\t20260101\t1\t1\t{}\t{}\n", concept(8), concept(member));
            edition.refsets.push_str(&row);
        }
        edition
    }

    /// The files of an edition without their first lines.
    #[derive(Default)]
    pub(crate) struct Edition {
        /// The codes, in the order of the list above.
        pub(crate) codes: Vec<String>,
        concepts: String,
        descriptions: String,
        languages: String,
        relationships: String,
        refsets: String,
    }

    impl Edition {
        fn files(&self) -> [(Rf2File, String); 5] {
            let file = |head: &str, rows: &str| format!("{}\r\n{rows}", head.replace(' ', "\t"));
            [
                (
                    Rf2File::Concepts,
                    file(
                        "id effectiveTime active moduleId definitionStatusId",
                        &self.concepts,
                    ),
                ),
                (
                    Rf2File::Descriptions,
                    file(
                        "id effectiveTime active moduleId conceptId languageCode typeId term \
                         caseSignificanceId",
                        &self.descriptions,
                    ),
                ),
                (
                    Rf2File::Languages,
                    file(
                        "id effectiveTime active moduleId refsetId referencedComponentId \
                         acceptabilityId",
                        &self.languages,
                    ),
                ),
                (
                    Rf2File::Relationships,
                    file(
                        "id effectiveTime active moduleId sourceId destinationId \
                         relationshipGroup typeId characteristicTypeId modifierId",
                        &self.relationships,
                    ),
                ),
                (
                    Rf2File::Refsets,
                    file(
                        "id effectiveTime active moduleId refsetId referencedComponentId",
                        &self.refsets,
                    ),
                ),
            ]
        }

        /// The code system that it makes.
        pub(crate) fn load(&self) -> Result<CodeSystem, LoadError> {
            let mut rf2 = Rf2::new("http://snomed.info/sct/11000146104/version/20260101");
            for (kind, text) in self.files() {
                rf2.read(kind, text.as_bytes())?;
            }
            rf2.finish()
        }
    }

    #[test]
    fn an_edition_is_read() {
        let edition = edition();
        let system = edition.load().expect("it is right");
        let at = |item: usize| system.find(&edition.codes[item]).expect("there");
        assert_eq!((system.len(), system.names()), (11, 44));
        let display = |item, language| system.display(at(item), language).expect("readable");
        assert_eq!(display(2, "nl").as_deref(), Some("Gevlekt blad"));
        assert_eq!(display(2, "en-US").as_deref(), Some("Spotted leaf"));
        assert_eq!(display(2, "").as_deref(), Some("Spotted leaf"));
        assert!(system.is_above(at(0), at(10)) && !system.is_above(at(4), at(10)));
        assert!(!system.is_active(at(9)) && system.is_defined(at(2)));
        assert_eq!(system.refset(at(8)), Some(&[at(2), at(3)][..]));
        let site = system.properties(at(3)).next().expect("one");
        assert_eq!(system.value_text(site.value), edition.codes[6]);
        assert_eq!(site.group, 1);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let check = |change: fn(&mut Edition), expected: &str| {
            let mut edition = edition();
            change(&mut edition);
            let error = edition.load().expect_err(expected).to_string();
            assert_eq!(error, expected);
        };
        check(
            |edition| edition.concepts.push_str("123457\t1\t1\t1\t1\n"),
            "line 13: the id is no SNOMED CT identifier",
        );
        check(
            |edition| edition.concepts = edition.concepts.repeat(2),
            "line 13: the concept is there twice; load one edition",
        );
        check(
            |edition| edition.concepts.clear(),
            "line 2: the concept is not among the concepts that were read",
        );
        check(
            |edition| edition.relationships = edition.relationships.replace("\t1\t900", "\tx\t900"),
            "line 11: the relationship group is no number below 65536",
        );
        let mut rf2 = Rf2::new("");
        let error = rf2.read(Rf2File::Concepts, &b"id\tactive\n"[..]);
        let error = error.expect_err("a column is missing").to_string();
        assert_eq!(error, "the first line names no column `definitionStatusId`");
    }

    #[test]
    fn files_are_known_by_their_names() {
        for (name, kind) in [
            (
                "sct2_Concept_Snapshot_NL_20260331.txt",
                Some(Rf2File::Concepts),
            ),
            (
                "sct2_Description_Snapshot-nl_NL_20260331.txt",
                Some(Rf2File::Descriptions),
            ),
            (
                "der2_cRefset_LanguageSnapshot-en_INT_20260331.txt",
                Some(Rf2File::Languages),
            ),
            (
                "sct2_Relationship_Snapshot_NL_20260331.txt",
                Some(Rf2File::Relationships),
            ),
            (
                "sct2_RelationshipConcreteValues_Snapshot_NL_20260331.txt",
                None,
            ),
            ("sct2_StatedRelationship_Snapshot_NL_20260331.txt", None),
            (
                "der2_Refset_SimpleSnapshot_NL_20260331.txt",
                Some(Rf2File::Refsets),
            ),
            ("sct2_Concept_Full_NL_20260331.txt", None),
            ("sct2_Concept_Snapshot_NL_20260331.zip", None),
        ] {
            assert_eq!(Rf2File::of_name(name), kind, "{name}");
        }
    }

    #[test]
    fn identifiers_have_a_check_digit() {
        for (id, expected) in [
            ("138875005", true),
            ("116680003", true),
            ("900000000000003001", true),
            ("11000146104", true),
            ("138875006", false),
            ("183875005", false),
            ("", false),
            ("13887500x", false),
            ("1388750051388750051", false),
        ] {
            assert_eq!(is_sctid(id), expected, "{id}");
        }
    }

    proptest! {
        #[test]
        fn any_file_is_read_without_a_panic(rows in "([0-9a\\t]{0,20}\\n){0,5}") {
            for (kind, text) in edition().files() {
                let head = text.lines().next().expect("a head");
                let mut rf2 = Rf2::new("");
                let _ = rf2.read(kind, format!("{head}\n{rows}").as_bytes());
            }
        }

        #[test]
        fn one_wrong_digit_is_found_out(item in 1000u32..999_999, at in 0usize..6, digit in 0u8..10) {
            let id = made_up(item, "10");
            let mut changed = id.clone().into_bytes();
            let at = at % changed.len();
            changed[at] = b'0' + digit;
            let changed = String::from_utf8(changed).expect("digits");
            prop_assert_eq!(is_sctid(&changed), changed == id);
        }
    }
}
