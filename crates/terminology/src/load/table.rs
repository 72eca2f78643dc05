//! Any table with a code in every row: those of NHG (`tabel 45` and others), ICPC,
//! and lists of an organisation's own.
//!
//! The first line names the columns. Which column is what is given ([`Columns`]);
//! without that, columns are known by the names `code`, `display`, `parent` and
//! `inactive`, in any case. `display` may be there once for each language, as
//! `display_nl` and `display_en`. All other columns become properties under their
//! own names. A parent may stand below its children.

use std::io::BufRead;

use super::LoadError;
use super::rows::{Row, Rows, Separator};
use crate::code_system::{Builder, CodeSystem, Header, NameKind, NewDescription, PropertyKind};

/// Which columns of a table are what, by the names in its first line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    /// The code.
    pub code: String,
    /// Names, each with its language; the first is the display.
    pub displays: Vec<(String, String)>,
    /// The code of the concept above.
    pub parent: Option<String>,
    /// Anything but nothing, `0`, `false`, `nee` and `no`: the code is no longer in use.
    pub inactive: Option<String>,
}

impl Columns {
    /// The columns by their usual names, of those that are there.
    fn usual(names: &[String], language: &str) -> Self {
        let find = |wanted: &str| {
            let found = names.iter().find(|name| name.eq_ignore_ascii_case(wanted));
            found.cloned()
        };
        let displays = names.iter().filter_map(|name| {
            let small = name.to_ascii_lowercase();
            let rest = small.strip_prefix("display")?;
            let of = match rest.strip_prefix('_') {
                Some(of) if !of.is_empty() => of.to_owned(),
                None if rest.is_empty() => language.to_owned(),
                _ => return None,
            };
            Some((name.clone(), of))
        });
        Self {
            displays: displays.collect(),
            code: find("code").unwrap_or_else(|| "code".to_owned()),
            parent: find("parent"),
            inactive: find("inactive"),
        }
    }
}

/// Reads a table as the code system of this header.
pub fn read(
    header: Header,
    separator: Separator,
    columns: Option<Columns>,
    source: impl BufRead,
) -> Result<CodeSystem, LoadError> {
    let mut rows = Rows::new(source, separator);
    let head = rows.next()?;
    let names: Vec<String> = head
        .iter()
        .flat_map(Row::fields)
        .map(|name| name.trim().to_owned())
        .collect();
    let columns = columns.unwrap_or_else(|| Columns::usual(&names, &header.language));
    let place = |name: &str| {
        let found = names.iter().position(|one| one == name);
        found.ok_or_else(|| LoadError::NoColumn(name.to_owned()))
    };
    let optional = |name: &Option<String>| name.as_deref().map(place).transpose();
    let code = place(&columns.code)?;
    let (parent, inactive) = (optional(&columns.parent)?, optional(&columns.inactive)?);
    let mut displays = Vec::new();
    for (name, language) in &columns.displays {
        displays.push((place(name)?, language.as_str()));
    }
    let mut builder = Builder::new(header);
    let mut properties = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let has_role = at == code
            || Some(at) == parent
            || Some(at) == inactive
            || displays.iter().any(|(display, _)| *display == at);
        if !has_role && !name.is_empty() {
            properties.push((at, builder.property_name(name, PropertyKind::String)?));
        }
    }
    let mut parents: Vec<(u64, u32, String)> = Vec::new();
    while let Some(row) = rows.next()? {
        let field = |at: usize| row.get(at).trim();
        if field(code).is_empty() {
            return Err(row.fault("the code is missing"));
        }
        let Some(concept) = builder.concept(field(code))? else {
            return Err(row.fault("the code is there twice"));
        };
        for (at, language) in &displays {
            if !field(*at).is_empty() {
                builder.describe(NewDescription {
                    concept,
                    language,
                    kind: NameKind::Display,
                    text: field(*at),
                })?;
            }
        }
        for (at, property) in &properties {
            if !field(*at).is_empty() {
                builder.property(concept, *property, 0, field(*at))?;
            }
        }
        if let Some(parent) = parent.map(field).filter(|parent| !parent.is_empty()) {
            parents.push((row.line, concept, parent.to_owned()));
        }
        if inactive.is_some_and(|at| is_said(field(at))) {
            builder.inactive(concept);
        }
    }
    for (line, child, parent) in parents {
        let Some(parent) = builder.find(&parent) else {
            let what = "the parent is no code of the table";
            return Err(LoadError::Line { line, what });
        };
        builder.below(child, parent);
    }
    Ok(builder.finish()?)
}

fn is_said(text: &str) -> bool {
    !matches!(
        text.to_lowercase().as_str(),
        "" | "0" | "false" | "nee" | "no"
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn header() -> Header {
        Header {
            url: "http://example.org/table".to_owned(),
            is_complete: true,
            language: "nl".to_owned(),
            ..Header::default()
        }
    }

    #[test]
    fn usual_columns_are_known_and_others_are_properties() {
        let text = "Code;Display;display_en;parent;Inactive;materiaal\n\
            Z1.1;Zilverziekte;Silver disease;Z1;;bloed\nZ1;Zaken;Things;;;\nZ2;Oud;Old;;ja;\n";
        let system = read(header(), Separator::Semicolon, None, text.as_bytes()).expect("right");
        let at = |code| system.find(code).expect("there");
        assert!(system.is_above(at("Z1"), at("Z1.1")));
        assert!(!system.is_active(at("Z2")) && system.is_active(at("Z1")));
        let display = |language| system.display(at("Z1.1"), language).expect("readable");
        assert_eq!(display("nl").as_deref(), Some("Zilverziekte"));
        assert_eq!(display("en").as_deref(), Some("Silver disease"));
        let properties: Vec<_> = system.properties(at("Z1.1")).collect();
        assert_eq!(system.value_text(properties[0].value), "bloed");
    }

    #[test]
    fn columns_can_be_named() {
        let columns = Columns {
            code: "Bepalingnr".to_owned(),
            displays: vec![("Omschrijving".to_owned(), "nl".to_owned())],
            parent: None,
            inactive: None,
        };
        let text = "Bepalingnr\tOmschrijving\tparent\n7\tZeven\t1\n";
        let system = read(header(), Separator::Tab, Some(columns), text.as_bytes());
        let system = system.expect("right");
        assert_eq!(system.property_names()[0].code, "parent");
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let check = |text: &str, expected: &str| {
            let error = read(header(), Separator::Comma, None, text.as_bytes());
            assert_eq!(error.expect_err(text).to_string(), expected);
        };
        check("", "the first line names no column `code`");
        check("code,display\n,x\n", "line 2: the code is missing");
        check("code\na\na\n", "line 3: the code is there twice");
        check(
            "code,parent\na,b\n",
            "line 2: the parent is no code of the table",
        );
    }

    proptest! {
        #[test]
        fn any_table_is_read_without_a_panic(text in "([a-c,\"]{0,9}\\n){0,6}") {
            let text = format!("code,display,parent\n{text}");
            let _ = read(header(), Separator::Comma, None, text.as_bytes());
        }
    }
}
