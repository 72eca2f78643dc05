//! `POST $import`: lines of resources, stored in batches while they come in.
//!
//! The answer begins with the first batch and has a line for each: a request
//! may take far longer than the door waits for other answers.

use std::sync::Arc;

use axum::{body::Body, extract::State, response::Response};
use bytes::{Bytes, BytesMut};
use care::AccessContext;
use exchange::{Batch, ExchangeError};
use fhir::{
    json::Value,
    outcome::{Issue, IssueCode, Severity, operation_outcome_in},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body_util::BodyExt;
use tokio::sync::OwnedSemaphorePermit;

use super::NDJSON;
use crate::{
    envelope::Query,
    extract::Caller,
    own::{Own, Shared},
    problem::Problem,
};

pub(in crate::own) async fn import(
    State(own): State<Shared>,
    Caller(cx): Caller,
    query: Query,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    query.must_be_empty()?;
    let media_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok()?.split(';').next())
        .map(str::trim);
    if !media_type.is_some_and(|it| it.eq_ignore_ascii_case(NDJSON)) {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            IssueCode::NotSupported,
            format!(
                "The body must be lines of FHIR {}: application/fhir+ndjson",
                own.version
            ),
        ));
    }
    own.bulk.may_import(&cx).await?;
    let import = Import {
        place: own.bulk.import_place()?,
        own,
        cx,
        body,
        lines: Lines::default(),
        totals: (0, 0),
        bytes: 0,
        stopped: None,
        is_over: false,
    };
    let answers = futures::stream::unfold(import, async |mut import| {
        let answer = import.next().await?;
        Some((Ok::<_, std::convert::Infallible>(answer), import))
    });
    let mut response = Response::new(Body::from_stream(answers));
    let ndjson = HeaderValue::from_static(NDJSON);
    response.headers_mut().insert(header::CONTENT_TYPE, ndjson);
    Ok(response)
}

/// An import under way.
struct Import {
    /// Its place among the imports, held until it ends.
    #[expect(dead_code, reason = "dropping it frees the place")]
    place: OwnedSemaphorePermit,
    own: Arc<Own>,
    cx: AccessContext,
    body: Body,
    lines: Lines,
    totals: (u64, u64),
    bytes: u64,
    /// Why the rest is not read.
    stopped: Option<&'static str>,
    is_over: bool,
}

/// Bytes that came in and are not a batch yet.
#[derive(Default)]
struct Lines {
    waiting: BytesMut,
    /// How much of it is known to hold no line break.
    searched: usize,
    /// Whether the rest of a line that is too long is thrown away.
    skips: bool,
    number: u64,
    is_at_end: bool,
}

impl Import {
    /// The next line of the answer.
    async fn next(&mut self) -> Option<Bytes> {
        if self.is_over {
            return None;
        }
        // What came before a fault is stored; the line after that tells of it.
        let batch = match self.stopped {
            Some(_) => Batch::default(),
            None => match self.batch().await {
                Ok(batch) => batch,
                Err((batch, text)) => {
                    self.stopped = Some(text);
                    batch
                }
            },
        };
        if batch.is_empty() {
            self.is_over = true;
            return Some(self.last());
        }
        Some(self.store(batch).await)
    }

    /// Collects a batch; with what is left and the reason when the rest cannot
    /// be read.
    async fn batch(&mut self) -> Result<Batch, (Batch, &'static str)> {
        let limits = *self.own.bulk.limits();
        let mut batch = Batch::default();
        let mut batch_bytes = 0;
        loop {
            while let Some(line) = self.lines.take(limits.line_bytes) {
                match line {
                    Ok(line) if line.trim_ascii().is_empty() => {}
                    Ok(line) => {
                        batch_bytes += line.len();
                        batch.add(self.own.version, self.lines.number, &line);
                    }
                    Err(TooLong) => {
                        let max = limits.line_bytes;
                        let text = format!("The line is longer than {max} bytes");
                        batch.refuse(self.lines.number, Issue::error(IssueCode::TooLong, text));
                    }
                }
                if batch.len() >= limits.batch_lines || batch_bytes >= limits.batch_bytes {
                    return Ok(batch);
                }
            }
            if self.lines.is_at_end {
                return Ok(batch);
            }
            match self.body.frame().await {
                None => self.lines.is_at_end = true,
                Some(Err(_)) => return Err((batch, "The request body broke off")),
                Some(Ok(frame)) => {
                    let data = frame.into_data().unwrap_or_default();
                    self.bytes += data.len() as u64;
                    if self.bytes > limits.import_bytes {
                        return Err((batch, "The request body is larger than an import may be"));
                    }
                    self.lines.waiting.extend_from_slice(&data);
                }
            }
        }
    }

    async fn store(&mut self, batch: Batch) -> Bytes {
        match self.own.bulk.import(&self.cx, batch).await {
            Ok(imported) => {
                self.totals.0 += imported.accepted;
                self.totals.1 += imported.refused.len() as u64;
                let mut issues = Vec::new();
                for (number, found) in &imported.refused {
                    let at = format!("line {number}");
                    issues.extend(found.iter().map(|issue| located(issue, &at)));
                }
                let refused = imported.refused.len() as u64;
                self.answer("batch", imported.accepted, refused, &issues)
            }
            Err(error) => {
                self.is_over = true;
                let is_audit = matches!(error, ExchangeError::Audit(_));
                tracing::error!(is_audit, "an import stopped");
                self.stopped = Some("Nothing more could be stored");
                self.last()
            }
        }
    }

    /// The last line: what came of it all.
    fn last(&self) -> Bytes {
        let (accepted, refused) = self.totals;
        let issue = match self.stopped {
            Some(text) => Issue {
                severity: Severity::Fatal,
                code: IssueCode::Incomplete,
                text: format!("{text}: not all was read; lines that were accepted are stored"),
                expression: None,
            },
            None => Issue {
                severity: Severity::Information,
                code: IssueCode::Informational,
                text: "All was read; lines that were accepted are stored".to_owned(),
                expression: None,
            },
        };
        self.answer("total", accepted, refused, &[issue])
    }

    fn answer(&self, name: &str, accepted: u64, refused: u64, issues: &[Issue]) -> Bytes {
        let mut parts = vec![
            fhir::value!({ "name": "accepted", "valueDecimal": (accepted as i64) }),
            fhir::value!({ "name": "refused", "valueDecimal": (refused as i64) }),
        ];
        if !issues.is_empty() {
            let outcome = operation_outcome_in(self.own.version, issues);
            parts.push(fhir::value!({ "name": "outcome", "resource": (outcome) }));
        }
        let parameters = fhir::value!({
            "resourceType": "Parameters",
            "parameter": [{ "name": (name), "part": (Value::from(parts)) }]
        });
        let mut line = parameters.to_bytes();
        line.push(b'\n');
        line.into()
    }
}

/// A refusal of a line, with its number.
fn located(issue: &Issue, at: &str) -> Issue {
    let mut issue = issue.clone();
    issue.text = format!("{at}: {}", issue.text);
    issue
}

/// A line that is longer than one may be.
#[derive(Debug, PartialEq)]
struct TooLong;

impl Lines {
    /// The next whole line; at the end also one without a line break.
    fn take(&mut self, max: usize) -> Option<Result<Bytes, TooLong>> {
        loop {
            let rest = &self.waiting[self.searched..];
            let end = rest.iter().position(|byte| *byte == b'\n');
            let Some(end) = end.map(|end| self.searched + end) else {
                self.searched = self.waiting.len();
                if self.skips || self.waiting.len() > max {
                    let is_first = !self.skips;
                    self.skips = true;
                    self.waiting.clear();
                    self.searched = 0;
                    if is_first {
                        self.number += 1;
                        return Some(Err(TooLong));
                    }
                    return None;
                }
                if !self.is_at_end || self.waiting.is_empty() {
                    return None;
                }
                self.number += 1;
                self.searched = 0;
                return Some(Ok(self.waiting.split().freeze()));
            };
            self.searched = 0;
            let line = self.waiting.split_to(end + 1);
            if std::mem::take(&mut self.skips) {
                // The end of a line that was refused already.
                continue;
            }
            self.number += 1;
            let line = line.freeze().slice(..end);
            return Some(if line.len() > max {
                Err(TooLong)
            } else {
                Ok(line)
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The lines of bytes that come in pieces of this size: how long each is.
    fn lengths(bytes: &[u8], piece: usize, max: usize) -> Vec<Option<usize>> {
        let mut lines = Lines::default();
        let mut found = Vec::new();
        for piece in bytes.chunks(piece) {
            lines.waiting.extend_from_slice(piece);
            while let Some(line) = lines.take(max) {
                found.push(line.ok().map(|line| line.len()));
            }
        }
        lines.is_at_end = true;
        while let Some(line) = lines.take(max) {
            found.push(line.ok().map(|line| line.len()));
        }
        assert_eq!(lines.number, found.len() as u64);
        found
    }

    #[test]
    fn a_line_at_the_limit_is_taken_and_one_byte_more_is_not() {
        assert_eq!(
            lengths(b"12345\n123456\n\n1", 3, 5),
            [Some(5), None, Some(0), Some(1)]
        );
    }

    proptest! {
        #[test]
        fn lines_are_the_same_however_they_come(bytes in "[a\\n]{0,60}", piece in 1usize..9) {
            let mut expected: Vec<Option<usize>> = bytes
                .split('\n')
                .map(|line| (line.len() <= 4).then_some(line.len()))
                .collect();
            if bytes.ends_with('\n') || bytes.is_empty() {
                expected.pop();
            }
            prop_assert_eq!(lengths(bytes.as_bytes(), piece, 4), expected);
        }
    }
}
