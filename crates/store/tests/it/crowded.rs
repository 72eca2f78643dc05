//! Searches whose conditions each fit more rows than are collected, while few
//! fit all of them.

use fhir::json::Value;

use crate::kit::{Kit, patient};

/// More than are collected of one condition.
const EACH: u32 = 1_200;

/// What a plain scan sees of an observation.
struct Seen {
    id: String,
    patient: &'static str,
    code: &'static str,
    minute: u32,
}

/// The `n`th observation: one of three is Anna's, and one in thirty of hers has
/// the code that all of Bert's have, which nobody else has so often.
fn seen(n: u32) -> Seen {
    let (patient, code) = match (n % 3, n % 90) {
        (0, 0) => ("anna", "c"),
        (0, _) => ("anna", "d"),
        (1, _) => ("bert", "c"),
        _ => ("chris", "d"),
    };
    Seen {
        id: format!("o{n:04}"),
        patient,
        code,
        // Not in the order in which they were written.
        minute: n * 7 % (3 * EACH),
    }
}

fn moment(minute: u32) -> String {
    let (day, hour) = (1 + minute / 1_440, minute / 60 % 24);
    format!("2020-05-{day:02}T{hour:02}:{:02}:00Z", minute % 60)
}

fn observation(seen: &Seen) -> Value {
    fhir::value!({
        "resourceType": "Observation",
        "id": (seen.id.as_str()),
        "status": "final",
        "code": { "coding": [{ "system": "http://loinc.org", "code": (seen.code) }] },
        "subject": { "reference": (format!("Patient/{}", seen.patient)) },
        "effectiveDateTime": (moment(seen.minute)),
    })
}

/// All pages of a question together.
async fn all(kit: &Kit, question: &str) -> Vec<String> {
    let mut page = kit.page(question).await.expect(question);
    let mut found = Vec::new();
    loop {
        found.extend(page.matches.iter().map(|stored| stored.id.clone()));
        let Some(next) = page.next else { return found };
        let next = format!("Observation?_cursor={next}");
        page = kit.page(&next).await.expect(question);
    }
}

#[tokio::test]
async fn what_fits_several_crowded_conditions_is_found_in_order_and_once() {
    let kit = Kit::new();
    let people: Vec<Value> = ["anna", "bert", "chris"]
        .into_iter()
        .enumerate()
        .map(|(number, id)| patient(id, number))
        .collect();
    kit.put(&people).await;
    let rows: Vec<Seen> = (0..3 * EACH).map(seen).collect();
    let written: Vec<Value> = rows.iter().map(observation).collect();
    kit.put(&written).await;
    // One of those that fit is gone, and one has another code now.
    let (gone, other) = ("o0090", seen(180));
    kit.write(vec![store::Change::Delete {
        resource_type: "Observation".to_owned(),
        id: gone.to_owned(),
        if_match: None,
    }])
    .await
    .expect("it is deleted");
    let other = Seen { code: "d", ..other };
    kit.put(&[observation(&other)]).await;
    let rows: Vec<Seen> = rows
        .into_iter()
        .map(|row| {
            if row.id == other.id {
                Seen { code: "d", ..row }
            } else {
                row
            }
        })
        .filter(|row| row.id != gone)
        .collect();

    let (from, to) = (500, 500 + EACH);
    let dates = format!("date=ge{}&date=lt{}", moment(from), moment(to));
    let is_between = |row: &Seen| (from..to).contains(&row.minute);
    type Fits<'a> = &'a dyn Fn(&Seen) -> bool;
    let cases: [(&str, Fits<'_>); 9] = [
        ("patient=anna&code=c", &|row| {
            row.patient == "anna" && row.code == "c"
        }),
        ("code=c&patient=anna", &|row| {
            row.patient == "anna" && row.code == "c"
        }),
        ("code=http://loinc.org|c&patient=Patient/anna", &|row| {
            row.patient == "anna" && row.code == "c"
        }),
        ("code=d&patient=anna", &|row| {
            row.patient == "anna" && row.code == "d"
        }),
        ("code=c&code=c", &|row| row.code == "c"),
        ("code=c&status=final&patient=anna", &|row| {
            row.patient == "anna" && row.code == "c"
        }),
        ("patient=chris&code=c", &|_| false),
        (&dates, &is_between),
        (&format!("code=c&patient=anna&{dates}"), &|row| {
            row.patient == "anna" && row.code == "c" && is_between(row)
        }),
    ];
    for (question, fits) in cases {
        let expected: Vec<&str> = rows
            .iter()
            .filter(|row| fits(row))
            .map(|row| row.id.as_str())
            .collect();
        for count in [7, 1_000] {
            let asked = format!("Observation?{question}&_count={count}");
            assert_eq!(all(&kit, &asked).await, expected, "{asked}");
        }
        let counted = format!("Observation?{question}&_summary=count");
        let total = kit.page(&counted).await.expect(question).total;
        assert_eq!(total, Some(expected.len() as u64), "{question}");
        let sorted = all(
            &kit,
            &format!("Observation?{question}&_sort=date&_count=50"),
        )
        .await;
        let mut by_date: Vec<&Seen> = rows.iter().filter(|row| fits(row)).collect();
        by_date.sort_by_key(|row| row.minute);
        let by_date: Vec<&str> = by_date.iter().map(|row| row.id.as_str()).collect();
        assert_eq!(sorted, by_date, "{question}");
    }
}
