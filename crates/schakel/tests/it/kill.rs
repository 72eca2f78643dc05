//! Nothing that was acknowledged is lost, whenever the plug is pulled.

use std::time::{Duration, Instant};

use crate::kit::{Question, Record, Region, code, mllp, result};

/// How many senders are busy when the plug is pulled.
const SENDERS: usize = 8;
/// After how many acknowledgements it is pulled.
const ACKNOWLEDGED_BEFORE: usize = 120;
/// After how many messages in a row without an acknowledgement a sender stops.
const FAILED_MAX: usize = 50;
/// How long the laboratory may take to answer in time, on a busy machine.
const ANSWERED_WITHIN: Duration = Duration::from_mins(3);
/// The URA of the laboratory.
const LABORATORY: &str = "90000103";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_there_after_the_plug_was_pulled() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let mut region = Region::start_in(&data, 2);
    let (bsn, port) = (
        region.bsn(0),
        region.organisation("laboratorium")["mllp"]
            .as_str()
            .unwrap()
            .to_owned(),
    );
    let (sent, mut acknowledged) = tokio::sync::mpsc::unbounded_channel();
    let mut senders = tokio::task::JoinSet::new();
    for sender in 0..SENDERS {
        let (bsn, port, sent) = (bsn.clone(), port.clone(), sent.clone());
        senders.spawn(async move {
            let mut failed = 0;
            for turn in 0.. {
                let name = format!("KILL{sender}X{turn}");
                let message = result(&bsn, &name, &name, "4.1");
                // What was not acknowledged, nobody counts on.
                failed += 1;
                match mllp(&port, message.as_bytes()).await {
                    Ok(answer) if code(&answer) == "AA" => {
                        failed = 0;
                        drop(sent.send(name));
                    }
                    ended if failed >= FAILED_MAX => {
                        return format!("{:?}", ended.map(|answer| code(&answer)));
                    }
                    _ => {}
                }
            }
            String::new()
        });
    }
    drop(sent);
    let mut names = Vec::new();
    while let Some(name) = acknowledged.recv().await {
        names.push(name);
        if names.len() == ACKNOWLEDGED_BEFORE {
            region.process.pull_the_plug();
        }
    }
    // Why each sender stopped, for when it was before the plug was pulled.
    let stopped = senders.join_all().await;
    assert!(
        names.len() >= ACKNOWLEDGED_BEFORE,
        "{} acknowledged, then {stopped:?}",
        names.len()
    );

    let region = Region::start_in(&data, 2);
    let record = record_of_laboratory(&region, &bsn).await;
    let kept = serde_json::to_string(&record.bundle).unwrap();
    let lost: Vec<&String> = names
        .iter()
        .filter(|name| !kept.contains(name.as_str()))
        .collect();
    assert!(
        lost.is_empty(),
        "{} of {} are lost: {lost:?}",
        lost.len(),
        names.len()
    );
    let output = region.run(&["audit", "verify"]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}

/// The record once the laboratory answered in time: a source that did not says
/// nothing of what it has.
async fn record_of_laboratory(region: &Region, bsn: &str) -> Record {
    let began = Instant::now();
    loop {
        let ask = Question::of("internist-akkerhof", bsn, "laboratory");
        let record = region.regional_record(&ask).await;
        let state = record.states().remove(LABORATORY);
        if state.as_deref() == Some("data") {
            return record;
        }
        assert!(
            began.elapsed() < ANSWERED_WITHIN,
            "the laboratory's state is {state:?}"
        );
    }
}
