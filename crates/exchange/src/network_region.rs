//! The region over the network: the adapter of [`Region`] over `network`.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use care::{AccessContext, Bsn, Categories, Ura};
use network::{
    addressing::{Directory, Organisation},
    ask::{self, Asker, FHIR_PATH, Question, SourceQuery},
    localisation::Localisation,
};
use trust::identity::OrganisationRecord;

use crate::region::{Answer, LogAnswer, Participant, Region, Unreachable};

/// The rest of the region, over HTTPS with mutual TLS.
pub struct NetworkRegion {
    directory: Arc<Directory>,
    localisation: Arc<dyn Localisation>,
    asker: Arc<Asker>,
}

impl NetworkRegion {
    /// The region that this directory knows, this index finds in, and this
    /// asker asks.
    pub fn new(
        directory: Arc<Directory>,
        localisation: Arc<dyn Localisation>,
        asker: Arc<Asker>,
    ) -> Self {
        Self {
            directory,
            localisation,
            asker,
        }
    }

    fn find(&self, ura: Ura) -> Result<Organisation, String> {
        self.directory
            .find(ura)
            .ok_or_else(|| "its address is not known".to_owned())
    }
}

#[async_trait]
impl Region for NetworkRegion {
    fn organisations(&self) -> Vec<Participant> {
        let organisations = self.directory.organisations().into_iter();
        organisations
            .map(|organisation| Participant {
                fhir_base: format!("{}{FHIR_PATH}", organisation.node_url),
                record: OrganisationRecord {
                    ura: organisation.ura,
                    name: organisation.name,
                    organisation_type: organisation.organisation_type,
                },
            })
            .collect()
    }

    async fn holders(
        &self,
        cx: &AccessContext,
        bsn: &Bsn,
    ) -> Result<Vec<(Ura, Categories)>, Unreachable> {
        self.localisation.find(cx, bsn).await.map_err(|error| {
            tracing::warn!(%error, "the localisation index gave no answer");
            Unreachable
        })
    }

    async fn ask(
        &self,
        cx: &AccessContext,
        source: Ura,
        queries: &[String],
        deadline: Duration,
    ) -> Answer {
        let source = match self.find(source) {
            Ok(source) => source,
            Err(why) => return Answer::NoAnswer(why),
        };
        let queries = queries
            .iter()
            .map(|path| SourceQuery { path: path.clone() })
            .collect();
        let question = Question {
            context: cx.clone(),
            queries,
            deadline,
        };
        match self.asker.ask(&source, &question).await {
            ask::Answer::NotAllowed => Answer::NotAllowed,
            ask::Answer::NoAnswer(why) => Answer::NoAnswer(why.to_string()),
            ask::Answer::Data(answers) => {
                let complete = answers.iter().all(|answer| answer.complete);
                let resources = answers
                    .into_iter()
                    .flat_map(|answer| {
                        let matches = answer.matches.into_iter().map(|resource| (resource, false));
                        matches.chain(answer.included.into_iter().map(|resource| (resource, true)))
                    })
                    .collect();
                Answer::Data {
                    resources,
                    complete,
                }
            }
        }
    }

    async fn access_log(&self, cx: &AccessContext, source: Ura, deadline: Duration) -> LogAnswer {
        let source = match self.find(source) {
            Ok(source) => source,
            Err(why) => return LogAnswer::NoAnswer(why),
        };
        match self.asker.access_log(&source, cx, deadline).await {
            ask::Answer::NotAllowed => LogAnswer::NotAllowed,
            ask::Answer::NoAnswer(why) => LogAnswer::NoAnswer(why.to_string()),
            ask::Answer::Data(answers) => LogAnswer::Lines(
                answers
                    .iter()
                    .flat_map(|answer| &answer.matches)
                    .map(|event| event.as_bytes().to_vec())
                    .collect(),
            ),
        }
    }
}
