//! From the patient's confirmation until it holds everywhere, which is when
//! the confirmation page says so.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use reqwest::Response;

use crate::{
    records::question,
    region::Region,
    table::{Table, percentile},
};

/// How often it is measured; patients withdraw one after the other.
const PATIENTS: usize = 20;

pub(crate) async fn measure(region: &Region, table: &mut Table) -> anyhow::Result<()> {
    let token = region.token("internist-akkerhof")?;
    let mut times = Vec::new();
    for number in 1..=PATIENTS {
        times.push(withdraw(region, &format!("patient-{number:03}")).await?);
        let bsn = region.demo["patients"][number - 1]["bsn"]
            .as_str()
            .unwrap_or_default();
        let answer = region
            .http
            .post(format!(
                "{}/$regional-record",
                region.text("ziekenhuis", "fhir")
            ))
            .bearer_auth(&token)
            .header("content-type", "application/fhir+json")
            .body(question(bsn))
            .send()
            .await?
            .text()
            .await?;
        ensure!(
            !answer.contains("3.3.90000101#"),
            "the GP's data is still seen"
        );
    }
    times.sort();
    table.row(
        &format!("withdrawal until it holds everywhere, {PATIENTS} times"),
        "100 ms",
        format!(
            "p50 {:.0}, p95 {:.0} ms",
            percentile(&times, 0.5),
            percentile(&times, 0.95)
        ),
    );
    Ok(())
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

async fn withdraw(region: &Region, patient: &str) -> anyhow::Result<Duration> {
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
    let form = [("token", &*field(&page, "token")?), ("choice", "no-one")];
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
