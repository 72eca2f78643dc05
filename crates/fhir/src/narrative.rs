//! The narrative of a resource: a small, harmless part of XHTML.
//!
//! FHIR R4, Narrative, rules txt-1 and txt-2. What runs or loads code, and what
//! is no well-formed XML, is refused, because a narrative ends up in XML
//! documents and may end up on a page.

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};

/// The namespace of XHTML.
pub(crate) const XHTML: &str = "http://www.w3.org/1999/xhtml";

/// How deep the elements of a narrative may nest, in levels.
pub(crate) const NARRATIVE_DEPTH_MAX: usize = 64;

/// Sorted.
const ELEMENTS: [&str; 48] = [
    "a",
    "abbr",
    "acronym",
    "b",
    "big",
    "blockquote",
    "br",
    "caption",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "li",
    "ol",
    "p",
    "pre",
    "q",
    "samp",
    "small",
    "span",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "tt",
    "ul",
    "var",
];

/// Sorted.
const ATTRIBUTES: [&str; 51] = [
    "abbr",
    "accesskey",
    "align",
    "alt",
    "axis",
    "bgcolor",
    "border",
    "cellhalign",
    "cellpadding",
    "cellspacing",
    "cellvalign",
    "char",
    "charoff",
    "charset",
    "cite",
    "class",
    "colspan",
    "compact",
    "coords",
    "dir",
    "frame",
    "headers",
    "height",
    "href",
    "hreflang",
    "hspace",
    "id",
    "lang",
    "longdesc",
    "name",
    "nowrap",
    "rel",
    "rev",
    "rowspan",
    "rules",
    "scope",
    "shape",
    "span",
    "src",
    "start",
    "style",
    "summary",
    "tabindex",
    "title",
    "type",
    "valign",
    "value",
    "vspace",
    "width",
    "xml:lang",
    "xmlns",
];

/// Attributes that hold the address of something.
const ADDRESSES: [&str; 4] = ["cite", "href", "longdesc", "src"];

/// Where links may go. The data of a picture may also be in its `src` itself:
/// what is not a picture is then not shown.
const SCHEMES: [&str; 5] = ["http:", "https:", "ftp:", "mailto:", "tel:"];

/// Checks the text of `Narrative.div`; says what is wrong.
pub(crate) fn check(text: &str) -> Result<(), &'static str> {
    const NOT_XML: &str = "must be well-formed XHTML";
    if !text.starts_with("<div") {
        return Err("must be one XHTML div");
    }
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_comments = true;
    let mut depth = 0;
    let mut has_content = false;
    loop {
        match reader.read_event().map_err(|_| NOT_XML)? {
            Event::Start(start) => {
                check_element(&start, depth == 0)?;
                depth += 1;
                if depth > NARRATIVE_DEPTH_MAX {
                    return Err("must not nest deeper than 64 levels");
                }
                has_content |= start.name().0 == "img";
            }
            Event::Empty(start) => {
                check_element(&start, depth == 0)?;
                has_content |= start.name().0 == "img";
            }
            Event::End(_) => {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
            Event::Text(inner) => {
                let inner = inner.into_inner();
                if inner.contains("]]>") || !is_xml_text(&inner) {
                    return Err(NOT_XML);
                }
                has_content |= !inner.trim().is_empty();
            }
            Event::CData(inner) => {
                if !is_xml_text(&inner) {
                    return Err(NOT_XML);
                }
                has_content |= !inner.trim().is_empty();
            }
            Event::GeneralRef(reference) => {
                check_reference(&reference)?;
                has_content = true;
            }
            Event::Comment(inner) => {
                if !is_xml_text(&inner) {
                    return Err(NOT_XML);
                }
            }
            Event::Eof => return Err(NOT_XML),
            Event::DocType(_) | Event::PI(_) | Event::Decl(_) => {
                return Err("must hold no DOCTYPE and no processing instruction");
            }
        }
        if depth == 0 {
            return Err("must not be empty");
        }
    }
    if reader.buffer_position() as usize != text.len() {
        return Err("must be one XHTML div");
    }
    if has_content {
        Ok(())
    } else {
        Err("must not be empty")
    }
}

fn check_element(start: &BytesStart<'_>, is_root: bool) -> Result<(), &'static str> {
    let name = start.name().0;
    if ELEMENTS.binary_search(&name).is_err() || is_root && name != "div" {
        return Err("must hold only the elements that FHIR allows in a narrative");
    }
    let mut has_namespace = false;
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|_| "must be well-formed XHTML")?;
        let name = attribute.key.0;
        if ATTRIBUTES.binary_search(&name).is_err() {
            return Err("must hold only the attributes that FHIR allows in a narrative");
        }
        let value = attribute
            .normalized_value(XmlVersion::Explicit1_0)
            .map_err(|_| "must be well-formed XHTML")?;
        if attribute.value.contains('<') || !is_xml_text(&value) {
            return Err("must be well-formed XHTML");
        }
        if name == "xmlns" {
            has_namespace = true;
            if value != XHTML {
                return Err("must be in the namespace of XHTML");
            }
        }
        if ADDRESSES.contains(&name) && !is_harmless(name, &value) {
            return Err("must link only to pages, files, mail and telephone");
        }
    }
    if is_root && !has_namespace {
        return Err("must be in the namespace of XHTML");
    }
    Ok(())
}

/// Whether an address runs nothing: relative, or of a scheme that we know.
fn is_harmless(attribute: &str, address: &str) -> bool {
    let bare: String = address
        .chars()
        .filter(|c| !c.is_whitespace() && !c.is_control())
        .map(|c| c.to_ascii_lowercase())
        .collect();
    let scheme_end = bare.find(':');
    let path_start = bare.find(['/', '?', '#']);
    let is_relative = match (scheme_end, path_start) {
        (None, _) => true,
        (Some(colon), Some(path)) => path < colon,
        (Some(_), None) => false,
    };
    is_relative
        || attribute == "src" && bare.starts_with("data:")
        || SCHEMES.iter().any(|scheme| bare.starts_with(scheme))
}

/// Only the five entities of XML and characters that XML can hold.
pub(crate) fn check_reference(reference: &BytesRef<'_>) -> Result<(), &'static str> {
    let is_known = match reference.resolve_char_ref() {
        Ok(Some(character)) => is_xml_character(character),
        Ok(None) => resolve_xml_entity(reference).is_some(),
        Err(_) => false,
    };
    if is_known {
        Ok(())
    } else {
        Err("must hold no entities but those of XML")
    }
}

/// Whether XML 1.0 can hold every character of a text.
pub(crate) fn is_xml_text(text: &str) -> bool {
    text.chars().all(is_xml_character)
}

fn is_xml_character(character: char) -> bool {
    !matches!(
        character,
        '\0'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(inner: &str) -> String {
        format!(r#"<div xmlns="{XHTML}">{inner}</div>"#)
    }

    #[test]
    fn a_narrative_holds_text_and_no_code() {
        for inner in [
            "Bloeddruk",
            "<p class=\"a\">x<br/>&#233; &amp; &lt;</p><!-- remark -->",
            "<table><tr><td>1</td></tr></table>",
            "<a href=\"https://example.org\">x</a><a href=\"#note\">x</a><img src=\"a.png\" alt=\"\"/><img src=\"data:image/png;base64,AA==\"/>",
            "<![CDATA[x]]>",
        ] {
            assert_eq!(check(&of(inner)), Ok(()), "{inner}");
        }
        for inner in [
            "",
            "  <p/>",
            "<script>x</script>",
            "<p onclick=\"x\">x</p>",
            "<a href=\" java\nscript:x\">x</a>",
            "<a href=\"java&#9;script:x\">x</a>",
            "<p>x",
            "<p a>x</p>",
            "<a href=\"data:text/html,x\">x</a>",
            "&nbsp;x",
            "&undefined;",
            "<?php x?>x",
            "<p xmlns=\"urn:other\">x</p>",
            "<x:p>x</x:p>",
            "x</div><div>x",
            "&#0;",
            "a & b",
        ] {
            assert!(check(&of(inner)).is_err(), "{inner}");
        }
        for text in [
            "",
            "x",
            "<div>x</div>",
            "<p>x</p>",
            "<!DOCTYPE x><div/>",
            "<divx/>",
        ] {
            assert!(check(text).is_err(), "{text}");
        }
        assert!(check(&format!("{} ", of("x"))).is_err());
    }

    #[test]
    fn the_lists_are_sorted() {
        assert!(ELEMENTS.is_sorted() && ATTRIBUTES.is_sorted());
    }

    #[test]
    fn depth_stops_at_the_limit() {
        let nested = |levels: usize| {
            of(&format!(
                "{}x{}",
                "<b>".repeat(levels - 1),
                "</b>".repeat(levels - 1)
            ))
        };
        assert_eq!(check(&nested(NARRATIVE_DEPTH_MAX)), Ok(()));
        assert!(check(&nested(NARRATIVE_DEPTH_MAX + 1)).is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "<div[<>/a-z=\"'&;#!?\\[\\]x -]{0,40}") {
            let _ = check(&text);
        }
    }
}
