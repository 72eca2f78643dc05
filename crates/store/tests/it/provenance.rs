//! A Provenance about many, which change together.

use fhir::json::Value;

use crate::kit::{Kit, patient, whole_scope};

/// More than are asked for at once.
const TARGETS: usize = 500;

fn condition(number: usize, patient: &str) -> Value {
    fhir::value!({
        "resourceType": "Condition",
        "id": (format!("c{number}")),
        "subject": { "reference": (format!("Patient/{patient}")) },
    })
}

fn provenance() -> Value {
    let targets: Vec<Value> = (0..TARGETS)
        .map(|number| fhir::value!({ "reference": (format!("Condition/c{number}")) }))
        .collect();
    fhir::value!({ "resourceType": "Provenance", "id": "v", "target": (Value::Array(targets)) })
}

/// Whether the first and the second patient's view has it.
async fn seen(kit: &Kit) -> [bool; 2] {
    let mut seen = [false; 2];
    for (number, seen) in seen.iter_mut().enumerate() {
        *seen = kit.read(&whole_scope(number), "Provenance", "v").await != "absent";
    }
    seen
}

#[tokio::test]
async fn it_follows_many_that_change_in_one_write() {
    let kit = Kit::new();
    kit.put(&[patient("p", 0), patient("q", 1)]).await;
    kit.put(&[provenance()]).await;
    let all_of = |patient: &str| -> Vec<Value> {
        (0..TARGETS)
            .map(|number| condition(number, patient))
            .collect()
    };
    assert_eq!(
        seen(&kit).await,
        [false, false],
        "nothing is known of its targets"
    );
    kit.put(&all_of("p")).await;
    assert_eq!(seen(&kit).await, [true, false]);
    let search = "Condition?_id=c7&_revinclude=Provenance:target";
    assert_eq!(kit.page(search).await.unwrap().included.len(), 1);
}

#[tokio::test]
async fn the_last_of_many_decides_as_the_first_does() {
    for other in [0, TARGETS / 2, TARGETS - 1] {
        for together in [false, true] {
            let kit = Kit::new();
            kit.put(&[patient("p", 0), patient("q", 1)]).await;
            let mut written: Vec<Value> = (0..TARGETS)
                .map(|number| condition(number, if number == other { "q" } else { "p" }))
                .collect();
            if together {
                // It comes first in the write, and is about what follows.
                written.insert(0, provenance());
            } else {
                kit.put(&[provenance()]).await;
            }
            kit.put(&written).await;
            assert_eq!(seen(&kit).await, [false, false], "{other} {together}");
        }
    }
}
