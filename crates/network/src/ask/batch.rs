//! The batch Bundle of searches, and what a source answers to it. No I/O.

use fhir::{
    Resource,
    json::{Document, Node},
};
use serde_json::json;

use super::{FHIR_PATH, QueryAnswer, Why};

/// The longest address of a next page, in bytes.
const NEXT_BYTES_MAX: usize = 4_096;

/// What a source answered to one search: one page of it.
#[derive(Debug)]
pub(super) struct PageAnswer {
    pub(super) found: QueryAnswer,
    /// The search that gives the next page.
    pub(super) next: Option<String>,
}

/// Why a batch gives no pages.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoPages {
    NotAllowed,
    Why(Why),
}

impl From<Why> for NoPages {
    fn from(why: Why) -> Self {
        Self::Why(why)
    }
}

/// The batch Bundle for these searches.
pub(super) fn batch(queries: &[String]) -> Vec<u8> {
    let entries: Vec<_> = queries
        .iter()
        .map(|query| json!({"request": {"method": "GET", "url": query}}))
        .collect();
    json!({"resourceType": "Bundle", "type": "batch", "entry": entries})
        .to_string()
        .into_bytes()
}

/// Reads the answer to a batch of these searches.
///
/// `node_url` is the base of the source, for addresses of next pages.
pub(super) fn read_batch(
    body: &[u8],
    queries: &[String],
    node_url: &str,
) -> Result<Vec<PageAnswer>, NoPages> {
    let document = Document::parse(body).map_err(|_| Why::Malformed("not JSON"))?;
    let root = document.root();
    if root.text("resourceType").as_deref() != Some("Bundle")
        || root.text("type").as_deref() != Some("batch-response")
    {
        return Err(Why::Malformed("not a batch-response").into());
    }
    let entries: Vec<_> = root.each("entry").take(queries.len() + 1).collect();
    if entries.len() != queries.len() {
        return Err(Why::Malformed("not one entry per search").into());
    }
    let mut pages = Vec::with_capacity(queries.len());
    for (entry, query) in entries.into_iter().zip(queries) {
        let status = entry
            .path(&["response", "status"])
            .and_then(Node::as_str)
            .and_then(|status| status.get(..3).and_then(|code| code.parse::<u16>().ok()))
            .ok_or(Why::Malformed("an entry without a status"))?;
        match status {
            200 => {}
            403 => return Err(NoPages::NotAllowed),
            status => return Err(Why::Status(status).into()),
        }
        let bundle = entry
            .get("resource")
            .ok_or(Why::Malformed("an entry without a Bundle"))?;
        pages.push(read_page(bundle, query, node_url)?);
    }
    Ok(pages)
}

/// Reads one searchset; an answer that is a searchset and no batch.
pub(super) fn read_searchset(body: &[u8]) -> Result<QueryAnswer, Why> {
    let document = Document::parse(body).map_err(|_| Why::Malformed("not JSON"))?;
    let mut found = read_found(document.root())?;
    found.complete = next_link(document.root()).is_none();
    Ok(found)
}

fn read_page(bundle: Node<'_>, query: &str, node_url: &str) -> Result<PageAnswer, Why> {
    let found = read_found(bundle)?;
    let next = match next_link(bundle) {
        Some(url) => Some(
            next_query(&url, query, node_url)
                .ok_or(Why::Malformed("a next page that is not of this search"))?,
        ),
        None => None,
    };
    Ok(PageAnswer { found, next })
}

fn read_found(bundle: Node<'_>) -> Result<QueryAnswer, Why> {
    if bundle.text("resourceType").as_deref() != Some("Bundle")
        || bundle.text("type").as_deref() != Some("searchset")
    {
        return Err(Why::Malformed("not a searchset"));
    }
    let mut found = QueryAnswer {
        complete: true,
        ..QueryAnswer::default()
    };
    for entry in bundle.each("entry") {
        let mode = entry.path(&["search", "mode"]).and_then(Node::as_str);
        let into = match mode.as_deref() {
            None | Some("match") => &mut found.matches,
            Some("include") => &mut found.included,
            Some("outcome") => continue,
            Some(_) => return Err(Why::Malformed("an unknown search mode")),
        };
        let resource = entry
            .get("resource")
            .and_then(|node| Resource::from_node(node).ok())
            .ok_or(Why::Malformed("an entry that is no resource"))?;
        into.push(resource);
    }
    Ok(found)
}

fn next_link(bundle: Node<'_>) -> Option<std::borrow::Cow<'_, str>> {
    bundle
        .each("link")
        .find(|link| link.text("relation").as_deref() == Some("next"))
        .and_then(|link| link.text("url"))
}

/// The search in the address of a next page, when it is one at the same source
/// for the same type: a source cannot send us elsewhere.
fn next_query(url: &str, query: &str, node_url: &str) -> Option<String> {
    if url.len() > NEXT_BYTES_MAX {
        return None;
    }
    let local = match url.strip_prefix(node_url) {
        Some(rest) => rest.strip_prefix(FHIR_PATH)?.strip_prefix('/')?,
        None => url
            .strip_prefix(FHIR_PATH)
            .and_then(|rest| rest.strip_prefix('/'))
            .unwrap_or(url),
    };
    let of_type = |text: &str| text.split('?').next().unwrap_or_default().to_owned();
    let same_type = of_type(local) == of_type(query);
    let clean = local.bytes().all(|byte| byte.is_ascii_graphic());
    (same_type && clean && local.contains('?')).then(|| local.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODE: &str = "https://127.0.0.1:9443";

    fn check(body: &str, expected: &str) {
        let queries = ["Condition?code=x".to_owned()];
        let read = read_batch(body.as_bytes(), &queries, NODE);
        let shown = match read {
            Err(NoPages::NotAllowed) => "not allowed".to_owned(),
            Err(NoPages::Why(why)) => why.to_string(),
            Ok(pages) => {
                let page = &pages[0];
                format!(
                    "{} and {} next {:?}",
                    page.found.matches.len(),
                    page.found.included.len(),
                    page.next
                )
            }
        };
        assert_eq!(shown, expected, "{body}");
    }

    fn batch_response(entry: &str) -> String {
        format!(r#"{{"resourceType":"Bundle","type":"batch-response","entry":[{entry}]}}"#)
    }

    fn page(links: &str, entries: &str) -> String {
        batch_response(&format!(
            r#"{{"response":{{"status":"200 OK"}},"resource":{{"resourceType":"Bundle",
            "type":"searchset","link":[{links}],"entry":[{entries}]}}}}"#
        ))
    }

    #[test]
    fn a_batch_answer_is_read_strictly() {
        check("", "malformed: not JSON");
        check("<html>", "malformed: not JSON");
        check("{}", "malformed: not a batch-response");
        check(
            r#"{"resourceType":"Bundle","type":"searchset"}"#,
            "malformed: not a batch-response",
        );
        check(&batch_response(""), "malformed: not one entry per search");
        check(
            &batch_response("{},{}"),
            "malformed: not one entry per search",
        );
        check(
            &batch_response("{}"),
            "malformed: an entry without a status",
        );
        check(
            &batch_response(r#"{"response":{"status":"403 Forbidden"}}"#),
            "not allowed",
        );
        check(
            &batch_response(r#"{"response":{"status":"400"}}"#),
            "status 400",
        );
        check(
            &batch_response(r#"{"response":{"status":"200"}}"#),
            "malformed: an entry without a Bundle",
        );
        check(&page("", ""), "0 and 0 next None");
        check(
            &page("", r#"{"resource":{"resourceType":"Robot"}}"#),
            "malformed: an entry that is no resource",
        );
        check(
            &page(
                r#"{"relation":"self","url":"x"}"#,
                r#"{"resource":{"resourceType":"Condition"},"search":{"mode":"match"}},
                {"resource":{"resourceType":"Patient"},"search":{"mode":"include"}},
                {"resource":{"resourceType":"OperationOutcome"},"search":{"mode":"outcome"}}"#,
            ),
            "1 and 1 next None",
        );
    }

    #[test]
    fn a_next_page_is_of_the_same_search_at_the_same_source() {
        let check = |url: &str, expected: Option<&str>| {
            assert_eq!(
                next_query(url, "Condition?code=x", NODE).as_deref(),
                expected,
                "{url}"
            );
        };
        check("Condition?_cursor=abc", Some("Condition?_cursor=abc"));
        check(
            "/fhir/r4/Condition?_cursor=abc",
            Some("Condition?_cursor=abc"),
        );
        check(
            "https://127.0.0.1:9443/fhir/r4/Condition?_cursor=a",
            Some("Condition?_cursor=a"),
        );
        check(
            "https://elsewhere.example/fhir/r4/Condition?_cursor=a",
            None,
        );
        check("https://127.0.0.1:9443/admin/Condition?_cursor=a", None);
        check("Patient?_cursor=abc", None);
        check("Condition", None);
        check("Condition?_cursor=a b", None);
        let longest = format!("Condition?{}", "a".repeat(NEXT_BYTES_MAX - 10));
        check(&longest, Some(&longest));
        check(&format!("{longest}a"), None);
    }

    #[test]
    fn a_batch_names_the_searches_and_nothing_else() {
        let body = batch(&["Condition?code=a|b".to_owned(), "Patient".to_owned()]);
        insta::assert_snapshot!(String::from_utf8(body).unwrap(), @r#"
        {"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"Condition?code=a|b"}},{"request":{"method":"GET","url":"Patient"}}]}
        "#);
    }
}
