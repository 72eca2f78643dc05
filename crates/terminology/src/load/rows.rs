//! Lines and fields of tables, as a stream.

use std::io::{BufRead, Read};

use super::LoadError;

/// How long a line may be, in bytes (1 MiB). A definition in SNOMED CT has a few
/// thousand.
pub const LINE_BYTES_MAX: usize = 1024 * 1024;

/// How many fields a line may have. LOINC has fifty.
pub const FIELDS_MAX: usize = 500;

/// What stands between the fields of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Separator {
    /// A tab, without quotes: RF2.
    Tab,
    /// A comma, with quotes as in RFC 4180.
    Comma,
    /// A semicolon, with quotes likewise.
    Semicolon,
}

impl Separator {
    fn byte(self) -> u8 {
        match self {
            Self::Tab => b'\t',
            Self::Comma => b',',
            Self::Semicolon => b';',
        }
    }
}

/// The rows of a table, read one at a time.
pub(super) struct Rows<R> {
    source: R,
    separator: Separator,
    line: u64,
    bytes: Vec<u8>,
    text: String,
    ends: Vec<usize>,
}

/// One row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) line: u64,
    text: &'a str,
    ends: &'a [usize],
}

impl<'a> Row<'a> {
    /// The field at a place; empty when the row has fewer.
    pub(super) fn get(&self, at: usize) -> &'a str {
        let Some(end) = self.ends.get(at) else {
            return "";
        };
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start..*end]
    }

    pub(super) fn fields(&self) -> impl Iterator<Item = &'a str> + '_ {
        (0..self.ends.len()).map(|at| self.get(at))
    }

    pub(super) fn fault(&self, what: &'static str) -> LoadError {
        LoadError::Line {
            line: self.line,
            what,
        }
    }
}

impl<R: BufRead> Rows<R> {
    pub(super) fn new(source: R, separator: Separator) -> Self {
        Self {
            source,
            separator,
            line: 0,
            bytes: Vec::new(),
            text: String::new(),
            ends: Vec::new(),
        }
    }

    /// The next row that is not blank.
    pub(super) fn next(&mut self) -> Result<Option<Row<'_>>, LoadError> {
        loop {
            self.bytes.clear();
            if !self.append_line()? {
                return Ok(None);
            }
            let first = self.line;
            if first == 1 && self.bytes.starts_with(b"\xEF\xBB\xBF") {
                self.bytes.drain(..3);
            }
            if self.bytes.trim_ascii().is_empty() {
                continue;
            }
            // A quoted field may hold ends of lines: quotes come in pairs. Each byte
            // is counted once, however many lines a field takes.
            let mut counted = 0;
            let mut quotes = 0;
            while self.separator != Separator::Tab {
                quotes += memchr::memchr_iter(b'"', &self.bytes[counted..]).count();
                counted = self.bytes.len();
                if quotes % 2 == 0 {
                    break;
                }
                self.bytes.push(b'\n');
                if !self.append_line()? {
                    break;
                }
            }
            if !self.split(first)? {
                return Err(Self::fault(first, "a quote is opened and never closed"));
            }
            return Ok(Some(Row {
                line: first,
                text: &self.text,
                ends: &self.ends,
            }));
        }
    }

    fn fault(line: u64, what: &'static str) -> LoadError {
        LoadError::Line { line, what }
    }

    /// Adds a line without its end to the bytes; gives whether there was one.
    fn append_line(&mut self) -> Result<bool, LoadError> {
        let line = self.line + 1;
        let room = (LINE_BYTES_MAX + 2).saturating_sub(self.bytes.len()) as u64;
        let before = self.bytes.len();
        let read = (&mut self.source)
            .take(room)
            .read_until(b'\n', &mut self.bytes)
            .map_err(|source| LoadError::Read { line, source })?;
        if read == 0 && self.bytes.len() == before && room > 0 {
            return Ok(false);
        }
        self.line = line;
        for end in [b'\n', b'\r'] {
            if self.bytes.len() > before && self.bytes.last() == Some(&end) {
                self.bytes.pop();
            }
        }
        if self.bytes.len() > LINE_BYTES_MAX {
            return Err(Self::fault(
                line,
                "longer than LINE_BYTES_MAX, 1048576 bytes",
            ));
        }
        Ok(true)
    }

    /// Takes the fields out of the bytes; gives whether all quotes are closed.
    fn split(&mut self, line: u64) -> Result<bool, LoadError> {
        self.text.clear();
        self.ends.clear();
        let Ok(source) = std::str::from_utf8(&self.bytes) else {
            return Err(LoadError::Line {
                line,
                what: "is not UTF-8",
            });
        };
        let separator = char::from(self.separator.byte());
        let mut rest = source;
        loop {
            let quoted = (self.separator != Separator::Tab)
                .then(|| rest.strip_prefix('"'))
                .flatten();
            if let Some(mut inside) = quoted {
                loop {
                    let Some((part, after)) = inside.split_once('"') else {
                        return Ok(false);
                    };
                    self.text.push_str(part);
                    let Some(more) = after.strip_prefix('"') else {
                        rest = after;
                        break;
                    };
                    self.text.push('"');
                    inside = more;
                }
            } else {
                let end = rest.find(separator).unwrap_or(rest.len());
                self.text.push_str(&rest[..end]);
                rest = &rest[end..];
            }
            self.ends.push(self.text.len());
            if self.ends.len() > FIELDS_MAX {
                return Err(LoadError::Line {
                    line,
                    what: "more than FIELDS_MAX, 500 fields",
                });
            }
            match rest.strip_prefix(separator) {
                Some(after) => rest = after,
                None if rest.is_empty() => return Ok(true),
                None => {
                    return Err(LoadError::Line {
                        line,
                        what: "text after a closing quote",
                    });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &[u8], separator: Separator) -> Result<Vec<Vec<String>>, String> {
        let mut rows = Rows::new(text, separator);
        let mut found = Vec::new();
        while let Some(row) = rows.next().map_err(|error| error.to_string())? {
            found.push(row.fields().map(str::to_owned).collect());
        }
        Ok(found)
    }

    fn check(text: &str, separator: Separator, expected: Result<&[&[&str]], &str>) {
        let expected = expected.map_err(str::to_owned).map(|rows| {
            let row = |row: &&[&str]| row.iter().map(|field| (*field).to_owned()).collect();
            rows.iter().map(row).collect::<Vec<Vec<String>>>()
        });
        assert_eq!(read(text.as_bytes(), separator), expected, "{text:?}");
    }

    #[test]
    fn rows_are_read_as_their_format_has_them() {
        use Separator::{Comma, Semicolon, Tab};
        check(
            "\u{feff}a\tb\r\n\r\n\"c\t\n",
            Tab,
            Ok(&[&["a", "b"], &["\"c", ""]]),
        );
        check(
            "a,\"b, \"\"c\"\"\nd\",\n",
            Comma,
            Ok(&[&["a", "b, \"c\"\nd", ""]]),
        );
        check("a;b,c", Semicolon, Ok(&[&["a", "b,c"]]));
        check("", Comma, Ok(&[]));
        check(
            "a\n\"b\n",
            Comma,
            Err("line 2: a quote is opened and never closed"),
        );
        check("\"a\"b", Comma, Err("line 1: text after a closing quote"));
        assert_eq!(read(b"\xff", Comma), Err("line 1: is not UTF-8".to_owned()));
    }

    #[test]
    fn the_limits_hold() {
        let line = |bytes: usize| read("x".repeat(bytes).as_bytes(), Separator::Tab).is_ok();
        assert!(line(LINE_BYTES_MAX) && !line(LINE_BYTES_MAX + 1));
        let quoted = format!("\"{}", "x\n".repeat(LINE_BYTES_MAX));
        assert!(read(quoted.as_bytes(), Separator::Comma).is_err());
        let fields = |count: usize| read(vec!["x"; count].join(",").as_bytes(), Separator::Comma);
        assert!(fields(FIELDS_MAX).is_ok() && fields(FIELDS_MAX + 1).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            for separator in [Separator::Tab, Separator::Comma, Separator::Semicolon] {
                let _ = read(&bytes, separator);
            }
        }

        #[test]
        fn what_is_quoted_comes_back(
            rows in prop::collection::vec(prop::collection::vec("[a-c\",\\n é]{0,5}x", 1..4), 1..4),
        ) {
            let mut text = String::new();
            for row in &rows {
                let quoted: Vec<String> =
                    row.iter().map(|field| format!("\"{}\"", field.replace('"', "\"\""))).collect();
                text.push_str(&quoted.join(","));
                text.push('\n');
            }
            prop_assert_eq!(read(text.as_bytes(), Separator::Comma), Ok(rows));
        }
    }
}
