//! `schakel serve`: the node of one organisation.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::Args;

use crate::{
    config::NodeConfig,
    node::{RunningNode, Sockets, Surroundings},
    shutdown,
};

/// The waits between tries to join a region whose services are not up yet.
const JOIN_AGAIN_AFTER: Duration = Duration::from_millis(500);

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// The configuration of the node; see docs/configuration.md
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

impl Serve {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let config = NodeConfig::read(&self.config)?;
        let sockets = Sockets::bind(&config).await?;
        let mut node = RunningNode::open(&config, sockets, Surroundings::default())?;
        eprintln!("{} at {}", node.organisation.name, node.own_url);
        let stopped = shutdown::signal();
        tokio::pin!(stopped);
        let joined = tokio::select! {
            () = &mut stopped => false,
            () = join(&mut node) => true,
        };
        if joined {
            node.now_ready();
            stopped.await;
        }
        node.stop().await;
        Ok(ExitCode::SUCCESS)
    }
}

/// Joins the region as soon as its services answer.
async fn join(node: &mut RunningNode) {
    let mut said = false;
    loop {
        let tried = match node.join().await {
            Ok(()) => node.look_around().await,
            Err(error) => Err(error),
        };
        let Err(error) = tried else { return };
        if !said {
            eprintln!("waiting for the region: {error:#}");
            said = true;
        }
        tokio::time::sleep(JOIN_AGAIN_AFTER).await;
    }
}
