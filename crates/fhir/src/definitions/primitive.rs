//! The primitive types.

macro_rules! primitives {
    ($($variant:ident $name:literal)*) => {
        /// The primitive types; the formats of their values are those of R4 and STU3
        /// alike. STU3 has no `canonical` and no `url`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Primitive { $(#[doc = concat!("`", $name, "`.")] $variant),* }

        impl Primitive {
            pub(super) fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

primitives! {
    Base64Binary "base64Binary"
    Boolean "boolean"
    Canonical "canonical"
    Code "code"
    Date "date"
    DateTime "dateTime"
    Decimal "decimal"
    Id "id"
    Instant "instant"
    Integer "integer"
    Markdown "markdown"
    Oid "oid"
    PositiveInt "positiveInt"
    String "string"
    Time "time"
    UnsignedInt "unsignedInt"
    Uri "uri"
    Url "url"
    Uuid "uuid"
    Xhtml "xhtml"
}
