//! Constraints on a made-up edition.

use proptest::prelude::*;

use super::*;
use crate::load::rf2::tests::{edition, made_up};

/// Which concepts of the made-up edition a constraint finds; `@7` stands for the
/// seventh.
fn find(text: &str) -> Result<Vec<usize>, String> {
    let edition = edition();
    let mut text = text.to_owned();
    for (at, code) in edition.codes.iter().enumerate().rev() {
        text = text.replace(&format!("@{at}"), code);
    }
    let system = edition.load().expect("it is right");
    let constraint = Constraint::parse(&text).map_err(|error| error.to_string())?;
    let found = evaluate(&system, &constraint).map_err(|error| error.to_string())?;
    Ok(found.iter().map(|one| one as usize).collect())
}

#[test]
fn constraints_find_their_concepts() {
    for (text, expected) in [
        ("@5", &[5][..]),
        ("@5 |Leaf|", &[5]),
        ("<@1", &[2, 3, 10]),
        ("<<@1 /* with itself */", &[1, 2, 3, 10]),
        ("<!@1", &[2, 3]),
        ("<<!@1", &[1, 2, 3]),
        (">@10", &[0, 1, 2]),
        (">>@10", &[0, 1, 2, 10]),
        (">!@10", &[2]),
        (">>!@10", &[2, 10]),
        ("*", &[0, 1, 2, 3, 4, 5, 6, 7, 8, 10]),
        ("^@8", &[2, 3]),
        ("<^@8", &[10]),
        ("^(<@0)", &[2, 3]),
        ("<@1 AND ^@8", &[2, 3]),
        ("<@1 and <@2 , @10", &[10]),
        ("@1 OR @2 or @3", &[1, 2, 3]),
        ("<@1 MINUS <<@2", &[3]),
        ("<@1 : @7 = @5", &[2, 10]),
        ("<@1 : @7 = <@4", &[2, 3, 10]),
        ("<@1 : @7 != @5", &[3]),
        ("<<@1 : [0..0] @7 = *", &[1]),
        ("<@1 : { @7 = @5 }", &[2, 10]),
        ("<@1 : { @7 = @5, @7 = @6 }", &[]),
        ("<@1 : @7 = @5 OR @7 = @6", &[2, 3, 10]),
        ("<@1 : * = @6", &[3]),
        ("<@1 : [2..*] @7 = *", &[]),
        ("<@4 : R @7 = @3", &[6]),
        ("<@1 . @7", &[5, 6]),
        ("(<@1 : @7 = @6) OR @9", &[3, 9]),
    ] {
        assert_eq!(find(text).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn what_cannot_be_answered_is_said() {
    let unknown = made_up(123_456, "00");
    for (text, expected) in [
        (
            "",
            "the expression needs a SNOMED CT identifier at position 0",
        ),
        (
            "12345",
            "the expression needs a SNOMED CT identifier at position 0",
        ),
        (
            "* AND * OR *",
            "the expression needs brackets: AND, OR and MINUS do not mix at position 8",
        ),
        (
            "* MINUS * MINUS *",
            "the expression needs brackets: MINUS takes two at position 10",
        ),
        ("(*", "the expression needs a closing bracket at position 2"),
        (
            "* {{ term = \"x\" }}",
            "the expression uses filters ({{ }}), which this server does not evaluate",
        ),
        (
            "* : * = #5",
            "the expression uses concrete values, which this server does not evaluate",
        ),
        (
            "* : { R * = * }",
            "the expression uses a reversed attribute in a group, which this server does not evaluate",
        ),
        (
            "* *",
            "the expression needs its end, AND, OR or MINUS at position 2",
        ),
        (
            "/* *",
            "the expression needs the end of a comment at position 0",
        ),
    ] {
        assert_eq!(find(text), Err(expected.to_owned()), "{text}");
    }
    let expected =
        "the expression names a concept that the loaded release does not have".to_owned();
    assert_eq!(find(&format!("<{unknown}")), Err(expected));
}

#[test]
fn the_limits_hold() {
    let nested = |depth: usize| format!("{}*{}", "(".repeat(depth), ")".repeat(depth));
    assert!(Constraint::parse(&nested(ECL_DEPTH_MAX - 1)).is_ok());
    assert_eq!(
        Constraint::parse(&nested(ECL_DEPTH_MAX)),
        Err(EclSyntax::TooDeep)
    );
    let refined = |depth: usize| format!("* : {}* = *{}", "(".repeat(depth), ")".repeat(depth));
    assert!(Constraint::parse(&refined(ECL_DEPTH_MAX - 2)).is_ok());
    assert_eq!(
        Constraint::parse(&refined(ECL_DEPTH_MAX)),
        Err(EclSyntax::TooDeep)
    );
    let long = |bytes: usize| format!("*{}", " ".repeat(bytes - 1));
    assert!(Constraint::parse(&long(ECL_BYTES_MAX)).is_ok());
    assert_eq!(
        Constraint::parse(&long(ECL_BYTES_MAX + 1)),
        Err(EclSyntax::TooLong)
    );
}

fn constraint() -> impl Strategy<Value = Constraint> {
    let relatives = prop::option::of(prop::sample::select(
        Relatives::ALL.map(|one| one.1).to_vec(),
    ));
    let focus = prop_oneof![
        Just(Focus::Any),
        (1000u32..9999).prop_map(|item| Focus::Concept(made_up(item, "10"))),
    ];
    let simple = (relatives, any::<bool>(), focus).prop_map(|(relatives, is_member, focus)| {
        Constraint::Simple {
            relatives,
            is_member,
            focus,
        }
    });
    simple.prop_recursive(3, 20, 3, |inner| {
        let sub = inner.prop_map(|one| match one {
            simple @ Constraint::Simple { .. } => simple,
            other => Constraint::Simple {
                relatives: None,
                is_member: false,
                focus: Focus::Nested(Box::new(other)),
            },
        });
        let cardinality = (0u32..3, prop::option::of(0u32..3));
        let attribute = (
            cardinality,
            any::<bool>(),
            sub.clone(),
            any::<bool>(),
            sub.clone(),
        );
        let attribute = attribute.prop_map(|((min, max), is_reversed, name, is_not, value)| {
            Refinement::Attribute {
                cardinality: Cardinality { min, max },
                is_reversed,
                name: Box::new(name),
                is_not,
                value: Box::new(value),
            }
        });
        let group = attribute
            .clone()
            .prop_map(|one| Refinement::Group(Cardinality::SOME, Box::new(one)));
        let one = prop_oneof![attribute, group];
        let refinement = prop_oneof![
            one.clone(),
            prop::collection::vec(one.clone(), 2..4).prop_map(Refinement::And),
            prop::collection::vec(one, 2..4).prop_map(Refinement::Or),
        ];
        prop_oneof![
            prop::collection::vec(sub.clone(), 2..4).prop_map(Constraint::And),
            prop::collection::vec(sub.clone(), 2..4).prop_map(Constraint::Or),
            (sub.clone(), sub.clone())
                .prop_map(|(one, other)| Constraint::Minus(Box::new(one), Box::new(other))),
            (sub.clone(), sub.clone())
                .prop_map(|(one, other)| Constraint::Dotted(Box::new(one), Box::new(other))),
            (sub, refinement).prop_map(|(one, other)| Constraint::Refined(Box::new(one), other)),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_reads_the_same(constraint in constraint()) {
        prop_assert_eq!(Constraint::parse(&constraint.to_string()), Ok(constraint));
    }

    #[test]
    fn any_text_is_read_without_a_panic(text in "[<>!^*():,{}=R|.\\[\\]0-9 ANDORMINUS/é\"#]{0,60}") {
        let _ = Constraint::parse(&text);
    }
}
