//! Walking one moment while writes go on.

use care::Scope;
use store::{Change, Interaction, Moment, StoreError, Walk, limits::PAGE_MAX};

use crate::kit::{Kit, context, patient, whole_scope};

async fn walked(
    kit: &Kit,
    scope: &Scope,
    moment: Moment,
    count: usize,
) -> Vec<(String, u64, Interaction)> {
    let mut walk = Walk {
        moment,
        resource_type: "Patient".to_owned(),
        since: None,
        after: None,
        count,
    };
    let mut found = Vec::new();
    loop {
        let page = kit
            .store
            .walk(&context(), scope, walk.clone())
            .await
            .unwrap();
        let entries = page.entries.into_iter();
        found.extend(entries.map(|it| (it.stored.id, it.stored.version, it.interaction)));
        if page.next.is_none() {
            return found;
        }
        walk.after = page.next;
    }
}

#[tokio::test]
async fn what_is_written_later_does_not_show_however_small_the_pages() {
    let kit = Kit::new();
    assert_eq!(kit.store.moment().await.unwrap().number, 0);
    kit.put(&[patient("a", 0), patient("b", 1), patient("c", 0)])
        .await;
    let gone = |id: &str| Change::Delete {
        resource_type: "Patient".to_owned(),
        id: id.to_owned(),
        if_match: None,
    };
    kit.write(vec![gone("c")]).await.unwrap();
    let moment = kit.store.moment().await.unwrap();
    let mut changed = patient("a", 0);
    changed.set("gender", "other");
    kit.put(&[changed, patient("d", 1)]).await;
    kit.write(vec![gone("b")]).await.unwrap();

    let one = |id: &str, version, interaction| (id.to_owned(), version, interaction);
    let then = [
        one("a", 1, Interaction::Create),
        one("b", 1, Interaction::Create),
        one("c", 2, Interaction::Delete),
    ];
    for count in [1, 2, PAGE_MAX] {
        assert_eq!(
            walked(&kit, &Scope::Organisation, moment, count).await,
            then
        );
    }
    assert_eq!(walked(&kit, &Scope::Nothing, moment, 2).await, []);
    let of_b = walked(&kit, &whole_scope(1), moment, 2).await;
    assert_eq!(of_b, [one("b", 1, Interaction::Create)]);
    let now = kit.store.moment().await.unwrap();
    assert_eq!(walked(&kit, &Scope::Organisation, now, 2).await.len(), 4);
}

#[tokio::test]
async fn the_largest_page_is_given_and_one_more_is_not() {
    let kit = Kit::new();
    for (count, is_given) in [
        (0, false),
        (1, true),
        (PAGE_MAX, true),
        (PAGE_MAX + 1, false),
    ] {
        let walk = Walk {
            moment: kit.store.moment().await.unwrap(),
            resource_type: "Patient".to_owned(),
            since: None,
            after: None,
            count,
        };
        let page = kit.store.walk(&context(), &Scope::Organisation, walk).await;
        match page {
            Ok(_) => assert!(is_given, "{count}"),
            Err(StoreError::LimitExceeded { limit, .. }) => {
                assert!(!is_given && limit == "PAGE_MAX", "{count}");
            }
            Err(other) => panic!("{other}"),
        }
    }
}
