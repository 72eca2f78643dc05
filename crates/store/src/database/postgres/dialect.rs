//! Where PostgreSQL wants other words, or takes other values, than SQLite.

use std::borrow::Cow;
use std::error::Error;
use std::fmt::Write as _;

use bytes::{BufMut as _, BytesMut};
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::database::value::Field;

/// A statement as PostgreSQL takes it: numbered places with a dollar sign, no
/// empty bytes as a literal of their own, and joins whose order is not told.
pub(super) fn translate(sql: &str) -> String {
    let sql = sql
        .replace("CROSS JOIN", "JOIN")
        .replace("x''", "''::bytea");
    let mut out = String::with_capacity(sql.len() + 16);
    let mut next = 1_u32;
    let mut parts = sql.split('?');
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            let _ = write!(out, "${next}");
            next += 1;
        } else {
            out.push('$');
        }
        out.push_str(part);
    }
    out
}

/// PostgreSQL's text cannot hold the character zero, SQLite's can. It is kept
/// as the character one and a letter, and so is the character one.
pub(super) fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['\0', '\u{1}']) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace('\u{1}', "\u{1}b").replace('\0', "\u{1}a"))
}

/// Text as it was before [`escape`].
pub(in crate::database) fn unescape(text: &str) -> String {
    if text.contains('\u{1}') {
        text.replace("\u{1}a", "\0").replace("\u{1}b", "\u{1}")
    } else {
        text.to_owned()
    }
}

/// A value of a statement that is on its way when its lender is gone.
#[derive(Debug)]
pub(super) enum Owned {
    Null,
    Integer(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Owned {
    pub(super) fn of(field: &Field<'_>) -> Self {
        match *field {
            Field::Null => Self::Null,
            Field::Integer(integer) => Self::Integer(integer),
            Field::Text(text) | Field::Escaped(text) => Self::Text(text.to_owned()),
            Field::Bytes(bytes) => Self::Bytes(bytes.to_vec()),
        }
    }

    pub(super) const fn kind(&self) -> Type {
        match self {
            Self::Null | Self::Integer(_) => Type::INT8,
            Self::Text(_) => Type::TEXT,
            Self::Bytes(_) => Type::BYTEA,
        }
    }
}

impl ToSql for Owned {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => Field::Null,
            Self::Integer(integer) => Field::Integer(*integer),
            Self::Text(text) => Field::Text(text),
            Self::Bytes(bytes) => Field::Bytes(bytes),
        }
        .to_sql(ty, out)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl ToSql for Field<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match *self {
            Self::Null => return Ok(IsNull::Yes),
            Self::Integer(integer) if *ty == Type::INT8 => out.put_i64(integer),
            Self::Text(text) if *ty == Type::TEXT => out.put_slice(escape(text).as_bytes()),
            Self::Bytes(bytes) if *ty == Type::BYTEA => out.put_slice(bytes),
            _ => return Err(format!("a value does not fit {ty}").into()),
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Field<'a> {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(match *ty {
            Type::INT8 => Self::Integer(i64::from_be_bytes(raw.try_into()?)),
            Type::INT4 => Self::Integer(i32::from_be_bytes(raw.try_into()?).into()),
            Type::BOOL => Self::Integer(i64::from(raw.first() == Some(&1))),
            Type::BYTEA => Self::Bytes(raw),
            Type::TEXT | Type::VARCHAR | Type::NAME => Self::Escaped(std::str::from_utf8(raw)?),
            _ => return Err(format!("a column of {ty}").into()),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self::Null)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn places_get_a_dollar_sign() {
        for (sqlite, postgres) in [
            ("a = ?1 AND b = ?12", "a = $1 AND b = $12"),
            ("a = ? AND b IN (?,?)", "a = $1 AND b IN ($2,$3)"),
            ("SELECT 1", "SELECT 1"),
            (
                "r CROSS JOIN v ON x = x'' AND ?1",
                "r JOIN v ON x = ''::bytea AND $1",
            ),
        ] {
            assert_eq!(translate(sqlite), postgres);
        }
    }

    proptest! {
        #[test]
        fn text_comes_back_and_has_no_zero(text in "[\\x00\\x01ab]{0,12}") {
            let escaped = escape(&text);
            prop_assert!(!escaped.contains('\0'));
            prop_assert_eq!(unescape(&escaped), text);
        }
    }
}
