//! Forms that are known to come from our own pages.

use std::sync::Arc;

use axum::{
    extract::{FromRequest, FromRequestParts as _, Request},
    response::IntoResponse as _,
};
use axum_extra::extract::{Form, FormRejection};
use http::{HeaderMap, header};
use serde::{Deserialize, de::DeserializeOwned};

use super::Visitor;
use crate::{fault::Fault, site::Site};

/// A form that carries the token of its session and comes from these pages.
pub(crate) struct SafeForm<T>(pub(crate) T);

/// A form with its token.
#[derive(Deserialize)]
struct WithToken<T> {
    #[serde(default)]
    token: String,
    #[serde(flatten)]
    form: T,
}

impl<T: DeserializeOwned + 'static> FromRequest<Arc<Site>> for SafeForm<T> {
    type Rejection = Fault;

    async fn from_request(request: Request, site: &Arc<Site>) -> Result<Self, Fault> {
        if !is_from_here(request.headers(), &site.options.public_address) {
            return Err(Fault::Form);
        }
        let (mut parts, body) = request.into_parts();
        let visitor = match Visitor::from_request_parts(&mut parts, site).await {
            Ok(visitor) => visitor,
            Err(never) => match never {},
        };
        let request = Request::from_parts(parts, body);
        let Form(sent) = Form::<WithToken<T>>::from_request(request, site)
            .await
            .map_err(refused)?;
        if !visitor.token_matches(&sent.token) {
            // Who is no longer signed in had a token; show them where to sign in.
            return Err(
                if visitor.session.is_none() && visitor.session_cookie.is_some() {
                    Fault::SignIn
                } else {
                    Fault::Form
                },
            );
        }
        Ok(Self(sent.form))
    }
}

fn refused(rejection: FormRejection) -> Fault {
    Fault::of_status(rejection.into_response().status()).unwrap_or(Fault::Input)
}

/// Whether a request comes from these pages, as far as the browser says.
///
/// A browser sends `Origin` with every form; a program that does not is
/// stopped by the token.
fn is_from_here(headers: &HeaderMap, public_address: &str) -> bool {
    if let Some(site) = headers.get("sec-fetch-site")
        && site != "same-origin"
        && site != "none"
    {
        return false;
    }
    let Some(origin) = headers.get(header::ORIGIN) else {
        return true;
    };
    let Ok(origin) = origin.to_str() else {
        return false;
    };
    if origin == public_address.trim_end_matches('/') {
        return true;
    }
    // Reached under another name of this host, such as 127.0.0.1.
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let named = origin
        .strip_prefix("http://")
        .or_else(|| origin.strip_prefix("https://"));
    host.is_some() && named == host
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(headers: &[(&'static str, &str)], expected: bool) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        assert_eq!(
            is_from_here(&map, "http://localhost:8081/"),
            expected,
            "{headers:?}"
        );
    }

    #[test]
    fn forms_of_other_sites_are_refused() {
        check(&[("origin", "http://localhost:8081")], true);
        check(
            &[
                ("origin", "http://127.0.0.1:8081"),
                ("host", "127.0.0.1:8081"),
            ],
            true,
        );
        check(&[], true);
        check(&[("origin", "http://localhost:8082")], false);
        check(&[("origin", "null")], false);
        check(
            &[
                ("origin", "https://elders.example"),
                ("host", "localhost:8081"),
            ],
            false,
        );
        check(
            &[
                ("origin", "http://localhost:8081"),
                ("sec-fetch-site", "cross-site"),
            ],
            false,
        );
        check(
            &[
                ("origin", "http://localhost:8081"),
                ("sec-fetch-site", "same-site"),
            ],
            false,
        );
        check(
            &[
                ("origin", "http://localhost:8081"),
                ("sec-fetch-site", "same-origin"),
            ],
            true,
        );
    }
}
