//! What protects every page: headers, cookies, form tokens, and who is there.

mod cookies;
mod dress;
mod form;
mod visitor;

pub(crate) use cookies::CookieNames;
pub(crate) use dress::{dress, language_cookie};
pub(crate) use form::SafeForm;
pub(crate) use visitor::Visitor;
