//! Bytes that may hold several messages, handed to the node one by one.

use bytes::Bytes;
use care::{AccessContext, IdSource};
use exchange::{Channel, ExchangeError, Node};
use jiff::{Timestamp, tz::TimeZone};
use translate::{Context, hl7v2};

/// The text of an acknowledgement when the node could not keep a message.
const TRY_AGAIN: &str = "The message could not be stored; send it again later";

/// What to answer to all messages of one frame or request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    /// One acknowledgement, or a batch of them in the order of the messages.
    pub(crate) acknowledgement: Vec<u8>,
    /// Whether every message was accepted.
    pub(crate) accepted: bool,
}

/// Hands HL7 v2 to the node: one message, or the messages of a batch in their
/// order. It resolves when all of them are on disk.
///
/// A message that could not be kept is answered with `AE`; the sender sends
/// the batch again, and the messages that were kept change nothing then.
pub(crate) async fn receive_hl7v2(
    node: &Node,
    cx: &AccessContext,
    channel: Channel,
    bytes: Bytes,
    ids: &dyn IdSource,
    now: Timestamp,
) -> Result<Answer, ExchangeError> {
    let pieces = hl7v2::split_batch(&bytes);
    if pieces.len() == 1 {
        let receipt = node.receive(cx, channel, bytes.clone()).await?;
        let acknowledgement = receipt.acknowledgement;
        return Ok(Answer {
            acknowledgement,
            accepted: receipt.accepted,
        });
    }
    let mut acknowledgements = Vec::with_capacity(pieces.len());
    let mut accepted = true;
    for piece in pieces {
        match node.receive(cx, channel, bytes.slice_ref(piece)).await {
            Ok(receipt) => {
                accepted &= receipt.accepted;
                acknowledgements.push(receipt.acknowledgement);
            }
            Err(error) => {
                failed(&error);
                accepted = false;
                acknowledgements.push(not_stored(node, piece, ids, now));
            }
        }
    }
    Ok(Answer {
        acknowledgement: batch(&acknowledgements),
        accepted,
    })
}

/// Writes down that a message could not be kept.
pub(crate) fn failed(error: &ExchangeError) {
    tracing::error!(
        error = error as &dyn std::error::Error,
        "a message could not be kept"
    );
}

/// `AE`: the message is fine, but the node could not keep it.
pub(crate) fn not_stored(
    node: &Node,
    message: &[u8],
    ids: &dyn IdSource,
    now: Timestamp,
) -> Vec<u8> {
    acknowledge(
        node,
        message,
        hl7v2::AcknowledgementCode::Error,
        TRY_AGAIN,
        ids,
        now,
    )
}

/// An acknowledgement in the name of the node.
pub(crate) fn acknowledge(
    node: &Node,
    message: &[u8],
    code: hl7v2::AcknowledgementCode,
    text: &str,
    ids: &dyn IdSource,
    now: Timestamp,
) -> Vec<u8> {
    let organisation = node.organisation();
    let context = Context {
        organisation: organisation.ura,
        organisation_name: &organisation.name,
        now,
        message_id: "",
        ids,
        time_zone: TimeZone::UTC,
    };
    hl7v2::acknowledge(message, code, text, &context)
}

/// The acknowledgements of a batch as a batch (HL7 v2.5.1, 2.10.3).
fn batch(acknowledgements: &[Vec<u8>]) -> Vec<u8> {
    let mut batch = b"BHS|^~\\&\r".to_vec();
    for acknowledgement in acknowledgements {
        batch.extend_from_slice(acknowledgement);
        if acknowledgement.last() != Some(&b'\r') {
            batch.push(b'\r');
        }
    }
    batch.extend_from_slice(format!("BTS|{}\r", acknowledgements.len()).as_bytes());
    batch
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acknowledgements_make_a_batch_that_can_be_taken_apart() {
        let acknowledgements = [
            b"MSH|^~\\&|A\rMSA|AA|1\r".to_vec(),
            b"MSH|^~\\&|B\rMSA|AE|2".to_vec(),
        ];
        let batch = batch(&acknowledgements);
        let pieces = hl7v2::split_batch(&batch);
        assert_eq!(pieces.len(), 2);
        assert!(pieces[0].starts_with(b"MSH|^~\\&|A") && pieces[1].starts_with(b"MSH|^~\\&|B"));
    }
}
