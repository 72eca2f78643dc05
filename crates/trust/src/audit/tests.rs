use care::{Categories, DataCategory, OrganisationType, Purpose, Role};
use jiff::tz::TimeZone;
use proptest::prelude::*;
use store::{AuditEntry, Seal};

use super::*;
use crate::{
    Rejected,
    identity::NodeIdentity,
    testing::{Asker, bsn, internist, node, organisation, patient, start},
};

fn medication() -> Categories {
    [DataCategory::MedicationUse, DataCategory::MedicationRequest]
        .into_iter()
        .collect()
}

fn event(asker: &Asker, happened: Happened, outcome: Outcome) -> AuditRecord {
    let context = asker.context();
    let pharmacy = organisation(OrganisationType::Pharmacy);
    let line = AuditLine {
        context: &context,
        happened,
        outcome,
        holder: &pharmacy,
        observer: &pharmacy,
        patient: None,
        categories: medication(),
        asked: &["MedicationDispense".to_owned()],
        count: Some(3),
    };
    AuditRecord::from_json(&line.to_json("e1", start())).unwrap()
}

fn emergency() -> Asker {
    Asker {
        purpose: Purpose::EmergencyTreatment,
        relation: None,
        reason: Some("Bewusteloos binnengebracht".into()),
        ..internist()
    }
}

#[test]
fn a_line_has_what_the_norm_asks_for() {
    let context = emergency().context();
    let [hospital, pharmacy] =
        [OrganisationType::Hospital, OrganisationType::Pharmacy].map(organisation);
    let line = AuditLine {
        context: &context,
        happened: Happened::Read,
        outcome: Outcome::Allowed,
        holder: &pharmacy,
        observer: &pharmacy,
        patient: None,
        categories: Categories::NONE.with(DataCategory::MedicationUse),
        asked: &[],
        count: None,
    };
    assert_eq!(line.to_body("e1", start()).patient, Some(bsn()));
    let json: serde_json::Value = serde_json::from_slice(&line.to_json("e1", start())).unwrap();
    insta::assert_snapshot!("audit_event", serde_json::to_string_pretty(&json).unwrap());
    let record = AuditRecord::from_json(&line.to_json("e1", start())).unwrap();
    assert_eq!(record.organisation, Some(hospital.ura));
    assert_eq!(record.holder, Some(pharmacy.ura));
    assert_eq!(record.observer, Some(pharmacy.ura));
    assert_eq!(record.recorded, start());
}

#[test]
fn a_line_reads_back() {
    for happened in Happened::ALL {
        for outcome in [Outcome::Allowed, Outcome::Refused, Outcome::Failed] {
            let record = event(&internist(), happened, outcome);
            assert_eq!((record.happened, record.outcome), (happened, outcome));
            assert_eq!(record.categories, medication());
            assert_eq!(record.relation, internist().relation);
            assert_eq!((record.count, record.asked.len()), (Some(3), 1));
            assert_eq!(record.exchange.as_deref(), Some("bgz"));
            assert_eq!(record.request, "request-1");
        }
    }
}

#[test]
fn the_patient_reads_what_happened_in_plain_words() {
    let zone = TimeZone::get("Europe/Amsterdam").unwrap();
    let mut lines = Vec::new();
    let operator = Asker::new(
        Role::Operator,
        OrganisationType::Pharmacy,
        Purpose::Operations,
    );
    let system = Asker::new(
        Role::RecordSystem,
        OrganisationType::Laboratory,
        Purpose::RecordKeeping,
    );
    for (asker, happened, outcome) in [
        (internist(), Happened::Read, Outcome::Allowed),
        (internist(), Happened::AskedRegion, Outcome::Allowed),
        (internist(), Happened::Read, Outcome::Refused),
        (internist(), Happened::Read, Outcome::Failed),
        (emergency(), Happened::Read, Outcome::Allowed),
        (patient(), Happened::Read, Outcome::Allowed),
        (patient(), Happened::AccessLogRead, Outcome::Allowed),
        (patient(), Happened::ConsentChanged, Outcome::Allowed),
        (operator.clone(), Happened::MessageViewed, Outcome::Allowed),
        (operator, Happened::MessageReplayed, Outcome::Allowed),
        (system.clone(), Happened::Stored, Outcome::Allowed),
        (system, Happened::MessageReceived, Outcome::Allowed),
    ] {
        let record = event(&asker, happened, outcome);
        lines.push(wording(&record, Language::Dutch, &zone));
        lines.push(wording(&record, Language::English, &zone));
    }
    insta::assert_snapshot!("wording", lines.join("\n"));
}

#[test]
fn a_refused_attempt_names_nobody_it_does_not_know() {
    let pharmacy = organisation(OrganisationType::Pharmacy);
    let hospital = organisation(OrganisationType::Hospital);
    let body = refused_attempt(&pharmacy, None, Rejected::Expired, "e1", start());
    assert_eq!(body.patient, None);
    let record = AuditRecord::from_json(&body.body).unwrap();
    assert_eq!(
        (record.outcome, record.role, record.organisation),
        (Outcome::Refused, None, None)
    );
    assert!(
        String::from_utf8(body.body)
            .unwrap()
            .contains("refused: expired")
    );
    let body = refused_attempt(
        &pharmacy,
        Some(&hospital),
        Rejected::Replayed,
        "e1",
        start(),
    );
    let record = AuditRecord::from_json(&body.body).unwrap();
    assert_eq!(record.organisation, Some(hospital.ura));
}

#[test]
fn what_is_no_audit_event_is_refused() {
    let check = |text: &str| {
        assert_eq!(
            AuditRecord::from_json(text.as_bytes()),
            Err(NotAnAuditEvent)
        );
    };
    check("");
    check("[]");
    check(r#"{"resourceType":"Patient"}"#);
    check(r#"{"resourceType":"AuditEvent","recorded":"yesterday"}"#);
    check(&" ".repeat(read::EVENT_BYTES_MAX + 1));
}

/// A chain of lines as the store would keep it, each written by itself.
fn chain(identity: &NodeIdentity, count: u64) -> Vec<Line> {
    chain_of(identity, count, 1)
}

/// The same, with so many lines written together.
fn chain_of(identity: &NodeIdentity, count: u64, together: u64) -> Vec<Line> {
    let seal = Chain::new(identity, None);
    let mut lines: Vec<Line> = Vec::new();
    for seq in 1..=count {
        let previous = lines.last().map_or([0; 32], |line| line.hash);
        let body = format!(r#"{{"n":{seq}}}"#).into_bytes();
        let patient = (seq % 2 == 0).then(bsn);
        let entry = AuditEntry {
            seq,
            recorded: start(),
            patient: patient.as_ref(),
            body: &body,
            previous: &previous,
        };
        let hash = seal.hash(&entry);
        let ends = seq % together == 0 || seq == count;
        lines.push(Line {
            seq,
            recorded: start(),
            patient: patient.clone(),
            body: body.clone(),
            previous,
            hash,
            signature: if ends { seal.sign(&hash) } else { Vec::new() },
        });
    }
    lines
}

fn head_of(lines: &[Line]) -> Head {
    let last = lines.last().unwrap();
    Head {
        seq: last.seq,
        hash: last.hash,
    }
}

fn entry(line: &Line) -> AuditEntry<'_> {
    AuditEntry {
        seq: line.seq,
        recorded: line.recorded,
        patient: line.patient.as_ref(),
        body: &line.body,
        previous: &line.previous,
    }
}

/// Seals a line as the node would.
fn seal_again(seal: &Chain, line: &mut Line) {
    line.hash = seal.hash(&entry(line));
    line.signature = seal.sign(&line.hash);
}

#[test]
fn whatever_is_done_to_lines_that_share_a_signature_is_found() {
    let identity = node(OrganisationType::Pharmacy);
    // Lines 1 to 3, 4 to 6 and 7 were written together.
    let whole = chain_of(&identity, 7, 3);
    let head = head_of(&whole);
    let check_with = |head: Option<&Head>, change: &dyn Fn(&mut Vec<Line>), expected: &str| {
        let mut lines = whole.clone();
        change(&mut lines);
        let found = match verify(lines, head, identity.public_key()) {
            Ok(found) => format!("{} lines", found.lines),
            Err(fault) => format!("{} {}", fault.seq, fault.kind),
        };
        assert_eq!(found, expected);
    };
    let check =
        |change: &dyn Fn(&mut Vec<Line>), expected| check_with(Some(&head), change, expected);
    // Makes lines anew from one on, as who has no key could.
    let rehash = |lines: &mut [Line], from: usize, to: usize| {
        for at in from..to {
            if at > 0 {
                lines[at].previous = lines[at - 1].hash;
            }
            lines[at].hash = chain::hash(&entry(&lines[at]));
        }
    };

    check(&|_| (), "7 lines");
    check_with(None, &|_| (), "7 lines");
    check(&|lines| lines[4].body.push(b' '), "5 altered");
    check(&|lines| lines[4].hash[0] ^= 1, "5 altered");
    check(&|lines| lines[4].previous[0] ^= 1, "5 altered");
    check(&|lines| lines[5].signature[0] ^= 1, "4 altered");
    // A matching hash, and the line after it as it was.
    check(
        &|lines| {
            lines[4].body.push(b' ');
            rehash(lines, 4, 5);
        },
        "5 altered",
    );
    // The whole group made anew: any of it may be what was changed.
    check(
        &|lines| {
            lines[4].body.push(b' ');
            rehash(lines, 4, 6);
        },
        "4 altered",
    );
    // The same without a signature at its end, and to the end of the log.
    check(
        &|lines| {
            lines[4].body.push(b' ');
            lines[5].signature.clear();
            rehash(lines, 4, 6);
        },
        "6 altered",
    );
    check(
        &|lines| {
            lines[4].body.push(b' ');
            lines[5].signature.clear();
            lines[6].signature.clear();
            rehash(lines, 4, 7);
        },
        "7 cut off",
    );
    check_with(
        None,
        &|lines| {
            lines[6].body.push(b' ');
            lines[6].signature.clear();
            rehash(lines, 6, 7);
        },
        "7 not sealed by this node",
    );
    check(&|lines| drop(lines.remove(4)), "5 removed");
    // Removed, and the others moved down and made anew.
    check(
        &|lines| {
            lines.remove(4);
            for (seq, line) in (1..).zip(lines.iter_mut()) {
                line.seq = seq;
            }
            rehash(lines, 4, 6);
        },
        "4 altered",
    );
    // Put in, at the end of a group, in it, and after all.
    let insert = |lines: &mut Vec<Line>, at: usize| {
        let mut line = lines[0].clone();
        line.previous = lines[at - 1].hash;
        lines.insert(at, line);
        for (seq, line) in (1..).zip(lines.iter_mut()) {
            line.seq = seq;
        }
        rehash(lines, at, at + 1);
    };
    check(&|lines| insert(lines, 3), "4 inserted");
    check(&|lines| insert(lines, 4), "5 inserted");
    check(&|lines| insert(lines, 7), "8 inserted");
    check(&|lines| lines.truncate(6), "7 cut off");
    check(&|lines| lines.truncate(5), "6 cut off");
    check_with(
        None,
        &|lines| lines.truncate(5),
        "4 not sealed by this node",
    );
}

#[test]
fn whatever_is_done_to_a_chain_is_found_at_its_line() {
    let identity = node(OrganisationType::Pharmacy);
    let stranger = node(OrganisationType::Pharmacy);
    let whole = chain(&identity, 6);
    let head = head_of(&whole);
    let check = |change: &dyn Fn(&mut Vec<Line>), expected: &str| {
        let mut lines = whole.clone();
        change(&mut lines);
        let found = verify(lines, Some(&head), identity.public_key()).map(|found| found.lines);
        let found = match found {
            Ok(lines) => format!("{lines} lines"),
            Err(fault) => format!("{} {}", fault.seq, fault.kind),
        };
        assert_eq!(found, expected);
    };
    // Puts in a line at a place, the others moved up.
    let insert = |lines: &mut Vec<Line>, at: usize, mut line: Line| {
        for moved in &mut lines[at..] {
            moved.seq += 1;
        }
        line.seq = at as u64 + 1;
        line.previous = lines[at - 1].hash;
        lines.insert(at, line);
    };
    // Puts a matching hash on a line, as who has no key could.
    let rehash = |line: &mut Line| line.hash = chain::hash(&entry(line));

    check(&|_| (), "6 lines");
    check(&|lines| lines[2].body.push(b' '), "3 altered");
    check(&|lines| lines[2].patient = Some(bsn()), "3 altered");
    check(&|lines| lines[1].patient = None, "2 altered");
    check(&|lines| lines[2].hash[0] ^= 1, "3 altered");
    check(&|lines| lines[2].signature[0] ^= 1, "3 altered");
    check(&|lines| lines[2].previous[0] ^= 1, "3 altered");
    check(
        &|lines| {
            lines[2].recorded = lines[2]
                .recorded
                .checked_add(std::time::Duration::from_millis(1))
                .unwrap();
        },
        "3 altered",
    );
    check(
        &|lines| {
            lines[2].body = b"{}".to_vec();
            rehash(&mut lines[2]);
        },
        "3 altered",
    );
    check(
        &|lines| {
            lines[5].body = b"{}".to_vec();
            rehash(&mut lines[5]);
        },
        "6 altered",
    );
    check(&|lines| drop(lines.remove(2)), "3 removed");
    check(&|lines| drop(lines.remove(0)), "1 removed");
    // Removed, and the rest moved down to hide it.
    check(
        &|lines| {
            lines.remove(2);
            for (index, line) in lines.iter_mut().enumerate() {
                line.seq = index as u64 + 1;
            }
        },
        "3 altered",
    );
    check(&|lines| lines.insert(3, lines[2].clone()), "3 inserted");
    check(&|lines| insert(lines, 3, lines[0].clone()), "4 inserted");
    check(
        &|lines| {
            let forged = Line {
                body: b"{}".to_vec(),
                ..lines[0].clone()
            };
            insert(lines, 3, forged);
            rehash(&mut lines[3]);
        },
        "4 inserted",
    );
    check(
        &|lines| {
            let mut forged = chain(&stranger, 1).remove(0);
            forged.seq = 7;
            forged.previous = lines[5].hash;
            rehash(&mut forged);
            lines.push(forged);
        },
        "7 inserted",
    );
    // Swapped: the later one stands before the earlier.
    check(
        &|lines| {
            lines.swap(2, 3);
            (lines[2].seq, lines[3].seq) = (3, 4);
        },
        "3 inserted",
    );
    check(&|lines| lines.truncate(4), "5 cut off");
    check(&|lines| lines.clear(), "1 cut off");
    // Cut off, and grown again by the node itself.
    check(
        &|lines| {
            lines.truncate(2);
            let seal = Chain::new(&identity, None);
            for seq in 3..=9 {
                let previous = lines.last().unwrap().hash;
                let mut line = Line {
                    seq,
                    previous,
                    ..lines[0].clone()
                };
                seal_again(&seal, &mut line);
                lines.push(line);
            }
        },
        "6 cut off",
    );
    // Two chains of one node do not mix.
    check(
        &|lines| {
            let mut other = lines[0].clone();
            other.body = b"{}".to_vec();
            seal_again(&Chain::new(&identity, None), &mut other);
            lines[0] = other;
        },
        "1 removed",
    );
    let mut forged = whole.clone();
    forged[5].body = b"{}".to_vec();
    rehash(&mut forged[5]);
    let fault = verify(forged, None, identity.public_key()).unwrap_err();
    assert_eq!((fault.seq, fault.kind), (6, FaultKind::Signature));
    let fault = verify(whole.clone(), None, stranger.public_key()).unwrap_err();
    assert_eq!(fault.seq, 1);
    assert!(verify(Vec::new(), None, identity.public_key()).is_ok());
}

#[test]
fn the_head_is_kept_outside_and_never_goes_back() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit.head");
    let identity = node(OrganisationType::Pharmacy);
    let file = HeadFile::new(&path, &identity);
    assert_eq!(file.read().unwrap(), None);
    file.keep(3, [3; 32]).unwrap();
    file.keep(3, [3; 32]).unwrap();
    assert!(matches!(file.keep(2, [2; 32]), Err(HeadError::Backwards)));
    let again = HeadFile::new(&path, &identity);
    assert!(matches!(again.keep(2, [2; 32]), Err(HeadError::Backwards)));
    assert_eq!(
        again.read().unwrap(),
        Some(Head {
            seq: 3,
            hash: [3; 32]
        })
    );
    let other = HeadFile::new(&path, &node(OrganisationType::Pharmacy));
    assert!(matches!(other.read(), Err(HeadError::NotSigned)));
    let text = std::fs::read_to_string(&path).unwrap();
    for damaged in [
        text.replace("\"seq\":3", "\"seq\":2"),
        String::new(),
        "{}".to_owned(),
    ] {
        std::fs::write(&path, damaged).unwrap();
        assert!(matches!(file.read(), Err(HeadError::NotSigned)));
    }
}

#[test]
fn a_chain_that_lost_its_end_leaves_the_head_as_evidence() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit.head");
    let identity = node(OrganisationType::Pharmacy);
    let lines = chain(&identity, 5);
    // A process that goes on after the line before `lines[at]`.
    let go_on = |at: usize| {
        let seal = Chain::new(&identity, Some(HeadFile::new(&path, &identity)));
        let hash = seal.hash(&entry(&lines[at]));
        seal.durable(lines[at].seq, &hash);
        HeadFile::new(&path, &identity).read().unwrap().unwrap().seq
    };
    assert_eq!(go_on(0), 1);
    assert_eq!(go_on(1), 2);
    // The head may lag: a loss of power between the two files.
    assert_eq!(go_on(3), 4);
    // The log may not.
    assert_eq!(go_on(1), 4);
    assert_eq!(go_on(4), 5);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_changed_byte_is_found(
        line in 0usize..6,
        together in 1u64..4,
        at in any::<proptest::sample::Index>(),
        flip in 1u8..,
    ) {
        let identity = node(OrganisationType::Pharmacy);
        let mut lines = chain_of(&identity, 6, together);
        let head = head_of(&lines);
        let changed = &mut lines[line];
        let shared = changed.signature.len();
        let lengths = [changed.body.len(), 32, 32, shared];
        let mut place = at.index(lengths.iter().sum());
        let mut whose = line as u64 + 1;
        for (part, length) in lengths.into_iter().enumerate() {
            if place < length {
                match part {
                    0 => changed.body[place] ^= flip,
                    1 => changed.previous[place] ^= flip,
                    2 => changed.hash[place] ^= flip,
                    _ => {
                        changed.signature[place] ^= flip;
                        whose = line as u64 / together * together + 1;
                    }
                }
                break;
            }
            place -= length;
        }
        let fault = verify(lines, Some(&head), identity.public_key()).unwrap_err();
        prop_assert_eq!(fault.seq, whose);
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in any::<Vec<u8>>(), reason in "\\PC{1,80}") {
        let _ = AuditRecord::from_json(&bytes);
        let asker = Asker { reason: Some(reason.clone()), ..emergency() };
        let record = event(&asker, Happened::Read, Outcome::Allowed);
        prop_assert_eq!(record.emergency_reason, Some(reason));
    }
}
