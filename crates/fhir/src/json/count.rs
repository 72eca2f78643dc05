//! Counting before parsing: whether a text holds more than it may, told without
//! keeping anything of it.

/// Whether the array `member` of the outermost object has more than `max`
/// items. It looks at brackets and commas only, in one pass, and stops at the
/// first item too many.
///
/// What is not JSON, and a member whose name is written with escapes, may be
/// told to have fewer than it has; who counts on the limit counts again when
/// the text is parsed.
pub fn has_more_items(text: &[u8], member: &str, max: usize) -> bool {
    let mut depth = 0usize;
    let mut is_object = false;
    // Whether the last string in the outermost object is the name of the member.
    let mut is_named = false;
    let mut items: Option<usize> = None;
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        let counted = items.filter(|_| depth == 2);
        if counted == Some(0) && !matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b']') {
            items = Some(1);
        } else if let Some(count) = counted
            && byte == b','
        {
            items = Some(count + 1);
        }
        if items.is_some_and(|count| count > max) {
            return true;
        }
        match byte {
            b'"' => {
                let end = end_of_string(text, at);
                if depth == 1 {
                    is_named = text.get(at + 1..end) == Some(member.as_bytes());
                }
                at = end;
            }
            b'{' | b'[' => {
                is_object |= depth == 0 && byte == b'{';
                if depth == 1 && byte == b'[' && is_named && is_object {
                    items = Some(0);
                }
                depth += 1;
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 1 {
                    items = None;
                }
            }
            _ => {}
        }
        at += 1;
    }
    false
}

/// Where the string that begins at `start` has its closing quote, or where the
/// text ends.
fn end_of_string(text: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(rest) = text.get(at..) {
        match memchr::memchr2(b'"', b'\\', rest) {
            Some(found) if rest[found] == b'\\' => at += found + 2,
            Some(found) => return at + found,
            None => break,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::has_more_items;

    #[test]
    fn items_of_the_member_alone_are_counted() {
        for (text, items) in [
            (r#"{"entry":[]}"#, 0),
            (r#"{"entry":[ ]}"#, 0),
            (r#"{"entry":[{}]}"#, 1),
            (
                r#"{"a":[1,2,3],"entry":[{"b":[1,2]},{"entry":[1,2,3]}]}"#,
                2,
            ),
            (r#"{"entry":[1,"],\"",3],"a":[1,2,3,4]}"#, 3),
            (r#"{"a":"entry","b":[1,2]}"#, 0),
            (r#"{"a":{"entry":[1,2]}}"#, 0),
            (r#"{"entry":{"a":[1,2]}}"#, 0),
            (r#"[[1,2],"entry",[3,4]]"#, 0),
            (r#" { "entry" : [ 1 , 2 ] } "#, 2),
            (r#"{"entry":[[],[],[1,2]]}"#, 3),
        ] {
            if items > 0 {
                assert!(
                    has_more_items(text.as_bytes(), "entry", items - 1),
                    "{text}"
                );
            }
            assert!(!has_more_items(text.as_bytes(), "entry", items), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_counted(bytes: Vec<u8>) {
            has_more_items(&bytes, "entry", 3);
        }

        #[test]
        fn it_counts_what_the_parser_counts(
            items in prop::collection::vec("[a-z\\[\\]{},\"\\\\ ]{0,6}", 0..6),
            before: bool,
            max in 0usize..6,
        ) {
            let list = crate::json::Value::from(
                items.iter().map(|item| crate::value!({ "a": (item.as_str()) })).collect::<Vec<_>>(),
            );
            let list = String::from_utf8(list.to_bytes()).unwrap();
            let other = r#""other":[1,2,3,4,5,6,7]"#;
            let text = if before {
                format!(r#"{{{other},"entry":{list}}}"#)
            } else {
                format!(r#"{{"entry":{list},{other}}}"#)
            };
            prop_assert_eq!(has_more_items(text.as_bytes(), "entry", max), items.len() > max);
        }
    }
}
