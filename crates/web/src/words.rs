//! The words of the pages, in Dutch and in English.
//!
//! Texts live in `translations/*.toml`, embedded in the binary, so that
//! somebody who writes well need not read Rust. A test holds that both files
//! have the same keys and that each key is used. This module does not choose
//! the language: that is the reader's, kept in a cookie.

use std::{collections::HashMap, sync::OnceLock};

/// A language of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Language {
    /// Dutch at level B1, the default.
    #[default]
    Dutch,
    /// English.
    English,
}

impl Language {
    /// Both, the default first.
    pub const ALL: [Self; 2] = [Self::Dutch, Self::English];

    /// The code for `lang` attributes and the cookie (BCP 47).
    pub const fn code(self) -> &'static str {
        match self {
            Self::Dutch => "nl",
            Self::English => "en",
        }
    }

    /// Finds a language by its code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|language| language.code() == code)
    }

    /// The language to switch to.
    pub const fn other(self) -> Self {
        match self {
            Self::Dutch => Self::English,
            Self::English => Self::Dutch,
        }
    }

    /// The name of the language, in that language.
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::Dutch => "Nederlands",
            Self::English => "English",
        }
    }

    /// The text of a key; the key itself where there is none, which a test rules out.
    pub fn text<'k>(self, key: &'k str) -> &'k str
    where
        'static: 'k,
    {
        let found = texts(self).get(key).map(String::as_str);
        debug_assert!(found.is_some(), "no text for {key}");
        found.unwrap_or(key)
    }

    /// The text of a key with `{name}` replaced by each value.
    pub fn fill(self, key: &str, values: &[(&str, &str)]) -> String {
        fill(self.text(key), values)
    }

    /// The text of `key.one` or `key.other`, with `{n}` replaced by the count.
    pub fn count(self, key: &str, count: usize) -> String {
        let form = if count == 1 { "one" } else { "other" };
        self.fill(&format!("{key}.{form}"), &[("n", &count.to_string())])
    }
}

impl From<Language> for trust::words::Language {
    fn from(language: Language) -> Self {
        match language {
            Language::Dutch => Self::Dutch,
            Language::English => Self::English,
        }
    }
}

/// Replaces `{name}` by its value. One pass over the text, so a value that
/// looks like a placeholder stays as it is.
pub(crate) fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len() + 32);
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        let (before, from) = rest.split_at(start);
        filled.push_str(before);
        let Some(end) = from.find('}') else {
            filled.push_str(from);
            return filled;
        };
        match values.iter().find(|(name, _)| *name == &from[1..end]) {
            Some((_, value)) => filled.push_str(value),
            None => filled.push_str(&from[..=end]),
        }
        rest = &from[end + 1..];
    }
    filled.push_str(rest);
    filled
}

/// All texts of a language, by dotted key.
pub(crate) fn texts(language: Language) -> &'static HashMap<String, String> {
    static TEXTS: OnceLock<[HashMap<String, String>; 2]> = OnceLock::new();
    &TEXTS.get_or_init(|| {
        [
            read(include_str!("../../../translations/nl.toml")),
            read(include_str!("../../../translations/en.toml")),
        ]
    })[language as usize]
}

fn read(file: &str) -> HashMap<String, String> {
    let table: toml::Table = file
        .parse()
        .expect("a test reads the embedded translations");
    let mut texts = HashMap::new();
    flatten("", &table, &mut texts);
    texts
}

fn flatten(prefix: &str, table: &toml::Table, texts: &mut HashMap<String, String>) {
    for (name, value) in table {
        let key = if prefix.is_empty() {
            name.clone()
        } else {
            format!("{prefix}.{name}")
        };
        match value {
            toml::Value::String(text) => {
                texts.insert(key, text.trim().to_owned());
            }
            toml::Value::Table(inner) => flatten(&key, inner, texts),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn both_languages_say_the_same_things_with_the_same_placeholders() {
        let keys = |language| texts(language).keys().cloned().collect::<BTreeSet<_>>();
        assert_eq!(keys(Language::Dutch), keys(Language::English));
        for (key, dutch) in texts(Language::Dutch) {
            let english = &texts(Language::English)[key];
            assert_eq!(placeholders(dutch), placeholders(english), "{key}");
        }
    }

    fn placeholders(text: &str) -> BTreeSet<&str> {
        text.split('{')
            .skip(1)
            .filter_map(|part| part.split('}').next())
            .collect()
    }

    #[test]
    fn values_are_filled_in_once() {
        let values = [("a", "{b}"), ("b", "x")];
        assert_eq!(fill("{a} and {b}, {c} {", &values), "{b} and x, {c} {");
    }
}
