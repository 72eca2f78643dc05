//! What the store keeps of subscriptions.

use care::Scope;
use store::{
    Alongside, Attempt, Change, Changed, FoundEvents, StoreError, Subscription, SubscriptionChange,
    SubscriptionState,
    limits::{SUBSCRIPTION_EVENTS_KEPT_MAX, SUBSCRIPTIONS_MAX},
};

use crate::kit::{self, Kit};

fn asked() -> Alongside {
    Alongside {
        subscription: Some(SubscriptionChange::Wanted {
            subscriber: "his".to_owned(),
            state: SubscriptionState::Requested,
            by_websocket: false,
        }),
        ..Alongside::default()
    }
}

async fn write(kit: &Kit, changes: Vec<Change>, with: Alongside) -> Result<(), StoreError> {
    let written = kit
        .store
        .write(&kit.cx, &Scope::Organisation, changes, with);
    written.await.map(|_| ())
}

async fn subscribe(kit: &Kit, id: &str) -> Result<(), StoreError> {
    let resource = fhir::value!({ "resourceType": "Subscription", "id": id });
    write(kit, vec![kit::put(&resource)], asked()).await
}

async fn basic(kit: &Kit, id: &str, note: &str) {
    let resource = fhir::value!({
        "resourceType": "Basic", "id": id, "code": { "text": note }
    });
    write(kit, vec![kit::put(&resource)], Alongside::default())
        .await
        .unwrap();
}

async fn one(kit: &Kit, id: &str) -> Subscription {
    kit.store.subscription(id).await.unwrap().unwrap()
}

async fn changed(kit: &Kit, after: i64, count: usize) -> (Vec<String>, i64, bool) {
    let types = vec!["Basic".to_owned()];
    let changes = kit
        .store
        .changes(&kit.cx, &Scope::Organisation, types, after, count)
        .await
        .unwrap();
    let ids = changes.changed.into_iter().map(|one| one.id).collect();
    (ids, changes.looked, changes.is_full)
}

#[tokio::test]
async fn what_was_written_is_found_in_the_order_of_the_commits() {
    let kit = Kit::new();
    basic(&kit, "before", "x").await;
    subscribe(&kit, "s").await.unwrap();
    let start = one(&kit, "s").await.looked;
    assert_eq!(changed(&kit, start, 10).await, (vec![], start, false));
    for id in ["c", "a", "b"] {
        basic(&kit, id, "x").await;
    }
    // What is written again stands where it is now.
    basic(&kit, "c", "y").await;
    let (ids, looked, is_full) = changed(&kit, start, 10).await;
    assert_eq!(
        (ids, is_full),
        (vec!["a".into(), "b".into(), "c".into()], false)
    );
    let (first, place, is_full) = changed(&kit, start, 2).await;
    assert_eq!((first, is_full), (vec!["a".into(), "b".into()], true));
    assert_eq!(changed(&kit, place, 2).await.0, ["c"]);
    // What is gone is nobody's news.
    let gone = Change::Delete {
        resource_type: "Basic".into(),
        id: "a".into(),
        if_match: None,
    };
    write(&kit, vec![gone], Alongside::default()).await.unwrap();
    assert_eq!(changed(&kit, start, 10).await.0, ["b", "c"]);
    assert!(changed(&kit, looked, 10).await.0.is_empty());
    let hidden = kit
        .store
        .changes(&kit.cx, &Scope::Nothing, vec!["Basic".into()], start, 10)
        .await
        .unwrap();
    assert!(hidden.changed.is_empty());
}

fn found(looked: i64, count: usize) -> FoundEvents {
    let event = Changed {
        resource_type: "Basic",
        id: "a".to_owned(),
        is_new: true,
        happened: jiff::Timestamp::UNIX_EPOCH,
    };
    FoundEvents {
        events: vec![event; count],
        looked,
    }
}

#[tokio::test]
async fn events_have_numbers_without_gaps_and_only_once() {
    let kit = Kit::new();
    subscribe(&kit, "s").await.unwrap();
    let first = one(&kit, "s").await;
    let number = async |of: &Subscription, count| {
        kit.store
            .number_events(of, found(of.looked + 1, count))
            .await
            .unwrap()
    };
    assert_eq!(number(&first, 2).await, Some(2));
    assert_eq!(number(&first, 2).await, None, "it looked already");
    let second = one(&kit, "s").await;
    assert_eq!(number(&second, 1).await, Some(3));
    let events = kit
        .store
        .subscription_events(&kit.cx, "s", (0, u64::MAX), 10)
        .await
        .unwrap();
    let numbers: Vec<u64> = events.iter().map(|event| event.number).collect();
    assert_eq!(numbers, [1, 2, 3]);
    // Asked for again, they go on; what was not sent yet is no more.
    subscribe_again(&kit, "s").await;
    let third = one(&kit, "s").await;
    assert_eq!((third.events, third.delivered), (3, 3));
    assert_eq!(number(&second, 1).await, None, "it is another version");
    assert_eq!(number(&third, 1).await, Some(4));
}

async fn subscribe_again(kit: &Kit, id: &str) {
    let resource = fhir::value!({
        "resourceType": "Subscription", "id": id, "reason": "again"
    });
    write(kit, vec![kit::put(&resource)], asked())
        .await
        .unwrap();
}

#[tokio::test]
async fn only_so_many_events_are_kept_and_none_is_lost_that_did_not_arrive() {
    let kit = Kit::new();
    subscribe(&kit, "s").await.unwrap();
    let kept = async || {
        let all = kit
            .store
            .subscription_events(&kit.cx, "s", (0, u64::MAX), 10_000)
            .await
            .unwrap();
        (all.first().map(|event| event.number), all.len())
    };
    let of = one(&kit, "s").await;
    let more = found(of.looked, SUBSCRIPTION_EVENTS_KEPT_MAX + 1);
    kit.store.number_events(&of, more).await.unwrap();
    assert_eq!(kept().await, (Some(1), SUBSCRIPTION_EVENTS_KEPT_MAX + 1));
    let arrived = Attempt {
        delivered: one(&kit, "s").await.events,
        tries: 0,
        wake: None,
    };
    let of = one(&kit, "s").await;
    kit.store.settle_subscription(&of, arrived).await.unwrap();
    let of = one(&kit, "s").await;
    kit.store
        .number_events(&of, found(of.looked, 1))
        .await
        .unwrap();
    assert_eq!(kept().await, (Some(3), SUBSCRIPTION_EVENTS_KEPT_MAX));
}

#[tokio::test]
async fn a_store_takes_so_many_subscriptions_and_no_more() {
    let kit = Kit::new();
    let all: Vec<Change> = (0..SUBSCRIPTIONS_MAX)
        .map(|number| {
            let id = format!("s{number}");
            kit::put(&fhir::value!({ "resourceType": "Subscription", "id": id }))
        })
        .collect();
    write(&kit, all, asked()).await.unwrap();
    let refused = subscribe(&kit, "one-more").await;
    let limit = "SUBSCRIPTIONS_MAX";
    assert!(matches!(
        refused,
        Err(StoreError::LimitExceeded { limit: name, max }) if name == limit && max == SUBSCRIPTIONS_MAX
    ));
    assert!(kit.store.subscription("one-more").await.unwrap().is_none());
    subscribe_again(&kit, "s0").await;
    let gone = Change::Delete {
        resource_type: "Subscription".into(),
        id: "s1".into(),
        if_match: None,
    };
    write(&kit, vec![gone], Alongside::default()).await.unwrap();
    assert!(kit.store.subscription("s1").await.unwrap().is_none());
    subscribe(&kit, "one-more").await.unwrap();
    assert_eq!(
        kit.store.subscriptions().await.unwrap().len(),
        SUBSCRIPTIONS_MAX
    );
}

#[tokio::test]
async fn nobody_looks_past_what_is_left_after_a_purge() {
    let kit = Kit::new();
    let patient = fhir::value!({ "resourceType": "Patient", "id": "p" });
    subscribe(&kit, "s").await.unwrap();
    write(&kit, vec![kit::put(&patient)], Alongside::default())
        .await
        .unwrap();
    let of = one(&kit, "s").await;
    kit.store
        .number_events(&of, found(of.looked + 1, 0))
        .await
        .unwrap();
    assert_eq!(one(&kit, "s").await.looked, of.looked + 1);
    kit.store
        .purge(&kit.cx, &Scope::Organisation, "p", Vec::new())
        .await
        .unwrap();
    assert_eq!(one(&kit, "s").await.looked, of.looked);
}
