//! Sealed cursors: where a page ends, and the query itself, so that the next
//! page needs nothing else. A query can hold a BSN and a sort key can be a
//! name, so the whole is encrypted: a cursor may stand in a URL.

use std::fmt;

use crate::database::{Connection, OptionalExtension};
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::sort::{Key, Rank};
use crate::StoreError;

/// The longest cursor, in bytes of its text.
const CURSOR_BYTES_MAX: usize = 256 << 10;
/// The first byte of what is sealed: the form of the rest.
const FORM: u8 = 1;

/// The key that seals cursors, kept in the file: a cursor outlives the process.
pub(crate) struct CursorKey(RandomizedNonceKey);

impl fmt::Debug for CursorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CursorKey(…)")
    }
}

/// A query and the place in it after which the next page starts.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Position {
    pub(crate) resource_type: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) after: Rank,
}

impl CursorKey {
    /// The key of a file, made when it has none yet.
    pub(crate) fn load(connection: &Connection) -> Result<Self, StoreError> {
        let fault = |_| StoreError::Fault;
        let kept: Option<[u8; 32]> = connection
            .query_row(
                "SELECT value FROM meta WHERE name = 'cursor_key'",
                (),
                |row| row.get(0),
            )
            .optional()?;
        let key = if let Some(key) = kept {
            key
        } else {
            let mut key = [0; 32];
            aws_lc_rs::rand::fill(&mut key).map_err(fault)?;
            connection.execute(
                "INSERT INTO meta (name, value) VALUES ('cursor_key', ?1)",
                [key],
            )?;
            key
        };
        Ok(Self(
            RandomizedNonceKey::new(&AES_256_GCM, &key).map_err(fault)?,
        ))
    }

    /// Seals; `purpose` keeps cursors of different kinds apart.
    pub(crate) fn seal(&self, purpose: &str, content: &[u8]) -> Result<String, StoreError> {
        let mut sealed = content.to_vec();
        let nonce = self
            .0
            .seal_in_place_append_tag(Aad::from(purpose.as_bytes()), &mut sealed)
            .map_err(|_| StoreError::Fault)?;
        sealed.extend_from_slice(nonce.as_ref());
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// Opens what [`Self::seal`] sealed.
    pub(crate) fn open(&self, purpose: &str, cursor: &str) -> Result<Vec<u8>, StoreError> {
        if cursor.len() > CURSOR_BYTES_MAX {
            return Err(StoreError::InvalidCursor);
        }
        let mut sealed = URL_SAFE_NO_PAD
            .decode(cursor)
            .map_err(|_| StoreError::InvalidCursor)?;
        let start = sealed
            .len()
            .checked_sub(NONCE_LEN)
            .ok_or(StoreError::InvalidCursor)?;
        let nonce = Nonce::try_assume_unique_for_key(&sealed.split_off(start))
            .map_err(|_| StoreError::InvalidCursor)?;
        let length = self
            .0
            .open_in_place(nonce, Aad::from(purpose.as_bytes()), &mut sealed)
            .map_err(|_| StoreError::InvalidCursor)?
            .len();
        sealed.truncate(length);
        Ok(sealed)
    }
}

impl Position {
    pub(crate) fn seal(&self, key: &CursorKey) -> Result<String, StoreError> {
        let mut out = vec![FORM];
        text(&mut out, &self.resource_type);
        length(&mut out, self.query.len());
        for (name, value) in &self.query {
            text(&mut out, name);
            text(&mut out, value);
        }
        out.extend_from_slice(&self.after.rid.to_le_bytes());
        length(&mut out, self.after.keys.len());
        for (key, descending) in &self.after.keys {
            out.push(u8::from(*descending));
            match key {
                Key::Integer(integer) => {
                    out.push(b'i');
                    out.extend_from_slice(&integer.to_le_bytes());
                }
                Key::Real(real) => {
                    out.push(b'r');
                    out.extend_from_slice(&real.to_le_bytes());
                }
                Key::Text(content) => {
                    out.push(b't');
                    text(&mut out, content);
                }
                Key::Missing => out.push(b'm'),
            }
        }
        key.seal("search", &out)
    }

    pub(crate) fn open(key: &CursorKey, cursor: &str) -> Result<Self, StoreError> {
        let content = key.open("search", cursor)?;
        Input(&content).position().ok_or(StoreError::InvalidCursor)
    }
}

fn length(out: &mut Vec<u8>, length: usize) {
    out.extend_from_slice(&(length as u32).to_le_bytes());
}

fn text(out: &mut Vec<u8>, content: &str) {
    length(out, content.len());
    out.extend_from_slice(content.as_bytes());
}

struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn position(&mut self) -> Option<Position> {
        if self.bytes::<1>()? != [FORM] {
            return None;
        }
        let resource_type = self.text()?;
        let mut query = Vec::new();
        for _ in 0..self.length()? {
            query.push((self.text()?, self.text()?));
        }
        let rid = i64::from_le_bytes(self.bytes()?);
        let mut keys = Vec::new();
        for _ in 0..self.length()? {
            let [descending, kind] = self.bytes()?;
            let key = match kind {
                b'i' => Key::Integer(i64::from_le_bytes(self.bytes()?)),
                b'r' => Key::Real(f64::from_le_bytes(self.bytes()?)),
                b't' => Key::Text(self.text()?),
                b'm' => Key::Missing,
                _ => return None,
            };
            keys.push((key, descending == 1));
        }
        Some(Position {
            resource_type,
            query,
            after: Rank { keys, rid },
        })
    }

    fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*bytes)
    }

    fn length(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.bytes()?))
    }

    fn text(&mut self) -> Option<String> {
        let length = self.length()? as usize;
        let (content, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        String::from_utf8(content.to_vec()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> CursorKey {
        CursorKey(RandomizedNonceKey::new(&AES_256_GCM, &[7; 32]).unwrap())
    }

    fn position() -> Position {
        Position {
            resource_type: "Observation".to_owned(),
            query: vec![("patient.identifier".to_owned(), "s|999911119".to_owned())],
            after: Rank {
                keys: vec![
                    (Key::Text("jansen".to_owned()), false),
                    (Key::Integer(-1), true),
                    (Key::Real(1.5), false),
                    (Key::Missing, true),
                ],
                rid: 42,
            },
        }
    }

    #[test]
    fn a_cursor_comes_back_and_shows_nothing() {
        let sealed = position().seal(&key()).unwrap();
        assert_eq!(Position::open(&key(), &sealed).unwrap(), position());
        let bytes = URL_SAFE_NO_PAD.decode(&sealed).unwrap();
        assert!(!bytes.windows(9).any(|window| window == b"999911119"));
    }

    #[test]
    fn what_was_not_sealed_here_is_refused() {
        let sealed = position().seal(&key()).unwrap();
        let mut other = sealed.clone().into_bytes();
        other[3] = if other[3] == b'A' { b'B' } else { b'A' };
        let other = String::from_utf8(other).unwrap();
        for cursor in [
            "",
            "x",
            "é",
            &sealed[..20],
            &other,
            &"A".repeat(CURSOR_BYTES_MAX + 1),
        ] {
            assert!(matches!(
                Position::open(&key(), cursor),
                Err(StoreError::InvalidCursor)
            ));
        }
        assert!(
            key().open("history", &sealed).is_err(),
            "a cursor is for its own purpose"
        );
    }
}
