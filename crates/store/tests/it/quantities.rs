//! Quantities are found in whatever unit they are asked for, as a plain scan
//! with exact numbers finds them.

use fhir::json::Value;
use fhir::value;
use proptest::prelude::*;

use crate::kit::{self, Kit};

/// What UCUM has to say of the units that are drawn: code, what it measures, and
/// the power of ten of it.
const UNITS: [(&str, &str, i32); 11] = [
    ("mmol/L", "substance", 0),
    ("umol/L", "substance", -3),
    ("mol/L", "substance", 3),
    ("nmol/mL", "substance", -3),
    ("meq/L", "equivalents", 0),
    ("g/L", "mass", 0),
    ("mg/dL", "mass", -2),
    ("kg/m3", "mass", 0),
    // Each of these is alone: special, or no unit of UCUM.
    ("Cel", "Cel", 0),
    ("[pH]", "[pH]", 0),
    ("stuks", "stuks", 0),
];
const PREFIXES: [&str; 9] = ["", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"];
/// Decimals of the whole numbers that the scan counts in.
const SCALE: i32 = 12;

/// Digits and decimals of a number, and its unit.
#[derive(Debug, Clone, Copy)]
struct Amount {
    number: i128,
    decimals: u32,
    unit: usize,
}

impl Amount {
    fn digits(self) -> String {
        let text = format!(
            "{:0>width$}",
            self.number,
            width = self.decimals as usize + 1
        );
        let (whole, fraction) = text.split_at(text.len() - self.decimals as usize);
        if fraction.is_empty() {
            whole.to_owned()
        } else {
            format!("{whole}.{fraction}")
        }
    }

    /// In whole numbers: itself, and half a unit of its last digit, twice.
    fn exact(self) -> (i128, i128) {
        let (.., power) = UNITS[self.unit];
        let unit = 10_i128.pow((SCALE + power - self.decimals as i32) as u32);
        (self.number * unit * 2, unit)
    }

    fn fits(self, prefix: &str, asked: Self) -> bool {
        if UNITS[self.unit].1 != UNITS[asked.unit].1 {
            return false;
        }
        let ((value, half), (wanted, wanted_half)) = (self.exact(), asked.exact());
        let within = value - half >= wanted - wanted_half && value + half <= wanted + wanted_half;
        match prefix {
            "" => within || value == wanted,
            "ne" => !(within || value == wanted),
            "gt" | "sa" => value > wanted,
            "lt" | "eb" => value < wanted,
            "ge" => value >= wanted,
            "le" => value <= wanted,
            // A tenth to both sides.
            _ => value * 10 >= wanted * 9 && value * 10 <= wanted * 11,
        }
    }
}

fn observation(id: &str, amount: Amount) -> Value {
    value!({
        "resourceType": "Observation", "id": id, "status": "final",
        "code": { "coding": [{ "system": "urn:c", "code": "x" }] },
        "valueQuantity": {
            "value": (Value::number(&amount.digits()).unwrap()),
            "system": "http://unitsofmeasure.org",
            "code": (UNITS[amount.unit].0)
        }
    })
}

fn amount() -> impl Strategy<Value = Amount> {
    (1..2_000_i128, 0..4_u32, 0..UNITS.len()).prop_map(|(number, decimals, unit)| Amount {
        number,
        decimals,
        unit,
    })
}

async fn check(stored: &[Amount], asked: &[(usize, Amount)]) {
    let kit = Kit::new();
    let all: Vec<Value> = stored
        .iter()
        .enumerate()
        .map(|(at, amount)| observation(&format!("o{at}"), *amount))
        .collect();
    kit.put(&all).await;
    for (prefix, amount) in asked {
        let prefix = PREFIXES[*prefix];
        let (digits, unit) = (amount.digits(), UNITS[amount.unit].0);
        let expected: Vec<String> = (0..)
            .zip(stored)
            .filter(|(_, stored)| stored.fits(prefix, *amount))
            .map(|(at, _): (usize, _)| format!("o{at}"))
            .collect();
        let expected = expected.join(" ");
        let value = format!("{prefix}{digits}|http://unitsofmeasure.org|{unit}");
        for question in [
            format!("Observation?value-quantity={value}"),
            format!("Observation?code-value-quantity=urn:c|x${value}"),
            format!("Observation?value-quantity={value}&code=x"),
        ] {
            assert_eq!(
                kit.ids(&question).await,
                expected,
                "{question} of {stored:?}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn a_quantity_is_found_as_a_plain_scan_finds_it(
        stored in prop::collection::vec(amount(), 1..12),
        drawn in prop::collection::vec((0..PREFIXES.len(), amount()), 1..8),
        same in prop::collection::vec((0..PREFIXES.len(), any::<prop::sample::Index>(), 0..4_usize), 1..8),
    ) {
        // What is stored is asked for as well, in another unit of substance.
        let again = same.into_iter().map(|(prefix, which, unit)| {
            let found = *which.get(&stored);
            let unit = if found.unit < 4 { unit } else { found.unit };
            let shift = UNITS[found.unit].2 - UNITS[unit].2;
            let decimals = found.decimals as i32 - shift;
            let (number, decimals) = if decimals < 0 {
                (found.number * 10_i128.pow(decimals.unsigned_abs()), 0)
            } else {
                (found.number, decimals as u32)
            };
            (prefix, Amount { number, decimals, unit })
        });
        let asked: Vec<_> = drawn.into_iter().chain(again).collect();
        tokio::runtime::Runtime::new().unwrap().block_on(check(&stored, &asked));
    }
}

#[tokio::test]
async fn the_same_amount_in_another_unit_is_found_and_sorted() {
    let kit = Kit::new();
    let of = |id: &str, digits: &str, code: &str| {
        value!({
            "resourceType": "Observation", "id": id, "status": "final",
            "code": { "text": "x" },
            "valueQuantity": {
                "value": (Value::number(digits).unwrap()), "unit": "u",
                "system": "http://unitsofmeasure.org", "code": code
            }
        })
    };
    let mut less = of("less", "2", "umol/L");
    less.get_mut("valueQuantity")
        .unwrap()
        .set("comparator", "<");
    kit.put(&[
        of("milli", "5.4", "mmol/L"),
        of("micro", "5400", "umol/L"),
        of("high", "6.1", "mmol/L"),
        of("small", "90", "fL"),
        of("smaller", "80", "fL"),
        of("mass", "5.4", "mg/dL"),
        less,
        value!({
            "resourceType": "Observation", "id": "other", "status": "final",
            "code": { "text": "x" },
            "valueQuantity": { "value": (Value::number("5.4").unwrap()), "system": "urn:other",
                "code": "mmol/L" }
        }),
    ])
    .await;
    let ucum = "http://unitsofmeasure.org";
    for (question, expected) in [
        (format!("value-quantity=5.4|{ucum}|mmol/L"), "milli micro"),
        (format!("value-quantity=5400|{ucum}|umol/L"), "milli micro"),
        (format!("value-quantity=5.4|{ucum}|mol/m3"), "milli micro"),
        (format!("value-quantity=ge5500|{ucum}|umol/L"), "high"),
        (format!("value-quantity=lt1|{ucum}|nmol/L"), "less"),
        (format!("value-quantity=90|{ucum}|fL"), "small"),
        (format!("value-quantity=gt85|{ucum}|um3"), "small"),
        (format!("value-quantity=54|{ucum}|mg/L"), "mass"),
        ("value-quantity=5.4|urn:other|mmol/L".to_owned(), "other"),
        ("value-quantity=5.4||mmol/L".to_owned(), "milli other"),
        (
            format!("value-quantity=54|{ucum}|mg/L,5.4|urn:other|mmol/L"),
            "mass other",
        ),
        (
            format!("_filter=value-quantity gt \"6000|{ucum}|umol/L\""),
            "high",
        ),
        (
            format!("value-quantity=gt3|{ucum}|umol/L&_sort=-value-quantity,_id"),
            "high micro milli",
        ),
    ] {
        let question = format!("Observation?{question}");
        assert_eq!(kit.ids(&question).await, expected, "{question}");
    }
    let page = kit.page("Observation?value-quantity=5.4").await.unwrap();
    assert_eq!(kit::ids(&page.matches), "milli mass other");
}
