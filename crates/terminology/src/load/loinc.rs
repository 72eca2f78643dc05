//! LOINC as CSV: `Loinc.csv` (in `LoincTable/`), and the names in another language
//! of a linguistic variant (in `AccessoryFiles/LinguisticVariants/`).

use std::io::BufRead;

use super::LoadError;
use super::rows::{Row, Rows, Separator};
use crate::code_system::{Builder, CodeSystem, Header, NameKind, NewDescription, PropertyKind};
use crate::system::LOINC;

/// The columns that become properties, as the FHIR page on LOINC names them.
const PROPERTIES: [&str; 8] = [
    "COMPONENT",
    "PROPERTY",
    "TIME_ASPCT",
    "SYSTEM",
    "SCALE_TYP",
    "METHOD_TYP",
    "CLASS",
    "STATUS",
];

/// The columns with further names.
const SYNONYMS: [&str; 3] = ["SHORTNAME", "DisplayName", "CONSUMER_NAME"];

/// LOINC on its way in.
#[derive(Debug)]
pub struct Loinc {
    builder: Builder,
}

/// Where columns are in a file.
struct Columns(Vec<String>);

impl Columns {
    fn read(rows: &mut Rows<impl BufRead>) -> Result<Self, LoadError> {
        let head = rows.next()?;
        Ok(Self(
            head.iter()
                .flat_map(Row::fields)
                .map(str::to_owned)
                .collect(),
        ))
    }

    fn find(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|one| one.eq_ignore_ascii_case(name))
    }

    fn need(&self, name: &str) -> Result<usize, LoadError> {
        self.find(name)
            .ok_or_else(|| LoadError::NoColumn(name.to_owned()))
    }
}

impl Loinc {
    /// `version` is that of the release (`2.81`).
    pub fn new(version: &str) -> Self {
        Self {
            builder: Builder::new(Header {
                url: LOINC.to_owned(),
                version: version.to_owned(),
                title: "LOINC".to_owned(),
                is_complete: true,
                ignores_case: true,
                language: "en".to_owned(),
            }),
        }
    }

    /// Reads `Loinc.csv`.
    pub fn table(&mut self, source: impl BufRead) -> Result<(), LoadError> {
        let mut rows = Rows::new(source, Separator::Comma);
        let columns = Columns::read(&mut rows)?;
        let (code, name) = (
            columns.need("LOINC_NUM")?,
            columns.need("LONG_COMMON_NAME")?,
        );
        let status = columns.need("STATUS")?;
        let mut properties = Vec::new();
        for property in PROPERTIES {
            let number = self.builder.property_name(property, PropertyKind::String)?;
            properties.push((columns.need(property)?, number));
        }
        let synonyms: Vec<usize> = SYNONYMS
            .iter()
            .filter_map(|name| columns.find(name))
            .collect();
        while let Some(row) = rows.next()? {
            if !is_loinc(row.get(code)) {
                return Err(row.fault("the code is no LOINC code"));
            }
            let Some(concept) = self.builder.concept(row.get(code))? else {
                return Err(row.fault("the code is there twice"));
            };
            // Discouraged codes are in use; deprecated ones are not.
            if row.get(status) == "DEPRECATED" {
                self.builder.inactive(concept);
            }
            self.name(concept, "", NameKind::Display, row.get(name))?;
            for synonym in &synonyms {
                self.name(concept, "", NameKind::Synonym, row.get(*synonym))?;
            }
            for (column, property) in &properties {
                if !row.get(*column).is_empty() {
                    self.builder
                        .property(concept, *property, 0, row.get(*column))?;
                }
            }
        }
        Ok(())
    }

    /// Reads a linguistic variant (`nlNL9LinguisticVariant.csv`), after the table.
    pub fn variant(&mut self, language: &str, source: impl BufRead) -> Result<(), LoadError> {
        let mut rows = Rows::new(source, Separator::Comma);
        let columns = Columns::read(&mut rows)?;
        let (code, name) = (
            columns.need("LOINC_NUM")?,
            columns.need("LONG_COMMON_NAME")?,
        );
        let display = columns.find("LinguisticVariantDisplayName");
        let short = columns.find("SHORTNAME");
        while let Some(row) = rows.next()? {
            // A variant may be of another release than the table.
            let Some(concept) = self.builder.find(row.get(code)) else {
                continue;
            };
            let display = display.map_or("", |at| row.get(at));
            let long = row.get(name);
            let (first, second) = if display.is_empty() {
                (long, "")
            } else {
                (display, long)
            };
            self.name(concept, language, NameKind::Display, first)?;
            self.name(concept, language, NameKind::Synonym, second)?;
            let short = short.map_or("", |at| row.get(at));
            self.name(concept, language, NameKind::Synonym, short)?;
        }
        Ok(())
    }

    fn name(
        &mut self,
        concept: u32,
        language: &str,
        kind: NameKind,
        text: &str,
    ) -> Result<(), LoadError> {
        if !text.is_empty() {
            self.builder.describe(NewDescription {
                concept,
                language,
                kind,
                text,
            })?;
        }
        Ok(())
    }

    /// The code system.
    pub fn finish(self) -> Result<CodeSystem, LoadError> {
        Ok(self.builder.finish()?)
    }
}

/// Whether a text is a LOINC code: digits, a hyphen and a check digit (mod 10).
fn is_loinc(text: &str) -> bool {
    let Some((number, check)) = text.split_once('-') else {
        return false;
    };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(number) || !is_number(check) || number.len() > 10 {
        return false;
    }
    let sum: u32 = number
        .bytes()
        .rev()
        .enumerate()
        .map(|(at, digit)| {
            let value = u32::from(digit - b'0') * if at % 2 == 0 { 2 } else { 1 };
            value / 10 + value % 10
        })
        .sum();
    check == ((10 - sum % 10) % 10).to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEAD: &str = "\"LOINC_NUM\",\"COMPONENT\",\"PROPERTY\",\"TIME_ASPCT\",\"SYSTEM\",\
        \"SCALE_TYP\",\"METHOD_TYP\",\"CLASS\",\"STATUS\",\"SHORTNAME\",\"LONG_COMMON_NAME\"";

    /// Made up: no such tests exist.
    const TABLE: &str = "\n\"900001-9\",\"Moonlight\",\"MCnc\",\"Pt\",\"Pond\",\"Qn\",\"\",\"MOON\",\
        \"ACTIVE\",\"Moon Pnd\",\"Moonlight [Mass/volume] in Pond\"\n\
        \"900002-7\",\"Old moonlight\",\"MCnc\",\"Pt\",\"Pond\",\"Qn\",\"By \"\"eye\"\"\",\"MOON\",\
        \"DEPRECATED\",\"\",\"Old moonlight in Pond\"\n";

    #[test]
    fn a_table_and_a_variant_are_read() {
        let mut loinc = Loinc::new("2.99");
        loinc
            .table(format!("{HEAD}{TABLE}").as_bytes())
            .expect("right");
        let variant = "LOINC_NUM,LONG_COMMON_NAME,LinguisticVariantDisplayName\n\
            900001-9,Maanlicht [massa/volume] in vijver,Maanlicht\n900003-5,Onbekend,\n";
        loinc.variant("nl", variant.as_bytes()).expect("right");
        let system = loinc.finish().expect("small");
        let at = |code| system.find(code).expect("there");
        let display = |code, language| system.display(at(code), language).expect("readable");
        assert_eq!(display("900001-9", "nl").as_deref(), Some("Maanlicht"));
        let english = display("900001-9", "en");
        assert_eq!(english.as_deref(), Some("Moonlight [Mass/volume] in Pond"));
        assert!(!system.is_active(at("900002-7")));
        let method = system.property_named("METHOD_TYP").expect("one");
        let methods: Vec<_> = system
            .properties(at("900002-7"))
            .filter(|property| property.name == method)
            .map(|property| system.value_text(property.value))
            .collect();
        assert_eq!(methods, ["By \"eye\""]);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let check = |text: String, expected: &str| {
            let error = Loinc::new("").table(text.as_bytes()).expect_err(expected);
            assert_eq!(error.to_string(), expected);
        };
        check(
            HEAD.replace("STATUS", "STATE"),
            "the first line names no column `STATUS`",
        );
        check(
            format!("{HEAD}{TABLE}{TABLE}"),
            "line 5: the code is there twice",
        );
        check(
            format!("{HEAD}{}", TABLE.replace("900001-9", "900001-8")),
            "line 2: the code is no LOINC code",
        );
    }

    proptest! {
        #[test]
        fn any_rows_are_read_without_a_panic(rows in "([0-9a,\"\\-]{0,20}\\n){0,5}") {
            let _ = Loinc::new("").table(format!("{HEAD}\n{rows}").as_bytes());
            let head = "LOINC_NUM,LONG_COMMON_NAME";
            let _ = Loinc::new("").variant("nl", format!("{head}\n{rows}").as_bytes());
        }
    }
}
