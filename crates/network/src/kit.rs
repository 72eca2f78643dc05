//! What the tests of this room share: a region with real certificates, node
//! doors on port 0 with real mutual TLS, and time that moves when told.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, mpsc},
    time::Duration,
};

use axum::{Extension, Router};
use care::{
    AccessContext, Actor, Authenticated, Bsn, Clock, ExchangeCode, ManualClock, OrganisationType,
    Purpose, RequestId, Role, TreatmentRelation, Ura,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use jiff::Timestamp;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_rustls::TlsAcceptor;
use trust::identity::{
    NodeIdentity, OrganisationRecord, Peer, RegionAuthority, TrustAnchors, peer, server_tls,
};

use crate::{addressing::Organisation, door::DoorRequest, peer::PeerClient};

/// A patient of the demo region.
pub(crate) fn patient() -> Bsn {
    Bsn::parse("999911119").unwrap()
}

/// A region with its own authority, at a time that stands still.
pub(crate) struct Region {
    authority: RegionAuthority,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) anchors: TrustAnchors,
}

impl Region {
    pub(crate) fn new() -> Self {
        let now: Timestamp = "2026-03-02T09:00:00Z".parse().unwrap();
        let clock = Arc::new(ManualClock::at(now));
        let authority = RegionAuthority::create("Testregio", now).unwrap();
        let anchors = authority.anchors(clock.clone()).unwrap();
        Self {
            authority,
            clock,
            anchors,
        }
    }

    /// A member of the region: its name follows from its number.
    pub(crate) fn admit(&self, number: u32, organisation_type: OrganisationType) -> Member {
        let record = OrganisationRecord {
            ura: number.to_string().parse().unwrap(),
            name: format!("Organisatie {number}"),
            organisation_type,
        };
        let hosts = [Ipv4Addr::LOCALHOST.to_string()];
        let identity = self
            .authority
            .issue(&record, &hosts, self.clock.now())
            .unwrap();
        let peers = Arc::new(PeerClient::new(identity.clone(), self.anchors.clone()));
        let peer = Peer {
            organisation: record.clone(),
            thumbprint: identity.thumbprint(),
            public_key: identity.public_key().to_vec(),
        };
        Member {
            record,
            identity,
            peers,
            peer,
        }
    }

    /// Opens a node door; requests carry the caller as `Extension<Peer>`
    /// and `Extension<OrganisationRecord>`.
    pub(crate) async fn open_door(&self, member: &Member, app: Router) -> Door {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let tls = server_tls(&member.identity, &self.anchors).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(tls));
        let anchors = self.anchors.clone();
        let task = tokio::spawn(async move {
            // Dropped with the door, and every connection with it.
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, anchors, app) = (acceptor.clone(), anchors.clone(), app.clone());
                connections.spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    let certificate = &stream.get_ref().1.peer_certificates().unwrap()[0];
                    let caller = peer(certificate, &anchors).unwrap();
                    let service = TowerToHyperService::new(
                        app.layer(Extension(caller.organisation.clone()))
                            .layer(Extension(caller)),
                    );
                    // A test may break the connection; what it sees is at its own end.
                    let _ = auto::Builder::new(TokioExecutor::new())
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Door {
            task,
            organisation: member.at(address),
        }
    }
}

/// An organisation of the region.
pub(crate) struct Member {
    pub(crate) record: OrganisationRecord,
    pub(crate) identity: NodeIdentity,
    pub(crate) peers: Arc<PeerClient>,
    /// As the others see it.
    pub(crate) peer: Peer,
}

impl Member {
    pub(crate) fn ura(&self) -> Ura {
        self.record.ura
    }

    pub(crate) fn at(&self, address: SocketAddr) -> Organisation {
        Organisation {
            ura: self.record.ura,
            name: self.record.name.clone(),
            organisation_type: self.record.organisation_type,
            node_url: format!("https://{address}"),
        }
    }

    /// A clinician of this organisation who asks about [`patient`].
    #[expect(
        clippy::disallowed_methods,
        reason = "a test stands in for authentication"
    )]
    pub(crate) fn context(&self) -> AccessContext {
        AccessContext::from_authentication(Authenticated {
            actor: Actor {
                id: "a.jansen".to_owned(),
                name: "A. Jansen".to_owned(),
                role: Role::Internist,
            },
            organisation: self.record.ura,
            organisation_name: self.record.name.clone(),
            organisation_type: self.record.organisation_type,
            purpose: Purpose::Treatment,
            patient: Some(patient()),
            exchange: Some(ExchangeCode("bgz".to_owned())),
            treatment_relation: Some(TreatmentRelation::Request),
            emergency_reason: None,
            request: RequestId("request-1".to_owned()),
        })
    }
}

/// An open node door; it closes when it is dropped.
pub(crate) struct Door {
    pub(crate) organisation: Organisation,
    task: JoinHandle<()>,
}

impl Drop for Door {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A request as the api room hands it on.
pub(crate) fn request<'a>(method: &'a str, path: &'a str, body: &'a [u8]) -> DoorRequest<'a> {
    DoorRequest {
        method,
        path,
        query: "",
        if_match: None,
        body,
    }
}

/// Keeps the runtime's paused clock from moving by itself while sockets work;
/// it moves by [`tokio::time::advance`] only.
pub(crate) struct HandMovedTime(Option<mpsc::Sender<()>>);

impl HandMovedTime {
    pub(crate) fn start() -> Self {
        tokio::time::pause();
        let (release, wait) = mpsc::channel::<()>();
        // The runtime does not move its clock while a blocking task runs.
        tokio::task::spawn_blocking(move || wait.recv());
        Self(Some(release))
    }

    /// Moves the clock in steps until the task is done or `limit` has passed;
    /// gives how far it went.
    pub(crate) async fn until_done<T>(
        &self,
        task: &JoinHandle<T>,
        step: Duration,
        limit: Duration,
    ) -> Duration {
        let began = tokio::time::Instant::now();
        while !task.is_finished() && began.elapsed() < limit {
            tokio::time::advance(step).await;
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
        }
        began.elapsed()
    }
}

impl Drop for HandMovedTime {
    fn drop(&mut self) {
        self.0.take();
        tokio::time::resume();
    }
}
