//! The conversation with one source: a token, a batch, its further pages.

use care::AccessContext;
use tokio::time::Instant;

use super::{
    ACCESS_LOG_PATH, ANSWER_BYTES_MAX, Answer, Asker, FHIR_PATH, PAGE_ROUNDS_MAX, QUERIES_MAX,
    QueryAnswer, Question, RESOURCES_MAX, TOKEN_PATH, Why,
    batch::{NoPages, PageAnswer, batch, read_batch, read_searchset},
    tokens::TokenReply,
};
use crate::{
    addressing::Organisation,
    door::FHIR_JSON,
    peer::{Call, PeerError, PeerReply},
};

/// The largest answer of a token endpoint, in bytes.
const TOKEN_REPLY_BYTES_MAX: usize = 16 * 1024;
/// Answers larger than this are read off the async threads, in bytes.
const READ_HERE_BYTES_MAX: usize = 128 * 1024;
/// The type of grant (RFC 7523 2.1).
const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// A reply with a status that says that there is data, or why there is none.
enum Reply {
    Body(bytes::Bytes),
    NotAllowed,
}

impl Asker {
    pub(super) async fn searches(
        &self,
        source: &Organisation,
        question: &Question,
    ) -> Result<Answer, Why> {
        if question.queries.len() > QUERIES_MAX {
            return Err(Why::NotAsked("too many searches"));
        }
        let mut answers: Vec<QueryAnswer> = Vec::new();
        answers.resize_with(question.queries.len(), QueryAnswer::default);
        let mut resources_left = RESOURCES_MAX;
        let mut bytes_left = ANSWER_BYTES_MAX;
        // The searches of the next round, each with the answer it belongs to.
        let mut waiting: Vec<(usize, String)> = question
            .queries
            .iter()
            .map(|query| query.path.clone())
            .enumerate()
            .collect();
        for _ in 0..=PAGE_ROUNDS_MAX {
            if waiting.is_empty() {
                break;
            }
            let (indexes, queries): (Vec<_>, Vec<_>) = waiting.drain(..).unzip();
            let body = batch(&queries);
            let call = Call {
                response_bytes_max: bytes_left,
                ..Call::post(FHIR_PATH, FHIR_JSON, body)
            };
            let body = match self.with_token(source, &question.context, call).await? {
                Reply::Body(body) => body,
                Reply::NotAllowed => return Ok(Answer::NotAllowed),
            };
            bytes_left = bytes_left.saturating_sub(body.len());
            let node_url = source.node_url.clone();
            let pages = match reading(body, move |body| read_batch(body, &queries, &node_url)).await
            {
                Ok(pages) => pages,
                Err(NoPages::NotAllowed) => return Ok(Answer::NotAllowed),
                Err(NoPages::Why(why)) => return Err(why),
            };
            for (index, PageAnswer { mut found, next }) in indexes.into_iter().zip(pages) {
                let Some(answer) = answers.get_mut(index) else {
                    continue;
                };
                let count = found.matches.len() + found.included.len();
                if count > resources_left {
                    // More than a person could read; what is there is said to
                    // be incomplete.
                    answer.complete = false;
                    continue;
                }
                resources_left -= count;
                answer.matches.append(&mut found.matches);
                answer.included.append(&mut found.included);
                answer.complete = next.is_none();
                waiting.extend(next.map(|query| (index, query)));
            }
        }
        Ok(Answer::Data(answers))
    }

    pub(super) async fn log_lines(
        &self,
        source: &Organisation,
        context: &AccessContext,
    ) -> Result<Answer, Why> {
        let body = serde_json::json!({"resourceType": "Parameters"}).to_string();
        let call = Call {
            response_bytes_max: ANSWER_BYTES_MAX,
            ..Call::post(ACCESS_LOG_PATH, FHIR_JSON, body)
        };
        match self.with_token(source, context, call).await? {
            Reply::NotAllowed => Ok(Answer::NotAllowed),
            Reply::Body(body) => {
                let found = reading(body, read_searchset).await?;
                Ok(Answer::Data(vec![found]))
            }
        }
    }

    /// Makes a call with a token: a kept one first, and once more with a new
    /// one when the source does not know it any more.
    async fn with_token(
        &self,
        source: &Organisation,
        context: &AccessContext,
        call: Call<'_>,
    ) -> Result<Reply, Why> {
        let key = self.tokens.key_of(source.ura, context);
        let kept = self.tokens.find(&key);
        let was_kept = kept.is_some();
        let mut token = match kept {
            Some(token) => token,
            None => match self.new_token(source, context).await? {
                Some(token) => token,
                None => return Ok(Reply::NotAllowed),
            },
        };
        let mut may_try_again = was_kept;
        loop {
            let call = Call {
                bearer: Some(&token),
                request_id: Some(&context.request().0),
                ..call.clone()
            };
            let PeerReply { status, body } = self
                .peers
                .call(&source.address(), call)
                .await
                .map_err(|error| why(&error))?;
            match status {
                200 => return Ok(Reply::Body(body)),
                403 => return Ok(Reply::NotAllowed),
                401 => {
                    self.tokens.forget(&key, &token);
                    if !may_try_again {
                        return Err(Why::Status(401));
                    }
                    may_try_again = false;
                    token = match self.new_token(source, context).await? {
                        Some(token) => token,
                        None => return Ok(Reply::NotAllowed),
                    };
                }
                status => return Err(Why::Status(status)),
            }
        }
    }

    /// A new token; none when the source says that this is not allowed.
    async fn new_token(
        &self,
        source: &Organisation,
        context: &AccessContext,
    ) -> Result<Option<String>, Why> {
        let asked = Instant::now();
        let assertion = self
            .assertions
            .sign(context, source.ura)
            .map_err(|_| Why::NotAsked("no assertion could be signed"))?;
        let body = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", GRANT_TYPE)
            .append_pair("assertion", &assertion)
            .finish();
        let call = Call {
            request_id: Some(&context.request().0),
            response_bytes_max: TOKEN_REPLY_BYTES_MAX,
            ..Call::post(TOKEN_PATH, "application/x-www-form-urlencoded", body)
        };
        let reply = self
            .peers
            .call(&source.address(), call)
            .await
            .map_err(|error| why(&error))?;
        match reply.status {
            200 => {}
            403 => return Ok(None),
            status => return Err(Why::NoToken(status)),
        }
        let reply: TokenReply = serde_json::from_slice(&reply.body)
            .ok()
            .filter(TokenReply::is_usable)
            .ok_or(Why::Malformed("not a bearer token"))?;
        self.tokens
            .keep(self.tokens.key_of(source.ura, context), &reply, asked);
        Ok(Some(reply.access_token))
    }
}

/// Reads a body, off the async threads when it is large.
async fn reading<T, E>(
    body: bytes::Bytes,
    read: impl FnOnce(&[u8]) -> Result<T, E> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<Why> + Send + 'static,
{
    if body.len() <= READ_HERE_BYTES_MAX {
        return read(&body);
    }
    match tokio::task::spawn_blocking(move || read(&body)).await {
        Ok(result) => result,
        Err(_) => Err(Why::Malformed("the answer could not be read").into()),
    }
}

fn why(error: &PeerError) -> Why {
    match error {
        PeerError::Address => Why::NotAsked("the address is not one of a node"),
        PeerError::Client(_) => Why::NotAsked("no client for the node"),
        PeerError::Connect(_) => Why::NoConnection,
        PeerError::Timeout(_) => Why::Timeout,
        PeerError::TooLarge { .. } => Why::TooLarge,
        PeerError::Broken(_) => Why::Broken,
    }
}
