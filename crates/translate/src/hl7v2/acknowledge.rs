//! Acknowledgements: MSH, MSA and, for a refusal, ERR.
//!
//! In the separators, version and character set of the message, so that its
//! sender can read it; the control id is given back byte for byte.

use super::{charset::Charset, escape, time, wire::Separators};
use crate::{
    Context, RefusalKind,
    outcome::{Fault, FaultCode},
};

/// What is said of a message (HL7 table 0008).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AcknowledgementCode {
    /// `AA`: taken.
    Accept,
    /// `AE`: understood, not acceptable.
    Error,
    /// `AR`: not for us, or unreadable.
    Reject,
}

impl AcknowledgementCode {
    const fn code(self) -> &'static str {
        match self {
            Self::Accept => "AA",
            Self::Error => "AE",
            Self::Reject => "AR",
        }
    }
}

/// The most characters of the text in MSA-3.
const TEXT_CHARACTERS_MAX: usize = 80;

/// An acknowledgement of any bytes, for the door: when a message that was
/// translated cannot be stored after all. The text is for people at the
/// sender, and must hold no patient data.
pub fn acknowledge(
    message: &[u8],
    code: AcknowledgementCode,
    text: &str,
    context: &Context<'_>,
) -> Vec<u8> {
    let error = (code != AcknowledgementCode::Accept).then_some((
        "207",
        "Application internal error",
        String::new(),
    ));
    write(message, code, text, error, context)
}

pub(super) fn positive(message: &[u8], context: &Context<'_>) -> Vec<u8> {
    write(message, AcknowledgementCode::Accept, "", None, context)
}

pub(super) fn negative(message: &[u8], fault: &Fault, context: &Context<'_>) -> Vec<u8> {
    let code = match fault.kind {
        RefusalKind::Rejected => AcknowledgementCode::Reject,
        RefusalKind::Error => AcknowledgementCode::Error,
    };
    let (number, name) = match fault.code {
        FaultCode::Sequence | FaultCode::Count | FaultCode::References => {
            ("100", "Segment sequence error")
        }
        FaultCode::Missing => ("101", "Required field missing"),
        FaultCode::DataType | FaultCode::Characters => ("102", "Data type error"),
        FaultCode::UnknownValue => ("103", "Table value not found"),
        FaultCode::UnsupportedMessage => ("200", "Unsupported message type"),
        FaultCode::UnsupportedEvent => ("201", "Unsupported event code"),
        FaultCode::UnsupportedVersion => ("203", "Unsupported version id"),
        FaultCode::UnknownKey => ("204", "Unknown key identifier"),
        FaultCode::Limit => ("207", "Application internal error"),
    };
    let place = fault.place.as_ref().map_or_else(String::new, |place| {
        let field = place
            .field
            .map(|field| field.to_string())
            .unwrap_or_default();
        format!("{}\u{0}{}\u{0}{field}", place.segment, place.number)
    });
    write(
        message,
        code,
        &fault.text,
        Some((number, name, place)),
        context,
    )
}

/// `place` has its components separated by NUL until the separators are known.
fn write(
    message: &[u8],
    code: AcknowledgementCode,
    text: &str,
    error: Option<(&str, &str, String)>,
    context: &Context<'_>,
) -> Vec<u8> {
    let echo = Echo::read(message);
    let separators = echo.separators;
    let (field, component) = (separators.field, separators.component);
    let version = echo
        .text(11)
        .split(component)
        .next()
        .unwrap_or_default()
        .to_owned();
    let version = if version.is_empty() {
        "2.5.1".to_owned()
    } else {
        version
    };
    let trigger = echo
        .text(8)
        .split(component)
        .nth(1)
        .unwrap_or_default()
        .to_owned();
    let kind = match (version.as_str(), trigger.is_empty()) {
        ("2.3", _) | (_, true) => "ACK".to_owned(),
        _ => format!("ACK{component}{trigger}{component}ACK"),
    };
    let id: String = context
        .ids
        .next()
        .chars()
        .filter(|character| *character != '-')
        .rev()
        .take(20)
        .collect();
    let processing = echo.text(10);
    let processing = if processing.is_empty() {
        "P".to_owned()
    } else {
        processing
    };
    let mut out = Out {
        bytes: Vec::with_capacity(256),
        charset: echo.charset,
    };
    out.text(&format!("MSH{field}{}", separators.encoding_characters()));
    // Back the way it came: receiver and sender change places.
    for from in [4, 5, 2, 3] {
        out.text(&field.to_string());
        out.bytes.extend_from_slice(echo.field(from));
    }
    let charset = if echo.charset == Charset::Ascii {
        ""
    } else {
        echo.charset.name()
    };
    let zoned = context.now.to_zoned(context.time_zone.clone());
    let time = zoned.strftime("%Y%m%d%H%M%S");
    let offset = time::written(zoned.offset()).replace(':', "");
    let rest = [
        String::new(),
        format!("{time}{offset}"),
        String::new(),
        kind,
        id,
        processing,
        version.clone(),
        String::new(),
        String::new(),
        String::new(),
        String::new(),
        String::new(),
        charset.to_owned(),
    ];
    let rest = rest.join(&field.to_string());
    out.text(rest.trim_end_matches(field));
    out.text(&format!("\rMSA{field}{}{field}", code.code()));
    out.bytes.extend_from_slice(echo.field(9));
    let short: String = text.chars().take(TEXT_CHARACTERS_MAX).collect();
    let short = escape::escape(&short, &separators);
    if !short.is_empty() {
        out.text(&format!("{field}{short}"));
    }
    if let Some((number, name, place)) = error {
        let is_new = matches!(version.as_str(), "2.5" | "2.5.1")
            || version.starts_with("2.6")
            || version.starts_with("2.7")
            || version.starts_with("2.8");
        let place = place.replace('\0', &component.to_string());
        if is_new {
            out.text(&format!(
                "\rERR{field}{field}{place}{field}{number}{component}{name}{component}HL70357\
                 {field}E{field}{field}{field}{field}{short}"
            ));
        } else {
            let sub = separators.subcomponent;
            let place = if place.is_empty() {
                format!("{component}{component}")
            } else {
                place
            };
            out.text(&format!(
                "\rERR{field}{place}{component}{number}{sub}{name}{sub}HL70357"
            ));
        }
    }
    out.text("\r");
    out.bytes
}

struct Out {
    bytes: Vec<u8>,
    charset: Charset,
}

impl Out {
    fn text(&mut self, text: &str) {
        self.bytes.extend(self.charset.encode(text));
    }
}

/// The fields of a header, as far as there is one.
struct Echo<'m> {
    separators: Separators,
    charset: Charset,
    fields: Vec<&'m [u8]>,
}

impl<'m> Echo<'m> {
    fn read(message: &'m [u8]) -> Self {
        let message = message.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(message);
        let line = message
            .split(|byte| matches!(byte, b'\r' | b'\n'))
            .next()
            .unwrap_or_default();
        let Some(separators) = Separators::read(line) else {
            return Self {
                separators: Separators::default(),
                charset: Charset::Ascii,
                fields: Vec::new(),
            };
        };
        let fields: Vec<&[u8]> = line.split(|byte| *byte == separators.field as u8).collect();
        let charset = fields
            .get(17)
            .and_then(|field| {
                field
                    .split(|byte| *byte == separators.repetition as u8)
                    .next()
            })
            .and_then(|name| str::from_utf8(name).ok())
            .and_then(Charset::named);
        Self {
            separators,
            charset: charset.unwrap_or(Charset::Ascii),
            fields,
        }
    }

    /// By place behind the separators: 2 is MSH-3, 9 is MSH-10. A field that
    /// holds control characters, or is longer than any may be, is not given back.
    fn field(&self, at: usize) -> &'m [u8] {
        let field = self.fields.get(at).copied().unwrap_or_default();
        if field.len() > 250 || field.iter().any(u8::is_ascii_control) {
            &[]
        } else {
            field
        }
    }

    fn text(&self, at: usize) -> String {
        String::from_utf8_lossy(self.field(at)).into_owned()
    }
}
