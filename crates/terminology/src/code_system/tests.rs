//! A small made-up code system, and what is asked of it.

use super::file::tests::through_file;
use super::*;

/// Fruit, in two languages.
pub(super) fn small() -> CodeSystem {
    let mut builder = Builder::new(Header {
        url: "http://example.org/fruit".to_owned(),
        version: "1".to_owned(),
        title: "Fruit".to_owned(),
        is_complete: true,
        ignores_case: false,
        language: "en".to_owned(),
    });
    let colour = builder
        .property_name("colour", PropertyKind::String)
        .expect("one");
    let like = builder
        .property_name("like", PropertyKind::Code)
        .expect("two");
    let set = builder.concept("set").expect("few").expect("new");
    for (code, english, dutch, parent) in [
        ("fruit", "Fruit", "Fruit", None),
        ("apple", "Apple", "Appel", Some("fruit")),
        ("elstar", "Elstar apple", "Elstar", Some("apple")),
        ("pear", "Pear", "Peer", Some("fruit")),
    ] {
        let concept = builder.concept(code).expect("few").expect("new");
        for (language, text) in [("", english), ("nl", dutch)] {
            let name = NewDescription {
                concept,
                language,
                kind: NameKind::Display,
                text,
            };
            builder.describe(name).expect("few");
        }
        if let Some(parent) = parent.and_then(|parent| builder.find(parent)) {
            builder.below(concept, parent);
        }
        builder.member(set, concept);
    }
    let elstar = builder.find("elstar").expect("there");
    builder.property(elstar, colour, 0, "red").expect("few");
    builder.property(elstar, like, 1, "pear").expect("few");
    builder.property(elstar, like, 1, "kiwi").expect("few");
    builder.inactive(elstar);
    assert_eq!(builder.concept("pear"), Ok(None));
    builder.finish().expect("small")
}

#[test]
fn it_answers_the_same_from_memory_and_from_its_file() {
    for system in [small(), through_file(&small())] {
        let at = |code: &str| system.find(code).expect(code);
        assert_eq!(system.header(), small().header());
        assert_eq!((system.len(), system.names()), (5, 8));
        assert_eq!(system.find("Apple"), None);
        let display = |code, language| system.display(at(code), language).expect("readable");
        assert_eq!(display("apple", "nl-NL").as_deref(), Some("Appel"));
        assert_eq!(display("apple", "fr").as_deref(), Some("Apple"));
        assert_eq!(display("set", "nl"), None);
        assert!(system.is_above(at("fruit"), at("elstar")));
        assert!(!system.is_above(at("elstar"), at("fruit")));
        assert!(!system.is_active(at("elstar")) && system.is_active(at("pear")));
        let properties: Vec<_> = system
            .properties(at("elstar"))
            .map(|property| {
                let name = &system.property_names()[usize::from(property.name)];
                (name.code.as_str(), property.group, property.value)
            })
            .collect();
        assert_eq!(
            properties,
            [
                ("colour", 0, PropertyValue::Text("red")),
                ("like", 1, PropertyValue::Concept(at("pear"))),
                ("like", 1, PropertyValue::Text("kiwi")),
            ]
        );
        assert_eq!(system.refset(at("set")).map(<[u32]>::len), Some(4));
        assert_eq!(system.refset(at("pear")), None);
        let everything = Bits::full(system.len());
        let named = |question| {
            let found = system.named(question, &everything).into_iter();
            found.map(|one| system.code(one)).collect::<Vec<_>>()
        };
        assert_eq!(named("app"), ["apple", "elstar"]);
        assert_eq!(named("elstar"), ["elstar"]);
        assert_eq!(named("").len(), 5);
        let below = system.descendants(&system.only(at("fruit")));
        assert_eq!(below.count(), 3);
    }
}

#[test]
fn case_counts_unless_the_system_says_not() {
    let mut builder = Builder::new(Header {
        ignores_case: true,
        ..Header::default()
    });
    for code in ["Ab", "c", "B"] {
        builder.concept(code).expect("few").expect("new");
    }
    assert_eq!(builder.concept("aB"), Ok(None));
    let system = builder.finish().expect("small");
    for (asked, expected) in [("aB", Some(0)), ("C", Some(1)), ("b", Some(2)), ("d", None)] {
        assert_eq!(system.find(asked), expected, "{asked}");
    }
}

#[test]
fn the_limits_of_languages_and_dialects_hold() {
    let mut builder = Builder::new(Header::default());
    let concept = builder.concept("a").expect("few").expect("new");
    let describe = |builder: &mut Builder, language: &str| {
        let name = NewDescription {
            concept,
            language,
            kind: NameKind::Display,
            text: "a",
        };
        builder.describe(name)
    };
    for language in 1..builder::LANGUAGES_MAX {
        describe(&mut builder, &language.to_string()).expect("at the limit");
    }
    let limit = |result: Result<u32, TooMuch>| result.map_err(|error| error.limit);
    assert_eq!(limit(describe(&mut builder, "past")), Err("LANGUAGES_MAX"));
    for dialect in 0..DIALECTS_MAX {
        let dialect = dialect.to_string();
        builder.dialect(&dialect, 0, true).expect("at the limit");
    }
    let past = builder
        .dialect("past", 0, true)
        .map_err(|error| error.limit);
    assert_eq!(past, Err("DIALECTS_MAX"));
}
