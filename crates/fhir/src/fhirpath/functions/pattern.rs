//! Regular expressions: those that run in linear time. Backreferences and
//! lookaround, which FHIRPath's own grammar of them does not name, are refused.

use regex::{NoExpand, Regex, RegexBuilder};

use super::{Arguments, Function, boolean, just, nothing};
use crate::fhirpath::context::Context;
use crate::fhirpath::error::EvaluationError;
use crate::fhirpath::evaluate::Found;
use crate::fhirpath::item::{Collection, Item};

/// How long a regular expression may be, in bytes.
pub const PATTERN_BYTES_MAX: usize = 1000;

/// How large a compiled one may be, in bytes (1 MiB): `(a{500}){500}` is short
/// but large.
const COMPILED_BYTES_MAX: usize = 1024 * 1024;

/// What compiling a regular expression costs, in steps.
const COMPILE_STEPS: usize = 1000;

pub(super) fn apply<'a>(
    function: Function,
    input: Collection<'a>,
    arguments: &Arguments<'_, '_, 'a>,
) -> Found<'a> {
    let context = arguments.context;
    let Some(item) = super::one(input)? else {
        return nothing();
    };
    let Some(text) = super::text_of(&item)? else {
        return nothing();
    };
    let Some(pattern) = arguments.text(0)? else {
        return nothing();
    };
    let is_replacing = function == Function::ReplaceMatches;
    let flags = arguments.text(if is_replacing { 2 } else { 1 })?;
    let is_full = function == Function::MatchesFull;
    let flags = flags.as_deref().unwrap_or_default();
    context.spend_text(text.len())?;
    if !is_replacing {
        let regex = compiled(&pattern, flags, is_full, context)?;
        return boolean(regex.is_match(&text));
    }
    let Some(replacement) = arguments.text(1)? else {
        return nothing();
    };
    // An empty pattern is nothing to look for.
    if pattern.is_empty() {
        return just(Item::String(text));
    }
    let regex = compiled(&pattern, flags, false, context)?;
    let mut out = String::new();
    let mut from = 0;
    let template = template(&replacement);
    for captures in regex.captures_iter(&text) {
        context.spend(1)?;
        let Some(found) = captures.get(0) else {
            continue;
        };
        out.push_str(&text[from..found.start()]);
        match &template {
            Some(template) => captures.expand(template, &mut out),
            None => out.push_str(NoExpand(&replacement).0),
        }
        from = found.end();
        context.spend_text(out.len().saturating_sub(from).min(replacement.len()))?;
        if out.len() > crate::fhirpath::context::TEXT_BYTES_MAX {
            return Err(EvaluationError::TextTooLong);
        }
    }
    out.push_str(&text[from..]);
    context.spend_text(out.len())?;
    just(Item::string(out))
}

/// A replacement in which `$1` is a group, as JavaScript and Java have it;
/// nothing when there is none.
fn template(replacement: &str) -> Option<String> {
    replacement.contains('$').then(|| {
        let mut out = String::new();
        let mut rest = replacement;
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            if digits > 0 {
                out.push_str("${");
                out.push_str(&rest[..digits]);
                out.push('}');
                rest = &rest[digits..];
            } else {
                out.push('$');
            }
        }
        out + rest
    })
}

fn compiled(
    pattern: &str,
    flags: &str,
    is_full: bool,
    context: &Context<'_>,
) -> Result<Regex, EvaluationError> {
    if pattern.len() > PATTERN_BYTES_MAX {
        return Err(EvaluationError::Pattern);
    }
    if flags.contains(|flag| !matches!(flag, 'i' | 'm')) {
        return Err(EvaluationError::Argument(
            "the flags of a regular expression are `i` and `m`",
        ));
    }
    let is_multiline = flags.contains('m');
    let whole = match (is_full, is_multiline) {
        (false, _) => pattern.to_owned(),
        (true, false) => format!(r"\A(?:{pattern})\z"),
        (true, true) => format!("^(?:{pattern})$"),
    };
    // No pattern holds a line feed after `(?` of its own, so keys stay apart.
    context.pattern(&format!("{flags}\n{whole}"), || {
        context.spend(COMPILE_STEPS)?;
        RegexBuilder::new(&whole)
            .case_insensitive(flags.contains('i'))
            .multi_line(is_multiline)
            .dot_matches_new_line(true)
            .size_limit(COMPILED_BYTES_MAX)
            .dfa_size_limit(COMPILED_BYTES_MAX)
            .build()
            .map_err(|_| EvaluationError::Pattern)
    })
}
