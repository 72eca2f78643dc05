//! Batches (HL7 v2.5.1, 2.10.3): several messages in one file or frame.

/// The messages of a batch, in order; a message alone gives itself.
///
/// Envelopes (FHS, BHS, BTS, FTS) are taken off. When a batch trailer counts
/// other messages than there are, or something stands outside the messages,
/// the whole is given as one piece, which [`super::translate`] refuses: of a
/// batch that was cut off nothing may be taken.
pub fn split_batch(bytes: &[u8]) -> Vec<&[u8]> {
    let unmarked = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if !unmarked.starts_with(b"FHS") && !unmarked.starts_with(b"BHS") {
        return several(bytes);
    }
    messages(unmarked).unwrap_or_else(|| vec![bytes])
}

/// Messages behind each other without an envelope.
fn several(bytes: &[u8]) -> Vec<&[u8]> {
    let starts: Vec<usize> = lines(bytes)
        .filter(|(_, line)| line.starts_with(b"MSH"))
        .map(|(start, _)| start)
        .skip(1)
        .collect();
    let mut pieces = Vec::with_capacity(starts.len() + 1);
    let mut from = 0;
    for start in starts {
        pieces.push(&bytes[from..start]);
        from = start;
    }
    pieces.push(&bytes[from..]);
    pieces
}

fn messages(bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let mut pieces = Vec::new();
    let mut current: Option<usize> = None;
    let mut in_batch = 0;
    let mut batches = 0;
    for (start, line) in lines(bytes) {
        let name = line.get(..3)?;
        let is_envelope = matches!(name, b"FHS" | b"BHS" | b"BTS" | b"FTS");
        if (name == b"MSH" || is_envelope)
            && let Some(from) = current.take()
        {
            pieces.push(&bytes[from..start]);
            in_batch += 1;
        }
        match name {
            b"MSH" => current = Some(start),
            b"BTS" => {
                counts(line, in_batch)?;
                in_batch = 0;
                batches += 1;
            }
            b"FTS" => counts(line, batches)?,
            b"FHS" | b"BHS" => {}
            // A segment that belongs to no message.
            _ if current.is_none() => return None,
            _ => {}
        }
    }
    if let Some(from) = current {
        pieces.push(&bytes[from..]);
    }
    (!pieces.is_empty()).then_some(pieces)
}

/// Whether the count in the first field of a trailer, when there, is right.
fn counts(trailer: &[u8], expected: usize) -> Option<()> {
    let separator = *trailer.get(3).unwrap_or(&b'|');
    let count = trailer.get(4..)?.split(|byte| *byte == separator).next()?;
    let is_right = count.is_empty() || str::from_utf8(count).ok()?.trim().parse() == Ok(expected);
    is_right.then_some(())
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut start = 0;
    bytes
        .split(|byte| matches!(byte, b'\r' | b'\n'))
        .map(move |line| {
            let at = start;
            start += line.len() + 1;
            (at, line)
        })
        .filter(|(_, line)| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(bytes: &[u8], expected: &[&[u8]]) {
        assert_eq!(split_batch(bytes), expected);
    }

    #[test]
    fn a_batch_is_taken_apart() {
        check(b"MSH|1\rPID|1\r", &[b"MSH|1\rPID|1\r"]);
        check(b"MSH|1\rMSH|2\r", &[b"MSH|1\r", b"MSH|2\r"]);
        let batch = b"FHS|x\rBHS|x\rMSH|1\rPID|1\rMSH|2\rBTS|2|\rFTS|1\r";
        check(batch, &[b"MSH|1\rPID|1\r", b"MSH|2\r"]);
        check(b"BHS|x\rMSH|1\rBTS|\r", &[b"MSH|1\r"]);
    }

    #[test]
    fn a_batch_with_a_wrong_count_stays_whole() {
        for batch in [
            &b"BHS|x\rMSH|1\rBTS|2\r"[..],
            b"BHS|x\rMSH|1\rBTS|1x\r",
            b"FHS|x\rBHS|x\rMSH|1\rBTS|1\rFTS|2\r",
            b"BHS|x\rPID|1\rMSH|1\rBTS|1\r",
            b"BHS|x\r",
        ] {
            check(batch, &[batch]);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_split_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(!split_batch(&bytes).is_empty());
        }

        #[test]
        fn any_envelopes_are_split_without_a_panic(
            parts in prop::collection::vec(prop::sample::select(vec![
                "FHS|", "BHS|", "MSH|^~\\&|", "PID|", "BTS|1", "FTS|1", "BTS|", "\r", "é",
            ]), 0..12)
        ) {
            split_batch(parts.join("\r").as_bytes());
        }
    }
}
