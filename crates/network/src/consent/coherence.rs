//! The promise of this module, tried against a hostile network: once a patient
//! was told that a change holds, no node gives an answer from before it.
//!
//! Everything runs on the runtime's paused clock. Requests, replies and pushes
//! take their time or get lost, nodes stop hearing, and the service restarts.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use care::{Bsn, ConsentCategory, OrganisationType, ProviderCategory, SequentialIds, Ura};
use proptest::prelude::*;
use tokio::{task::JoinSet, time::Instant};
use trust::{
    SeededRandomness,
    consent::{ConsentAnswer, ConsentQuestion, ConsentService, LEASE_DURATION, Ruling, Verdict},
};

use super::{
    cached::CachedConsents,
    link::{NoLink, ToNode, ToService},
    push::{ConsentPush, LEASE_MARGIN},
    wire::{ClosedAnswer, ClosedQuestion, Invalidation, Lease, OpenAnswer, OpenQuestion},
};
use crate::kit::Region;

const NODES: usize = 3;
const PATIENTS: [&str; 2] = ["999911119", "999906276"];

/// What the network does to one message.
#[derive(Debug, Clone, Copy)]
struct Hop {
    delay_ms: u64,
    lost: bool,
}

#[derive(Debug, Clone, Copy)]
enum Event {
    Ask { node: usize, patient: usize },
    Change { patient: usize },
    Restart,
}

/// The service, the network and what happened so far.
struct World {
    hops: Vec<Hop>,
    next_hop: usize,
    /// Nodes that hear no push any more.
    deaf: Vec<bool>,
    versions: HashMap<Bsn, u64>,
    /// The versions of which the patient was told that they hold.
    told: HashMap<Bsn, u64>,
    push: ConsentPush,
    nodes: Vec<Arc<CachedConsents>>,
    ids: SequentialIds,
}

#[derive(Clone)]
struct Network(Arc<Mutex<World>>);

struct Line {
    network: Network,
    node: Ura,
}

fn ura(node: usize) -> Ura {
    (node + 1).to_string().parse().unwrap()
}

fn question(node: usize) -> ConsentQuestion {
    ConsentQuestion {
        holder: ura(node),
        holder_category: ProviderCategory::Hospital,
        consulting: "9".parse().unwrap(),
        consulting_category: ProviderCategory::GeneralPractice,
    }
}

fn answer(version: u64) -> ConsentAnswer {
    let ruling = |category| Ruling {
        category,
        verdict: Verdict::Permit,
        because: None,
    };
    ConsentAnswer {
        holder_category: ProviderCategory::Hospital,
        rulings: ConsentCategory::ALL.map(ruling),
        version,
    }
}

impl Network {
    async fn hop(&self) -> Result<(), NoLink> {
        let hop = {
            let mut world = self.0.lock().unwrap();
            let hop = world.hops[world.next_hop % world.hops.len()];
            world.next_hop += 1;
            hop
        };
        tokio::time::sleep(Duration::from_millis(hop.delay_ms)).await;
        if hop.lost { Err(NoLink) } else { Ok(()) }
    }

    fn push(&self) -> ConsentPush {
        self.0.lock().unwrap().push.clone()
    }

    fn start_service(&self) -> ConsentPush {
        let ids = &self.0.lock().unwrap().ids;
        ConsentPush::over(Arc::new(self.clone()), ids, &SeededRandomness::from_seed(7))
    }
}

#[async_trait]
impl ToService for Line {
    async fn closed(&self, question: ClosedQuestion) -> Result<ClosedAnswer, NoLink> {
        self.network.hop().await?;
        let patient = question.patient.0;
        let answer = {
            let world = self.network.0.lock().unwrap();
            let version = world.versions.get(&patient).copied().unwrap_or(0);
            ClosedAnswer {
                subject: world.push.subject(self.node, &patient),
                answer: answer(version),
            }
        };
        self.network.hop().await?;
        Ok(answer)
    }

    async fn open(&self, _question: OpenQuestion) -> Result<OpenAnswer, NoLink> {
        Err(NoLink)
    }

    async fn lease(&self) -> Result<Lease, NoLink> {
        self.network.hop().await?;
        let lease = self.network.push().grant(self.node).map_err(|_| NoLink)?;
        self.network.hop().await?;
        Ok(lease)
    }
}

#[async_trait]
impl ToNode for Network {
    async fn push(&self, node: Ura, invalidation: &Invalidation) -> Result<(), NoLink> {
        self.hop().await?;
        let index = (0..NODES).find(|index| ura(*index) == node).unwrap();
        let cached = {
            let world = self.0.lock().unwrap();
            if world.deaf[index] {
                return Err(NoLink);
            }
            world.nodes[index].clone()
        };
        cached.invalidated(invalidation);
        self.hop().await
    }
}

/// Lets the events happen and checks the promise at every answer. Gives how
/// many answers there were.
async fn run(hops: Vec<Hop>, deaf: Vec<bool>, events: Vec<(u64, Event)>) -> usize {
    let (network, nodes) = world(hops, deaf);
    let context = Region::new().admit(1, OrganisationType::Hospital).context();

    let mut leases = JoinSet::new();
    for node in nodes.clone() {
        leases.spawn(async move { node.keep_lease().await });
    }
    let mut asking = JoinSet::new();
    let mut changing = JoinSet::new();
    for (after_ms, event) in events {
        tokio::time::sleep(Duration::from_millis(after_ms)).await;
        let network = network.clone();
        match event {
            Event::Ask { node, patient } => {
                let (cached, context) = (nodes[node].clone(), context.clone());
                asking.spawn(async move {
                    let patient = Bsn::parse(PATIENTS[patient]).unwrap();
                    let answer = cached
                        .closed_question(&context, &patient, &question(node))
                        .await;
                    let told = network
                        .0
                        .lock()
                        .unwrap()
                        .told
                        .get(&patient)
                        .copied()
                        .unwrap_or(0);
                    if let Ok(answer) = &answer {
                        assert!(
                            answer.version >= told,
                            "an answer of version {} after the patient was told of {told}",
                            answer.version
                        );
                    }
                    answer.is_ok()
                });
            }
            Event::Change { patient } => {
                changing.spawn(async move {
                    let patient = Bsn::parse(PATIENTS[patient]).unwrap();
                    let (version, push) = {
                        let mut world = network.0.lock().unwrap();
                        let version = world.versions.entry(patient.clone()).or_default();
                        *version += 1;
                        (*version, world.push.clone())
                    };
                    let began = Instant::now();
                    push.changed(&patient).await;
                    assert!(began.elapsed() <= LEASE_DURATION + LEASE_MARGIN * 2);
                    let mut world = network.0.lock().unwrap();
                    let told = world.told.entry(patient).or_default();
                    *told = (*told).max(version);
                });
            }
            Event::Restart => {
                // Whoever waited for the old run is never told anything.
                changing.abort_all();
                let push = network.start_service();
                network.0.lock().unwrap().push = push;
            }
        }
    }
    let mut answers = 0;
    while let Some(answered) = asking.join_next().await {
        answers += usize::from(answered.unwrap());
    }
    while let Some(changed) = changing.join_next().await {
        assert!(changed.is_ok() || changed.is_err_and(|error| error.is_cancelled()));
    }
    answers
}

/// Before the service has started there is nobody to push to.
struct Nobody;

#[async_trait]
impl ToNode for Nobody {
    async fn push(&self, _node: Ura, _invalidation: &Invalidation) -> Result<(), NoLink> {
        Err(NoLink)
    }
}

fn paused<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(future)
}

fn hop() -> impl Strategy<Value = Hop> {
    let delay = prop_oneof![6 => 0_u64..20, 2 => 20_u64..600, 1 => 600_u64..4_000];
    (delay, prop::bool::weighted(0.15)).prop_map(|(delay_ms, lost)| Hop { delay_ms, lost })
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        12 => (0..NODES, 0..PATIENTS.len()).prop_map(|(node, patient)| Event::Ask { node, patient }),
        4 => (0..PATIENTS.len()).prop_map(|patient| Event::Change { patient }),
        1 => Just(Event::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn no_answer_from_before_a_change_that_the_patient_was_told_of(
        hops in prop::collection::vec(hop(), 1..80),
        deaf in prop::collection::vec(prop::bool::weighted(0.25), NODES),
        events in prop::collection::vec((0_u64..900, event()), 1..50),
    ) {
        paused(run(hops, deaf, events));
    }
}

#[test]
fn a_healthy_network_answers_every_question_and_tells_at_once() {
    let hops = vec![Hop {
        delay_ms: 2,
        lost: false,
    }];
    let mut events = vec![(
        2_500,
        Event::Ask {
            node: 0,
            patient: 0,
        },
    )];
    for round in 0..30 {
        events.push((10, Event::Change { patient: round % 2 }));
        events.push((
            3,
            Event::Ask {
                node: round % NODES,
                patient: round % 2,
            },
        ));
        events.push((
            40,
            Event::Ask {
                node: round % NODES,
                patient: (round + 1) % 2,
            },
        ));
    }
    assert_eq!(paused(run(hops, vec![false; NODES], events)), 61);
}

#[test]
fn a_change_is_told_within_two_hops_when_all_nodes_hear() {
    paused(async {
        let (network, nodes) = world(
            vec![Hop {
                delay_ms: 2,
                lost: false,
            }],
            vec![false; NODES],
        );
        for node in &nodes {
            node.closed_question(
                &Region::new().admit(1, OrganisationType::Hospital).context(),
                &Bsn::parse(PATIENTS[0]).unwrap(),
                &question(0),
            )
            .await
            .unwrap();
        }
        tokio::time::sleep(LEASE_DURATION / 2).await;
        let began = Instant::now();
        network
            .push()
            .changed(&Bsn::parse(PATIENTS[0]).unwrap())
            .await;
        // The rest of the time since the service started, and no more.
        assert!(began.elapsed() <= LEASE_DURATION);
        tokio::time::sleep(LEASE_DURATION * 2).await;
        for node in &nodes {
            node.renew_now().await;
        }
        let began = Instant::now();
        network
            .push()
            .changed(&Bsn::parse(PATIENTS[0]).unwrap())
            .await;
        assert_eq!(began.elapsed(), Duration::from_millis(4));
    });
}

fn world(hops: Vec<Hop>, deaf: Vec<bool>) -> (Network, Vec<Arc<CachedConsents>>) {
    let ids = SequentialIds::default();
    let push = ConsentPush::over(Arc::new(Nobody), &ids, &SeededRandomness::from_seed(7));
    let network = Network(Arc::new(Mutex::new(World {
        hops,
        next_hop: 0,
        deaf,
        versions: HashMap::new(),
        told: HashMap::new(),
        push,
        nodes: Vec::new(),
        ids,
    })));
    let push = network.start_service();
    let nodes: Vec<_> = (0..NODES)
        .map(|node| {
            let line = Line {
                network: network.clone(),
                node: ura(node),
            };
            let randomness = SeededRandomness::from_seed(node as u64);
            Arc::new(CachedConsents::over(
                Arc::new(line),
                "8".parse().unwrap(),
                &randomness,
            ))
        })
        .collect();
    let mut world = network.0.lock().unwrap();
    world.push = push;
    world.nodes.clone_from(&nodes);
    drop(world);
    (network, nodes)
}
