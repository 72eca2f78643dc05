//! The query part of a relative URL, in names and values.

/// The pairs of a query string, decoded; `None` when it is not well-formed.
pub(crate) fn pairs(query: &str) -> Option<Vec<(String, String)>> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decoded(name)?, decoded(value)?))
        })
        .collect()
}

/// A text with its percent signs and plus signs resolved.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        bytes.push(match first {
            b'+' => b' ',
            b'%' => {
                let (digits, tail) = rest.split_at_checked(2)?;
                rest = tail;
                let digit = |byte: u8| char::from(byte).to_digit(16);
                u8::try_from(digit(digits[0])? * 16 + digit(digits[1])?).ok()?
            }
            byte => *byte,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pairs_are_decoded() {
        let check = |query: &str, expected: Option<Vec<(&str, &str)>>| {
            let expected = expected.map(|pairs| {
                pairs
                    .into_iter()
                    .map(|(a, b)| (a.to_owned(), b.to_owned()))
                    .collect::<Vec<_>>()
            });
            assert_eq!(pairs(query), expected, "{query}");
        };
        check(
            "code=a%7Cb&x=1+2",
            Some(vec![("code", "a|b"), ("x", "1 2")]),
        );
        check("", Some(vec![]));
        check("a", Some(vec![("a", "")]));
        check("a=%2", None);
        check("a=%zz", None);
        check("a=%ff", None);
    }

    proptest! {
        #[test]
        fn any_text_is_judged_without_a_panic(query in "\\PC*") {
            let _ = pairs(&query);
        }
    }
}
