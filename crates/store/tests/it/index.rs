//! The index through the life of a file.

use store::Store;

use crate::kit::{Kit, context, options, patient};

/// A file that an earlier release wrote has resources and no keys.
#[tokio::test]
async fn a_file_without_an_index_gets_one() {
    let kit = Kit::new();
    kit.put(&[patient("a", 0), patient("b", 1), patient("c", 0)])
        .await;
    let (folder, clock) = (kit.folder, kit.clock);
    drop(kit.store);
    let path = options(&folder, clock.clone()).path;
    rusqlite::Connection::open(path)
        .unwrap()
        .execute_batch(
            "DELETE FROM index_log; DELETE FROM segment; DELETE FROM block;
             UPDATE index_state SET built = 0",
        )
        .unwrap();
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
    kit.put(&[patient("b", 1)]).await;
    let (folder, clock) = (kit.folder, kit.clock);
    drop(kit.store);
    let kit = Kit {
        store: Store::open(options(&folder, clock.clone())).unwrap(),
        clock,
        folder,
        cx: context(),
    };
    assert_eq!(kit.ids("Patient?identifier=999911119").await, "a");
    assert_eq!(kit.ids("Patient?identifier=999906276").await, "b");
    let page = kit
        .page("Patient?identifier=999911119&_summary=count")
        .await;
    assert_eq!(page.unwrap().total, Some(1));
}
