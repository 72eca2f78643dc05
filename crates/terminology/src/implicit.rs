//! Value sets that have a URL and no resource: those of SNOMED CT and LOINC
//! (FHIR R4, snomedct 4.3.1.0.5 and loinc 4.3.1.2).

use fhir::codes::{Filter, FilterOp, ValueSet};

use crate::system::{LOINC, SNOMED};

/// The value set that an implicit URL stands for; `None` for any other URL.
pub(crate) fn value_set(url: &str) -> Option<ValueSet> {
    if url == "http://loinc.org/vs" {
        return Some(ValueSet::of_system(LOINC, Vec::new()));
    }
    let (edition, query) = url.split_once('?')?;
    let edition_part = edition.strip_prefix(SNOMED)?;
    if !edition_part.is_empty() && !edition_part.starts_with('/') {
        return None;
    }
    let asked = query.strip_prefix("fhir_vs")?;
    let filter = |property: &str, op, value: &str| Filter {
        property: property.to_owned(),
        op,
        value: value.to_owned(),
    };
    let filters = match asked.strip_prefix('=') {
        None if asked.is_empty() => Vec::new(),
        None => return None,
        Some("refset") => {
            return Some(of_snomed(
                edition,
                vec![filter("constraint", FilterOp::Equals, "^*")],
            ));
        }
        Some(asked) => match asked.split_once('/')? {
            ("isa", root) => vec![filter("concept", FilterOp::IsA, root)],
            ("refset", set) => vec![filter("concept", FilterOp::In, set)],
            ("ecl", expression) => {
                vec![filter(
                    "constraint",
                    FilterOp::Equals,
                    &unescaped(expression)?,
                )]
            }
            _ => return None,
        },
    };
    Some(of_snomed(edition, filters))
}

fn of_snomed(edition: &str, filters: Vec<Filter>) -> ValueSet {
    let mut set = ValueSet::of_system(SNOMED, filters);
    // `http://snomed.info/sct/<module>/version/<date>` names a version; the module
    // alone, any version of that edition.
    if edition.contains("/version/")
        && let Some(part) = set.include.first_mut()
    {
        part.version = Some(edition.to_owned());
    }
    set
}

/// A text from a URL, with its escapes undone. A text without any is as it is.
fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || char::from(rest.next()?).to_digit(16);
        bytes.push((digit()? * 16 + digit()?) as u8);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, expected: Option<&[(&str, FilterOp, &str)]>) {
        let found = value_set(url).map(|set| {
            let filters = set.include[0].filters.iter();
            let all = filters.map(|one| (one.property.clone(), one.op, one.value.clone()));
            all.collect::<Vec<_>>()
        });
        let expected = expected.map(|filters| {
            let all = filters.iter();
            let all = all.map(|(name, op, value)| ((*name).to_owned(), *op, (*value).to_owned()));
            all.collect::<Vec<_>>()
        });
        assert_eq!(found, expected, "{url}");
    }

    #[test]
    fn implicit_urls_are_known() {
        use FilterOp as Op;
        check("http://loinc.org/vs", Some(&[]));
        check("http://snomed.info/sct?fhir_vs", Some(&[]));
        check(
            "http://snomed.info/sct?fhir_vs=isa/138875005",
            Some(&[("concept", Op::IsA, "138875005")]),
        );
        check(
            "http://snomed.info/sct?fhir_vs=refset/11721000146100",
            Some(&[("concept", Op::In, "11721000146100")]),
        );
        check(
            "http://snomed.info/sct/11000146104?fhir_vs=ecl/%3C%20138875005%20OR%20*",
            Some(&[("constraint", Op::Equals, "< 138875005 OR *")]),
        );
        check(
            "http://snomed.info/sct?fhir_vs=ecl/<<138875005",
            Some(&[("constraint", Op::Equals, "<<138875005")]),
        );
        check(
            "http://snomed.info/sct?fhir_vs=refset",
            Some(&[("constraint", Op::Equals, "^*")]),
        );
        for url in [
            "http://snomed.info/sct?fhir_vs=ecl/%3",
            "http://snomed.info/sct?fhir_vs=all/1",
            "http://snomed.info/sct?fhir_vsx",
            "http://snomed.info/sctx?fhir_vs",
            "http://snomed.info/sct",
            "http://example.org/vs?fhir_vs",
            "http://loinc.org/vs/LL1-9",
        ] {
            check(url, None);
        }
        let dated = "http://snomed.info/sct/11000146104/version/20260331?fhir_vs";
        let version = value_set(dated).and_then(|set| set.include[0].version.clone());
        assert_eq!(
            version.as_deref(),
            Some("http://snomed.info/sct/11000146104/version/20260331")
        );
    }
}
