//! A bar on the screen while the region fills.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Shows how far the filling is. Without a terminal it prints nothing.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    pub(crate) fn new(messages: usize) -> Self {
        let bar = ProgressBar::new(messages as u64);
        bar.set_style(
            ProgressStyle::with_template("{msg:30} {bar:32} {pos}/{len} messages {elapsed}")
                .unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(bar)
    }

    pub(crate) fn stage(&self, stage: &'static str) {
        self.0.set_message(stage);
    }

    pub(crate) fn one_done(&self) {
        self.0.inc(1);
    }

    pub(crate) fn finish(self) {
        self.0.finish_and_clear();
    }
}
