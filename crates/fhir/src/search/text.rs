//! Folding of text for string search.

/// Folds a text for comparison: small letters, without accents, with one space
/// for each run of spaces and punctuation, none at the ends. `Müller-de  Vries`
/// becomes `muller de vries`. Letters of other scripts stay as they are.
pub fn normalise(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut is_gap = false;
    for character in text.chars() {
        // An apostrophe inside a word (d'Hondt, in 't Veld) leaves no gap.
        if matches!(character, '\u{300}'..='\u{36F}' | '\'' | '’' | '`') {
            continue;
        }
        if !character.is_alphanumeric() {
            is_gap = !out.is_empty();
            continue;
        }
        if is_gap {
            out.push(' ');
            is_gap = false;
        }
        match plain(character) {
            Some(letters) => out.push_str(letters),
            None => out.extend(character.to_lowercase()),
        }
    }
    out
}

/// The letters without accents of the Latin letters that Europe writes.
fn plain(character: char) -> Option<&'static str> {
    Some(match character {
        'À'..='Å' | 'à'..='å' | 'Ā'..='ą' => "a",
        'Æ' | 'æ' => "ae",
        'Ç' | 'ç' | 'Ć'..='č' => "c",
        'Ď'..='đ' | 'Ð' | 'ð' => "d",
        'È'..='Ë' | 'è'..='ë' | 'Ē'..='ě' => "e",
        'Ĝ'..='ģ' => "g",
        'Ĥ'..='ħ' => "h",
        'Ì'..='Ï' | 'ì'..='ï' | 'Ĩ'..='ı' => "i",
        'Ĳ' | 'ĳ' => "ij",
        'Ĵ' | 'ĵ' => "j",
        'Ķ'..='ĸ' => "k",
        'Ĺ'..='ł' => "l",
        'Ñ' | 'ñ' | 'Ń'..='ŋ' => "n",
        'Ò'..='Ö' | 'ò'..='ö' | 'Ø' | 'ø' | 'Ō'..='ő' => "o",
        'Œ' | 'œ' => "oe",
        'Ŕ'..='ř' => "r",
        'Ś'..='š' | 'Ș' | 'ș' => "s",
        'ß' | 'ẞ' => "ss",
        'Ţ'..='ŧ' | 'Ț' | 'ț' => "t",
        'Þ' | 'þ' => "th",
        'Ù'..='Ü' | 'ù'..='ü' | 'Ũ'..='ų' => "u",
        'Ŵ' | 'ŵ' => "w",
        'Ý' | 'ý' | 'ÿ' | 'Ŷ'..='Ÿ' => "y",
        'Ź'..='ž' => "z",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_people_type_alike_are_alike() {
        for (text, expected) in [
            ("Müller-de  Vries", "muller de vries"),
            ("  D'Hondt ", "dhondt"),
            ("ÁÉÍÓÚ ÇŠŽ", "aeiou csz"),
            ("e\u{301}", "e"),
            ("Straße 12-B", "strasse 12 b"),
            ("Ĳsselstein", "ijsselstein"),
            ("Иванов", "иванов"),
            ("--", ""),
        ] {
            assert_eq!(normalise(text), expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in "[A-Za-zÀ-ž' -]{0,30}") {
            let once = normalise(&text);
            proptest::prop_assert_eq!(normalise(&once), once);
        }
    }
}
