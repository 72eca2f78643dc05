//! A scope as an SQL condition.

use crate::database::Connection;
use crate::database::Value;
use care::{Categories, Scope};

use crate::StoreError;
use crate::database::kinds::Kinds;

/// What a question can see: a condition on every row that is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sight {
    /// Every row.
    All,
    /// No row.
    Nothing,
    /// Rows that belong to exactly this patient, with labels of this set only.
    Patient {
        /// The rows that stand for the patient: those with the BSN.
        patients: Vec<i64>,
        /// The labels that may be seen, as bits.
        labels: u32,
    },
}

impl Sight {
    /// Looks up who a scope is about.
    pub(crate) fn of(connection: &Connection, scope: &Scope) -> Result<Self, StoreError> {
        let (bsn, categories) = match scope {
            Scope::Organisation => return Ok(Self::All),
            Scope::Nothing => return Ok(Self::Nothing),
            Scope::Patient { bsn, categories } => (bsn, *categories),
        };
        let patients = connection
            .prepare_cached("SELECT rid FROM patient WHERE bsn = ?1 ORDER BY rid")?
            .query_all([bsn.expose()], |row| row.get(0))?;
        if patients.is_empty() || categories == Categories::NONE {
            return Ok(Self::Nothing);
        }
        Ok(Self::Patient {
            patients,
            labels: categories.bits(),
        })
    }

    /// The condition on rows named `alias` of `resource` or `version`. It pushes the
    /// values that its question marks stand for.
    pub(crate) fn condition(&self, alias: &str, values: &mut Vec<Value>) -> String {
        match self {
            Self::All => "TRUE".to_owned(),
            Self::Nothing => "FALSE".to_owned(),
            Self::Patient { patients, labels } => {
                values.extend(patients.iter().map(|patient| Value::Integer(*patient)));
                values.push(Value::Integer(!i64::from(*labels)));
                let marks = vec!["?"; patients.len()].join(",");
                format!(
                    "{alias}.patient IN ({marks}) AND {alias}.labels <> 0
                     AND ({alias}.labels & ?) = 0"
                )
            }
        }
    }

    /// As [`Self::condition`], and rows of directory types that belong to
    /// nobody: for what is referred to, never for what is searched.
    pub(crate) fn condition_or_directory(
        &self,
        alias: &str,
        kinds: &Kinds,
        values: &mut Vec<Value>,
    ) -> String {
        let condition = self.condition(alias, values);
        if matches!(self, Self::All | Self::Nothing) {
            return condition;
        }
        let directory: Vec<String> = kinds.directory().iter().map(i64::to_string).collect();
        format!(
            "({condition} OR ({alias}.patient = 0 AND {alias}.kind IN ({})))",
            directory.join(",")
        )
    }
}
