//! What the tests trace, kept to look for what may not be in it.

use std::{
    io::Write,
    sync::{Arc, Mutex, OnceLock},
};

/// Everything that was traced since the tests began.
pub(crate) fn traced() -> String {
    String::from_utf8_lossy(&log().lock().unwrap()).into_owned()
}

/// Keeps from now on what is traced.
pub(crate) fn start() {
    log();
}

fn log() -> &'static Arc<Mutex<Vec<u8>>> {
    static LOG: OnceLock<Arc<Mutex<Vec<u8>>>> = OnceLock::new();
    LOG.get_or_init(|| {
        let log = Arc::new(Mutex::new(Vec::new()));
        let writer = Arc::clone(&log);
        let levels = "debug,api=trace,exchange=trace,store=trace,trust=trace,network=trace,\
                      translate=trace,fhir=trace,care=trace,terminology=trace";
        tracing_subscriber::fmt()
            .with_env_filter(tracing_subscriber::EnvFilter::new(levels))
            .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
            .with_ansi(false)
            .with_writer(move || LogWriter(Arc::clone(&writer)))
            .init();
        log
    })
}

struct LogWriter(Arc<Mutex<Vec<u8>>>);

impl Write for LogWriter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
