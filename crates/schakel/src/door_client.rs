//! What a record system does: hand over a message through the door for it.

use std::time::Duration;

use anyhow::{Context, bail};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// How long the other side may take to acknowledge.
const ACKNOWLEDGEMENT_TIMEOUT: Duration = Duration::from_secs(30);
/// The largest acknowledgement that is read.
const ACKNOWLEDGEMENT_BYTES_MAX: usize = 1024 * 1024;

const START: u8 = 0x0b;
const END: [u8; 2] = [0x1c, 0x0d];

/// A connection to an MLLP port.
pub(crate) struct MllpClient(TcpStream);

impl MllpClient {
    /// Connects to `host:port`.
    pub(crate) async fn connect(address: &str) -> anyhow::Result<Self> {
        let stream = timeout(ACKNOWLEDGEMENT_TIMEOUT, TcpStream::connect(address))
            .await
            .ok()
            .and_then(Result::ok)
            .with_context(|| format!("nobody listens at `{address}`"))?;
        stream.set_nodelay(true)?;
        Ok(Self(stream))
    }

    /// Sends one message and waits for its acknowledgement.
    pub(crate) async fn send(&mut self, message: &[u8]) -> anyhow::Result<Vec<u8>> {
        let mut frame = Vec::with_capacity(message.len() + 3);
        frame.push(START);
        frame.extend_from_slice(message);
        frame.extend_from_slice(&END);
        self.0
            .write_all(&frame)
            .await
            .context("the connection was closed")?;
        match timeout(ACKNOWLEDGEMENT_TIMEOUT, self.acknowledgement()).await {
            Ok(answer) => answer,
            Err(_) => bail!("no acknowledgement within {ACKNOWLEDGEMENT_TIMEOUT:?}"),
        }
    }

    async fn acknowledgement(&mut self) -> anyhow::Result<Vec<u8>> {
        let mut answer = Vec::new();
        while !answer.ends_with(&END) {
            if answer.len() > ACKNOWLEDGEMENT_BYTES_MAX {
                bail!("the acknowledgement is longer than {ACKNOWLEDGEMENT_BYTES_MAX} bytes");
            }
            if self.0.read_buf(&mut answer).await? == 0 {
                bail!("the connection was closed before an acknowledgement came");
            }
        }
        answer.truncate(answer.len() - END.len());
        Ok(answer.strip_prefix(&[START]).unwrap_or(&answer).to_vec())
    }
}

/// The code of an HL7 v2 acknowledgement: `AA`, `AE` or `AR`.
pub(crate) fn acknowledgement_code(answer: &[u8]) -> Option<String> {
    let segment = answer
        .split(|byte| *byte == b'\r')
        .find(|one| one.starts_with(b"MSA"))?;
    let code = segment.split(|byte| *byte == b'|').nth(1)?;
    String::from_utf8(code.to_vec()).ok()
}

/// An HTTP client for an own door on this machine.
pub(crate) fn http() -> anyhow::Result<reqwest::Client> {
    Ok(reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_mins(1))
        .build()?)
}

/// What a door answered over HTTP.
pub(crate) struct DoorAnswer {
    pub(crate) accepted: bool,
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

/// Posts a body with a token.
pub(crate) async fn post(
    http: &reqwest::Client,
    url: &str,
    content_type: &str,
    token: &str,
    body: Vec<u8>,
) -> anyhow::Result<DoorAnswer> {
    let answer = http
        .post(url)
        .header(reqwest::header::CONTENT_TYPE, content_type)
        .bearer_auth(token)
        .body(body)
        .send()
        .await
        .with_context(|| format!("nobody answers at `{url}`"))?;
    Ok(DoorAnswer {
        accepted: answer.status().is_success(),
        status: answer.status().as_u16(),
        body: answer.bytes().await?.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    async fn exchange(answer: &'static [u8]) -> anyhow::Result<Vec<u8>> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await?;
            let mut received = Vec::new();
            while !received.ends_with(&END) {
                stream.read_buf(&mut received).await?;
            }
            stream.write_all(answer).await?;
            anyhow::Ok(received)
        });
        let answer = MllpClient::connect(&address).await?.send(b"MSH|x").await;
        assert_eq!(server.await??, b"\x0bMSH|x\x1c\x0d");
        answer
    }

    #[tokio::test]
    async fn a_message_is_framed_and_its_acknowledgement_unframed() {
        let answer = exchange(b"\x0bMSH|^~\\&\rMSA|AA|1\r\x1c\x0d")
            .await
            .unwrap();
        assert_eq!(acknowledgement_code(&answer).as_deref(), Some("AA"));
    }

    #[tokio::test]
    async fn a_connection_that_closes_without_a_word_is_no_acknowledgement() {
        assert!(
            exchange(b"\x0bMSH")
                .await
                .unwrap_err()
                .to_string()
                .contains("closed before")
        );
    }

    #[test]
    fn an_answer_without_msa_has_no_code() {
        assert_eq!(acknowledgement_code(b"MSH|^~\\&\r"), None);
    }
}
