//! `$export-file/[job]/[file]`: a file of an export, whole or from a byte on.

use std::io::SeekFrom;

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use tokio::{
    fs::File,
    io::{AsyncReadExt, AsyncSeekExt},
};

use super::NDJSON;
use crate::{
    envelope::Query,
    extract::{At, Caller},
    own::Shared,
    problem::Problem,
};

/// Bytes that are read at once.
const CHUNK_BYTES: usize = 64 * 1024;

pub(in crate::own) async fn file(
    State(own): State<Shared>,
    Caller(cx): Caller,
    At((job, file)): At<(String, String)>,
    query: Query,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    query.must_be_empty()?;
    let mut file = own.bulk.file(&cx, &job, &file).await?;
    let length = file
        .metadata()
        .await
        .map_err(|_| Problem::unexpected())?
        .len();
    let asked = headers
        .get(header::RANGE)
        .and_then(|range| range.to_str().ok());
    let (status, first, last) = match asked.and_then(|range| range_of(range, length)) {
        None => (StatusCode::OK, 0, length),
        Some((first, last)) if first < last => (StatusCode::PARTIAL_CONTENT, first, last),
        Some(_) => {
            let all = HeaderValue::from_str(&format!("bytes */{length}"));
            let all = all.map_err(|_| Problem::unexpected())?;
            let mut response = StatusCode::RANGE_NOT_SATISFIABLE.into_response();
            response.headers_mut().insert(header::CONTENT_RANGE, all);
            return Ok(response);
        }
    };
    let at = file.seek(SeekFrom::Start(first)).await;
    at.map_err(|_| Problem::unexpected())?;
    let mut response = Response::new(stream(file, last - first));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(NDJSON));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(last - first));
    if status == StatusCode::PARTIAL_CONTENT {
        let range = format!("bytes {first}-{}/{length}", last - 1);
        if let Ok(range) = HeaderValue::from_str(&range) {
            headers.insert(header::CONTENT_RANGE, range);
        }
    }
    Ok(response)
}

fn stream(file: File, length: u64) -> Body {
    let chunks = futures::stream::try_unfold((file, length), async |(mut file, left)| {
        let mut chunk = vec![0; CHUNK_BYTES.min(usize::try_from(left).unwrap_or(CHUNK_BYTES))];
        if chunk.is_empty() {
            return Ok::<_, std::io::Error>(None);
        }
        let count = file.read(&mut chunk).await?;
        if count == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        chunk.truncate(count);
        Ok(Some((Bytes::from(chunk), (file, left - count as u64))))
    });
    Body::from_stream(chunks)
}

/// The first byte of a range and the one after its last: `None` where the
/// whole is answered (RFC 9110, 14.2, leaves that open for what is not one
/// range of bytes). The file has none of it where they are not in this order.
fn range_of(range: &str, length: u64) -> Option<(u64, u64)> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(first) || !digits(last) {
        return None;
    }
    let (first, end) = match (first, last) {
        ("", "") => return None,
        ("", suffix) => (length.saturating_sub(suffix.parse().ok()?), length),
        (first, "") => (first.parse().ok()?, length),
        (first, last) => {
            let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
            if last < first {
                return None;
            }
            (first, length.min(last.saturating_add(1)))
        }
    };
    Some((first, end))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ranges_are_those_of_http() {
        for (range, expected) in [
            ("bytes=0-4", Some((0, 5))),
            ("bytes=5-", Some((5, 10))),
            ("bytes=9-99", Some((9, 10))),
            ("bytes=-3", Some((7, 10))),
            ("bytes=-99", Some((0, 10))),
            ("bytes=10-", Some((10, 10))),
            ("bytes=-0", Some((10, 10))),
            ("bytes=4-3", None),
            ("bytes=-", None),
            ("bytes=0-1,3-4", None),
            ("bytes=+1-2", None),
            ("lines=0-1", None),
        ] {
            assert_eq!(range_of(range, 10), expected, "{range}");
        }
    }

    proptest! {
        #[test]
        fn any_range_stays_within_the_file(range in "(bytes=)?[0-9,-]{0,25}", length in 0u64..100) {
            if let Some((first, end)) = range_of(&range, length) {
                prop_assert!(first >= end || end <= length);
            }
        }
    }
}
