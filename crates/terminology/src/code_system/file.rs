//! One file for a code system: made once, read at every start.
//!
//! A word to know it by, the length and the checksum of what comes to memory,
//! then that, then the names. All numbers are little endian. A file of another
//! form is refused and must be loaded anew from the release: it is no archive.

use super::graph::Graph;
use super::{
    CodeSystem, Header, IS_TEXT, NameKind, PropertyKind, PropertyName, TextSource, Texts, WordIndex,
};
use crate::strings::Strings;

/// What a file begins with; the number is that of the form.
const MAGIC: &[u8; 12] = b"schakelcs 1\n";

/// How many bytes stand before what comes to memory: a mark, a length, a checksum.
pub const HEAD_BYTES: usize = 12 + 8 + 4;

/// How long the part in memory may be, in bytes (1 GiB).
pub const MEMORY_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// Why a file is none of a code system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FileFault {
    /// It begins otherwise.
    #[error("is no code system file of this release; load the release anew")]
    Other,
    /// The part in memory would be longer than [`MEMORY_BYTES_MAX`].
    #[error("is longer than {MEMORY_BYTES_MAX} bytes without its names")]
    TooLong,
    /// It is damaged.
    #[error("is damaged; load the release anew")]
    Damaged,
}

/// The first [`HEAD_BYTES`] of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    length: u64,
    checksum: u32,
}

impl Head {
    /// Reads the head.
    pub fn read(bytes: &[u8; HEAD_BYTES]) -> Result<Self, FileFault> {
        let mut read = Reading(bytes);
        if read.bytes(MAGIC.len()) != Some(MAGIC) {
            return Err(FileFault::Other);
        }
        let length = read.u64().ok_or(FileFault::Damaged)?;
        let checksum = read.u32().ok_or(FileFault::Damaged)?;
        if length > MEMORY_BYTES_MAX {
            return Err(FileFault::TooLong);
        }
        Ok(Self { length, checksum })
    }

    /// How many bytes come to memory.
    pub fn memory_bytes(&self) -> u64 {
        self.length
    }

    /// Where the names begin.
    pub fn texts_at(&self) -> u64 {
        HEAD_BYTES as u64 + self.length
    }
}

/// The code system of a file: `memory` is what stands between the head and the
/// names, `texts` reads from where the names begin.
pub fn open(
    head: &Head,
    memory: &[u8],
    texts: Box<dyn TextSource>,
) -> Result<CodeSystem, FileFault> {
    let mut crc = flate2::Crc::new();
    crc.update(memory);
    if crc.sum() != head.checksum || memory.len() as u64 != head.length {
        return Err(FileFault::Damaged);
    }
    decode(memory, Texts::Outside(texts)).ok_or(FileFault::Damaged)
}

impl CodeSystem {
    /// Its file, in two parts that stand after one another: all but the names,
    /// and the names. `None` for a code system that was itself read from a file.
    pub fn to_file(&self) -> Option<(Vec<u8>, &[u8])> {
        let Texts::Here(texts) = &self.texts else {
            return None;
        };
        let memory = encode(self);
        let mut crc = flate2::Crc::new();
        crc.update(&memory);
        let mut file = Writing(Vec::with_capacity(HEAD_BYTES + memory.len()));
        file.0.extend_from_slice(MAGIC);
        file.u64(memory.len() as u64);
        file.u32(crc.sum());
        file.0.extend_from_slice(&memory);
        Some((file.0, texts))
    }
}

fn encode(system: &CodeSystem) -> Vec<u8> {
    let mut out = Writing(Vec::new());
    let header = &system.header;
    for text in [
        &header.url,
        &header.version,
        &header.title,
        &header.language,
    ] {
        out.text(text);
    }
    out.u32(u32::from(header.is_complete) | u32::from(header.ignores_case) << 1);
    out.strings(&system.codes);
    out.u32s(&system.by_code);
    out.u8s(&system.flags);
    out.u32s(&system.description_ends);
    out.u32s(&system.text_ends);
    out.strings(&system.languages);
    out.u8s(&system.description_languages);
    out.u8s(&system.description_kinds);
    out.u8s(&system.preferred);
    out.u8s(&system.acceptable);
    out.strings(&system.dialects);
    out.u32s(&system.graph.parent_ends);
    out.u32s(&system.graph.parents);
    out.u32(system.property_names.len() as u32);
    for name in &system.property_names {
        let kind = PropertyKind::ALL.iter().position(|one| *one == name.kind);
        out.u32(kind.unwrap_or_default() as u32);
        out.text(&name.code);
    }
    out.u32s(&system.property_ends);
    out.u16s(&system.property_of);
    out.u16s(&system.property_group);
    out.u32s(&system.property_value);
    out.strings(&system.property_texts);
    out.u32(system.refsets.len() as u32);
    for (set, members) in &system.refsets {
        out.u32(*set);
        out.u32s(members);
    }
    out.strings(&system.words.words);
    out.u32s(&system.words.ends);
    out.u8s(&system.words.places);
    out.0
}

fn decode(bytes: &[u8], texts: Texts) -> Option<CodeSystem> {
    let mut read = Reading(bytes);
    let (url, version) = (read.text()?, read.text()?);
    let (title, language) = (read.text()?, read.text()?);
    let flags = read.u32()?;
    let header = Header {
        url,
        version,
        title,
        is_complete: flags & 1 != 0,
        ignores_case: flags & 2 != 0,
        language,
    };
    let system = CodeSystem {
        header,
        codes: read.strings()?,
        by_code: read.u32s()?,
        flags: read.u8s()?,
        description_ends: read.u32s()?,
        text_ends: read.u32s()?,
        languages: read.strings()?,
        description_languages: read.u8s()?,
        description_kinds: read.u8s()?,
        preferred: read.u8s()?,
        acceptable: read.u8s()?,
        dialects: read.strings()?,
        texts,
        graph: {
            let (ends, parents) = (read.u32s()?, read.u32s()?);
            let concepts = ends.len();
            (ends_fit(&ends, parents.len()) && all_below(&parents, concepts))
                .then(|| Graph::of_parents(ends, parents))?
        },
        property_names: {
            let count = read.u32()?;
            let mut names = Vec::new();
            for _ in 0..count {
                let kind = *PropertyKind::ALL.get(read.u32()? as usize)?;
                names.push(PropertyName {
                    kind,
                    code: read.text()?,
                });
            }
            names
        },
        property_ends: read.u32s()?,
        property_of: read.u16s()?,
        property_group: read.u16s()?,
        property_value: read.u32s()?,
        property_texts: read.strings()?,
        refsets: {
            let count = read.u32()?;
            let mut refsets = Vec::new();
            for _ in 0..count {
                refsets.push((read.u32()?, read.u32s()?));
            }
            refsets
        },
        words: WordIndex {
            words: read.strings()?,
            ends: read.u32s()?,
            places: read.u8s()?,
        },
        kept: std::sync::Mutex::default(),
    };
    (read.0.is_empty() && is_sound(&system)).then_some(system)
}

/// Whether every number points at something, so that no question can go astray.
fn is_sound(system: &CodeSystem) -> bool {
    let concepts = system.codes.len();
    let descriptions = system.text_ends.len();
    let properties = system.property_of.len();
    let per_concept = [
        system.by_code.len(),
        system.flags.len(),
        system.description_ends.len(),
        system.graph.parent_ends.len(),
        system.property_ends.len(),
    ];
    let per_description = [
        system.description_languages.len(),
        system.description_kinds.len(),
        system.preferred.len(),
        system.acceptable.len(),
    ];
    let values_fit = || {
        system.property_value.iter().all(|value| {
            if value & IS_TEXT == 0 {
                (*value as usize) < concepts
            } else {
                ((value & !IS_TEXT) as usize) < system.property_texts.len()
            }
        })
    };
    per_concept.iter().all(|length| *length == concepts)
        && per_description.iter().all(|length| *length == descriptions)
        && [system.property_group.len(), system.property_value.len()] == [properties; 2]
        && all_below(&system.by_code, concepts)
        && ends_fit(&system.description_ends, descriptions)
        && system.text_ends.windows(2).all(|pair| pair[0] <= pair[1])
        && ends_fit(&system.property_ends, properties)
        && system
            .description_kinds
            .iter()
            .all(|kind| usize::from(*kind) < NameKind::ALL.len())
        && system
            .property_of
            .iter()
            .all(|name| usize::from(*name) < system.property_names.len())
        && values_fit()
        && system
            .refsets
            .iter()
            .all(|(set, members)| (*set as usize) < concepts && all_below(members, concepts))
        && system.refsets.windows(2).all(|pair| pair[0].0 < pair[1].0)
        && system.dialects.len() <= super::DIALECTS_MAX
        && system.words.is_sound()
}

fn all_below(numbers: &[u32], limit: usize) -> bool {
    numbers.iter().all(|one| (*one as usize) < limit)
}

fn ends_fit(ends: &[u32], length: usize) -> bool {
    ends.windows(2).all(|pair| pair[0] <= pair[1])
        && ends.last().copied().unwrap_or(0) as usize == length
}

struct Writing(Vec<u8>);

impl Writing {
    fn u32(&mut self, value: u32) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    fn u64(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    fn u8s(&mut self, values: &[u8]) {
        self.u64(values.len() as u64);
        self.0.extend_from_slice(values);
    }

    fn text(&mut self, text: &str) {
        self.u8s(text.as_bytes());
    }

    fn u16s(&mut self, values: &[u16]) {
        self.u64(values.len() as u64);
        self.0
            .extend(values.iter().flat_map(|value| value.to_le_bytes()));
    }

    fn u32s(&mut self, values: &[u32]) {
        self.u64(values.len() as u64);
        self.0
            .extend(values.iter().flat_map(|value| value.to_le_bytes()));
    }

    fn strings(&mut self, strings: &Strings) {
        let (text, ends) = strings.parts();
        self.text(text);
        self.u32s(ends);
    }
}

struct Reading<'a>(&'a [u8]);

impl<'a> Reading<'a> {
    fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.bytes(4)?.try_into().ok()?))
    }

    fn u64(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.bytes(8)?.try_into().ok()?))
    }

    /// As many bytes as the length says, for items of that width.
    fn list(&mut self, width: usize) -> Option<&'a [u8]> {
        let count = usize::try_from(self.u64()?).ok()?;
        self.bytes(count.checked_mul(width)?)
    }

    fn u8s(&mut self) -> Option<Vec<u8>> {
        Some(self.list(1)?.to_vec())
    }

    fn text(&mut self) -> Option<String> {
        String::from_utf8(self.u8s()?).ok()
    }

    fn u16s(&mut self) -> Option<Vec<u16>> {
        let bytes = self.list(2)?.chunks_exact(2);
        Some(
            bytes
                .map(|two| u16::from_le_bytes([two[0], two[1]]))
                .collect(),
        )
    }

    fn u32s(&mut self) -> Option<Vec<u32>> {
        let bytes = self.list(4)?.chunks_exact(4);
        Some(
            bytes
                .map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]]))
                .collect(),
        )
    }

    fn strings(&mut self) -> Option<Strings> {
        Strings::from_parts(self.text()?, self.u32s()?)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::super::tests::small;
    use super::*;

    /// Names in memory, as a file would give them.
    #[derive(Debug)]
    struct Held(Vec<u8>);

    impl TextSource for Held {
        fn read(&self, start: u64, length: usize) -> Option<Vec<u8>> {
            let start = usize::try_from(start).ok()?;
            Some(self.0.get(start..start.checked_add(length)?)?.to_vec())
        }
    }

    /// The same code system, by way of its file.
    pub(in crate::code_system) fn through_file(system: &CodeSystem) -> CodeSystem {
        let (file, texts) = system.to_file().expect("it was made here");
        let head = Head::read(file[..HEAD_BYTES].try_into().expect("a head")).expect("its own");
        assert_eq!(head.texts_at(), file.len() as u64);
        open(&head, &file[HEAD_BYTES..], Box::new(Held(texts.to_vec()))).expect("its own")
    }

    #[test]
    fn a_file_of_another_form_is_refused() {
        let mut head = [0; HEAD_BYTES];
        assert_eq!(Head::read(&head), Err(FileFault::Other));
        head[..12].copy_from_slice(MAGIC);
        let with_length = |length: u64| {
            let mut head = head;
            head[12..20].copy_from_slice(&length.to_le_bytes());
            Head::read(&head).map(|head| head.memory_bytes())
        };
        assert_eq!(with_length(MEMORY_BYTES_MAX), Ok(MEMORY_BYTES_MAX));
        assert_eq!(with_length(MEMORY_BYTES_MAX + 1), Err(FileFault::TooLong));
    }

    #[test]
    fn names_that_cannot_be_read_are_said_to_be() {
        let system = small();
        let (file, _) = system.to_file().expect("it was made here");
        let head = Head::read(file[..HEAD_BYTES].try_into().expect("a head")).expect("its own");
        let cut = open(&head, &file[HEAD_BYTES..], Box::new(Held(Vec::new()))).expect("its own");
        let apple = cut.find("apple").expect("codes are in memory");
        assert!(cut.display(apple, "nl").is_err());
    }

    proptest! {
        /// A changed byte is either found out or harms nothing.
        #[test]
        fn a_damaged_file_never_panics(at in any::<prop::sample::Index>(), to in any::<u8>()) {
            let system = small();
            let (file, texts) = system.to_file().expect("it was made here");
            let mut memory = file[HEAD_BYTES..].to_vec();
            let at = at.index(memory.len());
            let is_changed = memory[at] != to;
            memory[at] = to;
            let head = Head::read(file[..HEAD_BYTES].try_into().expect("a head")).expect("its own");
            let held = || Box::new(Held(texts.to_vec()));
            prop_assert_eq!(open(&head, &memory, held()).is_err(), is_changed);
            // As if the checksum had not told.
            if let Some(system) = decode(&memory, Texts::Outside(held())) {
                let everything = crate::bits::Bits::full(system.len());
                system.named("a", &everything);
                system.descendants(&everything);
                for concept in 0..system.len() as u32 {
                    let _ = system.designations(concept);
                    system.properties(concept).for_each(drop);
                    system.refset(concept);
                    system.find(system.code(concept));
                }
            }
        }
    }
}
