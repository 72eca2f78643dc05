//! The most recent observations of each code.

use care::{Categories, DataCategory, Scope};
use fhir::json::Value;
use proptest::prelude::*;
use store::StoreError;
use store::limits::LAST_N_MAX;

use crate::kit::{Kit, bsn, ids, pairs, patient};

fn observation(id: &str, patient: &str, codes: &[&str], day: Option<u8>) -> Value {
    let codes: Vec<Value> = codes
        .iter()
        .map(|code| fhir::value!({ "system": "urn:c", "code": (*code) }))
        .collect();
    let mut value = fhir::value!({
        "resourceType": "Observation", "id": id, "status": "final",
        "code": { "coding": codes, "text": "Pols" },
        "subject": { "reference": (format!("Patient/{patient}")) },
    });
    if let Some(day) = day {
        value.set("effectiveDateTime", format!("2024-01-{day:02}"));
    }
    value
}

async fn last(kit: &Kit, scope: &Scope, max: usize, query: &str) -> Result<String, StoreError> {
    let page = kit.store.last_n(&kit.cx, scope, max, &pairs(query)).await?;
    assert_eq!(page.total, Some(page.matches.len() as u64));
    Ok(ids(&page.matches))
}

#[tokio::test]
async fn the_most_recent_of_each_code_are_found() {
    let kit = Kit::new();
    kit.put(&[
        patient("anna", 0),
        patient("bram", 1),
        observation("a1", "anna", &["a"], Some(1)),
        observation("a2", "anna", &["a"], Some(9)),
        observation("a3", "anna", &["a", "local"], Some(5)),
        observation("l1", "anna", &["local"], Some(7)),
        observation("b1", "anna", &["b"], Some(2)),
        observation("b2", "anna", &["b"], Some(2)),
        observation("b0", "anna", &["b"], None),
        observation("t1", "anna", &[], Some(3)),
        observation("t2", "anna", &[], Some(4)),
        observation("x1", "bram", &["a"], Some(30)),
    ])
    .await;
    let all = Scope::Organisation;
    for (max, query, expected) in [
        (1, "patient=anna", "a2 t2 b2"),
        (2, "patient=anna", "a2 l1 t2 t1 b2 b1"),
        (9, "patient=anna&code=b", "b2 b1 b0"),
        (1, "patient=anna&code=a", "a2"),
        (1, "patient=anna&date=lt2024-01-05", "t2 b2 a1"),
        (1, "", "x1 t2 b2"),
        (0, "patient=anna", ""),
    ] {
        let found = last(&kit, &all, max, query).await.unwrap();
        assert_eq!(found, expected, "{max} {query}");
    }
    assert!(last(&kit, &all, LAST_N_MAX, "patient=anna").await.is_ok());
    assert!(matches!(
        last(&kit, &all, LAST_N_MAX + 1, "patient=anna").await,
        Err(StoreError::LimitExceeded {
            limit: "LAST_N_MAX",
            ..
        })
    ));
    assert!(last(&kit, &all, 1, "colour=red").await.is_err());
}

async fn check(drawn: &[(usize, usize, u8, bool)]) {
    let scope = Scope::Patient {
        bsn: bsn(0),
        categories: [DataCategory::Patient, DataCategory::ObservationLaboratory]
            .into_iter()
            .collect::<Categories>(),
    };
    let mut values = vec![patient("p0", 0), patient("p1", 1)];
    for (at, (who, code, day, is_laboratory)) in drawn.iter().enumerate() {
        let codes = [&["a"][..], &["b"], &["a", "b"], &["c"], &[]][*code];
        let mut value = observation(&format!("o{at}"), &format!("p{who}"), codes, Some(*day));
        let category = if *is_laboratory {
            "laboratory"
        } else {
            "vital-signs"
        };
        value.set(
            "category",
            fhir::value!([{ "coding": [{
                "system": "http://terminology.hl7.org/CodeSystem/observation-category",
                "code": category }] }]),
        );
        values.push(value);
    }
    let (everything, only) = (Kit::new(), Kit::new());
    everything.put(&values).await;
    let visible = drawn
        .iter()
        .map(|(who, _, _, is_laboratory)| *who == 0 && *is_laboratory);
    let visible: Vec<bool> = [true, false].into_iter().chain(visible).collect();
    let kept: Vec<Value> = values
        .iter()
        .zip(visible)
        .filter(|(_, is_visible)| *is_visible)
        .map(|(value, _)| value.clone())
        .collect();
    only.put(&kept).await;
    for max in [1, 2] {
        let seen = last(&everything, &scope, max, "").await.unwrap();
        let expected = last(&only, &Scope::Organisation, max, "").await.unwrap();
        assert_eq!(seen, expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn what_is_hidden_is_neither_shown_nor_joins_codes(
        drawn in prop::collection::vec((0..2_usize, 0..5_usize, 1..9_u8, any::<bool>()), 1..12)
    ) {
        tokio::runtime::Runtime::new().unwrap().block_on(check(&drawn));
    }
}
