//! Every page in both languages with every sample, held against the rules
//! that all pages share.

mod html;
mod keys;

use std::collections::HashSet;

use self::html::{Element, parse};
use super::render_samples;
use crate::words::Language;

/// The BSN of the samples.
const SAMPLE_BSN: &str = "999911119";
/// The pages that may show it: those about a patient, to who treats them.
const PAGES_WITH_BSN: [&str; 3] = ["record", "trend", "datum"];

fn each(check: impl Fn(Language, &str, &str, &[Element])) {
    for language in Language::ALL {
        for (name, html) in render_samples(language) {
            let html = html.unwrap();
            let elements = parse(&html).unwrap_or_else(|fault| panic!("{name}: {fault}\n{html}"));
            check(language, &name, &html, &elements);
        }
    }
}

#[test]
fn every_page_says_its_language_and_has_one_main_heading() {
    each(|language, name, _, elements| {
        let page = elements.iter().find(|one| one.name == "html").unwrap();
        assert_eq!(page.get("lang"), Some(language.code()), "{name}");
        let mut level = 0;
        for heading in elements.iter().filter_map(Element::heading_level) {
            assert!(heading <= level + 1, "{name}: h{heading} after h{level}");
            level = heading;
        }
        let mains = elements
            .iter()
            .filter(|one| one.heading_level() == Some(1))
            .count();
        assert_eq!(mains, 1, "{name}");
    });
}

#[test]
fn no_page_has_inline_style_or_script() {
    each(|_, name, _, elements| {
        for element in elements {
            assert!(
                !matches!(element.name.as_str(), "script" | "style" | "iframe"),
                "{name}"
            );
            for (attribute, _) in &element.attributes {
                assert!(
                    attribute != "style" && !attribute.starts_with("on"),
                    "{name}: {attribute}"
                );
            }
        }
    });
}

#[test]
fn every_field_has_a_label_and_every_table_a_caption() {
    each(|_, name, _, elements| {
        let labels: HashSet<&str> = elements
            .iter()
            .filter(|one| one.name == "label")
            .filter_map(|label| label.get("for"))
            .collect();
        for element in elements {
            let is_field = matches!(element.name.as_str(), "input" | "select" | "textarea")
                && element.get("type") != Some("hidden");
            if is_field {
                assert!(
                    labels.contains(element.get("id").unwrap()),
                    "{name}: {element:?}"
                );
            }
            match element.name.as_str() {
                "button" => assert!(element.get("type").is_some(), "{name}: {element:?}"),
                "img" => assert!(element.get("alt").is_some(), "{name}: {element:?}"),
                "th" => assert!(element.get("scope").is_some(), "{name}: {element:?}"),
                _ => {}
            }
        }
        let count = |kind: &str| elements.iter().filter(|one| one.name == kind).count();
        assert_eq!(count("table"), count("caption"), "{name}");
    });
}

#[test]
fn ids_are_unique_and_what_points_at_one_finds_it() {
    each(|_, name, _, elements| {
        let mut ids = HashSet::new();
        for id in elements.iter().filter_map(|one| one.get("id")) {
            assert!(ids.insert(id), "{name}: {id} twice");
        }
        for element in elements {
            for (attribute, value) in &element.attributes {
                let targets: Vec<&str> = match attribute.as_str() {
                    "aria-labelledby" | "aria-describedby" | "for" => {
                        value.split_whitespace().collect()
                    }
                    "href" => value.strip_prefix('#').into_iter().collect(),
                    _ => continue,
                };
                for target in targets {
                    assert!(ids.contains(target), "{name}: {attribute}={value}");
                }
            }
        }
    });
}

#[test]
fn every_form_that_changes_something_carries_the_token() {
    each(|_, name, html, elements| {
        let posts = elements
            .iter()
            .filter(|one| one.name == "form" && one.get("method") == Some("post"))
            .count();
        let tokens = elements
            .iter()
            .filter(|one| one.get("name") == Some("token"))
            .count();
        assert_eq!(posts, tokens, "{name}\n{html}");
    });
}

#[test]
fn a_bsn_stands_in_the_banner_only() {
    each(|_, name, html, elements| {
        let may = PAGES_WITH_BSN.iter().any(|page| name.starts_with(page));
        let in_banner = html.contains("class=\"banner\"");
        assert_eq!(
            html.matches(SAMPLE_BSN).count(),
            usize::from(in_banner),
            "{name}"
        );
        assert!(may || !in_banner, "{name}");
        for (attribute, value) in elements.iter().flat_map(|one| &one.attributes) {
            assert!(!value.contains(SAMPLE_BSN), "{name}: {attribute}");
        }
        // A title ends up in the history of the browser.
        let title = html
            .split("<title>")
            .nth(1)
            .and_then(|rest| rest.split('<').next())
            .unwrap();
        assert!(
            !title.contains("Zandwijk") && !title.contains(SAMPLE_BSN),
            "{name}: {title}"
        );
    });
}

#[test]
fn every_placeholder_is_filled_in() {
    each(|_, name, html, _| {
        let text = html.replace("{\n  &quot;", "").replace("{\n  &#34;", "");
        assert!(
            !text.contains('{') && !text.contains("{{"),
            "{name}\n{html}"
        );
    });
}

#[test]
fn the_pages_fit_their_rules_about_addresses() {
    each(|_, name, _, elements| {
        for element in elements {
            for attribute in ["href", "src", "action"] {
                let Some(value) = element.get(attribute) else {
                    continue;
                };
                let own = value.starts_with('/') || value.starts_with('#');
                let elsewhere =
                    name.starts_with("sign-in") && value.starts_with("http://localhost");
                assert!(own || elsewhere, "{name}: {value}");
            }
        }
    });
}
