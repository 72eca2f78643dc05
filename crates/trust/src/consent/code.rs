//! The words of `care` in JSON: each by its code.

macro_rules! by_code {
    ($module:ident, $type:ty) => {
        pub(super) mod $module {
            use serde::{Deserialize, Deserializer, Serializer, de::Error};

            pub(in crate::consent) fn serialize<S: Serializer>(
                value: &$type,
                serializer: S,
            ) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(value.code())
            }

            pub(in crate::consent) fn deserialize<'de, D: Deserializer<'de>>(
                deserializer: D,
            ) -> Result<$type, D::Error> {
                let code = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                <$type>::from_code(&code).ok_or_else(|| D::Error::custom("unknown code"))
            }
        }
    };
}

by_code!(provider_category, care::ProviderCategory);
by_code!(consent_category, care::ConsentCategory);
