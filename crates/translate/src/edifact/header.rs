//! What the first segments of an interchange say, when the rest may be
//! broken: for the operator's list and for an acknowledgement.

/// The texts of UNB and the first UNH; empty where they could not be read.
/// They are short and of printable ASCII.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Header {
    /// `UNOA`.
    pub(super) syntax: String,
    pub(super) version: String,
    pub(super) sender: String,
    pub(super) receiver: String,
    pub(super) reference: String,
    /// `MEDLAB:1`, of the first message.
    pub(super) kind: String,
}

/// The most characters of one text.
const TEXT_CHARACTERS_MAX: usize = 35;
/// Where the header must be found, in bytes.
const HEADER_BYTES_MAX: usize = 2048;

impl Header {
    pub(super) fn find(interchange: &[u8]) -> Self {
        let start = &interchange[..interchange.len().min(HEADER_BYTES_MAX)];
        let text = String::from_utf8_lossy(start);
        let text = text.trim_start_matches('\u{FEFF}').trim_start();
        let (component, element, end, text) = match text.strip_prefix("UNA") {
            Some(advice) if advice.is_char_boundary(6) && advice.is_ascii() && advice.len() > 6 => {
                let marks: Vec<char> = advice.chars().take(6).collect();
                (marks[0], marks[1], marks[5], &advice[6..])
            }
            _ => (':', '+', '\'', text),
        };
        let segment = |tag: &str| {
            text.split(end)
                .map(str::trim_start)
                .find(|segment| segment.starts_with(tag))
                .map(|segment| segment.split(element).collect::<Vec<_>>())
                .unwrap_or_default()
        };
        let unb = segment("UNB");
        let unh = segment("UNH");
        let part = |segment: &[&str], at: usize, of: usize| {
            segment
                .get(at)
                .and_then(|element| element.split(component).nth(of))
                .map(short)
                .unwrap_or_default()
        };
        Self {
            syntax: part(&unb, 1, 0),
            version: part(&unb, 1, 1),
            sender: part(&unb, 2, 0),
            receiver: part(&unb, 3, 0),
            reference: part(&unb, 5, 0),
            kind: match (part(&unh, 2, 0), part(&unh, 2, 1)) {
                (kind, version) if version.is_empty() => kind,
                (kind, version) => format!("{kind}:{version}"),
            },
        }
    }
}

fn short(text: &str) -> String {
    let is_plain = |character: &char| character.is_ascii_graphic() || *character == ' ';
    text.chars()
        .filter(is_plain)
        .take(TEXT_CHARACTERS_MAX)
        .collect::<String>()
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_broken_interchange_still_says_who_sent_it() {
        let header = Header::find(b"UNB+UNOA:1+50001111+50002222+201201:1401+1020'\r\nUNH+1+MEDL");
        assert_eq!(
            (header.sender.as_str(), header.reference.as_str()),
            ("50001111", "1020")
        );
        assert_eq!(header.kind, "MEDL");
        assert_eq!(Header::find(b""), Header::default());
        assert_eq!(
            Header::find(b"UNA:+.? 'UNB+UNOC:3+A+B+1:2+R'").receiver,
            "B"
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            Header::find(&bytes);
            Header::find(&[b"UNA", bytes.as_slice()].concat());
        }
    }
}
