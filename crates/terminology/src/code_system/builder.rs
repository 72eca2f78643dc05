//! Puts a code system together, row by row, in any order of rows about concepts
//! that are there.

use std::collections::{BTreeMap, HashMap};

use super::graph::Graph;
use super::words::Gathering;
use super::{
    ABSTRACT, CodeSystem, DEFINED, Header, INACTIVE, IS_TEXT, NameKind, PropertyKind, PropertyName,
    Texts, compare_codes,
};
use crate::strings::Strings;

/// How many concepts a code system may have. SNOMED CT has half a million, with
/// those out of use.
pub const CONCEPTS_MAX: usize = 4_000_000;

/// How many names a code system may have in all. SNOMED CT has one and a half
/// million in an edition with two languages.
pub const DESCRIPTIONS_MAX: usize = 16_000_000;

/// How many language reference sets of SNOMED CT are kept.
pub const DIALECTS_MAX: usize = 8;

/// How many languages names may be in.
pub(super) const LANGUAGES_MAX: usize = 255;

/// How many properties a system may name.
const PROPERTIES_MAX: usize = u16::MAX as usize;

/// A limit of a code system is passed, named with its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("over the limit {limit} of {max}")]
pub struct TooMuch {
    /// The name of the limit.
    pub limit: &'static str,
    /// Its value.
    pub max: usize,
}

/// A name on its way in.
#[derive(Debug, Clone, Copy)]
pub struct NewDescription<'a> {
    /// Whose name it is.
    pub concept: u32,
    /// The language; empty for that of the system.
    pub language: &'a str,
    /// What it is to its concept.
    pub kind: NameKind,
    /// The name.
    pub text: &'a str,
}

struct Row {
    concept: u32,
    start: u32,
    length: u32,
    language: u8,
    kind: NameKind,
    preferred: u8,
    acceptable: u8,
}

/// What a code system may hold.
#[derive(Debug, Clone, Copy)]
struct Limits {
    concepts: usize,
    descriptions: usize,
    properties: usize,
}

/// A code system in the making.
pub struct Builder {
    limits: Limits,
    header: Header,
    numbers: HashMap<Box<str>, u32>,
    codes: Strings,
    flags: Vec<u8>,
    rows: Vec<Row>,
    text: Vec<u8>,
    words: Gathering,
    languages: Vec<String>,
    dialects: Vec<String>,
    edges: Vec<(u32, u32)>,
    property_names: Vec<PropertyName>,
    properties: Vec<(u32, u16, u16, u32)>,
    property_texts: Strings,
    text_numbers: HashMap<Box<str>, u32>,
    refsets: BTreeMap<u32, Vec<u32>>,
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Builder({}, {} concepts)",
            self.header.url,
            self.codes.len()
        )
    }
}

impl Builder {
    /// A code system without concepts yet.
    pub fn new(header: Header) -> Self {
        let limits = Limits {
            concepts: CONCEPTS_MAX,
            descriptions: DESCRIPTIONS_MAX,
            properties: PROPERTIES_MAX,
        };
        Self::within(limits, header)
    }

    /// The same with limits of its own.
    fn within(limits: Limits, header: Header) -> Self {
        Self {
            limits,
            header,
            numbers: HashMap::new(),
            codes: Strings::default(),
            flags: Vec::new(),
            rows: Vec::new(),
            text: Vec::new(),
            words: Gathering::default(),
            languages: vec![String::new()],
            dialects: Vec::new(),
            edges: Vec::new(),
            property_names: Vec::new(),
            properties: Vec::new(),
            property_texts: Strings::default(),
            text_numbers: HashMap::new(),
            refsets: BTreeMap::new(),
        }
    }

    /// What is known of it as a whole, to complete.
    pub fn header_mut(&mut self) -> &mut Header {
        &mut self.header
    }

    /// How many concepts there are.
    pub fn len(&self) -> usize {
        self.codes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a concept and gives its number; `None` when it is there already.
    pub fn concept(&mut self, code: &str) -> Result<Option<u32>, TooMuch> {
        let key: Box<str> = self.key(code).into();
        if self.numbers.contains_key(&key) {
            return Ok(None);
        }
        limit("CONCEPTS_MAX", self.codes.len(), self.limits.concepts)?;
        let number = self.codes.push(code).ok_or(TEXT_TOO_MUCH)?;
        self.numbers.insert(key, number);
        self.flags.push(0);
        Ok(Some(number))
    }

    fn key(&self, code: &str) -> String {
        if self.header.ignores_case {
            code.chars().flat_map(char::to_lowercase).collect()
        } else {
            code.to_owned()
        }
    }

    /// The number of a concept that is there.
    pub fn find(&self, code: &str) -> Option<u32> {
        if self.header.ignores_case {
            return self.numbers.get(self.key(code).as_str()).copied();
        }
        self.numbers.get(code).copied()
    }

    /// Says that a concept is no longer in use.
    pub fn inactive(&mut self, concept: u32) {
        self.flags[concept as usize] |= INACTIVE;
    }

    /// Says that a concept only groups others.
    pub fn abstract_(&mut self, concept: u32) {
        self.flags[concept as usize] |= ABSTRACT;
    }

    /// Says that its properties define a concept.
    pub fn defined(&mut self, concept: u32) {
        self.flags[concept as usize] |= DEFINED;
    }

    /// Adds a name and gives its number, for [`Self::dialect`].
    pub fn describe(&mut self, new: NewDescription<'_>) -> Result<u32, TooMuch> {
        limit(
            "DESCRIPTIONS_MAX",
            self.rows.len(),
            self.limits.descriptions,
        )?;
        let number = self.rows.len() as u32;
        let start = u32::try_from(self.text.len()).map_err(|_| TEXT_TOO_MUCH)?;
        u32::try_from(self.text.len() + new.text.len()).map_err(|_| TEXT_TOO_MUCH)?;
        let language =
            number_of(&mut self.languages, new.language, LANGUAGES_MAX).ok_or(TooMuch {
                limit: "LANGUAGES_MAX",
                max: LANGUAGES_MAX,
            })?;
        self.text.extend_from_slice(new.text.as_bytes());
        if new.kind != NameKind::Definition {
            self.words.add(number, new.text);
        }
        self.rows.push(Row {
            concept: new.concept,
            start,
            length: new.text.len() as u32,
            language,
            kind: new.kind,
            preferred: 0,
            acceptable: 0,
        });
        Ok(number)
    }

    /// Says that a dialect, a language reference set of SNOMED CT, prefers or
    /// accepts a name.
    pub fn dialect(
        &mut self,
        refset: &str,
        description: u32,
        is_preferred: bool,
    ) -> Result<(), TooMuch> {
        let bit = number_of(&mut self.dialects, refset, DIALECTS_MAX).ok_or(TooMuch {
            limit: "DIALECTS_MAX",
            max: DIALECTS_MAX,
        })?;
        let row = &mut self.rows[description as usize];
        let bits = if is_preferred {
            &mut row.preferred
        } else {
            &mut row.acceptable
        };
        *bits |= 1 << bit;
        Ok(())
    }

    /// Puts a concept below another one.
    pub fn below(&mut self, child: u32, parent: u32) {
        self.edges.push((child, parent));
    }

    /// Names a property, or finds the one of that name.
    pub fn property_name(&mut self, code: &str, kind: PropertyKind) -> Result<u16, TooMuch> {
        let found = self.property_names.iter().position(|one| one.code == code);
        if let Some(at) = found {
            return Ok(at as u16);
        }
        let max = self.limits.properties;
        limit("PROPERTIES_MAX", self.property_names.len(), max)?;
        self.property_names.push(PropertyName {
            code: code.to_owned(),
            kind,
        });
        Ok((self.property_names.len() - 1) as u16)
    }

    /// Gives a concept a property: a concept when its values are codes and the
    /// system has the code, else the text.
    pub fn property(
        &mut self,
        concept: u32,
        name: u16,
        group: u16,
        value: &str,
    ) -> Result<(), TooMuch> {
        let is_code = self.property_names[name as usize].kind == PropertyKind::Code;
        let number = match self.find(value).filter(|_| is_code) {
            Some(concept) => concept,
            None => {
                if let Some(number) = self.text_numbers.get(value) {
                    *number
                } else {
                    let number = self.property_texts.push(value).ok_or(TEXT_TOO_MUCH)? | IS_TEXT;
                    self.text_numbers.insert(value.into(), number);
                    number
                }
            }
        };
        self.properties.push((concept, name, group, number));
        Ok(())
    }

    /// Puts a concept in a reference set.
    pub fn member(&mut self, refset: u32, concept: u32) {
        self.refsets.entry(refset).or_default().push(concept);
    }

    /// The code system.
    pub fn finish(self) -> Result<CodeSystem, TooMuch> {
        let concepts = self.codes.len();
        let mut by_code: Vec<u32> = (0..concepts as u32).collect();
        let ignores_case = self.header.ignores_case;
        by_code.sort_unstable_by(|one, other| {
            compare_codes(self.codes.get(*one), self.codes.get(*other), ignores_case)
        });

        // The names of a concept stand together, each in the order it came.
        let mut order: Vec<u32> = (0..self.rows.len() as u32).collect();
        order.sort_by_key(|at| self.rows[*at as usize].concept);
        let mut renumbered = vec![0u32; order.len()];
        let mut text = Vec::with_capacity(self.text.len());
        let mut system = CodeSystem {
            header: self.header,
            codes: self.codes,
            by_code,
            flags: self.flags,
            description_ends: vec![0; concepts],
            text_ends: Vec::with_capacity(order.len()),
            languages: self.languages.iter().map(String::as_str).collect(),
            description_languages: Vec::with_capacity(order.len()),
            description_kinds: Vec::with_capacity(order.len()),
            preferred: Vec::with_capacity(order.len()),
            acceptable: Vec::with_capacity(order.len()),
            dialects: self.dialects.iter().map(String::as_str).collect(),
            texts: Texts::Here(Vec::new()),
            graph: Graph::new(concepts, self.edges),
            property_names: self.property_names,
            property_ends: vec![0; concepts],
            property_of: Vec::with_capacity(self.properties.len()),
            property_group: Vec::with_capacity(self.properties.len()),
            property_value: Vec::with_capacity(self.properties.len()),
            property_texts: self.property_texts,
            refsets: Vec::new(),
            words: super::WordIndex::default(),
            kept: std::sync::Mutex::default(),
        };
        for (place, at) in order.iter().enumerate() {
            let row = &self.rows[*at as usize];
            renumbered[*at as usize] = place as u32;
            text.extend_from_slice(&self.text[row.start as usize..][..row.length as usize]);
            system.text_ends.push(text.len() as u32);
            system.description_languages.push(row.language);
            let kind = NameKind::ALL.iter().position(|kind| *kind == row.kind);
            system
                .description_kinds
                .push(kind.unwrap_or_default() as u8);
            system.preferred.push(row.preferred);
            system.acceptable.push(row.acceptable);
            system.description_ends[row.concept as usize] = place as u32 + 1;
        }
        fill_gaps(&mut system.description_ends);
        system.texts = Texts::Here(text);
        system.words = self.words.finish(&renumbered).ok_or(TEXT_TOO_MUCH)?;

        let mut properties = self.properties;
        properties.sort_by_key(|(concept, _, group, _)| (*concept, *group));
        for (place, (concept, name, group, value)) in properties.into_iter().enumerate() {
            system.property_of.push(name);
            system.property_group.push(group);
            system.property_value.push(value);
            system.property_ends[concept as usize] = place as u32 + 1;
        }
        fill_gaps(&mut system.property_ends);
        system.refsets = self
            .refsets
            .into_iter()
            .map(|(set, mut members)| {
                members.sort_unstable();
                members.dedup();
                (set, members)
            })
            .collect();
        Ok(system)
    }
}

const TEXT_TOO_MUCH: TooMuch = TooMuch {
    limit: "TEXT_BYTES_MAX",
    max: u32::MAX as usize,
};

fn limit(limit: &'static str, there: usize, max: usize) -> Result<(), TooMuch> {
    if there < max {
        Ok(())
    } else {
        Err(TooMuch { limit, max })
    }
}

/// The place of a word in a short list; it is added when there is room.
fn number_of(list: &mut Vec<String>, word: &str, max: usize) -> Option<u8> {
    if let Some(at) = list.iter().position(|one| one == word) {
        return u8::try_from(at).ok();
    }
    if list.len() >= max {
        return None;
    }
    list.push(word.to_owned());
    u8::try_from(list.len() - 1).ok()
}

/// A concept with nothing ends where the one before it ends.
fn fill_gaps(ends: &mut [u32]) {
    let mut end = 0;
    for one in ends {
        end = end.max(*one);
        *one = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_holds_what_it_says_and_no_more() {
        let header = Header {
            url: "urn:x".to_owned(),
            version: String::new(),
            title: String::new(),
            is_complete: true,
            ignores_case: false,
            language: String::new(),
        };
        let limits = Limits {
            concepts: 2,
            descriptions: 3,
            properties: 1,
        };
        let mut system = Builder::within(limits, header);
        let over = |limit, max| Err(TooMuch { limit, max });
        assert_eq!(system.concept("a"), Ok(Some(0)));
        assert_eq!(system.concept("b"), Ok(Some(1)));
        assert_eq!(system.concept("a"), Ok(None), "it is there");
        assert_eq!(system.concept("c"), over("CONCEPTS_MAX", 2));
        let name = NewDescription {
            concept: 0,
            language: "",
            kind: NameKind::Display,
            text: "x",
        };
        for number in 0..3 {
            assert_eq!(system.describe(name), Ok(number));
        }
        let one_more = system.describe(name).map(|_| None::<u32>);
        assert_eq!(one_more, over("DESCRIPTIONS_MAX", 3));
        let kind = PropertyKind::String;
        assert_eq!(system.property_name("p", kind), Ok(0));
        assert_eq!(system.property_name("p", kind), Ok(0), "it is there");
        let one_more = system.property_name("q", kind).map(|_| None::<u32>);
        assert_eq!(one_more, over("PROPERTIES_MAX", 1));
    }
}
