//! Starts all nodes of the region in one process, fills it the first time, and
//! says where to look.

use std::{
    collections::BTreeMap,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::Context;
use care::{Role, SystemClock};
use demo::{DemoRegion, Organisation};
use futures::future::try_join_all;
use trust::person::People;
use web::Elsewhere;

use super::{DemoSettings, Doors, Prepared, PreparedNode, consents::choose, fill, prepare};
use crate::{
    commands,
    demo_file::{DemoFile, OrganisationEntry, PatientEntry, PersonEntry},
    door_client,
    node::{RunningNode, Surroundings},
    shutdown,
};

/// How long the token lives with which the histories are sent.
const FILLING_TIME_MAX: Duration = Duration::from_hours(6);
/// How long the registrations at the localisation index may take.
const REGISTRATION_TIME_MAX: Duration = Duration::from_mins(2);
/// How often is looked whether they are done.
const REGISTRATION_LOOK_EVERY: Duration = Duration::from_millis(50);

type Nodes = BTreeMap<Organisation, RunningNode>;

/// Runs the region until it is asked to stop.
pub(crate) async fn run(settings: DemoSettings) -> anyhow::Result<()> {
    let began = Instant::now();
    let mut prepared = prepare(&settings, &SystemClock::default())?;
    let people = commands::people(&settings.data)?;
    let mut nodes = open_all(std::mem::take(&mut prepared.nodes), &people)?;

    let stopped = shutdown::signal();
    tokio::pin!(stopped);
    let started = tokio::select! {
        () = &mut stopped => Ok(false),
        done = start_up(&settings, &mut prepared, &mut nodes, &people) => done.map(|()| true),
    };
    if let Ok(true) = started {
        say_where(&nodes, &settings, began.elapsed());
        stopped.await;
    }
    futures::future::join_all(nodes.into_values().map(RunningNode::stop)).await;
    started.map(drop)
}

fn open_all(prepared: Vec<PreparedNode>, people: &People) -> anyhow::Result<Nodes> {
    let mut elsewhere = elsewhere(&prepared, people);
    let mut nodes = Nodes::new();
    for PreparedNode {
        organisation,
        config,
        sockets,
    } in prepared
    {
        let elsewhere = match organisation {
            Organisation::Regional => std::mem::take(&mut elsewhere),
            _ => Vec::new(),
        };
        let surroundings = Surroundings { elsewhere };
        nodes.insert(
            organisation,
            RunningNode::open(&config, sockets, surroundings)?,
        );
    }
    Ok(nodes)
}

/// The sign-in pages of the other organisations, for the start page.
fn elsewhere(prepared: &[PreparedNode], people: &People) -> Vec<Elsewhere> {
    prepared
        .iter()
        .filter(|node| node.organisation != Organisation::Regional)
        .map(|node| Elsewhere {
            name: node.config.organisation.name.clone(),
            address: format!("http://localhost:{}/", node.config.doors.own.port()),
            people: people
                .of(node.config.organisation.ura)
                .filter(|person| person.role != Role::RecordSystem)
                .map(|person| person.slug.clone())
                .collect(),
        })
        .collect()
}

/// Brings the region to where its users can begin.
async fn start_up(
    settings: &DemoSettings,
    prepared: &mut Prepared,
    nodes: &mut Nodes,
    people: &People,
) -> anyhow::Result<()> {
    // The regional organisation first: the others make themselves known there.
    for organisation in Organisation::ALL {
        if let Some(node) = nodes.get_mut(&organisation) {
            node.join().await?;
        }
    }
    try_join_all(nodes.values().map(RunningNode::look_around)).await?;
    if !prepared.filled {
        choose_all(&prepared.people, nodes, people).await?;
        let messages = fill(
            &prepared.people,
            doors(nodes, people)?,
            door_client::http()?,
        )
        .await?;
        prepared.mark_filled(messages)?;
    }
    wait_for_registrations(nodes).await?;
    describe(prepared, nodes, people, settings)?.write(&settings.data)?;
    nodes.values().for_each(RunningNode::now_ready);
    Ok(())
}

async fn choose_all(region: &DemoRegion, nodes: &Nodes, people: &People) -> anyhow::Result<()> {
    let regional = nodes
        .get(&Organisation::Regional)
        .context("the regional node is missing")?;
    let consents = regional
        .services
        .as_ref()
        .context("the consent service is missing")?;
    choose(&region.patients, people, &regional.bearer, consents).await
}

fn doors(nodes: &Nodes, people: &People) -> anyhow::Result<BTreeMap<Organisation, Doors>> {
    nodes
        .iter()
        .filter(|(organisation, _)| **organisation != Organisation::Regional)
        .map(|(organisation, node)| {
            let system = people
                .of(node.organisation.ura)
                .find(|person| person.role == Role::RecordSystem)
                .with_context(|| format!("{organisation:?} has no record system"))?;
            let doors = Doors {
                fhir: format!("{}/fhir/r4", node.own_url),
                edifact: format!("{}/messages/edifact", node.own_url),
                mllp: node.mllp.to_string(),
                token: node.bearer.issue(system, FILLING_TIME_MAX)?,
            };
            Ok((*organisation, doors))
        })
        .collect()
}

/// Waits until everything that was taken in can be found.
async fn wait_for_registrations(nodes: &Nodes) -> anyhow::Result<()> {
    let registered = async {
        for node in nodes.values() {
            while !node.node.store().outbox(1).await?.is_empty() {
                tokio::time::sleep(REGISTRATION_LOOK_EVERY).await;
            }
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(REGISTRATION_TIME_MAX, registered)
        .await
        .context("the localisation index did not take all registrations in time")?
}

fn describe(
    prepared: &Prepared,
    nodes: &Nodes,
    people: &People,
    settings: &DemoSettings,
) -> anyhow::Result<DemoFile> {
    let entry = |organisation: Organisation| {
        let node = nodes.get(&organisation).context("a node is missing")?;
        let described = organisation.describe();
        Ok(OrganisationEntry {
            slug: described.slug.to_owned(),
            name: described.name.to_owned(),
            organisation_type: described.organisation_type.code().to_owned(),
            ura: described.ura.to_string(),
            fhir: format!("{}/fhir/r4", node.own_url),
            mllp: node.mllp.to_string(),
            edifact: format!("{}/messages/edifact", node.own_url),
            web: format!("{}/", node.own_url),
            reachable: settings.reaches(organisation),
        })
    };
    let slugs: BTreeMap<_, _> = Organisation::ALL
        .into_iter()
        .map(Organisation::describe)
        .map(|described| (described.ura, described.slug))
        .collect();
    let organisations = Organisation::ALL
        .into_iter()
        .map(entry)
        .collect::<anyhow::Result<Vec<_>>>()?;
    Ok(DemoFile {
        url: organisations
            .first()
            .map(|one| one.web.clone())
            .unwrap_or_default(),
        seed: settings.seed,
        organisations,
        people: people
            .iter()
            .map(|person| PersonEntry {
                slug: person.slug.clone(),
                name: person.name.clone(),
                role: person.role.name().to_owned(),
                organisation: slugs
                    .get(&person.organisation)
                    .copied()
                    .unwrap_or("")
                    .to_owned(),
            })
            .collect(),
        patients: prepared
            .people
            .patients
            .iter()
            .map(|patient| PatientEntry {
                slug: patient.slug.clone(),
                name: patient.name(),
                bsn: patient.bsn.expose().to_owned(),
                birth_date: patient.birth_date.to_string(),
                sources: patient
                    .sources()
                    .into_iter()
                    .map(|source| source.describe().slug.to_owned())
                    .collect(),
            })
            .collect(),
    })
}

/// What to do now, for a person.
fn say_where(nodes: &Nodes, settings: &DemoSettings, took: Duration) {
    let url = |organisation| {
        nodes
            .get(&organisation)
            .map_or("", |node| node.own_url.as_str())
    };
    let data = data_option(&settings.data);
    eprintln!(
        "\nThe region is ready, after {:.1} s.\n\n\
         Start here       {}\n\
         As a clinician   {}  internist-akkerhof, patient with BSN 999900006\n\
         As the patient   {}  patient-001\n\
         As a coordinator {}  coordinator-houtkamp\n\
         As an operator   {}  beheer-laboratorium\n\n\
         Addresses, people and patients: {}\n\
         Send a result:   schakel send examples/result.hl7 --to laboratorium{data}\n\
         Ask why:         schakel explain access --person internist-akkerhof \
         --patient patient-001 --source huisarts{data}\n\
         Check the logs:  schakel audit verify{data}\n\n\
         Everybody in it is made up. Ctrl-C stops it; nothing is lost.",
        took.as_secs_f64(),
        url(Organisation::Regional),
        url(Organisation::Hospital),
        url(Organisation::Regional),
        url(Organisation::Regional),
        url(Organisation::Laboratory),
        settings.data.join(crate::demo_file::FILE_NAME).display(),
    );
}

fn data_option(data: &Path) -> String {
    if data == Path::new("data") {
        String::new()
    } else {
        format!(" --data {}", data.display())
    }
}
