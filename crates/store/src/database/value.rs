//! Values that go into statements and come out of rows, the same for every
//! database: integers of 64 bits, text and bytes.

use super::DatabaseError;
use super::postgres::unescape;

/// A value of a statement that is put together at run time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// Nothing.
    Null,
    /// An integer.
    Integer(i64),
    /// Text.
    Text(String),
}

impl From<i64> for Value {
    fn from(integer: i64) -> Self {
        Self::Integer(integer)
    }
}

/// A value on its way into a statement, or out of a row: borrowed, so that
/// bodies and blocks are not copied on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field<'a> {
    /// Nothing.
    Null,
    /// An integer.
    Integer(i64),
    /// Text.
    Text(&'a str),
    /// Text as PostgreSQL holds it: see its dialect.
    Escaped(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
}

/// What can go into a statement.
pub(crate) trait ToField {
    /// As a field.
    fn field(&self) -> Field<'_>;
}

/// What can come out of a row.
pub(crate) trait FromField<'a>: Sized {
    /// From a field; `None` when the field is something else.
    fn from_field(field: Field<'a>) -> Option<Self>;
}

/// The values of a statement, in the order of its numbered places.
pub(crate) trait Params {
    /// Lends the values.
    fn lend<R>(&self, take: impl FnOnce(&[Field<'_>]) -> R) -> R;
}

impl ToField for Value {
    fn field(&self) -> Field<'_> {
        match self {
            Self::Null => Field::Null,
            Self::Integer(integer) => Field::Integer(*integer),
            Self::Text(text) => Field::Text(text),
        }
    }
}

impl ToField for i64 {
    fn field(&self) -> Field<'_> {
        Field::Integer(*self)
    }
}

impl ToField for u32 {
    fn field(&self) -> Field<'_> {
        Field::Integer(i64::from(*self))
    }
}

impl ToField for str {
    fn field(&self) -> Field<'_> {
        Field::Text(self)
    }
}

impl ToField for String {
    fn field(&self) -> Field<'_> {
        Field::Text(self)
    }
}

impl ToField for [u8] {
    fn field(&self) -> Field<'_> {
        Field::Bytes(self)
    }
}

impl ToField for Vec<u8> {
    fn field(&self) -> Field<'_> {
        Field::Bytes(self)
    }
}

impl<const N: usize> ToField for [u8; N] {
    fn field(&self) -> Field<'_> {
        Field::Bytes(self)
    }
}

impl<T: ToField + ?Sized> ToField for &T {
    fn field(&self) -> Field<'_> {
        (**self).field()
    }
}

impl<T: ToField> ToField for Option<T> {
    fn field(&self) -> Field<'_> {
        self.as_ref().map_or(Field::Null, ToField::field)
    }
}

impl FromField<'_> for i64 {
    fn from_field(field: Field<'_>) -> Option<Self> {
        match field {
            Field::Integer(integer) => Some(integer),
            _ => None,
        }
    }
}

impl FromField<'_> for u32 {
    fn from_field(field: Field<'_>) -> Option<Self> {
        i64::from_field(field)?.try_into().ok()
    }
}

impl FromField<'_> for bool {
    fn from_field(field: Field<'_>) -> Option<Self> {
        Some(i64::from_field(field)? != 0)
    }
}

impl FromField<'_> for String {
    fn from_field(field: Field<'_>) -> Option<Self> {
        match field {
            Field::Text(text) => Some(text.to_owned()),
            Field::Escaped(text) => Some(unescape(text)),
            _ => None,
        }
    }
}

impl<'a> FromField<'a> for &'a [u8] {
    fn from_field(field: Field<'a>) -> Option<Self> {
        match field {
            Field::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }
}

impl FromField<'_> for Vec<u8> {
    fn from_field(field: Field<'_>) -> Option<Self> {
        Some(<&[u8]>::from_field(field)?.to_vec())
    }
}

impl<const N: usize> FromField<'_> for [u8; N] {
    fn from_field(field: Field<'_>) -> Option<Self> {
        <&[u8]>::from_field(field)?.try_into().ok()
    }
}

impl<'a, T: FromField<'a>> FromField<'a> for Option<T> {
    fn from_field(field: Field<'a>) -> Option<Self> {
        match field {
            Field::Null => Some(None),
            field => T::from_field(field).map(Some),
        }
    }
}

impl Params for () {
    fn lend<R>(&self, take: impl FnOnce(&[Field<'_>]) -> R) -> R {
        take(&[])
    }
}

impl<T: ToField, const N: usize> Params for [T; N] {
    fn lend<R>(&self, take: impl FnOnce(&[Field<'_>]) -> R) -> R {
        take(&self.each_ref().map(ToField::field))
    }
}

impl Params for Vec<Value> {
    fn lend<R>(&self, take: impl FnOnce(&[Field<'_>]) -> R) -> R {
        let fields: Vec<Field<'_>> = self.iter().map(ToField::field).collect();
        take(&fields)
    }
}

impl<T: Params> Params for &T {
    fn lend<R>(&self, take: impl FnOnce(&[Field<'_>]) -> R) -> R {
        (**self).lend(take)
    }
}

macro_rules! tuples {
    ($($name:ident)+) => {
        impl<$($name: ToField),+> Params for ($($name,)+) {
            fn lend<R>(&self, take: impl FnOnce(&[Field<'_>]) -> R) -> R {
                #[expect(non_snake_case, reason = "each type names its own value")]
                let ($($name,)+) = self;
                take(&[$($name.field()),+])
            }
        }
    };
}

tuples!(A B);
tuples!(A B C);
tuples!(A B C D);
tuples!(A B C D E);
tuples!(A B C D E F);
tuples!(A B C D E F G);
tuples!(A B C D E F G H);
tuples!(A B C D E F G H I);
tuples!(A B C D E F G H I J);
tuples!(A B C D E F G H I J K);

/// Makes "there is no such row" an answer instead of an error.
pub(crate) trait OptionalExtension<T> {
    /// `None` when there was no row.
    fn optional(self) -> Result<Option<T>, DatabaseError>;
}

impl<T> OptionalExtension<T> for Result<T, DatabaseError> {
    fn optional(self) -> Result<Option<T>, DatabaseError> {
        match self {
            Err(DatabaseError::NoRow) => Ok(None),
            other => other.map(Some),
        }
    }
}
