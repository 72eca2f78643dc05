//! Many short texts in one piece of memory.

/// A list of texts, one after another in one buffer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Strings {
    text: String,
    ends: Vec<u32>,
}

impl Strings {
    /// Adds a text and gives its number; `None` past four gigabytes in all.
    pub(crate) fn push(&mut self, text: &str) -> Option<u32> {
        let end = u32::try_from(self.text.len() + text.len()).ok()?;
        let at = u32::try_from(self.ends.len()).ok()?;
        self.text.push_str(text);
        self.ends.push(end);
        Some(at)
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The text of a number; empty for a number that was never given.
    pub(crate) fn get(&self, at: u32) -> &str {
        let at = at as usize;
        let Some(end) = self.ends.get(at) else {
            return "";
        };
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start as usize..*end as usize]
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.ends.len() as u32).map(|at| self.get(at))
    }

    pub(crate) fn parts(&self) -> (&str, &[u32]) {
        (&self.text, &self.ends)
    }

    /// From what [`Self::parts`] gave; `None` when it cannot have been that.
    pub(crate) fn from_parts(text: String, ends: Vec<u32>) -> Option<Self> {
        let is_sorted = ends.windows(2).all(|pair| pair[0] <= pair[1]);
        let is_whole = ends.last().copied().unwrap_or(0) as usize == text.len();
        let on_edges = || ends.iter().all(|end| text.is_char_boundary(*end as usize));
        (is_sorted && is_whole && on_edges()).then_some(Self { text, ends })
    }
}

impl<'a> FromIterator<&'a str> for Strings {
    fn from_iter<T: IntoIterator<Item = &'a str>>(texts: T) -> Self {
        let mut strings = Self::default();
        for text in texts {
            strings.push(text);
        }
        strings
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parts_that_do_not_fit_are_refused() {
        for (text, ends) in [
            ("ab", vec![1]),
            ("ab", vec![2, 1, 2]),
            ("é", vec![1, 2]),
            ("", vec![1]),
        ] {
            assert_eq!(Strings::from_parts(text.to_owned(), ends), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn texts_come_back(texts in prop::collection::vec("\\PC{0,6}", 0..20)) {
            let strings: Strings = texts.iter().map(String::as_str).collect();
            prop_assert_eq!(strings.iter().collect::<Vec<_>>(), texts.clone());
            prop_assert_eq!(strings.get(texts.len() as u32), "");
            let (text, ends) = strings.parts();
            let again = Strings::from_parts(text.to_owned(), ends.to_vec());
            prop_assert_eq!(again, Some(strings));
        }
    }
}
