//! Nodes as processes of their own, as organisations run them.

use std::time::{Duration, Instant};

use crate::kit::{Process, Question, Region, http, schakel};

#[tokio::test]
async fn three_organisations_in_three_processes_exchange() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    // Its ports are given back and bound again, so they must not be among those
    // that the system gives to everybody who asks for any.
    let port = 20_000 + (std::process::id() % 300) as u16 * 32;
    let mut region = Region::start_at(port, &data, 3);
    let bsn = region.bsn(0);
    region.process.stop();
    #[cfg(unix)]
    {
        let files = crate::kit::assert_private(&data);
        assert!(files.iter().any(|path| path.ends_with("node.toml")));
    }

    // Who does not say that the demo issuer is meant is not served.
    let config = data.join("huisarts/node.toml");
    let said = std::fs::read_to_string(&config).unwrap();
    let silent = data.join("huisarts/silent.toml");
    let rest = said.replace("[sign_in]\nissuer = \"demo\"\n", "");
    assert_ne!(rest, said);
    std::fs::write(&silent, rest).unwrap();
    let output = schakel()
        .arg("serve")
        .arg("--config")
        .arg(&silent)
        .output()
        .unwrap();
    assert!(!output.status.success());
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("`sign_in.issuer` is missing"), "{told}");

    let serve = |slug: &str| {
        let config = data.join(slug).join("node.toml");
        Process::start(schakel().arg("serve").arg("--config").arg(config))
    };
    let _nodes = ["regio", "huisarts", "ziekenhuis"].map(serve);
    for slug in ["regio", "huisarts", "ziekenhuis"] {
        wait_until_ready(&region, slug).await;
    }
    let ask = Question::of("internist-akkerhof", &bsn, "bgz");
    let states = region.regional_record(&ask).await.states();
    assert_eq!(states["90000101"], "data", "the GP's process answers");
    assert_eq!(states["90000104"], "data", "and the hospital's own");
    assert_eq!(
        states["90000103"], "no-answer",
        "the laboratory's does not run"
    );
}

async fn wait_until_ready(region: &Region, slug: &str) {
    let address = region.organisation(slug)["web"]
        .as_str()
        .unwrap()
        .to_owned();
    let began = Instant::now();
    loop {
        let answer = http().get(format!("{address}health/ready")).send().await;
        if answer.is_ok_and(|answer| answer.status() == 200) {
            return;
        }
        assert!(
            began.elapsed() < Duration::from_mins(1),
            "{slug} is not ready in time"
        );
        tokio::task::yield_now().await;
    }
}
