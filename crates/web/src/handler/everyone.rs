//! What is not about anybody: the language, the static files, no such page.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::{IntoResponse as _, Redirect, Response},
};
use http::header;
use serde::Deserialize;

use crate::{
    assets,
    fault::Fault,
    page::STYLESHEET,
    security::{SafeForm, language_cookie},
    site::Site,
    words::Language,
};

/// The choice of a language.
#[derive(Deserialize)]
pub(crate) struct LanguageForm {
    language: String,
    #[serde(default)]
    back: String,
}

/// Keeps the language in a cookie and goes back to the page.
pub(crate) async fn language(
    State(site): State<Arc<Site>>,
    SafeForm(form): SafeForm<LanguageForm>,
) -> Result<Response, Fault> {
    let language = Language::from_code(&form.language).ok_or(Fault::Input)?;
    let cookie = language_cookie(&site, language.code());
    let back = if is_own_path(&form.back) {
        form.back.as_str()
    } else {
        "/"
    };
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to(back)).into_response())
}

/// Whether a path leads to these pages and not to another site.
fn is_own_path(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && path.len() <= 200
        && path
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"/-_.".contains(&byte))
}

/// The stylesheet, under an address that changes with its content, and the mark.
pub(crate) async fn file(Path(file): Path<String>) -> Result<Response, Fault> {
    let (kind, content) = if file == crate::stylesheet_file() {
        ("text/css; charset=utf-8", STYLESHEET)
    } else if file == "schakel.svg" {
        ("image/svg+xml", assets::MARK)
    } else {
        return Err(Fault::NotFound);
    };
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    Ok((headers, content).into_response())
}

/// No such page.
pub(crate) async fn nowhere() -> Fault {
    Fault::NotFound
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_stays_on_these_pages() {
        for path in ["/", "/my/consent", "/patient/aB_-9/trend/x"] {
            assert!(is_own_path(path), "{path}");
        }
        for path in [
            "",
            "my",
            "//elders.example",
            "/\\elders.example",
            "/a?b",
            "/\r\nX: y",
        ] {
            assert!(!is_own_path(path), "{path}");
        }
        assert!(is_own_path(&format!("/{}", "a".repeat(199))));
        assert!(!is_own_path(&format!("/{}", "a".repeat(200))));
    }
}
