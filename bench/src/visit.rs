//! A visit to the pages, as far as a measurement needs it: a patient who
//! chooses who may see.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use reqwest::Response;

use crate::region::Region;

/// Lets a patient choose, such as `everyone` or `no-one`. How long it took from
/// the confirmation until the page says that it holds.
pub(crate) async fn choose(
    region: &Region,
    patient: &str,
    choice: &str,
) -> anyhow::Result<Duration> {
    let mut visit = Visit {
        region,
        cookies: Vec::new(),
    };
    let page = visit.get("").await?;
    visit
        .post(
            "sign-in",
            &[("token", &field(&page, "token")?), ("person", patient)],
        )
        .await?;
    let page = visit.get("my/consent").await?;
    let form = [("token", &*field(&page, "token")?), ("choice", choice)];
    let page = visit.post("my/consent/preview", &form).await?;
    let (token, pending) = (field(&page, "token")?, field(&page, "pending")?);
    let began = Instant::now();
    visit
        .post(
            "my/consent/confirm",
            &[("token", &token), ("pending", &pending)],
        )
        .await?;
    Ok(began.elapsed())
}

/// A browser's visit, as far as it is needed here.
struct Visit<'a> {
    region: &'a Region,
    cookies: Vec<String>,
}

impl Visit<'_> {
    async fn get(&mut self, path: &str) -> anyhow::Result<String> {
        let request = self
            .region
            .http
            .get(self.url(path))
            .header("cookie", self.cookies.join("; "));
        let answer = request.send().await?;
        self.remember(&answer);
        Ok(answer.text().await?)
    }

    async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> anyhow::Result<String> {
        let origin = self.url("");
        let answer = self
            .region
            .http
            .post(self.url(path))
            .header("cookie", self.cookies.join("; "))
            .header("origin", origin.trim_end_matches('/'))
            .form(form)
            .send()
            .await?;
        ensure!(
            answer.status().as_u16() < 400,
            "{path} answers {}",
            answer.status()
        );
        self.remember(&answer);
        Ok(answer.text().await?)
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.region.text("regio", "web"))
    }

    fn remember(&mut self, answer: &Response) {
        for cookie in answer.headers().get_all("set-cookie") {
            let Ok(text) = cookie.to_str() else { continue };
            let pair = text.split(';').next().unwrap_or_default().to_owned();
            let name = pair.split('=').next().unwrap_or_default().to_owned();
            self.cookies
                .retain(|kept| kept.split('=').next() != Some(name.as_str()));
            self.cookies.push(pair);
        }
    }
}

/// The value of a hidden field.
fn field(page: &str, name: &str) -> anyhow::Result<String> {
    let mark = format!("name=\"{name}\" value=\"");
    let rest = page
        .split(&mark)
        .nth(1)
        .with_context(|| format!("no field {name}"))?;
    Ok(rest.split('"').next().unwrap_or_default().to_owned())
}
