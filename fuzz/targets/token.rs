//! Tokens: nothing that this node did not sign is taken, and nothing panics.
#![no_main]

use std::sync::{Arc, LazyLock};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use care::{ManualClock, OrganisationType, SequentialIds};
use libfuzzer_sys::fuzz_target;
use trust::{
    assertion::Assertions,
    bearer::Bearer,
    identity::{OrganisationRecord, Peer, RegionAuthority, peer},
    person::People,
};

struct Verifiers {
    bearer: Bearer,
    assertions: Assertions,
    peer: Peer,
}

static VERIFIERS: LazyLock<Verifiers> = LazyLock::new(|| {
    let now = "2026-03-02T09:00:00Z".parse().expect("a time");
    let clock = Arc::new(ManualClock::at(now));
    let authority = RegionAuthority::create("Testregio", now).expect("an authority");
    let organisation = OrganisationRecord {
        ura: "90000901".parse().expect("a URA"),
        name: "De Linde".to_owned(),
        organisation_type: OrganisationType::GeneralPractice,
    };
    let identity = authority
        .issue(&organisation, &["localhost".to_owned()], now)
        .expect("an identity");
    let anchors = authority.anchors(clock.clone()).expect("anchors");
    let ids = Arc::new(SequentialIds::default());
    let people = Arc::new(People::new(Vec::new()).expect("nobody"));
    Verifiers {
        bearer: Bearer::new(&identity, people, clock.clone(), ids.clone()),
        assertions: Assertions::new(&identity, clock, ids),
        peer: peer(identity.certificate(), &anchors).expect("a peer"),
    }
});

fuzz_target!(|input: (&[u8], &[u8], &[u8])| {
    let (header, claims, signature) = input;
    let raw = String::from_utf8_lossy(header);
    let shaped = [header, claims, signature]
        .map(|part| URL_SAFE_NO_PAD.encode(part))
        .join(".");
    for token in [raw.as_ref(), &shaped] {
        assert!(VERIFIERS.bearer.verify(token).is_err());
        assert!(VERIFIERS.assertions.verify(token, &VERIFIERS.peer).is_err());
    }
});
