//! Makes the keys, the people and the configuration of a demo region, or finds
//! them as they were made before.

use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use care::{Clock, Role};
use demo::{DemoRegion, Organisation, Setup};
use jiff::{civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};
use trust::{
    identity::{OrganisationRecord, RegionAuthority},
    person::{People, Person},
};

use crate::{
    config::{
        DatabaseSetting, DoorsConfig, FilesConfig, Issuer, LimitsConfig, NodeConfig,
        OrganisationConfig, RegionConfig, SignInConfig, SubscriptionsConfig, ValidationConfig,
    },
    node::Sockets,
};

/// What the user asked for.
#[derive(Debug, Clone)]
pub(crate) struct DemoSettings {
    pub(crate) data: PathBuf,
    pub(crate) port: u16,
    pub(crate) seed: u64,
    pub(crate) patients: usize,
    /// Whether the organisation that is switched off as in life is on.
    pub(crate) every_source: bool,
    pub(crate) fresh: bool,
}

impl DemoSettings {
    /// Whether other nodes can reach an organisation.
    pub(crate) fn reaches(&self, organisation: Organisation) -> bool {
        self.every_source || organisation.describe().reachable
    }
}

/// A region that is ready to start.
pub(crate) struct Prepared {
    pub(crate) nodes: Vec<PreparedNode>,
    pub(crate) people: DemoRegion,
    /// Whether the messages were all taken in before.
    pub(crate) filled: bool,
    marker: PathBuf,
    made: Made,
}

/// A node that is ready to start, with its ports held.
pub(crate) struct PreparedNode {
    pub(crate) organisation: Organisation,
    pub(crate) config: NodeConfig,
    pub(crate) sockets: Sockets,
}

/// What a region was made from, kept beside it.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
struct Made {
    seed: u64,
    patients: usize,
    /// The day on which the histories end, as `2026-11-22`.
    today: String,
    filled: bool,
    /// How many messages and Bundles filled it.
    #[serde(default)]
    messages: usize,
}

const MARKER: &str = "region.json";

/// Finds the region in its directory, or makes it.
pub(crate) fn prepare(settings: &DemoSettings, clock: &dyn Clock) -> anyhow::Result<Prepared> {
    let marker = settings.data.join(MARKER);
    if settings.fresh && settings.data.exists() {
        discard(&settings.data, &marker)?;
    }
    let found = match fs::read(&marker) {
        Ok(bytes) => Some(serde_json::from_slice::<Made>(&bytes).with_context(|| {
            format!(
                "`{}` is not valid; `--fresh` makes the region anew",
                marker.display()
            )
        })?),
        Err(_) => None,
    };
    // A region that was cut off while it filled is made anew: half a history
    // would look like a whole one.
    let made = match found {
        Some(made) if made.filled => {
            if (made.seed, made.patients) != (settings.seed, settings.patients) {
                bail!(
                    "`{}` holds a region of {} patients from seed {}; \
                     use the same numbers, or `--fresh` to replace it",
                    settings.data.display(),
                    made.patients,
                    made.seed
                );
            }
            made
        }
        found => {
            if found.is_some() {
                discard(&settings.data, &marker)?;
            }
            Made {
                seed: settings.seed,
                patients: settings.patients,
                today: clock.now().to_zoned(TimeZone::UTC).date().to_string(),
                filled: false,
                messages: 0,
            }
        }
    };
    let people = demo::region(Setup {
        seed: made.seed,
        patients: made.patients,
        today: made
            .today
            .parse::<Date>()
            .context("the day in the region's file is not one")?,
    });
    if !made.filled {
        fs::create_dir_all(&settings.data)
            .with_context(|| format!("cannot make `{}`", settings.data.display()))?;
        make_keys_and_people(&settings.data, &people, clock)?;
        fs::write(&marker, serde_json::to_vec_pretty(&made)?)?;
    }
    let nodes = configure(settings)?;
    Ok(Prepared {
        nodes,
        people,
        filled: made.filled,
        marker,
        made,
    })
}

impl Prepared {
    /// Remembers that all messages were taken in.
    pub(crate) fn mark_filled(&mut self, messages: usize) -> anyhow::Result<()> {
        self.made.filled = true;
        self.made.messages = messages;
        self.filled = true;
        fs::write(&self.marker, serde_json::to_vec_pretty(&self.made)?)
            .with_context(|| format!("cannot write `{}`", self.marker.display()))
    }
}

/// Removes what a demo region left, and nothing that is not known to be one.
fn discard(data: &Path, marker: &Path) -> anyhow::Result<()> {
    let is_empty = fs::read_dir(data).is_ok_and(|mut entries| entries.next().is_none());
    if !marker.exists() && !is_empty {
        bail!(
            "`{}` holds something else than a demo region; it is left alone",
            data.display()
        );
    }
    for entry in fs::read_dir(data)? {
        let path = entry?.path();
        let removed = if path.is_dir() {
            fs::remove_dir_all(&path)
        } else {
            fs::remove_file(&path)
        };
        removed.with_context(|| format!("cannot remove `{}`", path.display()))?;
    }
    Ok(())
}

fn make_keys_and_people(data: &Path, region: &DemoRegion, clock: &dyn Clock) -> anyhow::Result<()> {
    let authority = RegionAuthority::create("Zorgregio Waterrijk", clock.now())?;
    fs::create_dir_all(data.join("authority"))?;
    authority.save(&data.join("authority"))?;
    fs::write(data.join("authority.pem"), authority.certificate_pem())?;
    for organisation in Organisation::ALL {
        let described = organisation.describe();
        let record = OrganisationRecord {
            ura: described.ura,
            name: described.name.to_owned(),
            organisation_type: described.organisation_type,
        };
        let hosts = ["localhost".to_owned(), Ipv4Addr::LOCALHOST.to_string()];
        let identity = authority.issue(&record, &hosts, clock.now())?;
        let directory = data.join(described.slug);
        fs::create_dir_all(directory.join("identity"))?;
        identity.save(&directory.join("identity"))?;
    }
    fs::write(data.join("people.json"), people_of(region)?.to_json())?;
    Ok(())
}

/// Everybody who can sign in: those who work there, and all patients.
fn people_of(region: &DemoRegion) -> anyhow::Result<People> {
    let staff = region.staff.iter().map(|one| Person {
        slug: one.slug.to_owned(),
        name: one.name.to_owned(),
        role: one.role,
        organisation: one.organisation.describe().ura,
        bsn: None,
    });
    let regional = Organisation::Regional.describe().ura;
    let patients = region.patients.iter().map(|one| Person {
        slug: one.slug.clone(),
        name: one.name(),
        role: Role::Patient,
        organisation: regional,
        bsn: Some(one.bsn.clone()),
    });
    Ok(People::new(staff.chain(patients).collect())?)
}

/// Writes each node's configuration, with ports that are free now, and holds
/// those ports: given back, another program might take them.
fn configure(settings: &DemoSettings) -> anyhow::Result<Vec<PreparedNode>> {
    let mut ports = Ports {
        next: settings.port,
    };
    let mut own = vec![Ports::exactly(settings.port)?];
    for _ in 1..Organisation::ALL.len() {
        own.push(ports.near()?);
    }
    let mut row = || {
        Organisation::ALL
            .into_iter()
            .map(|_| ports.near())
            .collect::<anyhow::Result<Vec<_>>>()
    };
    let (node, mllp) = (row()?, row()?);
    let services_url = format!("https://{}", node[0].local_addr()?);
    Organisation::ALL
        .into_iter()
        .zip(own)
        .zip(node.into_iter().zip(mllp))
        .map(|((organisation, own), (node, mllp))| {
            prepare_node(settings, organisation, &services_url, own, node, mllp)
        })
        .collect()
}

fn prepare_node(
    settings: &DemoSettings,
    organisation: Organisation,
    services_url: &str,
    own: TcpListener,
    node: TcpListener,
    mllp: TcpListener,
) -> anyhow::Result<PreparedNode> {
    let described = organisation.describe();
    let regional = organisation == Organisation::Regional;
    let reachable = settings.reaches(organisation);
    let node_address = node.local_addr()?;
    let config = NodeConfig {
        organisation: OrganisationConfig {
            slug: described.slug.to_owned(),
            name: described.name.to_owned(),
            ura: described.ura,
            organisation_type: described.organisation_type.code().to_owned(),
        },
        doors: DoorsConfig {
            own: own.local_addr()?,
            node: reachable.then_some(node_address),
            mllp: mllp.local_addr()?,
            public_url: None,
            node_url: (!reachable).then(|| format!("https://{node_address}")),
            mllp_tls: None,
        },
        files: FilesConfig {
            database: DatabaseSetting::file("records.db"),
            database_stu3: None,
            identity: "identity".into(),
            authority: "../authority.pem".into(),
            people: "../people.json".into(),
            revoked: None,
            exchanges: None,
            terminology: None,
            packages: None,
        },
        region: RegionConfig {
            services_url: services_url.to_owned(),
            services_ura: Organisation::Regional.describe().ura,
            embedded: regional.then(|| "services".into()),
        },
        sign_in: Some(SignInConfig {
            issuer: Issuer::Demo,
        }),
        limits: LimitsConfig::default(),
        validation: ValidationConfig::default(),
        subscriptions: SubscriptionsConfig::default(),
    };
    let path = settings.data.join(described.slug).join("node.toml");
    config.write(&path)?;
    Ok(PreparedNode {
        organisation,
        config: NodeConfig::read(&path)?,
        sockets: Sockets::of(own, reachable.then_some(node), mllp)?,
    })
}

/// Ports on loopback: the ones after the first where they are free, so that
/// addresses stay the same from start to start; any other where they are not.
struct Ports {
    next: u16,
}

impl Ports {
    fn exactly(port: u16) -> anyhow::Result<TcpListener> {
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).with_context(|| {
            format!("port {port} is taken; choose another with `--port`, or 0 for any")
        })
    }

    fn near(&mut self) -> anyhow::Result<TcpListener> {
        if self.next != 0 {
            self.next = self.next.saturating_add(1);
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.next))
            .or_else(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
        Ok(listener)
    }
}
