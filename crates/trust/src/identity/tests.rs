use std::{io, sync::Arc};

use care::{Clock, ManualClock, OrganisationType, Role, SequentialIds};
use rustls::{ClientConfig, ClientConnection, ServerConfig, ServerConnection};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject};

use super::*;
use crate::testing::{SECOND, anchors, authority, clock, node, organisation, start};

const DAY: u32 = 24 * 60 * 60;

fn der(pem: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
}

/// A handshake in memory; the error of whoever stops first.
fn shake(client: ClientConfig, server: ServerConfig, host: &'static str) -> Result<Peer, String> {
    let name = ServerName::try_from(host).unwrap();
    let mut client = ClientConnection::new(Arc::new(client), name).unwrap();
    let mut server = ServerConnection::new(Arc::new(server)).unwrap();
    for _ in 0..8 {
        let mut wire = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut wire).unwrap();
        }
        server.read_tls(&mut io::Cursor::new(&wire)).unwrap();
        server
            .process_new_packets()
            .map_err(|error| format!("server: {error}"))?;
        let mut wire = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut wire).unwrap();
        }
        client.read_tls(&mut io::Cursor::new(&wire)).unwrap();
        client
            .process_new_packets()
            .map_err(|error| format!("client: {error}"))?;
    }
    assert!(!client.is_handshaking() && !server.is_handshaking());
    let certificate = server.peer_certificates().unwrap()[0].clone();
    peer(&certificate, &anchors(&clock())).map_err(|error| error.to_string())
}

#[test]
fn a_certificate_says_which_organisation_it_is_of() {
    let identity = node(OrganisationType::Hospital);
    let peer = peer(identity.certificate(), &anchors(&clock())).unwrap();
    assert_eq!(peer.organisation, organisation(OrganisationType::Hospital));
    assert_eq!(&peer.organisation, identity.organisation());
    assert_eq!(peer.thumbprint, identity.thumbprint());
    assert_eq!(peer.public_key, identity.public_key());
    assert_eq!(format!("{identity:?}"), "NodeIdentity(90000004)");
    let context = peer.own_system(&SequentialIds::default());
    assert_eq!(
        (context.role(), context.organisation()),
        (Role::RecordSystem, peer.ura())
    );
}

#[test]
fn a_certificate_holds_for_a_year_of_the_clock_that_is_passed_in() {
    let identity = node(OrganisationType::Hospital);
    let clock = Arc::new(ManualClock::at(start()));
    let judge = |clock: &Arc<ManualClock>| peer(identity.certificate(), &anchors(clock)).is_ok();
    clock.advance(SECOND * (364 * DAY));
    assert!(judge(&clock));
    clock.advance(SECOND * DAY);
    assert!(!judge(&clock));
    let early = Arc::new(ManualClock::at(
        start().checked_sub(SECOND * (2 * DAY)).unwrap(),
    ));
    assert!(!judge(&early));
}

#[test]
fn certificates_of_others_are_refused() {
    let other = RegionAuthority::create("Testregio", start()).unwrap();
    let hosts = ["localhost".to_owned()];
    let stranger = other
        .issue(&organisation(OrganisationType::Hospital), &hosts, start())
        .unwrap();
    let check = |certificate: &CertificateDer<'_>| {
        assert!(matches!(
            peer(certificate, &anchors(&clock())),
            Err(IdentityError::Certificate)
        ));
    };
    check(stranger.certificate());
    // The authority's own certificate is no node's.
    check(&der(authority().certificate_pem()));
    let mut damaged = node(OrganisationType::Pharmacy).certificate().to_vec();
    let last = damaged.len() - 1;
    damaged[last] ^= 1;
    check(&damaged.into());
    check(&b"not a certificate".to_vec().into());
}

#[test]
fn keys_are_kept_in_files_that_only_their_owner_reads() {
    let directory = tempfile::tempdir().unwrap();
    let identity = node(OrganisationType::HomeCare);
    identity.save(directory.path()).unwrap();
    let again = NodeIdentity::load(directory.path()).unwrap();
    assert_eq!(again.thumbprint(), identity.thumbprint());
    authority().save(directory.path()).unwrap();
    let again = RegionAuthority::load(directory.path()).unwrap();
    // What the authority that was read back issues, the region accepts.
    let hosts = ["127.0.0.1".to_owned()];
    let issued = again
        .issue(&organisation(OrganisationType::Pharmacy), &hosts, start())
        .unwrap();
    assert!(peer(issued.certificate(), &anchors(&clock())).is_ok());
    #[cfg(unix)]
    for name in ["key.pem", "certificate.pem", "region.pem", "region-key.pem"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(directory.path().join(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let other = node(OrganisationType::Hospital);
    assert!(matches!(
        NodeIdentity::from_pem(identity.certificate_pem(), other.key_pem()),
        Err(IdentityError::OtherKey)
    ));
    assert!(matches!(
        NodeIdentity::from_pem("", identity.key_pem()),
        Err(IdentityError::Pem {
            what: "certificate"
        })
    ));
}

#[test]
fn names_have_limits() {
    let issue = |name: &str, hosts: &[String]| {
        let organisation = OrganisationRecord {
            name: name.to_owned(),
            ..organisation(OrganisationType::Hospital)
        };
        authority().issue(&organisation, hosts, start()).map(|_| ())
    };
    let host = |count: usize| vec!["localhost".to_owned(); count];
    assert!(issue(&"é".repeat(NAME_CHARACTERS_MAX), &host(1)).is_ok());
    assert!(issue(&"é".repeat(NAME_CHARACTERS_MAX + 1), &host(1)).is_err());
    assert!(issue("", &host(1)).is_err());
    assert!(issue("a\nb", &host(1)).is_err());
    assert!(issue("A", &host(HOSTS_MAX)).is_ok());
    assert!(issue("A", &host(HOSTS_MAX + 1)).is_err());
    assert!(issue("A", &[]).is_err());
}

#[test]
fn both_ends_show_who_they_are() {
    let clock = clock();
    let [practice, hospital] = [
        OrganisationType::GeneralPractice,
        OrganisationType::Hospital,
    ]
    .map(node);
    let anchors = anchors(&clock);
    let server = || server_tls(&hospital, &anchors).unwrap();
    let asking = client_tls(&practice, &anchors).unwrap();
    assert_eq!(
        shake(asking, server(), "localhost").unwrap().ura(),
        practice.ura()
    );
    let asking = client_tls_to(&practice, &anchors, hospital.ura()).unwrap();
    assert_eq!(
        shake(asking, server(), "127.0.0.1").unwrap().ura(),
        practice.ura()
    );
    // The host is right, the organisation is not.
    let misled = client_tls_to(&practice, &anchors, practice.ura()).unwrap();
    let error = shake(misled, server(), "localhost").unwrap_err();
    assert!(
        error.starts_with("client: invalid peer certificate"),
        "{error}"
    );
    let elsewhere = client_tls(&practice, &anchors).unwrap();
    let error = shake(elsewhere, server(), "example.org").unwrap_err();
    assert!(
        error.starts_with("client: invalid peer certificate"),
        "{error}"
    );
}

#[derive(Debug)]
struct NoCertificate;

impl rustls::client::ResolvesClientCert for NoCertificate {
    fn resolve(
        &self,
        _: &[&[u8]],
        _: &[rustls::SignatureScheme],
    ) -> Option<Arc<rustls::sign::CertifiedKey>> {
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

#[test]
fn a_caller_without_a_certificate_of_the_region_is_turned_away() {
    let clock = clock();
    let anchors = anchors(&clock);
    let [practice, hospital] = [
        OrganisationType::GeneralPractice,
        OrganisationType::Hospital,
    ]
    .map(node);
    let server = || server_tls(&hospital, &anchors).unwrap();

    let mut anonymous = client_tls(&practice, &anchors).unwrap();
    anonymous.client_auth_cert_resolver = Arc::new(NoCertificate);
    let error = shake(anonymous, server(), "localhost").unwrap_err();
    assert!(error.starts_with("server: "), "{error}");

    let other = RegionAuthority::create("Elders", start()).unwrap();
    let hosts = ["localhost".to_owned()];
    let stranger = other
        .issue(&organisation(OrganisationType::Hospital), &hosts, start())
        .unwrap();
    let error = shake(
        client_tls(&stranger, &anchors).unwrap(),
        server(),
        "localhost",
    )
    .unwrap_err();
    assert!(error.starts_with("server: "), "{error}");

    // The server's certificate runs out while the clock goes on.
    let server = server();
    clock.advance(SECOND * (366 * DAY));
    assert!(clock.now() > start());
    let error = shake(
        client_tls(&practice, &anchors).unwrap(),
        server,
        "localhost",
    )
    .unwrap_err();
    assert!(
        error.starts_with("client: invalid peer certificate"),
        "{error}"
    );
}
