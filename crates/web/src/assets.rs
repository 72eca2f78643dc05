//! The static files: one stylesheet and one mark, embedded in the binary.

use std::sync::OnceLock;

use crate::page::STYLESHEET;

/// The mark, for the head of the page and the browser's tab.
pub(crate) const MARK: &str = include_str!("../../../static/schakel.svg");

/// The address of the stylesheet, which changes with its content so that a
/// browser may keep it (FNV-1a; nothing here needs a cryptographic hash).
pub(crate) fn stylesheet_path() -> &'static str {
    static PATH: OnceLock<String> = OnceLock::new();
    PATH.get_or_init(|| {
        let hash = STYLESHEET
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
        format!("/static/schakel-{hash:016x}.css")
    })
}
