//! One MLLP connection, from its first byte to its end.
//!
//! Generic over the stream, so that the tests drive it without a network and
//! with a clock that stands still.

use std::{sync::Arc, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;

use super::{Decoder, FrameFault, Intake, encode};
use crate::limits::MllpLimits;

/// How much of refused bytes the [`Intake`] gets to see, in bytes: enough for
/// the header segment that names the sender.
pub(crate) const HEAD_BYTES: usize = 4 * 1024;

/// How much is read at once, in bytes.
const CHUNK_BYTES: usize = 16 * 1024;

/// The unit in which connections share the budget of bytes in flight, in bytes.
pub(super) const BUDGET_UNIT_BYTES: usize = 64 * 1024;

/// After a refusal: how many bytes more are read and thrown away, so that the
/// sender gets to read the refusal before the connection closes.
const LINGER_BYTES_MAX: usize = 128 * 1024 * 1024;

/// After a refusal: for how long bytes are read and thrown away.
const LINGER_TIMEOUT: Duration = Duration::from_secs(5);

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The peer closed it between two messages.
    Closed,
    /// The peer closed it within a message; nothing of that message was kept.
    HalfMessage,
    /// Nothing came for longer than the idle timeout.
    Idle,
    /// A message took longer than the message timeout; nothing of it was kept.
    TooSlow,
    /// The bytes were no frames, or too many.
    Refused(FrameFault),
    /// The peer did not take its acknowledgement.
    Unwritable,
    /// Reading failed.
    Broken,
    /// The node is shutting down.
    Stopped,
}

/// What all connections of a listener share.
pub(super) struct Shared<I> {
    pub(super) intake: Arc<I>,
    pub(super) limits: MllpLimits,
    /// Permits of [`BUDGET_UNIT_BYTES`] each.
    pub(super) budget: Arc<Semaphore>,
    /// One permit for each message that is being worked on.
    pub(super) messages: Semaphore,
}

impl<I> Shared<I> {
    pub(super) fn new(intake: Arc<I>, limits: MllpLimits) -> Self {
        // A budget below one message could never take that message in.
        let budget_bytes = limits
            .bytes_in_flight
            .max(limits.message_bytes + 2 * CHUNK_BYTES);
        Self {
            intake,
            budget: Arc::new(Semaphore::new(budget_bytes.div_ceil(BUDGET_UNIT_BYTES))),
            messages: Semaphore::new(limits.messages_in_flight),
            limits,
        }
    }
}

/// Serves one connection until it ends. A message that was handed to the
/// intake is finished and acknowledged, also when `stop` is cancelled meanwhile.
pub(super) async fn serve<S, I>(
    mut stream: S,
    shared: &Shared<I>,
    stop: &CancellationToken,
) -> Ending
where
    S: AsyncRead + AsyncWrite + Unpin,
    I: Intake,
{
    let limits = &shared.limits;
    let mut decoder = Decoder::new(limits.message_bytes);
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut held: Option<OwnedSemaphorePermit> = None;
    let mut deadline = Instant::now() + limits.idle_timeout;
    let mut within_message = false;
    loop {
        if stop.is_cancelled() {
            return Ending::Stopped;
        }
        match decoder.next_message() {
            Ok(Some(message)) => {
                let Ok(working) = shared.messages.acquire().await else {
                    return Ending::Stopped;
                };
                let acknowledgement = shared.intake.receive(message).await;
                drop(working);
                held = None;
                if !send(&mut stream, &acknowledgement, limits).await {
                    return Ending::Unwritable;
                }
                within_message = false;
                continue;
            }
            Ok(None) => {}
            Err(fault) => {
                let acknowledgement = shared.intake.refuse(decoder.head(HEAD_BYTES), fault).await;
                drop(decoder);
                drop(held);
                if send(&mut stream, &acknowledgement, limits).await {
                    linger(&mut stream).await;
                }
                return Ending::Refused(fault);
            }
        }
        let begun = decoder.is_inside() || decoder.held_bytes() > 0;
        if begun && !within_message {
            deadline = Instant::now() + limits.message_timeout;
        } else if !begun {
            deadline = Instant::now() + limits.idle_timeout;
        }
        within_message = begun;
        let arrives = timeout_at(deadline, async {
            reserve(&shared.budget, &mut held, decoder.held_bytes()).await;
            stream.read(&mut chunk).await
        });
        let read = tokio::select! {
            biased;
            () = stop.cancelled() => return Ending::Stopped,
            read = arrives => read,
        };
        match read {
            Ok(Ok(0)) if within_message => return Ending::HalfMessage,
            Ok(Ok(0)) => return Ending::Closed,
            Ok(Ok(count)) => decoder.push(&chunk[..count]),
            Ok(Err(_)) => return Ending::Broken,
            Err(_) if within_message => return Ending::TooSlow,
            Err(_) => return Ending::Idle,
        }
    }
}

/// Waits until the connection's share of the budget covers what it holds and
/// one chunk more. The first unit is free, so that small messages never wait.
async fn reserve(
    budget: &Arc<Semaphore>,
    held: &mut Option<OwnedSemaphorePermit>,
    held_bytes: usize,
) {
    let needed = (held_bytes + CHUNK_BYTES) / BUDGET_UNIT_BYTES;
    let missing = needed.saturating_sub(held.as_ref().map_or(0, OwnedSemaphorePermit::num_permits));
    if missing == 0 {
        return;
    }
    let missing = u32::try_from(missing).unwrap_or(u32::MAX);
    // The budget is never closed; were it, the connection goes on unbudgeted.
    if let Ok(more) = Arc::clone(budget).acquire_many_owned(missing).await {
        match held {
            Some(permit) => permit.merge(more),
            None => *held = Some(more),
        }
    }
}

async fn send<S: AsyncWrite + Unpin>(
    stream: &mut S,
    acknowledgement: &[u8],
    limits: &MllpLimits,
) -> bool {
    let frame = encode(acknowledgement);
    let written = timeout(limits.write_timeout, async {
        stream.write_all(&frame).await?;
        stream.flush().await
    });
    matches!(written.await, Ok(Ok(())))
}

/// Closes the sending half and throws away what still comes: closing at once
/// would reset the connection, and the refusal could be lost with it.
async fn linger<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) {
    let thrown_away = timeout(LINGER_TIMEOUT, async {
        stream.shutdown().await?;
        let mut sink = vec![0; CHUNK_BYTES];
        let mut total = 0;
        while total < LINGER_BYTES_MAX {
            match stream.read(&mut sink).await? {
                0 => break,
                count => total += count,
            }
        }
        std::io::Result::Ok(())
    });
    // The refusal is sent and recorded; how the peer goes away changes nothing.
    drop(thrown_away.await);
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use bytes::Bytes;
    use tokio::io::{DuplexStream, duplex};

    use super::*;

    /// Keeps what it gets and answers `ok:` or `no:` and the bytes.
    #[derive(Default)]
    struct Notebook {
        received: Mutex<Vec<Bytes>>,
        refused: Mutex<Vec<FrameFault>>,
    }

    impl Intake for Notebook {
        async fn receive(&self, message: Bytes) -> Vec<u8> {
            self.received.lock().unwrap().push(message.clone());
            [b"ok:", &message[..]].concat()
        }

        async fn refuse(&self, head: Bytes, fault: FrameFault) -> Vec<u8> {
            self.refused.lock().unwrap().push(fault);
            [b"no:", &head[..head.len().min(8)]].concat()
        }
    }

    fn limits() -> MllpLimits {
        MllpLimits {
            message_bytes: 256 * 1024,
            ..MllpLimits::STANDARD
        }
    }

    /// Limits that end soon, for the tests that wait for them.
    fn impatient() -> MllpLimits {
        MllpLimits {
            message_timeout: Duration::from_millis(30),
            idle_timeout: Duration::from_millis(30),
            ..limits()
        }
    }

    struct Line {
        peer: DuplexStream,
        intake: Arc<Notebook>,
        stop: CancellationToken,
        ending: tokio::task::JoinHandle<Ending>,
    }

    fn connect(limits: MllpLimits) -> Line {
        let (peer, own) = duplex(1024 * 1024);
        let intake = Arc::new(Notebook::default());
        let shared = Shared::new(Arc::clone(&intake), limits);
        let stop = CancellationToken::new();
        let token = stop.clone();
        let ending = tokio::spawn(async move { serve(own, &shared, &token).await });
        Line {
            peer,
            intake,
            stop,
            ending,
        }
    }

    async fn expect_frame(line: &mut Line, frame: &[u8]) {
        let mut answer = vec![0; frame.len()];
        line.peer.read_exact(&mut answer).await.unwrap();
        assert_eq!(answer, frame);
    }

    #[tokio::test]
    async fn several_messages_on_one_connection_are_answered_in_order() {
        let mut line = connect(limits());
        line.peer
            .write_all(b"\x0BA\x1C\r\x0BB\x1C\r\x0B")
            .await
            .unwrap();
        expect_frame(&mut line, b"\x0Bok:A\x1C\r\x0Bok:B\x1C\r").await;
        line.peer.write_all(b"C\x1C\r").await.unwrap();
        expect_frame(&mut line, b"\x0Bok:C\x1C\r").await;
        drop(line.peer);
        assert_eq!(line.ending.await.unwrap(), Ending::Closed);
    }

    #[tokio::test]
    async fn a_connection_that_stops_half_way_leaves_nothing() {
        let mut line = connect(limits());
        line.peer.write_all(b"\x0BMSH|half").await.unwrap();
        drop(line.peer);
        assert_eq!(line.ending.await.unwrap(), Ending::HalfMessage);
        assert!(line.intake.received.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_trickling_message_is_cut_off_at_its_deadline() {
        let mut line = connect(impatient());
        line.peer.write_all(b"\x0B").await.unwrap();
        let (_read, mut write) = tokio::io::split(line.peer);
        let trickle = tokio::spawn(async move {
            while write.write_all(b"A").await.is_ok() {
                tokio::task::yield_now().await;
            }
        });
        assert_eq!(line.ending.await.unwrap(), Ending::TooSlow);
        assert!(line.intake.received.lock().unwrap().is_empty());
        trickle.await.unwrap();
    }

    #[tokio::test]
    async fn a_silent_connection_is_closed() {
        let line = connect(impatient());
        assert_eq!(line.ending.await.unwrap(), Ending::Idle);
        drop(line.peer);
    }

    #[tokio::test]
    async fn the_limit_is_taken_and_one_byte_more_is_refused() {
        let mut line = connect(limits());
        let message = vec![b'A'; limits().message_bytes];
        line.peer.write_all(&encode(&message)).await.unwrap();
        expect_frame(&mut line, &encode(&[b"ok:", &message[..]].concat())).await;
        line.peer
            .write_all(&encode(&[&message[..], b"A"].concat()))
            .await
            .unwrap();
        expect_frame(&mut line, b"\x0Bno:AAAAAAAA\x1C\r").await;
        drop(line.peer);
        assert_eq!(
            line.ending.await.unwrap(),
            Ending::Refused(FrameFault::TooLarge)
        );
        assert_eq!(line.intake.received.lock().unwrap().len(), 1);
        assert_eq!(*line.intake.refused.lock().unwrap(), [FrameFault::TooLarge]);
    }

    #[tokio::test]
    async fn bytes_without_a_frame_are_refused() {
        let mut line = connect(limits());
        line.peer.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
        expect_frame(&mut line, b"\x0Bno:GET / HT\x1C\r").await;
        drop(line.peer);
        assert_eq!(
            line.ending.await.unwrap(),
            Ending::Refused(FrameFault::Unframed)
        );
    }

    #[tokio::test]
    async fn a_stop_ends_the_connection_between_messages() {
        let mut line = connect(limits());
        line.peer.write_all(b"\x0BA\x1C\r").await.unwrap();
        expect_frame(&mut line, b"\x0Bok:A\x1C\r").await;
        line.stop.cancel();
        assert_eq!(line.ending.await.unwrap(), Ending::Stopped);
    }

    #[tokio::test]
    async fn connections_share_one_budget_of_bytes() {
        let intake = Arc::new(Notebook::default());
        let shared = Arc::new(Shared::new(Arc::clone(&intake), limits()));
        let all = shared.budget.available_permits();
        let taken = Arc::clone(&shared.budget)
            .acquire_many_owned(u32::try_from(all).unwrap())
            .await
            .unwrap();
        let (mut peer, own) = duplex(1024 * 1024);
        let serving = Arc::clone(&shared);
        let stop = CancellationToken::new();
        let ending = tokio::spawn(async move { serve(own, &serving, &stop).await });
        let large = vec![b'A'; 3 * BUDGET_UNIT_BYTES];
        peer.write_all(&encode(&large)).await.unwrap();
        tokio::task::yield_now().await;
        assert!(
            intake.received.lock().unwrap().is_empty(),
            "it waits for room"
        );
        drop(taken);
        let mut answer = vec![0; large.len() + 6];
        peer.read_exact(&mut answer).await.unwrap();
        assert_eq!(
            shared.budget.available_permits(),
            all,
            "the room was given back"
        );
        drop(peer);
        assert_eq!(ending.await.unwrap(), Ending::Closed);
    }
}
