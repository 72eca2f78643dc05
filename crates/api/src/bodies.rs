//! The bytes of bodies that a node may hold at once, over all its requests.
//!
//! The limit of one body says what one client may send; this says what many
//! may send together. Small bodies are free, so that ordinary work never waits.
//! A larger one takes its share before the first byte of it is read: what it
//! announces, or the whole limit where it announces nothing. The share is taken
//! at once, so that two bodies cannot each wait for what the other has, and is
//! held until the request is answered.

use std::{
    error::Error,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    body::{Body, HttpBody},
    extract::Request,
};
use bytes::Bytes;
use http_body_util::BodyExt;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::limits::{BODY_BYTES_FREE, HttpLimits};

/// The budget of bytes that the bodies of a node share. Clones share it too.
#[derive(Debug, Clone)]
pub struct Bodies {
    /// Permits of [`BODY_BYTES_FREE`] bytes each.
    budget: Arc<Semaphore>,
    bytes_max: usize,
    body_bytes_max: usize,
    wait: Duration,
}

impl Bodies {
    /// The budget that the limits give: `bodies_bytes`, and room for one body
    /// at the least.
    pub fn new(limits: &HttpLimits) -> Self {
        let bytes_max = limits.bodies_bytes.max(limits.body_bytes);
        Self {
            budget: Arc::new(Semaphore::new(bytes_max.div_ceil(BODY_BYTES_FREE))),
            bytes_max,
            body_bytes_max: limits.body_bytes,
            wait: limits.bodies_wait,
        }
    }

    /// The request with a body that takes its share when it is read. The share
    /// is given back when both the body and what is returned beside it are gone.
    ///
    /// A body without room gives [`NoRoom`] once; what follows is not counted,
    /// and must not be kept.
    pub(crate) fn counted(&self, request: Request) -> (Request, Share) {
        let share = Share::default();
        let announced = request.body().size_hint().exact();
        let announced = announced.map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
        // What announces too much is refused without keeping anything of it.
        let is_free = |bytes| bytes <= BODY_BYTES_FREE || bytes > self.body_bytes_max;
        if announced.is_some_and(is_free) {
            return (request, share);
        }
        let counted = Counted {
            bodies: self.clone(),
            share: share.clone(),
            announced,
            asked: false,
            read: 0,
            waiting: None,
            body: Body::empty(),
        };
        let request = request.map(|body| {
            let counted = Counted { body, ..counted };
            Body::from_stream(futures::stream::unfold(counted, async |mut counted| {
                let frame = counted.next().await?;
                Some((frame, counted))
            }))
        });
        (request, share)
    }

    async fn take(&self, bytes: usize) -> Result<OwnedSemaphorePermit, NoRoom> {
        let none = NoRoom {
            bytes_max: self.bytes_max,
        };
        let units = u32::try_from(bytes.div_ceil(BODY_BYTES_FREE)).map_err(|_| none)?;
        let taken = Arc::clone(&self.budget).acquire_many_owned(units);
        match timeout(self.wait, taken).await {
            Ok(Ok(taken)) => Ok(taken),
            Ok(Err(_)) | Err(_) => Err(none),
        }
    }
}

/// What a request holds of the budget; clones hold the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Share(Arc<Mutex<Option<OwnedSemaphorePermit>>>);

impl Share {
    fn set(&self, held: Option<OwnedSemaphorePermit>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = held;
    }
}

/// There is no room for a body, and there was none for as long as it could wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoRoom {
    /// How much all bodies may take together, in bytes.
    pub(crate) bytes_max: usize,
}

impl fmt::Display for NoRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "BODIES_BYTES_MAX: the bodies under way are larger than {} bytes together",
            self.bytes_max
        )
    }
}

impl Error for NoRoom {}

/// A body on its way in.
struct Counted {
    bodies: Bodies,
    share: Share,
    announced: Option<usize>,
    /// Whether the share was asked for, which happens once.
    asked: bool,
    /// How much was read, in bytes.
    read: usize,
    /// What was read before there was room for it.
    waiting: Option<Bytes>,
    body: Body,
}

impl Counted {
    async fn next(&mut self) -> Option<Result<Bytes, axum::Error>> {
        if let Some(announced) = self.announced
            && let Err(full) = self.ask(announced).await
        {
            return Some(Err(full));
        }
        if let Some(data) = self.waiting.take() {
            return Some(Ok(data));
        }
        let data = loop {
            match self.body.frame().await? {
                Ok(frame) => {
                    if let Ok(data) = frame.into_data() {
                        break data;
                    }
                }
                Err(error) => return Some(Err(error)),
            }
        };
        self.read = self.read.saturating_add(data.len());
        if self.read > self.bodies.body_bytes_max {
            // Nobody keeps any of it from here.
            self.share.set(None);
        } else if self.read > BODY_BYTES_FREE
            && let Err(full) = self.ask(self.bodies.body_bytes_max).await
        {
            self.waiting = Some(data);
            return Some(Err(full));
        }
        Some(Ok(data))
    }

    async fn ask(&mut self, bytes: usize) -> Result<(), axum::Error> {
        if self.asked {
            return Ok(());
        }
        self.asked = true;
        let taken = self.bodies.take(bytes).await.map_err(axum::Error::new)?;
        self.share.set(Some(taken));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body;

    const BODY_BYTES_MAX: usize = 4 * BODY_BYTES_FREE;

    fn bodies(bodies_bytes: usize) -> Bodies {
        Bodies::new(&HttpLimits {
            body_bytes: BODY_BYTES_MAX,
            bodies_bytes,
            bodies_wait: Duration::from_millis(1),
            ..HttpLimits::STANDARD
        })
    }

    /// A body of so many bytes, which tells its size or comes in two parts.
    fn body(bytes: usize, announced: bool) -> Body {
        let whole = Bytes::from(vec![b'x'; bytes]);
        if announced {
            return Body::from(whole);
        }
        let parts = [whole.slice(..bytes / 2), whole.slice(bytes / 2..)];
        Body::from_stream(futures::stream::iter(
            parts.map(Ok::<_, std::convert::Infallible>),
        ))
    }

    /// The status of a refusal, or how much was read; and the share of it.
    async fn read(bodies: &Bodies, bytes: usize, announced: bool) -> (Result<usize, u16>, Share) {
        let (request, share) = bodies.counted(Request::new(body(bytes, announced)));
        let (parts, body) = request.into_parts();
        let read = body::read(&parts.headers, body, BODY_BYTES_MAX).await;
        let read = read.map(|body| body.len());
        (read.map_err(|problem| problem.status().as_u16()), share)
    }

    #[tokio::test]
    async fn bodies_take_what_they_announce_and_the_whole_limit_when_they_do_not() {
        for (bytes, announced, units) in [
            (0, true, 0),
            (BODY_BYTES_FREE, true, 0),
            (BODY_BYTES_FREE + 1, true, 2),
            (BODY_BYTES_MAX, true, 4),
            (BODY_BYTES_FREE, false, 0),
            (BODY_BYTES_FREE + 1, false, 4),
            (BODY_BYTES_MAX, false, 4),
        ] {
            let all = bodies(8 * BODY_BYTES_FREE);
            let (got, share) = read(&all, bytes, announced).await;
            assert_eq!(got, Ok(bytes), "{bytes} {announced}");
            assert_eq!(
                8 - all.budget.available_permits(),
                units,
                "{bytes} {announced}"
            );
            drop(share);
            assert_eq!(all.budget.available_permits(), 8, "given back");
        }
    }

    #[tokio::test]
    async fn what_is_too_large_holds_nothing() {
        for announced in [true, false] {
            let all = bodies(8 * BODY_BYTES_FREE);
            let (got, share) = read(&all, BODY_BYTES_MAX + 1, announced).await;
            assert_eq!(got, Err(413));
            assert_eq!(all.budget.available_permits(), 8);
            drop(share);
        }
    }

    #[tokio::test]
    async fn at_the_limit_a_body_is_read_and_past_it_there_is_no_room() {
        for announced in [true, false] {
            let all = bodies(2 * BODY_BYTES_MAX);
            let (first, one) = read(&all, BODY_BYTES_MAX, announced).await;
            let (second, two) = read(&all, BODY_BYTES_MAX, announced).await;
            assert_eq!((first, second), (Ok(BODY_BYTES_MAX), Ok(BODY_BYTES_MAX)));
            assert_eq!(read(&all, BODY_BYTES_MAX, announced).await.0, Err(503));
            assert_eq!(read(&all, BODY_BYTES_FREE + 1, announced).await.0, Err(503));
            assert_eq!(
                read(&all, BODY_BYTES_FREE, announced).await.0,
                Ok(BODY_BYTES_FREE),
                "a small one never waits"
            );
            drop(one);
            assert_eq!(
                read(&all, BODY_BYTES_MAX, announced).await.0,
                Ok(BODY_BYTES_MAX)
            );
            drop(two);
        }
    }

    #[tokio::test]
    async fn a_budget_below_one_body_still_has_room_for_one() {
        let all = bodies(1);
        let (got, share) = read(&all, BODY_BYTES_MAX, true).await;
        assert_eq!(got, Ok(BODY_BYTES_MAX));
        assert_eq!(read(&all, BODY_BYTES_MAX, true).await.0, Err(503));
        drop(share);
    }
}
