use std::{path::Path, sync::Arc};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use care::{Bsn, ManualClock};
use futures::executor::block_on;
use proptest::prelude::*;

use super::*;
use crate::{
    Randomness, SeededRandomness,
    testing::{SECOND, bsn, clock, other_bsn},
};

struct Index {
    recipient: Recipient,
    service: EmbeddedPseudonyms,
    randomness: Arc<SeededRandomness>,
    clock: Arc<ManualClock>,
}

fn audience(organisation: &str, scope: &str) -> Audience {
    Audience {
        organisation: organisation.to_owned(),
        scope: scope.to_owned(),
    }
}

/// An index and the pseudonym service, with their keys in a directory.
fn index(directory: &Path, audience: Audience) -> Index {
    let clock = clock();
    let randomness = Arc::new(SeededRandomness::from_seed(7));
    let file = directory.join(audience.info().replace(['|', ':'], "-"));
    let recipient = Recipient::open_key(&file, audience, clock.clone()).unwrap();
    let service = EmbeddedPseudonyms::open(
        &directory.join("secret"),
        vec![recipient.record()],
        clock.clone(),
        randomness.clone(),
    )
    .unwrap();
    Index {
        recipient,
        service,
        randomness,
        clock,
    }
}

impl Index {
    fn sealed(&self, patient: &Bsn) -> SealedPseudonym {
        let audience = &self.recipient.record().audience;
        let blinded = Blinded::new(patient, audience, &*self.randomness).unwrap();
        let jwe = block_on(self.service.evaluate(blinded.request())).unwrap();
        blinded.sealed(&jwe).unwrap()
    }

    fn pseudonym(&self, patient: &Bsn) -> Pseudonym {
        self.recipient.open(&self.sealed(patient).0).unwrap()
    }
}

#[test]
fn one_patient_has_one_pseudonym_at_one_recipient() {
    let directory = tempfile::tempdir().unwrap();
    let nvi = index(
        directory.path(),
        audience("ura:90000901", "nationale-verwijsindex"),
    );
    assert_eq!(nvi.pseudonym(&bsn()), nvi.pseudonym(&bsn()));
    assert_ne!(nvi.pseudonym(&bsn()), nvi.pseudonym(&other_bsn()));
    assert_eq!(nvi.pseudonym(&bsn()).expose().len(), 43);
    assert_eq!(format!("{:?}", nvi.pseudonym(&bsn())), "Pseudonym(*)");
    // The keys last: the same after a restart.
    let again = index(
        directory.path(),
        audience("ura:90000901", "nationale-verwijsindex"),
    );
    assert_eq!(again.pseudonym(&bsn()), nvi.pseudonym(&bsn()));
}

#[test]
fn pseudonyms_of_different_recipients_and_scopes_cannot_be_linked() {
    let directory = tempfile::tempdir().unwrap();
    let of = |organisation, scope| {
        index(directory.path(), audience(organisation, scope)).pseudonym(&bsn())
    };
    let pseudonyms = [
        of("ura:1", "index"),
        of("ura:2", "index"),
        of("ura:1", "statistics"),
    ];
    assert_ne!(pseudonyms[0], pseudonyms[1]);
    assert_ne!(pseudonyms[0], pseudonyms[2]);
    assert_ne!(pseudonyms[1], pseudonyms[2]);
}

#[test]
fn what_the_service_sees_differs_every_time() {
    let directory = tempfile::tempdir().unwrap();
    let nvi = index(directory.path(), audience("ura:1", "index"));
    let seen = || {
        let audience = &nvi.recipient.record().audience;
        let blinded = Blinded::new(&bsn(), audience, &*nvi.randomness).unwrap();
        blinded.request().encrypted_personal_id.clone()
    };
    assert_ne!(seen(), seen());
    assert_ne!(nvi.sealed(&bsn()).0, nvi.sealed(&bsn()).0);
}

#[test]
fn a_sealed_pseudonym_is_for_one_recipient_and_for_five_minutes() {
    let directory = tempfile::tempdir().unwrap();
    let nvi = index(directory.path(), audience("ura:1", "index"));
    let other = index(directory.path(), audience("ura:2", "index"));
    let sealed = nvi.sealed(&bsn());
    assert_eq!(
        other.recipient.open(&sealed.0),
        Err(PseudonymError::OtherRecipient)
    );
    nvi.clock
        .advance(SECOND * (EVALUATION_LIFETIME_S as u32 - 1));
    assert!(nvi.recipient.open(&sealed.0).is_ok());
    nvi.clock.advance(SECOND);
    assert_eq!(nvi.recipient.open(&sealed.0), Err(PseudonymError::Expired));
}

#[test]
fn the_service_refuses_what_is_not_an_element() {
    let directory = tempfile::tempdir().unwrap();
    let nvi = index(directory.path(), audience("ura:1", "index"));
    let check = |id: &str, organisation: &str, expected| {
        let request = EvaluationRequest {
            encrypted_personal_id: id.to_owned(),
            recipient_organization: organisation.to_owned(),
            recipient_scope: "index".to_owned(),
        };
        assert_eq!(block_on(nvi.service.evaluate(&request)), Err(expected));
    };
    let identity = URL_SAFE_NO_PAD.encode([0; 32]);
    check(&identity, "ura:1", PseudonymError::Malformed);
    check(
        &URL_SAFE_NO_PAD.encode([255; 32]),
        "ura:1",
        PseudonymError::Malformed,
    );
    check("", "ura:1", PseudonymError::Malformed);
    check(&"A".repeat(44), "ura:1", PseudonymError::Malformed);
    check(&identity, "ura:9", PseudonymError::UnknownRecipient);
}

#[test]
fn every_changed_character_is_noticed() {
    let directory = tempfile::tempdir().unwrap();
    let nvi = index(directory.path(), audience("ura:1", "index"));
    let blinded = Blinded::new(&bsn(), &nvi.recipient.record().audience, &*nvi.randomness).unwrap();
    let jwe = block_on(nvi.service.evaluate(blinded.request())).unwrap();
    let key = |jwe: &str| {
        let json = format!(r#"{{"evaluated_output":"{jwe}","blind_factor":"AA"}}"#);
        nvi.recipient.open(&URL_SAFE_NO_PAD.encode(json))
    };
    // The blind factor is wrong, so the JWE itself opened.
    assert_eq!(key(&jwe), Err(PseudonymError::Malformed));
    for at in (0..jwe.len()).step_by(29) {
        let mut changed = jwe.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert_eq!(
            key(&changed),
            Err(PseudonymError::OtherRecipient),
            "character {at}"
        );
    }
    for wrong in [
        "",
        "....",
        "a.b.c.d.e",
        &format!("{jwe}.x"),
        &"A".repeat(JWE_BYTES_MAX),
    ] {
        assert_eq!(key(wrong), Err(PseudonymError::OtherRecipient));
    }
    let too_long = "A".repeat(JWE_BYTES_MAX + 1);
    assert_eq!(key(&too_long), Err(PseudonymError::Malformed));
    assert!(matches!(
        blinded.sealed(&too_long),
        Err(PseudonymError::Malformed)
    ));
}

/// The first vector of RFC 9497, appendix A.1.1 (ristretto255-SHA512, OPRF).
#[test]
fn the_curve_does_what_the_standard_says() {
    let hex = |text: &str| -> Vec<u8> {
        (0..text.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
            .collect()
    };
    let seed = [0xa3; 32];
    let server =
        voprf::OprfServer::<voprf::Ristretto255>::new_from_seed(&seed, b"test key").unwrap();
    assert_eq!(
        server.serialize().to_vec(),
        hex("5ebcea5ee37023ccb9fc2d2019f9d7737be85591ae8652ffa9ef0f4d37063b0e")
    );
    let blinded = hex("609a0ae68c15a3cf6903766461307e5c8bb2f95e7e6550e1ffa2dc99e412803c");
    let blinded = voprf::BlindedElement::<voprf::Ristretto255>::deserialize(&blinded).unwrap();
    assert_eq!(
        server.blind_evaluate(&blinded).serialize().to_vec(),
        hex("7ec6578ae5120958eb2db1745758ff379e77cb64fe77b0b2d8cc917ea0869c7e")
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_is_judged_without_a_panic(text in "\\PC{0,200}", bytes in any::<Vec<u8>>()) {
        static INDEX: std::sync::OnceLock<(tempfile::TempDir, Index)> = std::sync::OnceLock::new();
        let (_, nvi) = INDEX.get_or_init(|| {
            let directory = tempfile::tempdir().unwrap();
            let index = index(directory.path(), audience("ura:1", "index"));
            (directory, index)
        });
        prop_assert!(nvi.recipient.open(&text).is_err());
        prop_assert!(nvi.recipient.open(&URL_SAFE_NO_PAD.encode(&bytes)).is_err());
    }

    #[test]
    fn random_bytes_are_different_from_one_call_to_the_next(seed in any::<u64>()) {
        let source = SeededRandomness::from_seed(seed);
        let (mut one, mut two) = ([0; 16], [0; 16]);
        source.fill(&mut one);
        source.fill(&mut two);
        prop_assert_ne!(one, two);
    }
}
