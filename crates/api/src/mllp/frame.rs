//! The frames of MLLP: a vertical tab, the message, a file separator and a
//! carriage return (HL7 "Minimal Lower Layer Protocol", release 1).
//!
//! It works on bytes alone: it does not know what a message says, and reads
//! from nothing. A fault is final, because after it nobody can tell where the
//! next frame begins.

use bytes::{Buf, Bytes, BytesMut};

/// The byte before a message.
pub const START: u8 = 0x0B;
/// The byte after a message.
pub const END: u8 = 0x1C;
/// The byte after [`END`].
pub const CARRIAGE_RETURN: u8 = 0x0D;

/// Why bytes are not frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameFault {
    /// Something other than a line break stands before the start of a frame.
    #[error("the message is not in an MLLP frame")]
    Unframed,
    /// A frame starts inside a frame: the first one was cut off.
    #[error("the message was cut off by the start of another")]
    CutOff,
    /// The end of a frame is not followed by a carriage return.
    #[error("the end of the frame is not followed by a carriage return")]
    Unterminated,
    /// The message is larger than the limit.
    #[error("the message is larger than this node accepts")]
    TooLarge,
}

/// Finds the frames in a stream of bytes, however it is cut into pieces.
#[derive(Debug)]
pub struct Decoder {
    buffer: BytesMut,
    /// Whether the start of a frame was seen and taken off the buffer.
    inside: bool,
    /// How many bytes of the buffer hold neither a start nor an end.
    scanned: usize,
    limit_bytes: usize,
    fault: Option<FrameFault>,
}

impl Decoder {
    /// A decoder that refuses messages of more than `limit_bytes`.
    pub fn new(limit_bytes: usize) -> Self {
        Self {
            buffer: BytesMut::new(),
            inside: false,
            scanned: 0,
            limit_bytes,
            fault: None,
        }
    }

    /// Adds the next bytes of the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.fault.is_none() {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// The next whole message, without its frame; `None` when more bytes are needed.
    ///
    /// After a fault every further call gives the same fault.
    pub fn next_message(&mut self) -> Result<Option<Bytes>, FrameFault> {
        match self.fault {
            Some(fault) => Err(fault),
            None => self
                .advance()
                .inspect_err(|fault| self.fault = Some(*fault)),
        }
    }

    /// Whether a message has begun that has not ended.
    pub fn is_inside(&self) -> bool {
        self.inside
    }

    /// How many bytes are held that no message has taken yet.
    pub fn held_bytes(&self) -> usize {
        self.buffer.len()
    }

    /// The beginning of the message under way, at most `bytes` of it: enough to
    /// say whose message was refused.
    pub fn head(&self, bytes: usize) -> Bytes {
        Bytes::copy_from_slice(&self.buffer[..self.buffer.len().min(bytes)])
    }

    fn advance(&mut self) -> Result<Option<Bytes>, FrameFault> {
        if !self.inside && !self.enter()? {
            return Ok(None);
        }
        let Some(offset) = first_framing_byte(&self.buffer[self.scanned..]) else {
            self.scanned = self.buffer.len();
            return if self.scanned > self.limit_bytes {
                Err(FrameFault::TooLarge)
            } else {
                Ok(None)
            };
        };
        let end = self.scanned + offset;
        self.scanned = end;
        if end > self.limit_bytes {
            return Err(FrameFault::TooLarge);
        }
        if self.buffer[end] == START {
            return Err(FrameFault::CutOff);
        }
        match self.buffer.get(end + 1) {
            None => Ok(None),
            Some(&CARRIAGE_RETURN) => {
                let message = self.buffer.split_to(end).freeze();
                self.buffer.advance(2);
                self.inside = false;
                self.scanned = 0;
                Ok(Some(message))
            }
            Some(_) => Err(FrameFault::Unterminated),
        }
    }

    /// Takes the start of a frame off the buffer, and the line breaks that some
    /// senders put before it.
    fn enter(&mut self) -> Result<bool, FrameFault> {
        let breaks = self
            .buffer
            .iter()
            .take_while(|byte| matches!(**byte, CARRIAGE_RETURN | b'\n'))
            .count();
        self.buffer.advance(breaks);
        match self.buffer.first() {
            None => Ok(false),
            Some(&START) => {
                self.buffer.advance(1);
                self.inside = true;
                self.scanned = 0;
                Ok(true)
            }
            Some(_) => Err(FrameFault::Unframed),
        }
    }
}

/// Where the first start or end of a frame is.
fn first_framing_byte(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|byte| matches!(*byte, START | END))
}

/// Puts a message into a frame.
///
/// A message that holds a framing byte itself cannot be framed; ours never do.
pub fn encode(message: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(message.len() + 3);
    frame.push(START);
    frame.extend_from_slice(message);
    frame.extend_from_slice(&[END, CARRIAGE_RETURN]);
    frame
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMIT_BYTES: usize = 16;

    /// All messages of the pieces, and the fault that ended them.
    fn decode(pieces: &[&[u8]]) -> (Vec<Bytes>, Option<FrameFault>) {
        let mut decoder = Decoder::new(LIMIT_BYTES);
        let mut messages = Vec::new();
        for piece in pieces {
            decoder.push(piece);
            loop {
                match decoder.next_message() {
                    Ok(Some(message)) => messages.push(message),
                    Ok(None) => break,
                    Err(fault) => return (messages, Some(fault)),
                }
            }
        }
        (messages, None)
    }

    fn check(stream: &[u8], messages: &[&[u8]], fault: Option<FrameFault>) {
        let (found, found_fault) = decode(&[stream]);
        assert_eq!(found, messages, "messages of {stream:?}");
        assert_eq!(found_fault, fault, "fault of {stream:?}");
    }

    #[test]
    fn frames_are_found_and_faults_named() {
        check(b"", &[], None);
        check(b"\x0BMSH\x1C\r", &[b"MSH"], None);
        check(b"\x0BA\x1C\r\x0BB\x1C\r", &[b"A", b"B"], None);
        check(b"\r\n\x0BA\x1C\r\n", &[b"A"], None);
        check(b"\x0B\x1C\r", &[b""], None);
        check(b"\x0BA", &[], None);
        check(b"\x0BA\x1C", &[], None);
        check(b"MSH|", &[], Some(FrameFault::Unframed));
        check(b"\x0BA\x1C\rx", &[b"A"], Some(FrameFault::Unframed));
        check(b"\x0BA\x0BB\x1C\r", &[], Some(FrameFault::CutOff));
        check(b"\x0BA\x1Cx", &[], Some(FrameFault::Unterminated));
        check(b"\x0B0123456789abcdef\x1C\r", &[b"0123456789abcdef"], None);
        check(
            b"\x0B0123456789abcdefg\x1C\r",
            &[],
            Some(FrameFault::TooLarge),
        );
        check(b"\x0B0123456789abcdefg", &[], Some(FrameFault::TooLarge));
    }

    #[test]
    fn a_fault_is_final() {
        let mut decoder = Decoder::new(LIMIT_BYTES);
        decoder.push(b"x");
        assert_eq!(decoder.next_message(), Err(FrameFault::Unframed));
        decoder.push(b"\x0BA\x1C\r");
        assert_eq!(decoder.next_message(), Err(FrameFault::Unframed));
        assert_eq!(decoder.held_bytes(), 1);
    }

    /// Bytes in which the framing bytes are common, so that faults are too.
    fn stream() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(
            prop_oneof![
                Just(START),
                Just(END),
                Just(CARRIAGE_RETURN),
                Just(b'A'),
                any::<u8>()
            ],
            0..80,
        )
    }

    proptest! {
        #[test]
        fn cutting_changes_nothing(stream in stream(), cuts in prop::collection::vec(0usize..80, 0..8)) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(stream.len())).collect();
            cuts.extend([0, stream.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &stream[pair[0]..pair[1]]).collect();
            prop_assert_eq!(decode(&pieces), decode(&[&stream]));
        }

        #[test]
        fn what_is_framed_comes_out(message in prop::collection::vec(
            any::<u8>().prop_filter("framing byte", |byte| !matches!(*byte, START | END)),
            0..=LIMIT_BYTES,
        )) {
            prop_assert_eq!(decode(&[&encode(&message)]), (vec![Bytes::from(message)], None));
        }
    }
}
