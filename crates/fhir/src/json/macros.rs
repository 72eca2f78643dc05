//! The [`value!`](crate::value) macro.

/// Builds a [`json::Value`](crate::json::Value) as one would write it:
///
/// ```
/// let family = "Jansen";
/// let patient = fhir::value!({
///     "resourceType": "Patient",
///     "active": true,
///     "name": [{ "family": family, "given": ["An", "Bea".to_owned()] }],
/// });
/// assert_eq!(
///     patient.to_bytes(),
///     br#"{"resourceType":"Patient","active":true,"name":[{"family":"Jansen","given":["An","Bea"]}]}"#,
/// );
/// ```
///
/// A value is `null`, an array, an object, or any expression that converts
/// into a `Value`. Write no name twice.
#[macro_export]
macro_rules! value {
    (@items [$($done:expr,)*]) => { ::std::vec::Vec::from([$($done),*]) };
    (@items [$($done:expr,)*] null $(, $($rest:tt)*)?) => {
        $crate::value!(@items [$($done,)* $crate::value!(null),] $($($rest)*)?)
    };
    (@items [$($done:expr,)*] [$($inner:tt)*] $(, $($rest:tt)*)?) => {
        $crate::value!(@items [$($done,)* $crate::value!([$($inner)*]),] $($($rest)*)?)
    };
    (@items [$($done:expr,)*] {$($inner:tt)*} $(, $($rest:tt)*)?) => {
        $crate::value!(@items [$($done,)* $crate::value!({$($inner)*}),] $($($rest)*)?)
    };
    (@items [$($done:expr,)*] $value:expr $(, $($rest:tt)*)?) => {
        $crate::value!(@items [$($done,)* $crate::value!($value),] $($($rest)*)?)
    };
    (@members [$($done:expr,)*]) => { ::std::vec::Vec::from([$($done),*]) };
    (@members [$($done:expr,)*] $name:tt : null $(, $($rest:tt)*)?) => {
        $crate::value!(@members
            [$($done,)* (::std::string::String::from($name), $crate::value!(null)),]
            $($($rest)*)?)
    };
    (@members [$($done:expr,)*] $name:tt : [$($inner:tt)*] $(, $($rest:tt)*)?) => {
        $crate::value!(@members
            [$($done,)* (::std::string::String::from($name), $crate::value!([$($inner)*])),]
            $($($rest)*)?)
    };
    (@members [$($done:expr,)*] $name:tt : {$($inner:tt)*} $(, $($rest:tt)*)?) => {
        $crate::value!(@members
            [$($done,)* (::std::string::String::from($name), $crate::value!({$($inner)*})),]
            $($($rest)*)?)
    };
    (@members [$($done:expr,)*] $name:tt : $value:expr $(, $($rest:tt)*)?) => {
        $crate::value!(@members
            [$($done,)* (::std::string::String::from($name), $crate::value!($value)),]
            $($($rest)*)?)
    };
    (null) => { $crate::json::Value::Null };
    ([]) => { $crate::json::Value::Array(::std::vec::Vec::new()) };
    ([$($inner:tt)*]) => { $crate::json::Value::Array($crate::value!(@items [] $($inner)*)) };
    ({}) => { $crate::json::Value::Object(::std::vec::Vec::new()) };
    ({$($inner:tt)*}) => { $crate::json::Value::Object($crate::value!(@members [] $($inner)*)) };
    ($value:expr) => { $crate::json::Value::from($value) };
}
