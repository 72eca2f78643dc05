//! How long FHIRPath takes, beside a walk over the same tree written by hand:
//! `cargo run --release -p fhir --example fhirpath`.
//!
//! The expressions are invariants of the standard and everyday paths; each
//! walk does what its expression asks, and nothing more.

use std::hint::black_box;
use std::time::{Duration, Instant};

use fhir::Resource;
use fhir::fhirpath::{Context, Element, Expression, Item};
use fhir::json::Node;

/// How long each is repeated.
const TIME_PER_STEP: Duration = Duration::from_millis(300);

const OBSERVATION: &str = r#"{"resourceType": "Observation", "id": "o", "status": "final",
    "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category",
        "code": "vital-signs"}]}],
    "code": {"coding": [{"system": "http://loinc.org", "code": "85354-9"}, {"system": "http://snomed.info/sct", "code": "75367002"}]},
    "subject": {"reference": "Patient/p"}, "effectiveDateTime": "2024-05-06T10:30:00+02:00",
    "component": [
        {"code": {"coding": [{"system": "http://loinc.org", "code": "8480-6"}]},
         "valueQuantity": {"value": 120, "unit": "mmHg", "system": "http://unitsofmeasure.org", "code": "mm[Hg]"}},
        {"code": {"coding": [{"system": "http://loinc.org", "code": "8462-4"}]},
         "valueQuantity": {"value": 80, "unit": "mmHg", "system": "http://unitsofmeasure.org", "code": "mm[Hg]"}}]}"#;

const PATIENT: &str = r#"{"resourceType": "Patient", "id": "p", "active": true,
    "name": [{"use": "official", "family": "Jansen", "given": ["An", "Bo"]}, {"use": "usual", "given": ["Ans"]}],
    "telecom": [{"system": "phone", "value": "030-123", "use": "home"}, {"system": "email", "value": "a@example.org"}],
    "birthDate": "1974-12-25",
    "contact": [{"name": {"family": "Pieters"}, "telecom": [{"system": "phone", "value": "030-456"}]}]}"#;

/// What an expression is compared with: the same, by hand.
type Walk = fn(Node<'_>) -> usize;

fn is_some(node: Node<'_>, names: &[&str]) -> bool {
    names.iter().any(|name| node.get(name).is_some())
}

fn has_value(node: Node<'_>) -> bool {
    node.members().any(|(name, _)| name.starts_with("value"))
}

const CASES: [(&str, &str, Walk); 8] = [
    (PATIENT, "name.given", |node| {
        node.each("name")
            .flat_map(|name| name.each("given"))
            .count()
    }),
    (PATIENT, "telecom.where(system = 'phone').value", |node| {
        let telecom = node.each("telecom");
        telecom
            .filter(|one| one.text("system").is_some_and(|system| system == "phone"))
            .filter_map(|one| one.get("value"))
            .count()
    }),
    // pat-1
    (
        PATIENT,
        "contact.all(name.exists() or telecom.exists() or address.exists() or organization.exists())",
        |node| {
            let names = ["name", "telecom", "address", "organization"];
            usize::from(node.each("contact").all(|contact| is_some(contact, &names)))
        },
    ),
    // cpt-2
    (
        PATIENT,
        "telecom.all(value.empty() or system.exists())",
        |node| {
            usize::from(
                node.each("telecom")
                    .all(|one| one.get("value").is_none() || one.get("system").is_some()),
            )
        },
    ),
    // dom-2
    (PATIENT, "contained.contained.empty()", |node| {
        usize::from(
            node.each("contained")
                .all(|one| one.get("contained").is_none()),
        )
    }),
    // obs-6
    (
        OBSERVATION,
        "dataAbsentReason.empty() or value.empty()",
        |node| usize::from(node.get("dataAbsentReason").is_none() || !has_value(node)),
    ),
    // obs-7
    (
        OBSERVATION,
        "value.empty() or component.code.where(coding.intersect(%resource.code.coding).exists()).empty()",
        |node| {
            let own = node.get("code");
            let codings = |code: Option<Node<'_>>, wanted: Node<'_>| {
                code.is_some_and(|code| {
                    code.each("coding")
                        .any(|coding| coding.raw() == wanted.raw())
                })
            };
            let is_same = |component: Node<'_>| {
                let code = component.get("code");
                code.is_some_and(|code| code.each("coding").any(|coding| codings(own, coding)))
            };
            usize::from(!has_value(node) || !node.each("component").any(is_same))
        },
    ),
    (
        OBSERVATION,
        "component.where(code.coding.exists(system = 'http://loinc.org' and code = '8480-6')).value.value",
        |node| {
            let is_it = |coding: Node<'_>| {
                coding
                    .text("system")
                    .is_some_and(|system| system == "http://loinc.org")
                    && coding.text("code").is_some_and(|code| code == "8480-6")
            };
            node.each("component")
                .filter(|one| {
                    one.get("code")
                        .is_some_and(|code| code.each("coding").any(is_it))
                })
                .filter_map(|one| one.path(&["valueQuantity", "value"]))
                .count()
        },
    ),
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    eprintln!("{:>8} {:>8} {:>6}  expression", "ns", "by hand", "ratio");
    for (text, source, walk) in CASES {
        let resource = Resource::parse(text).map_err(|issues| format!("{issues:?}"))?;
        let root = Element::resource(resource.root()).ok_or("no resource")?;
        let expression = Expression::parse(source)?;
        let context = Context::with_steps(root, usize::MAX);
        let own = nanoseconds(|| expression.evaluate(Item::Element(root), &context));
        let by_hand = nanoseconds(|| walk(black_box(resource.root())));
        eprintln!("{own:>8.0} {by_hand:>8.0} {:>6.1}  {source}", own / by_hand);
    }
    Ok(())
}

/// The mean time of one run.
fn nanoseconds<T>(step: impl Fn() -> T) -> f64 {
    black_box(step());
    let start = Instant::now();
    let mut runs = 0_u32;
    while start.elapsed() < TIME_PER_STEP {
        for _ in 0..100 {
            black_box(step());
        }
        runs += 100;
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(runs)
}
