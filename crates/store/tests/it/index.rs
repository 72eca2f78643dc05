//! The index through the life of a file.

use care::{Bsn, Scope};
use store::{Alongside, Change, Status, Store};

use crate::kit::{BSNS, Kit, context, options, pairs, patient, resource};
use crate::place;

/// A file that an earlier release wrote has resources and no keys.
#[tokio::test]
async fn a_file_without_an_index_gets_one() {
    let kit = Kit::new();
    kit.put(&[patient("a", 0), patient("b", 1), patient("c", 0)])
        .await;
    let (folder, clock) = (kit.folder, kit.clock);
    drop(kit.store);
    place::execute(
        folder.path(),
        "DELETE FROM index_log; DELETE FROM segment; DELETE FROM block;
         UPDATE index_state SET built = 0",
    );
    let kit = Kit {
        store: Store::open(options(&folder, clock.clone())).unwrap(),
        clock,
        folder,
        cx: context(),
    };
    assert_eq!(kit.ids("Patient?identifier=999911119").await, "a c");
}

/// Keys that stand in the log only are there again after a restart, and those
/// that were taken out are not.
#[tokio::test]
async fn fresh_keys_survive_a_restart() {
    let kit = Kit::new();
    kit.put(&[patient("a", 0), patient("b", 0)]).await;
    kit.write(vec![Change::Delete {
        resource_type: "Patient".to_owned(),
        id: "b".to_owned(),
        if_match: None,
    }])
    .await
    .unwrap();
    let (folder, clock) = (kit.folder, kit.clock);
    drop(kit.store);
    let kit = Kit {
        store: Store::open(options(&folder, clock.clone())).unwrap(),
        clock,
        folder,
        cx: context(),
    };
    assert_eq!(kit.ids("Patient?identifier=999911119").await, "a");
    let page = kit
        .page("Patient?identifier=999911119&_summary=count")
        .await;
    assert_eq!(page.unwrap().total, Some(1));
}

/// Who asks first whether something exists, and then writes it, competes with
/// others who do the same: one of them writes.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_create_when_none_exists_one_does() {
    let kit = Kit::new();
    // The parameter and the system are known, so that the index can tell.
    kit.put(&[patient("known", 1)]).await;
    let create = || Change::Create {
        full_url: None,
        resource: resource(&fhir::value!({
            "resourceType": "Patient",
            "identifier": [{ "system": (Bsn::SYSTEM), "value": (BSNS[0]) }],
        })),
        if_none_exist: Some(pairs(&format!("identifier={}|{}", Bsn::SYSTEM, BSNS[0]))),
    };
    let writers: Vec<_> = (0..40)
        .map(|_| {
            let (store, cx, change) = (kit.store.clone(), kit.cx.clone(), create());
            tokio::spawn(async move {
                let with = Alongside::default();
                let written = store
                    .write(&cx, &Scope::Organisation, vec![change], with)
                    .await;
                written.unwrap().outcomes.remove(0)
            })
        })
        .collect();
    let mut created = 0;
    for writer in writers {
        created += usize::from(writer.await.unwrap().status == Status::Created);
    }
    assert_eq!(created, 1);
    let page = kit.page("Patient?_summary=count").await;
    assert_eq!(page.unwrap().total, Some(2));
}
