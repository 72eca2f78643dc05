//! MLLP: however a stream is cut into pieces, it holds the same messages.
#![no_main]

use api::mllp::{Decoder, FrameFault};
use bytes::Bytes;
use libfuzzer_sys::fuzz_target;

const LIMIT_BYTES: usize = 64;

fn messages<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Bytes>, Option<FrameFault>) {
    let mut decoder = Decoder::new(LIMIT_BYTES);
    let mut found = Vec::new();
    for piece in pieces {
        decoder.push(piece);
        loop {
            match decoder.next_message() {
                Ok(Some(message)) => {
                    assert!(message.len() <= LIMIT_BYTES);
                    found.push(message);
                }
                Ok(None) => break,
                Err(fault) => {
                    decoder.head(16);
                    return (found, Some(fault));
                }
            }
        }
    }
    (found, None)
}

fuzz_target!(|input: (u8, &[u8])| {
    let (size, stream) = input;
    let whole = messages(std::iter::once(stream));
    assert_eq!(whole, messages(stream.chunks(usize::from(size).max(1))));
    assert_eq!(whole, messages(stream.chunks(1)));
});
