//! Where a PostgreSQL database is, and how it is reached.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use crate::DatabaseError;

/// Seconds that making a connection may take, when the URL does not say.
const CONNECT_SECONDS: u64 = 5;
/// Seconds after which a network that is gone is noticed.
const SILENCE_SECONDS: u64 = 30;
/// The setting with the authorities that the server's certificate is held
/// against. The client knows no such setting, so it is taken out of the URL.
const AUTHORITIES: &str = "sslrootcert";

/// A `postgres://` URL. Its password is shown nowhere.
#[derive(Clone)]
pub struct PostgresUrl {
    pub(super) config: Config,
    /// PEM file with authorities, instead of those of the machine.
    pub(super) authorities: Option<PathBuf>,
}

impl FromStr for PostgresUrl {
    type Err = DatabaseError;

    /// Reads a URL as PostgreSQL's own clients take it. Over a network TLS is
    /// used unless it says `sslmode=disable`, and the server's certificate is
    /// always verified, by the authorities in `sslrootcert=FILE` or else those
    /// of the machine.
    fn from_str(url: &str) -> Result<Self, DatabaseError> {
        let (base, settings) = url.split_once('?').unwrap_or((url, ""));
        let mut authorities = None;
        let mut others = Vec::new();
        for setting in settings.split('&').filter(|setting| !setting.is_empty()) {
            match setting.split_once('=') {
                Some((AUTHORITIES, file)) => authorities = Some(PathBuf::from(file)),
                _ => others.push(setting),
            }
        }
        let url = format!("{base}?{}", others.join("&"));
        // What the client says of a URL may repeat parts of it.
        let mut config: Config = url.parse().map_err(|_| DatabaseError::Address)?;
        let is_local = |host: &Host| matches!(host, Host::Unix(_));
        if config.get_ssl_mode() != SslMode::Disable {
            let here = config.get_hosts().iter().all(is_local) && config.get_hostaddrs().is_empty();
            config.ssl_mode(if here {
                SslMode::Disable
            } else {
                SslMode::Require
            });
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(Duration::from_secs(CONNECT_SECONDS));
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(Duration::from_secs(SILENCE_SECONDS));
        }
        if config.get_application_name().is_none() {
            config.application_name("schakel");
        }
        Ok(Self {
            config,
            authorities,
        })
    }
}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("postgres://")?;
        match self.config.get_hosts().first() {
            Some(Host::Tcp(host)) => f.write_str(host)?,
            Some(Host::Unix(path)) => write!(f, "{}", path.display())?,
            None => {}
        }
        write!(f, "/{}", self.config.get_dbname().unwrap_or_default())
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> PostgresUrl {
        url.parse().unwrap()
    }

    #[test]
    fn what_is_shown_has_no_password() {
        let url = read("postgres://node:geheim@db.example:5433/records?application_name=x");
        assert_eq!(url.to_string(), "postgres://db.example/records");
        assert!(!format!("{url:?}").contains("geheim"));
        let wrong = "postgres://node:geheim@db.example/records?sslmode=geheim";
        let error = wrong.parse::<PostgresUrl>().unwrap_err();
        assert!(!format!("{error} {error:?}").contains("geheim"));
    }

    #[test]
    fn a_network_is_crossed_with_tls_unless_it_is_said() {
        let mode = |url| read(url).config.get_ssl_mode();
        assert_eq!(mode("postgres://a@db.example/r"), SslMode::Require);
        assert_eq!(
            mode("postgres://a@db.example/r?sslmode=prefer"),
            SslMode::Require
        );
        assert_eq!(
            mode("postgres://a@db.example/r?sslmode=disable"),
            SslMode::Disable
        );
        assert_eq!(mode("postgres:///r?host=/run/postgresql"), SslMode::Disable);
    }

    #[test]
    fn authorities_are_a_file() {
        let url = read("postgres://a@db.example/r?sslrootcert=/etc/ca.pem&connect_timeout=3");
        assert_eq!(url.authorities, Some(PathBuf::from("/etc/ca.pem")));
        assert_eq!(
            url.config.get_connect_timeout(),
            Some(&Duration::from_secs(3))
        );
    }
}
