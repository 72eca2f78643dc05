//! MLLP over TLS, with a real client.

use std::{net::Ipv4Addr, sync::Arc};

use api::{
    limits::MllpLimits,
    mllp::{self, NodeIntake, TlsFault, tls},
};
use care::{RandomIds, SystemClock};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsConnector;
use tokio_util::sync::CancellationToken;

use crate::kit::{self, Member};

/// A certificate of an authority and its key, both in PEM.
struct Certified {
    certificate: String,
    key: String,
}

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        let key = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    fn pem(&self) -> String {
        self.0.pem()
    }

    fn issue(&self) -> Certified {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        Certified {
            certificate: params.signed_by(&key, &self.0).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }
}

const MESSAGE: &str = "MSH|^~\\&|LIS|LAB^90000203^URA|SCHAKEL|ZKH^90000201^URA|20261122101500+0100||\
     ORU^R01^ORU_R01|T1|P|2.4|||AL|NE|NLD|8859/1\r\
     PID|1||999911119^^^NLMINBIZA^NNNLD||Testpersoon^An^^^^^L||19700101|F\r\
     OBR|1|O1|F1|LAB^Laboratoriumonderzoek^99LIS|||20261122083000+0100|||||||||||||||20261122101000+0100||CH|F\r\
     OBX|1|NM|K^Kalium^99LIS||5.6|mmol/l|3.5-5|H|||F\r";

/// What comes back; nothing when the port does not answer.
async fn send(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> String {
    let _ = stream.write_all(&mllp::encode(MESSAGE.as_bytes())).await;
    let _ = stream.flush().await;
    let mut answer = Vec::new();
    let mut chunk = [0; 4096];
    while !answer.ends_with(b"\x1C\r") {
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => break,
            Ok(count) => answer.extend_from_slice(&chunk[..count]),
        }
    }
    String::from_utf8_lossy(&answer).into_owned()
}

/// An MLLP port with TLS before the node of a member.
async fn open(member: &Member, config: rustls::ServerConfig, stop: &CancellationToken) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let intake = Arc::new(NodeIntake {
        node: Arc::clone(&member.node),
        identity: member.identity.clone(),
        clock: Arc::new(SystemClock::default()),
        ids: Arc::new(RandomIds),
    });
    let limits = MllpLimits::STANDARD;
    api::open_mllp(listener, Some(config), intake, limits, stop.clone())
        .unwrap()
        .address
        .port()
}

/// Sends over TLS, with a certificate or without one.
async fn sent(port: u16, trusted: &Authority, own: Option<&Certified>) -> String {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(trusted.pem().as_bytes()).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config = match own {
        None => builder.with_no_client_auth(),
        Some(own) => {
            let chain = CertificateDer::from_pem_slice(own.certificate.as_bytes()).unwrap();
            let key = PrivateKeyDer::from_pem_slice(own.key.as_bytes()).unwrap();
            builder.with_client_auth_cert(vec![chain], key).unwrap()
        }
    };
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
        .await
        .unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    match TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
    {
        Ok(stream) => send(stream).await,
        Err(_) => String::new(),
    }
}

#[tokio::test]
async fn a_message_arrives_over_tls_and_not_in_the_clear() {
    let region = kit::start().await;
    let (authority, stop) = (Authority::new(), CancellationToken::new());
    let own = authority.issue();
    let config = tls(&own.certificate, &own.key, None).unwrap();
    let port = open(&region.hospital, config, &stop).await;
    let answer = sent(port, &authority, None).await;
    assert!(answer.contains("MSA|AA|T1"), "{answer}");
    // Whoever does not know the authority does not send.
    assert_eq!(sent(port, &Authority::new(), None).await, "");
    let clear = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
        .await
        .unwrap();
    let answer = send(clear).await;
    assert!(!answer.contains("MSA"), "{answer:?}");
    stop.cancel();
    region.close().await;
}

#[tokio::test]
async fn a_port_that_asks_for_certificates_takes_nothing_without_one() {
    let region = kit::start().await;
    let (authority, senders, stop) = (Authority::new(), Authority::new(), CancellationToken::new());
    let own = authority.issue();
    let config = tls(&own.certificate, &own.key, Some(&senders.pem())).unwrap();
    let port = open(&region.hospital, config, &stop).await;
    let stranger = Authority::new().issue();
    assert_eq!(sent(port, &authority, None).await, "");
    assert_eq!(sent(port, &authority, Some(&stranger)).await, "");
    let known = senders.issue();
    let answer = sent(port, &authority, Some(&known)).await;
    assert!(answer.contains("MSA|AA|T1"), "{answer}");
    stop.cancel();
    region.close().await;
}

#[test]
fn files_that_do_not_belong_together_are_named() {
    let authority = Authority::new();
    let (one, other) = (authority.issue(), authority.issue());
    for (certificate, key, clients, expected) in [
        ("", one.key.as_str(), None, TlsFault::Certificate),
        (&one.certificate, "", None, TlsFault::Key),
        (&one.certificate, &other.key, None, TlsFault::Key),
        (&one.certificate, &one.key, Some(""), TlsFault::Clients),
        (&one.certificate, &one.key, Some("x"), TlsFault::Clients),
    ] {
        let fault = tls(certificate, key, clients).map(|_| ()).unwrap_err();
        assert_eq!(fault, expected);
    }
}
