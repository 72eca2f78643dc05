//! A strict reader of the HTML that our templates write: every element closed,
//! every attribute quoted. It is no reader of HTML at large.

const VOID: [&str; 6] = ["meta", "link", "input", "img", "br", "hr"];

/// An element, without what is in it.
#[derive(Debug)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
}

impl Element {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.as_str())
    }

    pub(super) fn heading_level(&self) -> Option<u8> {
        let level = self.name.strip_prefix('h')?.parse().ok()?;
        (1..=6).contains(&level).then_some(level)
    }
}

/// All elements in document order; a fault where one is not closed.
pub(super) fn parse(html: &str) -> Result<Vec<Element>, String> {
    let mut elements = Vec::new();
    let mut open: Vec<String> = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        let end = start + rest[start..].find('>').ok_or("a tag without an end")?;
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if tag.starts_with('!') {
            continue;
        }
        if let Some(name) = tag.strip_prefix('/') {
            let expected = open
                .pop()
                .ok_or_else(|| format!("</{name}> closes nothing"))?;
            if expected != name {
                return Err(format!("</{name}> where <{expected}> is open"));
            }
            continue;
        }
        let closed = tag.ends_with('/');
        let element = element(tag.trim_end_matches('/'))?;
        if !closed && !VOID.contains(&element.name.as_str()) {
            open.push(element.name.clone());
        }
        elements.push(element);
    }
    if open.is_empty() {
        Ok(elements)
    } else {
        Err(format!("{open:?} not closed"))
    }
}

fn element(tag: &str) -> Result<Element, String> {
    let (name, mut rest) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return Ok(Element {
                name: name.to_owned(),
                attributes,
            });
        }
        let end = rest
            .find(|one: char| one == '=' || one.is_whitespace())
            .unwrap_or(rest.len());
        let (attribute, after) = rest.split_at(end);
        if let Some(value) = after.strip_prefix('=') {
            let value = value
                .strip_prefix('"')
                .ok_or_else(|| format!("{tag}: not quoted"))?;
            let (value, after) = value
                .split_once('"')
                .ok_or_else(|| format!("{tag}: no end"))?;
            attributes.push((attribute.to_owned(), value.to_owned()));
            rest = after;
        } else {
            attributes.push((attribute.to_owned(), String::new()));
            rest = after;
        }
    }
}
