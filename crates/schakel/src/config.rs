//! The configuration of one node: a TOML file with paths relative to itself.

use std::{
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use care::{OrganisationType, Ura};
use network::hook::AllowedEndpoints;
use serde::{Deserialize, Serialize};
use store::Database;

use crate::validation;

/// One node. `docs/configuration.md` says what each setting is for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NodeConfig {
    pub(crate) organisation: OrganisationConfig,
    pub(crate) doors: DoorsConfig,
    pub(crate) files: FilesConfig,
    pub(crate) region: RegionConfig,
    /// Nobody can sign in, and no node can be served, until this is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sign_in: Option<SignInConfig>,
    #[serde(default)]
    pub(crate) limits: LimitsConfig,
    #[serde(default)]
    pub(crate) validation: ValidationConfig,
    #[serde(default, skip_serializing_if = "SubscriptionsConfig::is_empty")]
    pub(crate) subscriptions: SubscriptionsConfig,
}

/// Where subscriptions may be delivered.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SubscriptionsConfig {
    /// What endpoints begin with; others are refused.
    pub(crate) endpoints: Vec<String>,
}

impl SubscriptionsConfig {
    fn is_empty(&self) -> bool {
        self.endpoints.is_empty()
    }

    /// As the network takes them.
    pub(crate) fn allowed(&self) -> anyhow::Result<AllowedEndpoints> {
        AllowedEndpoints::below(&self.endpoints).context("`subscriptions.endpoints`")
    }
}

/// How what is written is validated.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ValidationConfig {
    /// What happens to a write with errors.
    pub(crate) mode: validation::Mode,
}

/// Whose node it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrganisationConfig {
    /// A short name for commands and files.
    pub(crate) slug: String,
    /// The name on screen and in access logs; must be that of the certificate.
    pub(crate) name: String,
    /// The URA, eight digits.
    pub(crate) ura: Ura,
    /// The RoleCodeNL code of its type.
    #[serde(rename = "type")]
    pub(crate) organisation_type: String,
}

/// Where the node listens.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DoorsConfig {
    /// FHIR, messages and pages for the organisation itself, over HTTP: on
    /// loopback, or behind the organisation's own TLS proxy.
    pub(crate) own: SocketAddr,
    /// The door for other nodes, with mutual TLS. Left out, the node asks
    /// others but answers nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) node: Option<SocketAddr>,
    /// HL7 v2 over MLLP.
    pub(crate) mllp: SocketAddr,
    /// The address at which browsers reach the own door, where a proxy stands
    /// before it. With `https`, cookies are marked Secure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) public_url: Option<String>,
    /// The address at which other nodes reach the node door, where it differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) node_url: Option<String>,
    /// TLS at the MLLP port. Left out, it speaks in the clear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) mllp_tls: Option<MllpTlsConfig>,
}

/// TLS at the MLLP port: PEM files of the organisation's own.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MllpTlsConfig {
    /// The certificate of the port, with what leads to its root.
    pub(crate) certificate: PathBuf,
    /// Its private key.
    pub(crate) key: PathBuf,
    /// Who gives certificates to the systems that send here. Left out, a
    /// sender need not show one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) clients: Option<PathBuf>,
}

/// How people sign in.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignInConfig {
    /// Who says who somebody is.
    pub(crate) issuer: Issuer,
}

/// Who says who somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Issuer {
    /// Whoever names a person of the list is believed: for made-up people only.
    Demo,
}

/// Where the node keeps its files.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FilesConfig {
    /// The database of the organisation.
    pub(crate) database: DatabaseSetting,
    /// A database of its records in FHIR STU3. Left out, there is no STU3 base.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) database_stu3: Option<DatabaseSetting>,
    /// The directory with `certificate.pem` and `key.pem`.
    pub(crate) identity: PathBuf,
    /// The certificate of the region's authority.
    pub(crate) authority: PathBuf,
    /// The region's revocation list, in PEM. Left out, no certificate of the
    /// region is ever taken back here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) revoked: Option<PathBuf>,
    /// The people who may sign in: the demo issuer's list.
    pub(crate) people: PathBuf,
    /// A directory with exchanges of the organisation's own, beside the ones
    /// that are built in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) exchanges: Option<PathBuf>,
    /// A directory with releases of code systems, made by `schakel terminology
    /// load`, and with FHIR definitions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) terminology: Option<PathBuf>,
    /// A directory with packages of profiles, made by `schakel package add`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) packages: Option<PathBuf>,
}

/// Where the database is: the path of an SQLite file, or a `postgres://` URL,
/// whose password is shown nowhere.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct DatabaseSetting(String);

impl DatabaseSetting {
    /// A file.
    pub(crate) fn file(path: &str) -> Self {
        Self(path.to_owned())
    }

    /// As the store takes it.
    pub(crate) fn parse(&self) -> anyhow::Result<Database> {
        Ok(Database::parse(&self.0)?)
    }

    /// A path is from the directory on that the configuration is in.
    fn below(&mut self, directory: &Path) {
        if let Ok(Database::Sqlite(path)) = self.parse() {
            self.0 = directory.join(path).display().to_string();
        }
    }
}

impl fmt::Debug for DatabaseSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parse() {
            Ok(database) => write!(f, "{database}"),
            Err(error) => write!(f, "{error}"),
        }
    }
}

/// The regional services.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RegionConfig {
    /// The node door of the organisation that runs the regional services.
    pub(crate) services_url: String,
    /// The URA of that organisation.
    pub(crate) services_ura: Ura,
    /// This node runs them itself, with its databases in this directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) embedded: Option<PathBuf>,
}

/// Limits that an organisation may set.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LimitsConfig {
    /// How long a source may take to answer, in milliseconds.
    pub(crate) source_deadline_ms: u64,
    /// Requests per second from one client at the own door, before 429.
    pub(crate) requests_per_second: u32,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            source_deadline_ms: 2_000,
            requests_per_second: 200,
        }
    }
}

impl NodeConfig {
    /// Reads a file, and makes its paths absolute.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the configuration `{}`", path.display()))?;
        let mut config: Self = toml::from_str(&text)
            .with_context(|| format!("the configuration `{}` is not valid", path.display()))?;
        config
            .organisation_type()
            .with_context(|| format!("in `{}`", path.display()))?;
        config
            .subscriptions
            .allowed()
            .with_context(|| format!("in `{}`", path.display()))?;
        let directory = path.parent().unwrap_or(Path::new("."));
        let files = &mut config.files;
        for (name, database) in [
            ("database", Some(&mut files.database)),
            ("database_stu3", files.database_stu3.as_mut()),
        ] {
            let Some(database) = database else { continue };
            database.below(directory);
            database
                .parse()
                .with_context(|| format!("`files.{name}` in `{}`", path.display()))?;
        }
        for file in [&mut files.identity, &mut files.authority, &mut files.people]
            .into_iter()
            .chain(&mut files.exchanges)
            .chain(&mut files.terminology)
            .chain(&mut files.packages)
            .chain(&mut files.revoked)
            .chain(&mut config.region.embedded)
        {
            *file = directory.join(&file);
        }
        if let Some(tls) = &mut config.doors.mllp_tls {
            let key_and_certificate = [&mut tls.certificate, &mut tls.key];
            for file in key_and_certificate.into_iter().chain(&mut tls.clients) {
                *file = directory.join(&file);
            }
        }
        Ok(config)
    }

    /// Writes a file.
    pub(crate) fn write(&self, path: &Path) -> anyhow::Result<()> {
        std::fs::write(path, toml::to_string(self)?)
            .with_context(|| format!("cannot write `{}`", path.display()))
    }

    /// How people sign in; that it is not said is a reason not to serve.
    pub(crate) fn issuer(&self) -> anyhow::Result<Issuer> {
        match self.sign_in {
            Some(SignInConfig { issuer }) => Ok(issuer),
            None => bail!(
                "`sign_in.issuer` is missing: the only issuer that there is yet is `demo`, which \
                 believes whoever names a person of `files.people`. Where everybody is made up, \
                 add\n\n[sign_in]\nissuer = \"demo\""
            ),
        }
    }

    /// What kind of organisation it is.
    pub(crate) fn organisation_type(&self) -> anyhow::Result<OrganisationType> {
        let code = &self.organisation.organisation_type;
        match OrganisationType::from_code(code) {
            Some(kind) => Ok(kind),
            None => bail!(
                "`{code}` is no organisation type; known are {}",
                OrganisationType::ALL.map(OrganisationType::code).join(", ")
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSPITAL: &str = r#"
[organisation]
slug = "ziekenhuis"
name = "Ziekenhuis Hogedam"
ura = "90000104"
type = "V4"

[doors]
own = "127.0.0.1:8085"
node = "127.0.0.1:8105"
mllp = "127.0.0.1:2575"

[files]
database = "records.db"
identity = "identity"
authority = "../authority.pem"
people = "../people.json"

[region]
services_url = "https://127.0.0.1:8101"
services_ura = "90000100"
"#;

    fn read(text: &str) -> anyhow::Result<NodeConfig> {
        let directory = tempfile::tempdir()?;
        let path = directory.path().join("node.toml");
        std::fs::write(&path, text)?;
        let config = NodeConfig::read(&path)?;
        assert!(config.files.identity.starts_with(directory.path()));
        if let Database::Sqlite(file) = config.files.database.parse()? {
            assert!(file.starts_with(directory.path()));
        }
        Ok(config)
    }

    #[test]
    fn a_file_that_was_written_reads_the_same() {
        let config = read(HOSPITAL).unwrap();
        let again: NodeConfig = toml::from_str(&toml::to_string(&config).unwrap()).unwrap();
        assert_eq!(format!("{config:?}"), format!("{again:?}"));
    }

    #[test]
    fn a_database_can_be_on_a_server_and_its_password_stays_unseen() {
        let url = "postgres://node:geheim@db.example/records";
        let config = read(&HOSPITAL.replace("records.db", url)).unwrap();
        assert!(matches!(
            config.files.database.parse(),
            Ok(Database::Postgres(_))
        ));
        let shown = format!("{config:?}");
        assert!(shown.contains("postgres://db.example/records") && !shown.contains("geheim"));
        let wrong = url.replace("/records", ":port/records");
        let error = read(&HOSPITAL.replace("records.db", &wrong)).unwrap_err();
        assert!(!format!("{error:#} {error:?}").contains("geheim"));
    }

    #[test]
    fn the_demo_issuer_is_one_that_was_asked_for() {
        let silent = read(HOSPITAL).unwrap().issuer().unwrap_err().to_string();
        assert!(silent.contains("`sign_in.issuer` is missing"), "{silent}");
        let said = format!("{HOSPITAL}\n[sign_in]\nissuer = \"demo\"\n");
        assert_eq!(read(&said).unwrap().issuer().unwrap(), Issuer::Demo);
    }

    #[test]
    fn nothing_is_validated_unless_it_is_said() {
        assert_eq!(
            read(HOSPITAL).unwrap().validation.mode,
            validation::Mode::Off
        );
        let said = format!("{HOSPITAL}\n[validation]\nmode = \"refuse\"\n");
        let said = said.replace("people = ", "packages = \"packages\"\npeople = ");
        let config = read(&said).unwrap();
        assert_eq!(config.validation.mode, validation::Mode::Refuse);
        assert!(config.files.packages.is_some_and(|path| path.is_absolute()));
        let wrong = said.replace("\"refuse\"", "\"strict\"");
        let error = format!("{:#}", read(&wrong).unwrap_err());
        assert!(error.contains("unknown variant `strict`"), "{error}");
    }

    #[test]
    fn endpoints_of_subscribers_are_refused_unless_they_are_named() {
        let hook = "https://his.example/hooks/a";
        assert!(
            read(HOSPITAL)
                .unwrap()
                .subscriptions
                .allowed()
                .unwrap()
                .check(hook)
                .is_err()
        );
        let named = format!("{HOSPITAL}\n[subscriptions]\nendpoints = [\"https://his.example\"]\n");
        assert!(
            read(&named)
                .unwrap()
                .subscriptions
                .allowed()
                .unwrap()
                .check(hook)
                .is_ok()
        );
        let wrong = read(&named.replace("https", "http")).unwrap_err();
        assert!(format!("{wrong:#}").contains("must be https"), "{wrong:#}");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let wrong = |from: &str, to: &str| {
            let error = read(&HOSPITAL.replace(from, to)).unwrap_err();
            format!("{error:#}").replace('\n', " ")
        };
        assert!(wrong("\"V4\"", "\"V9\"").contains("`V9` is no organisation type"));
        assert!(
            wrong("[region]", "[sign_in]\nissuer = \"uzi\"\n[region]")
                .contains("unknown variant `uzi`")
        );
        assert!(wrong("mllp =", "mlpp =").contains("unknown field `mlpp`"));
        assert!(wrong("\"90000104\"", "\"hospital\"").contains("a URA has eight digits"));
    }
}
