//! Messages that came in, for the operator of a node.

use askama::Template;

use super::{Choice, Labelled, Layout, Page, Tag, Tone};
use crate::words::Language;

/// The list of messages.
#[derive(Debug, Template)]
#[template(path = "pages/messages.html")]
pub struct MessagesPage {
    /// What is around it.
    pub page: Layout,
    /// How many failed and wait.
    pub sentence: String,
    /// What the reader asked for, and can ask for.
    pub filter: MessagesFilter,
    /// How many messages that leaves, in words.
    pub found: String,
    /// The messages, newest first. No row holds patient data.
    pub rows: Vec<MessageRow>,
    /// Back to the newest, on a later page.
    pub newest: Option<String>,
    /// The next page.
    pub next: Option<String>,
}

/// What to filter messages by.
#[derive(Debug, Default)]
pub struct MessagesFilter {
    /// The states.
    pub states: Vec<Choice>,
    /// The kinds that came in.
    pub kinds: Vec<Choice>,
    /// The senders that sent them.
    pub senders: Vec<Choice>,
    /// The first day, as ISO 8601; empty for no limit.
    pub from: String,
    /// The last day, as ISO 8601; empty for no limit.
    pub to: String,
    /// Whether anything is asked for.
    pub is_set: bool,
}

/// A choice among lists, as a link.
#[derive(Debug, Clone)]
pub struct FilterLink {
    /// Where it leads.
    pub path: String,
    /// Its text.
    pub text: String,
    /// Whether it is chosen now.
    pub current: bool,
}

/// One message in the list.
#[derive(Debug)]
pub struct MessageRow {
    /// When it came.
    pub received: String,
    /// Its kind, such as ORU^R01.
    pub kind: String,
    /// The door it came through.
    pub channel: String,
    /// Who sent it.
    pub sender: String,
    /// Its state in words.
    pub state: String,
    /// The colour of the state.
    pub tone: Tone,
    /// Why it failed; no patient data.
    pub reason: String,
    /// Its page.
    pub path: String,
}

/// One message.
#[derive(Debug, Template)]
#[template(path = "pages/message.html")]
pub struct MessagePage {
    /// What is around it.
    pub page: Layout,
    /// What came of a replay.
    pub result: Option<Tag>,
    /// What is known about it.
    pub rows: Vec<Labelled>,
    /// Where the replay form goes, for a message that failed.
    pub replay: Option<String>,
    /// Where the form goes that shows the content.
    pub reveal: String,
    /// The message as it came; only after the operator asked for it, which is logged.
    pub raw: Option<String>,
}

impl Page for MessagesPage {
    const NAME: &'static str = "messages";

    fn samples(language: Language) -> Vec<Self> {
        let page = || {
            Layout::sample(
                language,
                Some(("Beheer", "beheerder")),
                &["nav.messages", "nav.checks"],
            )
        };
        let row = MessageRow {
            received: "22 nov 2026 14:02".to_owned(),
            kind: "ORU^R01".to_owned(),
            channel: "MLLP".to_owned(),
            sender: "LIS".to_owned(),
            state: language.text("messages.state-failed").to_owned(),
            tone: Tone::Danger,
            reason: "PID-3 has no BSN that passes the eleven-test".to_owned(),
            path: "/messages/x".to_owned(),
        };
        vec![
            Self {
                page: page(),
                sentence: language.count("messages.waiting", 1),
                filter: MessagesFilter {
                    states: vec![Choice {
                        value: String::new(),
                        label: language.text("messages.filter-all").to_owned(),
                        chosen: true,
                    }],
                    from: "2026-11-01".to_owned(),
                    is_set: true,
                    ..MessagesFilter::default()
                },
                found: language.count("messages.found", 1),
                rows: vec![row],
                newest: Some("/messages".to_owned()),
                next: Some("/messages?before=x".to_owned()),
            },
            Self {
                page: page(),
                sentence: language.count("messages.waiting", 0),
                filter: MessagesFilter::default(),
                found: language.count("messages.found", 0),
                rows: Vec::new(),
                newest: None,
                next: None,
            },
        ]
    }
}

impl Page for MessagePage {
    const NAME: &'static str = "message";

    fn samples(language: Language) -> Vec<Self> {
        let page = || Layout::sample(language, Some(("Beheer", "beheerder")), &["nav.messages"]);
        vec![
            Self {
                page: page(),
                result: Some(Tag::new(Tone::Good, language.text("message.replayed"))),
                rows: vec![Labelled::new(language.text("messages.kind"), "ORU^R01")],
                replay: Some("/messages/x/replay".to_owned()),
                reveal: "/messages/x".to_owned(),
                raw: Some("MSH|^~\\&|LIS|".to_owned()),
            },
            Self {
                page: page(),
                result: None,
                rows: Vec::new(),
                replay: None,
                reveal: "/messages/x".to_owned(),
                raw: None,
            },
        ]
    }
}
