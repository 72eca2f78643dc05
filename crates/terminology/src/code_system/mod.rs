//! A code system in compact form: hundreds of thousands of concepts, their names
//! in several languages, what is below what, properties and reference sets.
//!
//! A concept is a number, in the order of the source. [`Builder`] makes one;
//! [`mod@file`] writes it as one file and reads it back. The names are the bulk and
//! may stay outside memory, behind [`TextSource`]; all else is in memory, so that
//! a question of hierarchy or a search by word takes milliseconds.

mod builder;
pub mod file;
mod graph;
mod select;
#[cfg(test)]
mod tests;
mod words;

use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::{Arc, Mutex};

pub use builder::{Builder, CONCEPTS_MAX, DESCRIPTIONS_MAX, DIALECTS_MAX, NewDescription, TooMuch};
pub use select::REGEX_BYTES_MAX;
pub use words::FILTER_WORDS_MAX;
pub(crate) use words::words as words_of;

use crate::bits::Bits;
use crate::strings::Strings;
use graph::Graph;
use words::WordIndex;

/// What is known of a code system as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Header {
    /// Its canonical URL, such as `http://loinc.org`.
    pub url: String,
    /// Its version; empty when the source tells none.
    pub version: String,
    /// A name for people.
    pub title: String,
    /// Whether all codes of the system are there, so that a code that is not is wrong.
    pub is_complete: bool,
    /// Whether `a` and `A` are the same code.
    pub ignores_case: bool,
    /// The language of names that tell none, as in BCP 47.
    pub language: String,
}

/// What a name is to its concept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NameKind {
    /// The display of a FHIR CodeSystem, the long common name of LOINC.
    Display,
    /// A synonym, a short name.
    Synonym,
    /// A fully specified name of SNOMED CT.
    FullySpecified,
    /// A text that explains.
    Definition,
}

impl NameKind {
    const ALL: [Self; 4] = [
        Self::Display,
        Self::Synonym,
        Self::FullySpecified,
        Self::Definition,
    ];
}

/// A name of a concept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Designation<'a> {
    /// The language, as in BCP 47.
    pub language: &'a str,
    /// What it is to its concept.
    pub kind: NameKind,
    /// The name.
    pub text: String,
    /// Whether a dialect of its language prefers it.
    pub is_preferred: bool,
}

/// The type of a property's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PropertyKind {
    /// A code of the same system, or any other code.
    Code,
    /// A text.
    String,
    /// A whole number.
    Integer,
    /// A decimal number.
    Decimal,
    /// `true` or `false`.
    Boolean,
    /// A date with or without time.
    DateTime,
    /// A code of any system, as `system|code`.
    Coding,
}

impl PropertyKind {
    const ALL: [Self; 7] = [
        Self::Code,
        Self::String,
        Self::Integer,
        Self::Decimal,
        Self::Boolean,
        Self::DateTime,
        Self::Coding,
    ];
}

/// A property that concepts may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PropertyName {
    /// Its code.
    pub code: String,
    /// The type of its values.
    pub kind: PropertyKind,
}

/// A value of a property, and the group of values that it belongs to (SNOMED CT; 0
/// for none).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Property<'a> {
    /// Which property: a place in [`CodeSystem::property_names`].
    pub name: u16,
    /// The group.
    pub group: u16,
    /// The value.
    pub value: PropertyValue<'a>,
}

/// The value of a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PropertyValue<'a> {
    /// A concept of the same system.
    Concept(u32),
    /// Anything else, as text.
    Text(&'a str),
}

/// Where names are that are not in memory.
pub trait TextSource: Send + Sync + std::fmt::Debug {
    /// The bytes from `start`, that many; `None` when they cannot be read.
    fn read(&self, start: u64, length: usize) -> Option<Vec<u8>>;
}

#[derive(Debug)]
enum Texts {
    Here(Vec<u8>),
    Outside(Box<dyn TextSource>),
}

/// A concept cannot be told about: its names cannot be read from where they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the names of the code system cannot be read")]
pub struct Unreadable;

const INACTIVE: u8 = 1;
const ABSTRACT: u8 = 2;
const DEFINED: u8 = 4;

/// A value of a property that is text rather than a concept.
const IS_TEXT: u32 = 1 << 31;

/// A code system.
#[derive(Debug)]
pub struct CodeSystem {
    header: Header,
    codes: Strings,
    /// Concepts by their code.
    by_code: Vec<u32>,
    flags: Vec<u8>,
    /// Where the descriptions of each concept end.
    description_ends: Vec<u32>,
    /// Where the text of each description ends.
    text_ends: Vec<u32>,
    languages: Strings,
    description_languages: Vec<u8>,
    description_kinds: Vec<u8>,
    /// A bit for each dialect that prefers it, and for each that accepts it.
    preferred: Vec<u8>,
    acceptable: Vec<u8>,
    /// The language reference sets that the bits are about.
    dialects: Strings,
    texts: Texts,
    graph: Graph,
    property_names: Vec<PropertyName>,
    property_ends: Vec<u32>,
    /// Property, group and value, as three lists.
    property_of: Vec<u16>,
    property_group: Vec<u16>,
    property_value: Vec<u32>,
    property_texts: Strings,
    /// Sorted by the concept of the set; members sorted.
    refsets: Vec<(u32, Vec<u32>)>,
    words: WordIndex,
    /// Answers to expressions, the oldest first.
    kept: Mutex<Vec<(String, Arc<Bits>)>>,
}

impl CodeSystem {
    /// What is known of it as a whole.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// How many concepts it has.
    pub fn len(&self) -> usize {
        self.codes.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many names its concepts have together.
    pub fn names(&self) -> usize {
        self.text_ends.len()
    }

    /// The concept with this code.
    pub fn find(&self, code: &str) -> Option<u32> {
        let ignores_case = self.header.ignores_case;
        self.by_code
            .binary_search_by(|at| compare_codes(self.codes.get(*at), code, ignores_case))
            .ok()
            .map(|place| self.by_code[place])
    }

    /// The code of a concept, as the source spells it.
    pub fn code(&self, concept: u32) -> &str {
        self.codes.get(concept)
    }

    /// Whether the concept is in use.
    pub fn is_active(&self, concept: u32) -> bool {
        !self.flag(concept, INACTIVE)
    }

    /// Whether the concept only groups others and is not for use itself.
    pub fn is_abstract(&self, concept: u32) -> bool {
        self.flag(concept, ABSTRACT)
    }

    /// Whether its properties define it wholly (SNOMED CT).
    pub fn is_defined(&self, concept: u32) -> bool {
        self.flag(concept, DEFINED)
    }

    fn flag(&self, concept: u32, flag: u8) -> bool {
        self.flags
            .get(concept as usize)
            .is_some_and(|flags| flags & flag != 0)
    }

    /// The names of a concept.
    pub fn designations(&self, concept: u32) -> Result<Vec<Designation<'_>>, Unreadable> {
        self.descriptions(concept)
            .map(|at| self.designation(at))
            .collect()
    }

    /// The name of a concept in a language (`nl`, `en-GB`), else in the language of
    /// the system, else any; `None` for a concept without names.
    pub fn display(&self, concept: u32, language: &str) -> Result<Option<String>, Unreadable> {
        let best = self
            .descriptions(concept)
            .min_by_key(|at| (self.rank(*at, language), *at));
        best.map(|at| self.text(at)).transpose()
    }

    /// How well a description serves as the name in a language: low is good.
    fn rank(&self, at: u32, language: &str) -> (u8, u8, u8) {
        let of = self.language(at);
        let by_language = if speaks(of, language) {
            0
        } else if speaks(of, &self.header.language) {
            1
        } else {
            2
        };
        let dialect = dialect_of(language)
            .and_then(|dialect| self.dialects.iter().position(|one| one == dialect));
        let preferred = self.preferred[at as usize];
        let by_dialect = match dialect {
            Some(bit) if preferred & (1 << bit) != 0 => 0,
            _ if preferred != 0 => 1,
            _ => 2,
        };
        let by_kind = match self.kind(at) {
            NameKind::Display => 0,
            NameKind::Synonym => 1,
            NameKind::FullySpecified => 2,
            NameKind::Definition => 3,
        };
        // A preferred fully specified name is no name for a screen.
        if self.kind(at) == NameKind::FullySpecified {
            return (by_language, 3, by_kind);
        }
        if self.kind(at) == NameKind::Definition {
            return (3, 3, by_kind);
        }
        (by_language, by_dialect, by_kind)
    }

    fn descriptions(&self, concept: u32) -> std::ops::Range<u32> {
        range(&self.description_ends, concept)
    }

    fn designation(&self, at: u32) -> Result<Designation<'_>, Unreadable> {
        Ok(Designation {
            language: self.language(at),
            kind: self.kind(at),
            text: self.text(at)?,
            is_preferred: self.preferred[at as usize] != 0,
        })
    }

    fn language(&self, at: u32) -> &str {
        let language = self
            .languages
            .get(self.description_languages[at as usize].into());
        if language.is_empty() {
            &self.header.language
        } else {
            language
        }
    }

    fn kind(&self, at: u32) -> NameKind {
        NameKind::ALL[usize::from(self.description_kinds[at as usize])]
    }

    fn text(&self, at: u32) -> Result<String, Unreadable> {
        let span = range(&self.text_ends, at);
        let length = span.len();
        let bytes = match &self.texts {
            Texts::Here(bytes) => Cow::Borrowed(
                bytes
                    .get(span.start as usize..span.end as usize)
                    .ok_or(Unreadable)?,
            ),
            Texts::Outside(source) => {
                let bytes = source.read(span.start.into(), length).ok_or(Unreadable)?;
                Cow::Owned(bytes)
            }
        };
        String::from_utf8(bytes.into_owned()).map_err(|_| Unreadable)
    }

    /// The properties that its concepts may have.
    pub fn property_names(&self) -> &[PropertyName] {
        &self.property_names
    }

    /// The properties of a concept.
    pub fn properties(&self, concept: u32) -> impl Iterator<Item = Property<'_>> {
        range(&self.property_ends, concept).map(|at| self.property(at as usize))
    }

    fn property(&self, at: usize) -> Property<'_> {
        let value = self.property_value[at];
        Property {
            name: self.property_of[at],
            group: self.property_group[at],
            value: if value & IS_TEXT == 0 {
                PropertyValue::Concept(value)
            } else {
                PropertyValue::Text(self.property_texts.get(value & !IS_TEXT))
            },
        }
    }

    /// Which property has this code.
    pub fn property_named(&self, code: &str) -> Option<u16> {
        let at = self
            .property_names
            .iter()
            .position(|one| one.code == code)?;
        u16::try_from(at).ok()
    }

    /// A property's value as text: the code of a concept, or the text itself.
    pub fn value_text<'a>(&'a self, value: PropertyValue<'a>) -> &'a str {
        match value {
            PropertyValue::Concept(concept) => self.code(concept),
            PropertyValue::Text(text) => text,
        }
    }

    /// The members of a reference set, when that is one.
    pub fn refset(&self, concept: u32) -> Option<&[u32]> {
        let at = self
            .refsets
            .binary_search_by_key(&concept, |(set, _)| *set)
            .ok()?;
        Some(&self.refsets[at].1)
    }

    /// The reference sets.
    pub fn refsets(&self) -> impl Iterator<Item = u32> + '_ {
        self.refsets.iter().map(|(set, _)| *set)
    }

    /// The concepts directly above.
    pub fn parents(&self, concept: u32) -> &[u32] {
        self.graph.parents(concept)
    }

    /// The concepts directly below.
    pub fn children(&self, concept: u32) -> &[u32] {
        self.graph.children(concept)
    }

    /// Whether one concept is above another one, at any distance.
    pub fn is_above(&self, ancestor: u32, concept: u32) -> bool {
        self.graph.is_above(ancestor, concept)
    }

    /// All that is below these, without themselves unless they are below one another.
    pub(crate) fn descendants(&self, of: &Bits) -> Bits {
        self.graph.below(of)
    }

    /// All that is above these, likewise.
    pub(crate) fn ancestors(&self, of: &Bits) -> Bits {
        self.graph.above(of)
    }

    /// A set with only this concept.
    pub(crate) fn only(&self, concept: u32) -> Bits {
        let mut bits = Bits::new(self.len());
        bits.insert(concept);
        bits
    }

    /// The concepts of a set that have a name in which every word of the question
    /// begins a word, those with the shortest such name first; by their own order
    /// when the question has no word. The code itself is found too.
    pub(crate) fn named(&self, question: &str, among: &Bits) -> Vec<u32> {
        let Some(found) = self.words.find(question, self.names()) else {
            return among.iter().collect();
        };
        let mut ranked: Vec<(u32, u32)> = Vec::new();
        let by_code = self.find(question.trim()).filter(|at| among.contains(*at));
        ranked.extend(by_code.map(|at| (0, at)));
        let mut concept = 0u32;
        for description in found.iter() {
            while self.description_ends[concept as usize] <= description {
                concept += 1;
            }
            if !among.contains(concept) {
                continue;
            }
            let length = range(&self.text_ends, description).len() as u32;
            match ranked.last_mut().filter(|(_, last)| *last == concept) {
                Some(last) => last.0 = last.0.min(length),
                None if by_code == Some(concept) => {}
                None => ranked.push((length, concept)),
            }
        }
        ranked.sort_unstable();
        ranked.into_iter().map(|(_, concept)| concept).collect()
    }
}

/// The part of a list that belongs to a place, by where each part ends.
fn range(ends: &[u32], at: u32) -> std::ops::Range<u32> {
    let at = at as usize;
    let Some(end) = ends.get(at) else {
        return 0..0;
    };
    at.checked_sub(1).map_or(0, |before| ends[before])..*end
}

fn compare_codes(one: &str, other: &str, ignores_case: bool) -> Ordering {
    if !ignores_case {
        return one.cmp(other);
    }
    let small = |text: &str| {
        text.chars()
            .flat_map(char::to_lowercase)
            .collect::<String>()
    };
    small(one).cmp(&small(other))
}

/// Whether a name in one language serves somebody who asks for another one: the
/// first parts are the same (`nl` for `nl-NL`).
fn speaks(of: &str, wanted: &str) -> bool {
    let first = |tag: &str| {
        tag.split('-')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase()
    };
    !wanted.is_empty() && first(of) == first(wanted)
}

/// The language reference set of SNOMED CT behind a language tag: the dialects of
/// English and the Dutch one by their own tags, others as `nl-x-sctlang-…` with
/// the digits in groups of eight at most.
fn dialect_of(language: &str) -> Option<Cow<'static, str>> {
    let tag = language.to_ascii_lowercase();
    if let Some((_, digits)) = tag.split_once("-x-sctlang-") {
        return Some(Cow::Owned(digits.replace('-', "")));
    }
    Some(Cow::Borrowed(match tag.as_str() {
        "en-us" => "900000000000509007",
        "en-gb" => "900000000000508004",
        "nl" | "nl-nl" => "31000146106",
        _ => return None,
    }))
}
