//! Every key that a template or the code uses has a text, and every text is used.

use std::{collections::BTreeSet, fs, path::Path};

use crate::words::{Language, texts};

/// Keys that the code puts together from these beginnings.
const BUILT: [&str; 5] = [
    "problem.",
    "section.",
    "my.section.",
    "my.explain.",
    "code.",
];

fn read(folder: &Path, all: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(&path, all);
        } else {
            all.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

fn sources() -> String {
    let crate_root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = String::new();
    read(&crate_root.join("../../templates"), &mut all);
    read(&crate_root.join("src"), &mut all);
    all
}

/// The strings in quotes that look like a key of a known table.
fn quoted_keys(source: &str) -> BTreeSet<&str> {
    let tables: BTreeSet<&str> = texts(Language::Dutch)
        .keys()
        .filter_map(|key| key.split('.').next())
        .collect();
    source
        .split('"')
        .filter(|text| {
            let fits = text
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || b"-.".contains(&byte));
            fits && text.split_once('.').is_some_and(|(table, rest)| {
                tables.contains(table) && !rest.is_empty() && !rest.ends_with('.') && rest != "html"
            })
        })
        .collect()
}

#[test]
fn every_key_in_use_has_a_text() {
    let source = sources();
    let known = texts(Language::Dutch);
    for key in quoted_keys(&source) {
        let counted = ["one", "other"]
            .iter()
            .all(|form| known.contains_key(&format!("{key}.{form}")));
        assert!(known.contains_key(key) || counted, "no text for {key}");
    }
}

#[test]
fn every_text_is_used() {
    let source = sources();
    let used = quoted_keys(&source);
    let unused: Vec<&String> = texts(Language::Dutch)
        .keys()
        .filter(|key| {
            let counted = key
                .strip_suffix(".one")
                .or_else(|| key.strip_suffix(".other"));
            let built = BUILT.iter().any(|beginning| key.starts_with(beginning));
            !built && !used.contains(key.as_str()) && !counted.is_some_and(|key| used.contains(key))
        })
        .collect();
    assert!(unused.is_empty(), "nobody uses {unused:#?}");
}
