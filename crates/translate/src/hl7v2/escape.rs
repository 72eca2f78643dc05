//! Escape sequences in text (HL7 v2.5.1, 2.7).

use super::{charset::Charset, wire::Separators};

/// The text without its escapes: `\F\ \S\ \T\ \R\ \E\` the separators,
/// `\.br\ \.sp\` a line break, `\Xhh..\` bytes in the message's own character
/// set, `\H\ \N\` and other formatting dropped. What is no known escape stays
/// as it is written.
pub(super) fn unescape(text: &str, separators: &Separators, charset: Charset) -> String {
    let escape = separators.escape;
    if !text.contains(escape) {
        return clean(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(escape) {
        out.push_str(&rest[..start]);
        let after = &rest[start + escape.len_utf8()..];
        let sequence = after.find(escape).map(|end| (&after[..end], end));
        let known =
            sequence.and_then(|(name, end)| Some((meaning(name, separators, charset)?, end)));
        if let Some((meaning, end)) = known {
            out.push_str(&meaning);
            rest = &after[end + escape.len_utf8()..];
        } else {
            out.push(escape);
            rest = after;
        }
    }
    out.push_str(rest);
    clean(&out)
}

fn meaning(name: &str, separators: &Separators, charset: Charset) -> Option<String> {
    Some(match name {
        "F" => separators.field.into(),
        "S" => separators.component.into(),
        "T" => separators.subcomponent.into(),
        "R" => separators.repetition.into(),
        "E" => separators.escape.into(),
        "H" | "N" => String::new(),
        _ => match name.strip_prefix('.') {
            Some(command) => formatting(command)?,
            None => charset
                .decode(&hexadecimal(name.strip_prefix('X')?)?)?
                .into_owned(),
        },
    })
}

/// A formatting command of FT: those that begin a line, and those that only
/// change how it looks.
fn formatting(command: &str) -> Option<String> {
    let name = command.get(..2)?;
    let number = command[2..].trim_start_matches(['+', '-']);
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    match name {
        "br" | "sp" | "ce" => Some("\n".to_owned()),
        "sk" => Some(" ".to_owned()),
        "fi" | "nf" | "in" | "ti" => Some(String::new()),
        _ => None,
    }
}

fn hexadecimal(digits: &str) -> Option<Vec<u8>> {
    if digits.is_empty() || !digits.len().is_multiple_of(2) || !digits.is_ascii() {
        return None;
    }
    digits
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

/// FHIR strings have no control characters but tab and line ends.
fn clean(text: &str) -> String {
    if !text.chars().any(char::is_control) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\r' => {
                characters.next_if_eq(&'\n');
                out.push('\n');
            }
            '\n' | '\t' => out.push(character),
            _ if character.is_control() => out.push('\u{FFFD}'),
            _ => out.push(character),
        }
    }
    out
}

/// The text with escapes where it holds separators, for a message that we write.
pub(super) fn escape(text: &str, separators: &Separators) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        let name = match character {
            _ if character == separators.escape => "E",
            _ if character == separators.field => "F",
            _ if character == separators.component => "S",
            _ if character == separators.subcomponent => "T",
            _ if character == separators.repetition => "R",
            '\n' => ".br",
            '\r' => "X0D",
            _ => {
                out.push(character);
                continue;
            }
        };
        out.push(separators.escape);
        out.push_str(name);
        out.push(separators.escape);
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(
            unescape(text, &Separators::default(), Charset::Latin1),
            expected
        );
    }

    #[test]
    fn escapes_are_undone() {
        check(r"1\S\2\F\3\T\4\R\5\E\6", r"1^2|3&4~5\6");
        check(r"a\.br\b\.sp\c\.sp2\d", "a\nb\nc\nd");
        check(r"\H\vet\N\", "vet");
        check(r"Jos\XE9\", "José");
        check(r"\X0D0A\", "\n");
        check(r"\X00\", "\u{FFFD}");
    }

    #[test]
    fn what_is_no_escape_stays() {
        check(r"C:\temp", r"C:\temp");
        check(r"\Zx\ \XG1\ \X\", r"\Zx\ \XG1\ \X\");
        check(r"a\", r"a\");
        check(r"\\", r"\\");
    }

    proptest! {
        #[test]
        fn what_is_escaped_comes_back(text in "[ -~é\n]{0,40}") {
            let separators = Separators::default();
            let escaped = escape(&text, &separators);
            prop_assert_eq!(unescape(&escaped, &separators, Charset::Utf8), text);
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in "\\PC*", charset in 0..3) {
            let charset = [Charset::Ascii, Charset::Latin1, Charset::Utf8][charset as usize];
            unescape(&text, &Separators::default(), charset);
        }
    }
}
