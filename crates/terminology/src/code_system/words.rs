//! Finding concepts by the beginnings of words in their names.

use std::collections::HashMap;

use crate::bits::Bits;
use crate::strings::Strings;

/// How many words a question may have; more are not looked at by anybody who
/// types them.
pub const FILTER_WORDS_MAX: usize = 20;

/// Which descriptions hold which word.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct WordIndex {
    /// Sorted, so that those with one beginning stand together.
    pub(crate) words: Strings,
    /// Where the descriptions of each word end in `places`.
    pub(crate) ends: Vec<u32>,
    /// Numbers of descriptions, each as the distance to the one before it, seven
    /// bits to a byte.
    pub(crate) places: Vec<u8>,
}

/// Gathers words while descriptions come in.
#[derive(Debug, Default)]
pub(crate) struct Gathering {
    numbers: HashMap<Box<str>, u32>,
    found: Vec<(u32, u32)>,
}

impl Gathering {
    /// Notes the words of a description.
    pub(crate) fn add(&mut self, description: u32, text: &str) {
        for word in words(text) {
            let next = self.numbers.len() as u32;
            let number = match self.numbers.get(word.as_str()) {
                Some(number) => *number,
                None => *self.numbers.entry(word.into()).or_insert(next),
            };
            self.found.push((number, description));
        }
    }

    /// The index, with descriptions renumbered.
    pub(crate) fn finish(self, renumbered: &[u32]) -> Option<WordIndex> {
        let Self { numbers, mut found } = self;
        let mut sorted: Vec<(Box<str>, u32)> = numbers.into_iter().collect();
        sorted.sort_unstable();
        let mut rank = vec![0u32; sorted.len()];
        let mut words = Strings::default();
        for (place, (word, number)) in sorted.iter().enumerate() {
            rank[*number as usize] = place as u32;
            words.push(word)?;
        }
        drop(sorted);
        for (word, description) in &mut found {
            *word = rank[*word as usize];
            *description = renumbered[*description as usize];
        }
        found.sort_unstable();
        found.dedup();
        let mut index = WordIndex {
            words,
            ends: Vec::new(),
            places: Vec::new(),
        };
        let mut rest = found.as_slice();
        for word in 0..index.words.len() as u32 {
            let of_word = rest.partition_point(|(one, _)| *one == word);
            let mut before = 0;
            for (_, description) in &rest[..of_word] {
                push_varint(&mut index.places, description - before);
                before = *description;
            }
            rest = &rest[of_word..];
            index.ends.push(u32::try_from(index.places.len()).ok()?);
        }
        Some(index)
    }
}

impl WordIndex {
    /// The descriptions that hold a word with each of these beginnings; `None`
    /// when the question has no word at all.
    pub(crate) fn find(&self, question: &str, descriptions: usize) -> Option<Bits> {
        let mut result: Option<Bits> = None;
        for beginning in words(question).take(FILTER_WORDS_MAX) {
            let mut of_word = Bits::new(descriptions);
            let first = self.first_not_below(&beginning);
            for word in first..self.words.len() as u32 {
                if !self.words.get(word).starts_with(beginning.as_str()) {
                    break;
                }
                self.add_places(word, &mut of_word);
            }
            match &mut result {
                Some(result) => result.intersect(&of_word),
                None => result = Some(of_word),
            }
        }
        result
    }

    fn first_not_below(&self, beginning: &str) -> u32 {
        let (mut low, mut high) = (0, self.words.len() as u32);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.words.get(middle) < beginning {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    fn add_places(&self, word: u32, into: &mut Bits) {
        let word = word as usize;
        let start = word.checked_sub(1).map_or(0, |before| self.ends[before]);
        let mut bytes = &self.places[start as usize..self.ends[word] as usize];
        let mut place = 0u32;
        while let Some(step) = take_varint(&mut bytes) {
            place = place.wrapping_add(step);
            into.insert(place);
        }
    }

    /// Whether the parts fit together.
    pub(crate) fn is_sound(&self) -> bool {
        self.ends.len() == self.words.len()
            && self.ends.windows(2).all(|pair| pair[0] <= pair[1])
            && self.ends.last().copied().unwrap_or(0) as usize == self.places.len()
    }
}

/// The words of a text: letters and digits, in small letters and without accents.
pub(crate) fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| {
            word.chars()
                .flat_map(char::to_lowercase)
                .map(plain)
                .collect()
        })
}

/// A letter without its accent, for the letters of western European languages.
fn plain(letter: char) -> char {
    match letter {
        'à'..='å' => 'a',
        'ç' => 'c',
        'è'..='ë' => 'e',
        'ì'..='ï' => 'i',
        'ñ' => 'n',
        'ò'..='ö' | 'ø' => 'o',
        'ù'..='ü' => 'u',
        'ý' | 'ÿ' => 'y',
        other => other,
    }
}

fn push_varint(out: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn take_varint(bytes: &mut &[u8]) -> Option<u32> {
    let mut value = 0u32;
    for shift in (0..35).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u32::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn index(texts: &[&str]) -> WordIndex {
        let mut gathering = Gathering::default();
        for (at, text) in texts.iter().enumerate() {
            gathering.add(at as u32, text);
        }
        let same: Vec<u32> = (0..texts.len() as u32).collect();
        gathering.finish(&same).expect("small")
    }

    #[test]
    fn all_words_of_a_question_begin_a_word_of_one_description() {
        let texts = [
            "Acuut hartfalen",
            "Hart",
            "Coeliakie bij een kind",
            "Zoötoxine (stof)",
        ];
        let index = index(&texts);
        let check = |question: &str, expected: Option<&[u32]>| {
            let found = index.find(question, texts.len());
            let found = found.map(|bits| bits.iter().collect::<Vec<_>>());
            assert_eq!(found.as_deref(), expected, "{question}");
        };
        check("hart", Some(&[0, 1]));
        check("HARTF ac", Some(&[0]));
        check("zootox", Some(&[3]));
        check("hart kind", Some(&[]));
        check("falen", Some(&[]));
        check(" -- ", None);
    }

    #[test]
    fn words_past_the_limit_are_not_looked_at() {
        let index = index(&["aa"]);
        let question = |count: usize| format!("{}b", "a ".repeat(count));
        let count = |words| index.find(&question(words), 1).expect("words").count();
        assert_eq!(count(FILTER_WORDS_MAX - 1), 0);
        assert_eq!(count(FILTER_WORDS_MAX), 1);
    }

    proptest! {
        #[test]
        fn every_beginning_of_every_word_finds_its_description(
            texts in prop::collection::vec("[a-zA-Zé ]{0,12}", 1..8),
            cut in 1usize..5,
        ) {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let index = index(&texts);
            prop_assert!(index.is_sound());
            for (at, text) in texts.iter().enumerate() {
                for word in words(text) {
                    let beginning: String = word.chars().take(cut).collect();
                    let found = index.find(&beginning, texts.len()).expect("a word");
                    prop_assert!(found.contains(at as u32));
                    for other in found.iter() {
                        prop_assert!(words(texts[other as usize]).any(|word| word.starts_with(&beginning)));
                    }
                }
            }
        }

        #[test]
        fn numbers_come_back(values in prop::collection::vec(any::<u32>(), 0..20)) {
            let mut bytes = Vec::new();
            for value in &values {
                push_varint(&mut bytes, *value);
            }
            let mut rest = bytes.as_slice();
            let found: Vec<u32> = std::iter::from_fn(|| take_varint(&mut rest)).collect();
            prop_assert_eq!(found, values);
        }
    }
}
