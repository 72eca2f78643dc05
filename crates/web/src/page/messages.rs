//! Messages that came in, for the operator of a node.

use askama::Template;

use super::{Labelled, Layout, Page, Tag, Tone};
use crate::words::Language;

/// The list of messages.
#[derive(Debug, Template)]
#[template(path = "pages/messages.html")]
pub struct MessagesPage {
    /// What is around it.
    pub page: Layout,
    /// How many failed and wait.
    pub sentence: String,
    /// The states to filter by.
    pub filters: Vec<FilterLink>,
    /// The messages, newest first. No row holds patient data.
    pub rows: Vec<MessageRow>,
    /// The next page.
    pub next: Option<String>,
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
                filters: vec![FilterLink {
                    path: "/messages".to_owned(),
                    text: language.text("messages.filter-all").to_owned(),
                    current: true,
                }],
                rows: vec![row],
                next: Some("/messages?before=x".to_owned()),
            },
            Self {
                page: page(),
                sentence: language.count("messages.waiting", 0),
                filters: Vec::new(),
                rows: Vec::new(),
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
