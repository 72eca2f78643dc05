//! Reading a request body, within its limit.

use std::{error::Error, iter};

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header};
use http_body_util::BodyExt;

use crate::{bodies::NoRoom, limits::BODY_BYTES_FREE, problem::Problem};

/// How much of a body over its limit is read and thrown away, so that the
/// client gets to read the refusal instead of a reset connection, in bytes.
const DRAIN_BYTES_MAX: usize = 128 * 1024 * 1024;

/// Reads a body of at most `limit_bytes`; a larger one gives 413, and one for
/// which there is no room beside others 503.
pub(crate) async fn read(
    headers: &HeaderMap,
    mut body: Body,
    limit_bytes: usize,
) -> Result<Bytes, Problem> {
    let announced: usize = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse().ok())
        .unwrap_or(0);
    let refused = announced > limit_bytes;
    if refused && headers.contains_key(header::EXPECT) {
        // The client waits for permission to send; it need not send at all.
        return Err(Problem::body_too_large(limit_bytes));
    }
    // Of what will be refused nothing is kept.
    let mut kept = BytesMut::new();
    let mut total = 0usize;
    let mut full = None;
    while let Some(frame) = body.frame().await {
        let frame = match frame {
            Ok(frame) => frame,
            Err(error) => {
                let error = error.into_inner();
                let Some(no_room) = no_room(&*error) else {
                    return Err(Problem::bad_request("The request body broke off"));
                };
                if headers.contains_key(header::EXPECT) {
                    return Err(Problem::no_room(no_room));
                }
                full = Some(no_room);
                continue;
            }
        };
        let Ok(data) = frame.into_data() else {
            continue;
        };
        total = total.saturating_add(data.len());
        if !refused && full.is_none() && total <= limit_bytes {
            // In one place at once: growing by copying would take twice its size.
            if kept.is_empty() {
                kept.reserve(announced);
            } else if total > BODY_BYTES_FREE && announced == 0 {
                kept.reserve(limit_bytes - kept.len());
            }
            kept.extend_from_slice(&data);
        } else {
            kept = BytesMut::new();
            if total > DRAIN_BYTES_MAX {
                break;
            }
        }
    }
    if refused || total > limit_bytes {
        Err(Problem::body_too_large(limit_bytes))
    } else if let Some(no_room) = full {
        Err(Problem::no_room(no_room))
    } else {
        Ok(kept.freeze())
    }
}

/// Whether a body could not be read for lack of room; the middleware may have
/// put the error in others.
fn no_room(error: &(dyn Error + 'static)) -> Option<NoRoom> {
    let mut errors = iter::successors(Some(error), |error: &&(dyn Error + 'static)| {
        (*error).source()
    });
    errors.find_map(|error| error.downcast_ref().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_limit_is_read_and_one_byte_more_is_refused() {
        let read_bytes =
            async |count: usize| read(&HeaderMap::new(), Body::from(vec![b'x'; count]), 10).await;
        assert_eq!(read_bytes(10).await.unwrap().len(), 10);
        let refused = read_bytes(11).await.unwrap_err();
        assert_eq!(refused.status(), http::StatusCode::PAYLOAD_TOO_LARGE);
    }

    #[tokio::test]
    async fn nothing_is_kept_of_a_body_that_announces_too_much() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_LENGTH, "11".parse().unwrap());
        let refused = read(&headers, Body::from("short"), 10).await.unwrap_err();
        assert_eq!(refused.status(), http::StatusCode::PAYLOAD_TOO_LARGE);
    }

    #[tokio::test]
    async fn a_client_that_waits_for_permission_need_not_send() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_LENGTH, "11".parse().unwrap());
        headers.insert(header::EXPECT, "100-continue".parse().unwrap());
        // A body that never ends: reading it would hang.
        let body = Body::from_stream(futures::stream::pending::<Result<Bytes, std::io::Error>>());
        assert!(read(&headers, body, 10).await.is_err());
    }
}
