//! The cookies: one for the session, one for forms before there is a session,
//! one for the language.

use crate::options::WebOptions;

/// The cookie of the language, shared by all nodes of a host.
pub(crate) const LANGUAGE: &str = "schakel-language";
/// How long the language is remembered, in seconds.
pub(crate) const LANGUAGE_S: u64 = 365 * 24 * 60 * 60;

/// The names of the cookies of one node. They carry its URA, because several
/// nodes may share a host name on different ports, and cookies know no ports.
#[derive(Debug, Clone)]
pub(crate) struct CookieNames {
    pub(crate) session: String,
    pub(crate) form: String,
    secure: bool,
}

impl CookieNames {
    pub(crate) fn of(options: &WebOptions) -> Self {
        let ura = options.node.organisation().ura;
        let secure = options.public_address.starts_with("https://");
        // The prefix makes browsers refuse a cookie that another host set.
        let prefix = if secure { "__Host-" } else { "" };
        Self {
            session: format!("{prefix}schakel-{ura}"),
            form: format!("{prefix}schakel-form-{ura}"),
            secure,
        }
    }

    /// A `Set-Cookie` value; without an age it goes with the browser.
    pub(crate) fn set(&self, name: &str, value: &str, max_age_s: Option<u64>) -> String {
        let age = max_age_s
            .map(|age| format!("; Max-Age={age}"))
            .unwrap_or_default();
        let secure = if self.secure { "; Secure" } else { "" };
        format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{age}{secure}")
    }
}

/// The value of a cookie in a `Cookie` header.
pub(crate) fn value<'a>(headers: &'a http::HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(http::header::COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, header::COOKIE};

    use super::*;

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        headers.append(
            COOKIE,
            HeaderValue::from_static("schakel-1x=no; schakel-1=yes; b=2"),
        );
        assert_eq!(value(&headers, "schakel-1"), Some("yes"));
        assert_eq!(value(&headers, "b"), Some("2"));
        assert_eq!(value(&headers, "schakel"), None);
    }

    #[test]
    fn a_cookie_is_out_of_reach_of_scripts_and_other_sites() {
        let names = |secure| CookieNames {
            session: "s".into(),
            form: "f".into(),
            secure,
        };
        insta::assert_snapshot!(
            names(true).set("s", "v", Some(60)),
            @"s=v; Path=/; HttpOnly; SameSite=Lax; Max-Age=60; Secure"
        );
        insta::assert_snapshot!(
            names(false).set("s", "v", None),
            @"s=v; Path=/; HttpOnly; SameSite=Lax"
        );
    }
}
