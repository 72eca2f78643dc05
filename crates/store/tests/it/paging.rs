//! Pages that neither repeat nor skip while others write.

use std::collections::BTreeSet;

use store::Change;

use crate::kit::{Kit, ids, pairs};

fn basic(id: &str, created: &str) -> fhir::json::Value {
    fhir::value!({ "resourceType": "Basic", "id": id, "created": created })
}

/// Goes through all pages of a search, and writes between any two: new
/// resources, new versions, deletions of what was passed already.
async fn check(sort: &str) {
    let kit = Kit::new();
    let first: Vec<String> = (0..60).map(|n: u32| format!("b{n:02}")).collect();
    for id in &first {
        let day = format!(
            "2024-01-{:02}",
            1 + id.bytes().map(u32::from).sum::<u32>() % 28
        );
        kit.put(&[basic(id, &day)]).await;
    }
    let mut seen: Vec<String> = Vec::new();
    let mut query = pairs(&format!("created=ge2024&_count=7{sort}"));
    for round in 0.. {
        let page = kit
            .store
            .search(&kit.cx, &care::Scope::Organisation, "Basic", &query)
            .await
            .unwrap();
        assert!(
            page.matches.len() == 7 || page.next.is_none(),
            "no page is short but the last"
        );
        seen.extend(page.matches.iter().map(|stored| stored.id.clone()));
        let Some(next) = page.next else { break };
        query = vec![("_cursor".to_owned(), next)];

        kit.put(&[
            basic(&format!("a{round}"), "2024-01-01"),
            basic(&format!("z{round}"), "2024-02-01"),
        ])
        .await;
        let passed = seen.iter().find(|id| id.starts_with('b')).unwrap().clone();
        let rest = first.iter().find(|id| !seen.contains(id));
        let mut changes = vec![Change::Delete {
            resource_type: "Basic".to_owned(),
            id: passed,
            if_match: None,
        }];
        if let Some(id) = rest {
            // A new version that sorts where the old one did.
            let found = kit
                .page(&format!("Basic?_id={id}"))
                .await
                .unwrap()
                .matches
                .remove(0);
            let mut value =
                fhir::json::Value::from(fhir::json::Document::parse(&found.body).unwrap().root());
            value.remove("meta");
            value.set("code", fhir::value!({ "text": (round.to_string()) }));
            changes.push(crate::kit::put(&value));
        }
        kit.write(changes).await.unwrap();
    }
    let distinct: BTreeSet<&String> = seen.iter().collect();
    assert_eq!(distinct.len(), seen.len(), "nothing comes twice");
    for id in &first {
        assert!(distinct.contains(id), "{id} is not skipped");
    }
}

#[tokio::test]
async fn pages_are_stable_in_their_own_order() {
    check("").await;
}

#[tokio::test]
async fn pages_are_stable_when_sorted() {
    check("&_sort=created").await;
    check("&_sort=-created,_id").await;
}

#[tokio::test]
async fn a_cursor_goes_alone_and_with_its_type() {
    let kit = Kit::new();
    for n in 0..3 {
        kit.put(&[basic(&format!("b{n}"), "2024")]).await;
    }
    let next = kit.page("Basic?_count=2").await.unwrap().next.unwrap();
    let page = kit
        .page(&format!("Basic?_cursor={next}&_format=json"))
        .await
        .unwrap();
    assert_eq!((ids(&page.matches).as_str(), page.next), ("b2", None));
    for question in [
        format!("Patient?_cursor={next}"),
        format!("Basic?_cursor={next}&created=2024"),
    ] {
        let refused = kit.page(&question).await;
        assert!(
            matches!(refused, Err(store::StoreError::InvalidCursor)),
            "{refused:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_and_writers_at_the_same_time_see_whole_writes() {
    let kit = std::sync::Arc::new(Kit::new());
    // Each write makes a pair; no reader may ever see half of one.
    let writing = {
        let kit = kit.clone();
        tokio::spawn(async move {
            for n in 0..40 {
                kit.put(&[
                    basic(&format!("l{n}"), "2024"),
                    basic(&format!("r{n}"), "2024"),
                ])
                .await;
            }
        })
    };
    let mut finished = false;
    while !finished {
        finished = writing.is_finished();
        let page = kit
            .page("Basic?created=2024&_count=1000&_total=accurate")
            .await
            .unwrap();
        assert!(page.matches.len().is_multiple_of(2));
        assert_eq!(page.total, Some(page.matches.len() as u64));
    }
    writing.await.unwrap();
    assert_eq!(
        kit.page("Basic?_summary=count").await.unwrap().total,
        Some(80)
    );
}
