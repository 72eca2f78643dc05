//! Messages, audit lines and the outbox.

use bytes::Bytes;
use care::{Categories, DataCategory, Scope};
use jiff::SignedDuration;
use store::{
    Alongside, AuditBody, AuditPage, Change, MessageFilter, MessageId, MessageState, NewMessage,
    Status, StoreError, Written,
};

use crate::kit::{Kit, bsn, patient, put, resource};
use crate::place;

fn message(id: &str, text: &'static str) -> NewMessage {
    NewMessage {
        id: MessageId(id.to_owned()),
        channel: "mllp".to_owned(),
        sender: Some("LAB".to_owned()),
        control_id: Some("17".to_owned()),
        kind: Some("ORU^R01".to_owned()),
        bytes: Bytes::from_static(text.as_bytes()),
    }
}

fn basic(text: &str) -> Change {
    put(&fhir::value!({ "resourceType": "Basic", "id": "b", "code": { "text": text } }))
}

async fn take_in(kit: &Kit, change: Change, with: Alongside) -> Written {
    kit.store
        .write(&kit.cx, &Scope::Organisation, vec![change], with)
        .await
        .unwrap()
}

fn with(message: NewMessage) -> Alongside {
    let audit = vec![AuditBody {
        patient: None,
        body: b"taken in".to_vec(),
    }];
    Alongside {
        message: Some(message),
        audit,
        replays: None,
        precedence: None,
        subscription: None,
    }
}

async fn states(kit: &Kit) -> Vec<(String, MessageState, Option<String>)> {
    let filter = MessageFilter::all(10);
    let messages = kit.store.messages(&kit.cx, filter).await.unwrap();
    messages
        .into_iter()
        .map(|message| (message.id.0, message.state, message.error))
        .collect()
}

#[tokio::test]
async fn the_same_message_twice_changes_nothing() {
    let kit = Kit::new();
    let first = take_in(&kit, basic("1"), with(message("m1", "MSH|a"))).await;
    assert_eq!(
        (first.outcomes[0].status, first.duplicate_of),
        (Status::Created, None)
    );
    let again = take_in(&kit, basic("2"), with(message("m2", "MSH|a"))).await;
    assert_eq!(
        (again.outcomes.len(), again.duplicate_of),
        (0, Some(MessageId("m1".into())))
    );
    assert_eq!(kit.store.audit_lines(0, 10).await.unwrap().len(), 1);
    assert!(
        kit.read(&Scope::Organisation, "Basic", "b")
            .await
            .contains("\"1\"")
    );
    // Other bytes, another sender or another channel: another message.
    for (id, change) in [("m3", 0), ("m4", 1), ("m5", 2)] {
        let mut other = message(id, if change == 0 { "MSH|b" } else { "MSH|a" });
        if change == 1 {
            other.sender = None;
        } else if change == 2 {
            other.channel = "http".to_owned();
        }
        assert_eq!(
            take_in(&kit, basic("1"), with(other)).await.duplicate_of,
            None
        );
    }
    assert_eq!(states(&kit).await.len(), 4);
}

#[tokio::test]
async fn a_refused_message_is_kept_whole_and_can_be_replayed() {
    let kit = Kit::new();
    let keep = async |id: &str, error: &str| {
        kit.store
            .keep_refused(&kit.cx, message(id, "MSH|x"), error)
            .await
            .unwrap()
            .0
    };
    assert_eq!(keep("m1", "no PID").await, "m1");
    assert_eq!(keep("m2", "still no PID").await, "m1");
    let id = MessageId("m1".to_owned());
    let kept = kit.store.message(&kit.cx, &id).await.unwrap().unwrap();
    assert_eq!(&kept.bytes[..], b"MSH|x");
    assert_eq!(kept.summary.error.as_deref(), Some("still no PID"));
    assert_eq!(
        kit.store
            .message(&kit.cx, &MessageId("m2".into()))
            .await
            .unwrap(),
        None
    );

    let replay = |id: &str| Alongside {
        replays: Some(MessageId(id.to_owned())),
        ..Alongside::default()
    };
    assert_eq!(
        take_in(&kit, basic("1"), replay("m1")).await.duplicate_of,
        None
    );
    assert_eq!(
        take_in(&kit, basic("2"), replay("m1")).await.duplicate_of,
        Some(id.clone())
    );
    assert!(
        kit.read(&Scope::Organisation, "Basic", "b")
            .await
            .contains("\"1\"")
    );
    assert_eq!(
        states(&kit).await,
        [("m1".to_owned(), MessageState::Replayed, None)]
    );
    assert_eq!(keep("m3", "again").await, "m1");
    let unknown = kit
        .store
        .write(
            &kit.cx,
            &Scope::Organisation,
            vec![basic("3")],
            replay("m9"),
        )
        .await;
    assert!(matches!(unknown, Err(StoreError::UnknownMessage)));

    // One that was refused and comes once more, good this time, is accepted.
    let second = message("m4", "MSH|y");
    kit.store
        .keep_refused(&kit.cx, second.clone(), "unknown code")
        .await
        .unwrap();
    let again = NewMessage {
        id: MessageId("m5".into()),
        ..second
    };
    assert_eq!(
        take_in(&kit, basic("4"), with(again)).await.duplicate_of,
        None
    );
    assert_eq!(
        states(&kit).await[0],
        ("m5".to_owned(), MessageState::Accepted, None)
    );

    let statistics = kit.store.statistics().await.unwrap();
    assert_eq!(
        statistics.messages,
        [(MessageState::Accepted, 1), (MessageState::Replayed, 1)]
    );
    assert_eq!(statistics.messages_by_day.len(), 2);
    assert_eq!(statistics.messages_by_day[0].0.to_string(), "2026-01-01");
    assert_eq!(
        statistics.last_received.unwrap().to_string(),
        "2026-01-01T00:00:00Z"
    );
}

#[tokio::test]
async fn lists_are_paged_and_limited() {
    let kit = Kit::new();
    for text in ["1", "2", "3"] {
        kit.store
            .keep_refused(&kit.cx, message(text, text), "x")
            .await
            .unwrap();
    }
    let list = async |before: Option<&str>, limit: usize| {
        let before = before.map(|id| MessageId(id.to_owned()));
        let filter = MessageFilter {
            state: Some(MessageState::Refused),
            before,
            ..MessageFilter::all(limit)
        };
        kit.store.messages(&kit.cx, filter).await.map(|messages| {
            messages
                .into_iter()
                .map(|message| message.id.0)
                .collect::<Vec<_>>()
                .join(" ")
        })
    };
    assert_eq!(list(None, 2).await.unwrap(), "3 2");
    assert_eq!(list(Some("2"), store::limits::LIST_MAX).await.unwrap(), "1");
    assert!(matches!(
        list(Some("9"), 2).await,
        Err(StoreError::UnknownMessage)
    ));
    for limit in [0, store::limits::LIST_MAX + 1] {
        assert!(matches!(
            list(None, limit).await,
            Err(StoreError::LimitExceeded {
                limit: "LIST_MAX",
                ..
            })
        ));
    }
}

#[tokio::test]
async fn messages_are_found_by_kind_sender_and_time() {
    let kit = Kit::new();
    let start = care::Clock::now(kit.clock.as_ref());
    for (id, text, sender, kind) in [
        ("a", "1", "LAB", Some("ORU^R01")),
        ("b", "2", "LAB", Some("ADT^A08")),
        ("c", "3", "HIS", Some("ORU^R01")),
        ("d", "4", "HIS", None),
    ] {
        let message = NewMessage {
            sender: Some(sender.to_owned()),
            kind: kind.map(str::to_owned),
            ..message(id, text)
        };
        let kept = kit.store.keep_refused(&kit.cx, message, "x").await;
        kept.unwrap();
        kit.clock.advance(std::time::Duration::from_secs(1));
    }
    let after = |seconds| start + SignedDuration::from_secs(seconds);
    let check = async |filter: MessageFilter, expected: &str| {
        let found = kit.store.messages(&kit.cx, filter.clone()).await.unwrap();
        let ids: Vec<String> = found.into_iter().map(|message| message.id.0).collect();
        assert_eq!(ids.join(" "), expected, "{filter:?}");
        let overview = kit.store.message_overview(&kit.cx, filter).await.unwrap();
        assert_eq!(overview.found, ids.len());
        assert_eq!(overview.kinds, ["ADT^A08", "ORU^R01"]);
        assert_eq!(overview.senders, ["HIS", "LAB"]);
    };
    let all = || MessageFilter::all(10);
    let (kind, sender) = (Some("ORU^R01".to_owned()), Some("LAB".to_owned()));
    check(
        MessageFilter {
            kind: kind.clone(),
            ..all()
        },
        "c a",
    )
    .await;
    check(
        MessageFilter {
            sender: sender.clone(),
            ..all()
        },
        "b a",
    )
    .await;
    check(
        MessageFilter {
            kind,
            sender,
            ..all()
        },
        "a",
    )
    .await;
    // From a moment on, and up to but not including one.
    check(
        MessageFilter {
            from: Some(after(2)),
            ..all()
        },
        "d c",
    )
    .await;
    check(
        MessageFilter {
            until: Some(after(2)),
            ..all()
        },
        "b a",
    )
    .await;
    let state = Some(MessageState::Accepted);
    check(MessageFilter { state, ..all() }, "").await;
    // The page does not count.
    let page = MessageFilter {
        before: Some(MessageId("b".to_owned())),
        ..MessageFilter::all(1)
    };
    let overview = kit.store.message_overview(&kit.cx, page).await.unwrap();
    assert_eq!(overview.found, 4);
}

#[tokio::test]
async fn no_more_messages_are_counted_than_the_limit() {
    let kit = Kit::new();
    let bytes = place::bytes();
    let fill = |count: usize| {
        let sql = format!(
            "DELETE FROM message;
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
             INSERT INTO message (id, channel, sender, sha256, received, state, size, bytes)
             SELECT CAST(i AS TEXT), 'mllp', '', CAST('n' || i AS {bytes}), 0, 0, 0,
                    CAST('' AS {bytes}) FROM n"
        );
        place::execute(kit.folder.path(), &sql);
    };
    let max = store::limits::MESSAGES_COUNTED_MAX;
    for (there, counted) in [(max - 1, max - 1), (max, max), (max + 1, max)] {
        fill(there);
        let all = MessageFilter::all(1);
        let overview = kit.store.message_overview(&kit.cx, all).await.unwrap();
        assert_eq!(overview.found, counted);
    }
}

#[tokio::test]
async fn audit_lines_are_chained_and_found_by_patient() {
    let kit = Kit::new();
    let line = |number: Option<usize>, text: &str| AuditBody {
        patient: number.map(bsn),
        body: text.as_bytes().to_vec(),
    };
    kit.store
        .append_audit(vec![line(Some(0), "a"), line(None, "b")])
        .await
        .unwrap();
    // A failing write takes its audit lines with it, and the chain stays whole.
    let failing = kit
        .store
        .write(
            &kit.cx,
            &Scope::Organisation,
            vec![Change::Update {
                full_url: None,
                resource: resource(&fhir::value!({ "resourceType": "Basic" })),
                id: "x".to_owned(),
                if_match: Some(3),
            }],
            Alongside {
                audit: vec![line(Some(0), "lost")],
                ..Alongside::default()
            },
        )
        .await;
    assert!(matches!(
        failing,
        Err(StoreError::PreconditionFailed { .. })
    ));
    let appends = (0..20).map(|n| {
        let store = kit.store.clone();
        let line = line(Some(n % 2), "c");
        tokio::spawn(async move { store.append_audit(vec![line]).await })
    });
    for append in appends.collect::<Vec<_>>() {
        append.await.unwrap().unwrap();
    }
    let lines = kit.store.audit_lines(0, 100).await.unwrap();
    assert_eq!(
        lines.iter().map(|line| line.seq).collect::<Vec<_>>(),
        (1..=22).collect::<Vec<_>>()
    );
    let mut previous = [0; 32];
    for line in &lines {
        assert_eq!(line.previous, previous);
        previous = line.hash;
    }
    let together: Vec<_> = ["d", "e", "f"].map(|body| line(None, body)).into();
    kit.store.append_audit(together).await.unwrap();
    let last = kit.store.audit_lines(22, 100).await.unwrap();
    let signed = last.iter().map(|line| !line.signature.is_empty());
    assert_eq!(signed.collect::<Vec<_>>(), [false, false, true]);
    let page = AuditPage {
        before: None,
        limit: 100,
    };
    let about = kit.store.audit_about(&kit.cx, &bsn(0), page).await.unwrap();
    assert_eq!(about.len(), 11);
    assert_eq!(about.last().unwrap().body, b"a");
    assert!(about.is_sorted_by(|one, other| one.seq > other.seq));
    let page = AuditPage {
        before: Some(about[9].seq),
        limit: 100,
    };
    assert_eq!(
        kit.store
            .audit_about(&kit.cx, &bsn(0), page)
            .await
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        kit.store
            .audit_about(&kit.cx, &bsn(2), page)
            .await
            .unwrap()
            .len(),
        0
    );
}

#[tokio::test]
async fn an_event_tells_when_a_kind_of_data_is_new() {
    let kit = Kit::new();
    let condition = |id: &str| {
        fhir::value!({ "resourceType": "Condition", "id": id,
            "subject": { "reference": "Patient/p" } })
    };
    let flag = fhir::value!({ "resourceType": "Flag", "id": "f", "status": "active",
        "subject": { "reference": "Patient/p" } });
    let events = async || {
        let events = kit.store.outbox(10).await.unwrap();
        let ids = events.iter().map(|event| event.id).collect();
        kit.store.outbox_done(ids).await.unwrap();
        events
            .into_iter()
            .map(|event| {
                assert_eq!(event.bsn, bsn(0));
                (event.categories, event.added)
            })
            .collect::<Vec<_>>()
    };
    // Before the BSN is known there is nothing to tell.
    kit.put(&[condition("c1")]).await;
    assert_eq!(events().await, []);
    // A Patient that comes later brings in what was there.
    kit.put(&[patient("p", 0)]).await;
    let set = |categories: &[DataCategory]| categories.iter().copied().collect::<Categories>();
    let (condition_label, patient_label) = (DataCategory::Condition, DataCategory::Patient);
    let known = set(&[condition_label, patient_label]);
    assert_eq!(events().await, [(known, known)]);
    kit.put(&[condition("c2")]).await;
    assert_eq!(events().await, []);
    assert_eq!(kit.store.statistics().await.unwrap().outbox_waiting, 0);
    kit.put(&[flag]).await;
    assert_eq!(
        events().await,
        [(known.with(DataCategory::Alert), set(&[DataCategory::Alert]))]
    );
}

/// A seal that tells when it is told that lines are durable.
struct Telling(std::sync::mpsc::SyncSender<u64>);

impl store::Seal for Telling {
    fn hash(&self, entry: &store::AuditEntry<'_>) -> [u8; 32] {
        crate::kit::HashOnly.hash(entry)
    }

    fn sign(&self, hash: &[u8; 32]) -> Vec<u8> {
        crate::kit::HashOnly.sign(hash)
    }

    fn durable(&self, seq: u64, _hash: &[u8; 32]) {
        let _ = self.0.try_send(seq);
    }
}

#[tokio::test]
async fn a_line_that_is_durable_soon_is_there_at_once_and_told_when_it_is_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let (tell, told) = std::sync::mpsc::sync_channel(8);
    let mut options = crate::kit::options(&folder, crate::kit::clock());
    options.seal = std::sync::Arc::new(Telling(tell));
    let store = store::Store::open(options).unwrap();
    let line = store::AuditBody {
        patient: None,
        body: b"read".to_vec(),
    };
    store.append_audit_soon(vec![line]).await.unwrap();
    let lines = store.audit_lines(0, 10).await.unwrap();
    assert_eq!(lines.len(), 1);
    // Nobody writes any more, so the disk follows by itself.
    let seq = told.recv_timeout(std::time::Duration::from_secs(30));
    assert_eq!(seq, Ok(1));
}
