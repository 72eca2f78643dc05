//! Answers are there as they come: who is slow delays only their own.

use std::{collections::BTreeSet, sync::Arc};

use care::Role;
use exchange::{RegionalAnswers, SOURCES_AT_ONCE_MAX, SourceState, combined::combine};
use tokio::sync::Notify;
use trust::consent::Preset;

use crate::kit::*;

async fn asked(region: &TestRegion) -> RegionalAnswers<'_> {
    let cx = region.person(HOSPITAL, Role::Internist);
    region
        .node(HOSPITAL)
        .ask_region(&cx, &bsn(ANNA), &code("bgz"))
        .await
        .unwrap()
}

fn waiting(answers: &RegionalAnswers<'_>) -> Vec<u32> {
    let waiting = answers.waiting().iter();
    waiting
        .map(|source| source.record.ura.as_str().parse().unwrap())
        .collect()
}

#[tokio::test]
async fn a_late_source_delays_only_its_own_data() {
    let region = TestRegion::with_anna().await;
    region.consent(ANNA, Preset::Everyone).await;
    let permit = Arc::new(Notify::new());
    let late = [(ura(PHARMACY), permit.clone())];
    region.wires.late.lock().unwrap().extend(late);

    let mut answers = asked(&region).await;
    let mut combining = answers.combining();
    assert_eq!(waiting(&answers), [GP, HOSPITAL, PHARMACY, HOME_CARE]);
    let mut early = BTreeSet::new();
    while waiting(&answers) != [PHARMACY] {
        let (report, resources) = answers.next().await.unwrap();
        early.insert(report.ura);
        combining.add(report, resources);
    }
    assert_eq!(
        early,
        BTreeSet::from([ura(GP), ura(HOSPITAL), ura(HOME_CARE)])
    );
    // What is there can be shown, though one is still asked.
    let so_far = combining.so_far();
    assert_eq!(so_far.sources.len(), 3);
    assert!(so_far.resources.iter().any(|it| it.source == ura(GP)));
    assert!(so_far.resources.iter().all(|it| it.source != ura(PHARMACY)));
    assert!(futures::poll!(std::pin::pin!(answers.next())).is_pending());

    permit.notify_one();
    let (report, resources) = answers.next().await.unwrap();
    assert_eq!(
        (report.ura, report.state),
        (ura(PHARMACY), SourceState::Data)
    );
    combining.add(report, resources);
    assert!(answers.next().await.is_none() && answers.waiting().is_empty());

    // In whatever order they came, it is the record of all of them at once.
    permit.notify_one();
    let cx = region.person(HOSPITAL, Role::Internist);
    let node = region.node(HOSPITAL);
    let at_once = node.regional_record(&cx, &bsn(ANNA), &code("bgz")).await;
    permit.notify_one();
    let combined = node.combined_record(&cx, &bsn(ANNA), &code("bgz")).await;
    let finished = combining.finish();
    for other in [combine(at_once.unwrap()), combined.unwrap()] {
        assert_eq!(
            format!("{:?}", finished.sections),
            format!("{:?}", other.sections)
        );
    }
}

#[tokio::test]
async fn who_never_answers_is_no_answer_when_the_time_is_up() {
    let region = TestRegion::with_anna().await;
    region.consent(ANNA, Preset::Everyone).await;
    region.wires.silent.lock().unwrap().insert(ura(GP));
    let mut answers = asked(&region).await;
    while waiting(&answers) != [GP] {
        answers.next().await.unwrap();
    }
    assert!(futures::poll!(std::pin::pin!(answers.next())).is_pending());
    // Nothing is left to do but to wait, so the clock jumps to the deadline.
    tokio::time::pause();
    let (report, resources) = answers.next().await.unwrap();
    assert_eq!((report.ura, report.state), (ura(GP), SourceState::NoAnswer));
    assert!(resources.is_empty());
    assert!(answers.next().await.is_none());
}

#[tokio::test]
async fn so_many_sources_are_asked_at_once_and_no_more() {
    for (crowd, at_once) in [
        (SOURCES_AT_ONCE_MAX, SOURCES_AT_ONCE_MAX),
        (SOURCES_AT_ONCE_MAX + 1, SOURCES_AT_ONCE_MAX),
    ] {
        let region = TestRegion::with_anna().await;
        region.consent(ANNA, Preset::Everyone).await;
        *region.wires.crowd.lock().unwrap() = u32::try_from(crowd).unwrap();
        let asked_of_crowd = || {
            let asked = region.wires.asked.lock().unwrap();
            asked.iter().filter(|source| **source >= ura(CROWD)).count()
        };
        let mut answers = asked(&region).await;
        while answers.waiting().len() > crowd {
            answers.next().await.unwrap();
        }
        assert!(futures::poll!(std::pin::pin!(answers.next())).is_pending());
        assert_eq!(asked_of_crowd(), at_once, "{crowd}");
        // The one past the limit has its turn, and its whole time.
        tokio::time::pause();
        while let Some((report, _)) = answers.next().await {
            assert_eq!(report.state, SourceState::NoAnswer);
        }
        assert_eq!(asked_of_crowd(), crowd);
        tokio::time::resume();
    }
}
