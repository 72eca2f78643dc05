//! A change of the choices: first its effect, then a confirmation, then it holds.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use care::{ConsentCategory, ProviderCategory};
use serde::Deserialize;
use trust::{
    consent::{Change, ConsentError, Preset, Verdict},
    identity::OrganisationRecord,
};

use super::{
    Chooser,
    show::{exception_page, page},
};
use crate::{
    dates,
    fault::Fault,
    handler::html,
    page::consent::{DonePage, PreviewPage},
    rooms::PendingChange,
    security::{SafeForm, Visitor},
    site::Site,
    view::consent::{
        self, change,
        told::{self, Names},
    },
};

/// What the patient wants: one of several forms leads here.
#[derive(Deserialize)]
pub(crate) struct ChangeForm {
    /// `everyone`, `no-one`, `holder` or `exception`.
    choice: Option<String>,
    /// The group of holders whose boxes these are.
    holder: Option<String>,
    /// The boxes that are ticked.
    #[serde(default)]
    permit: Vec<String>,
    /// `permit` or `deny`, for an exception.
    effect: Option<String>,
    /// Who may see, for an exception.
    consulting: Option<String>,
    /// Whose data, for an exception; empty for everybody's.
    from: Option<String>,
    /// Which data, for an exception.
    category: Option<String>,
    /// The number of an exception to remove.
    remove: Option<String>,
    /// The name of a change to undo.
    undo: Option<String>,
}

/// The confirmation.
#[derive(Deserialize)]
pub(crate) struct ConfirmForm {
    pending: String,
}

/// Shows what a change would do; nothing changes yet.
pub(crate) async fn preview(
    State(site): State<Arc<Site>>,
    visitor: Visitor,
    SafeForm(form): SafeForm<ChangeForm>,
) -> Result<Response, Fault> {
    let chooser = Chooser::of(&site, &visitor).await?;
    let change = match wanted(&site, &visitor, &chooser, &form)? {
        Wanted::Change(change) => Some(change),
        Wanted::Nothing => None,
        Wanted::WrongException => {
            return html(&exception_page(&site, &visitor, &chooser, true));
        }
    };
    let language = visitor.language;
    let (after, losses, gains) = match &change {
        Some(change) => {
            let preview =
                trust::consent::preview(&chooser.record, change).map_err(|_| Fault::Input)?;
            let names = Names(&chooser.organisations);
            let told = |effects: &[_], is_loss| told::effects(language, effects, &names, is_loss);
            (
                preview.after,
                told(&preview.losses, true),
                told(&preview.gains, false),
            )
        }
        None => (chooser.record.clone(), Vec::new(), Vec::new()),
    };
    let name = site.secret();
    if let Some(change) = change {
        let pending = PendingChange {
            name: name.clone(),
            change,
            version: chooser.record.version(),
        };
        site.rooms.keep(
            &chooser.session.csrf_token,
            site.options.clock.now(),
            pending,
        );
    }
    let warning = (!losses.is_empty()).then(|| language.text("preview.emergency").to_owned());
    let mut layout = visitor.layout(&site);
    "/my/consent".clone_into(&mut layout.here);
    html(&PreviewPage {
        page: layout,
        sentence: consent::then(language, &after),
        losses,
        gains,
        warning,
        pending: name,
    })
}

/// Makes the change. It holds at every organisation before the patient hears so.
pub(crate) async fn confirm(
    State(site): State<Arc<Site>>,
    visitor: Visitor,
    SafeForm(form): SafeForm<ConfirmForm>,
) -> Result<Response, Fault> {
    let chooser = Chooser::of(&site, &visitor).await?;
    let (session, language) = (chooser.session, visitor.language);
    let now = site.options.clock.now();
    let notice = |key| {
        html(&page(
            &site,
            &visitor,
            &chooser,
            Some(language.text(key).to_owned()),
        ))
    };
    let Some(pending) = site.rooms.pending(&session.csrf_token, now, &form.pending) else {
        return notice("consent.nothing-changed");
    };
    site.options
        .node
        .note_consent(&session.context, true)
        .await?;
    let changed = chooser
        .room
        .consents
        .change(
            &session.context,
            chooser.bsn,
            &pending.change,
            Some(pending.version),
        )
        .await;
    let after = match changed {
        Ok(after) => after,
        Err(ConsentError::Changed) => return notice("consent.changed-elsewhere"),
        Err(error) => return Err(error.into()),
    };
    site.rooms.made(&session.csrf_token, now, &pending.name);
    let undo = PendingChange {
        name: site.secret(),
        change: change::undo(&chooser.record, &after),
        version: after.version(),
    };
    let undo_name = undo.name.clone();
    let now = site.options.clock.now();
    site.rooms.keep(&session.csrf_token, now, undo);
    let at = dates::long_moment(language, now, &site.options.time_zone);
    let mut layout = visitor.layout(&site);
    "/my/consent".clone_into(&mut layout.here);
    html(&DonePage {
        page: layout,
        holds: language.fill("done.holds", &[("at", &at)]),
        sentence: consent::now(language, &after),
        undo: undo_name,
    })
}

enum Wanted {
    Change(Change),
    /// The choices are so already.
    Nothing,
    /// An exception that cannot be: unknown organisations, or one and the same.
    WrongException,
}

fn wanted(
    site: &Site,
    visitor: &Visitor,
    chooser: &Chooser<'_>,
    form: &ChangeForm,
) -> Result<Wanted, Fault> {
    if let Some(name) = &form.undo {
        let now = site.options.clock.now();
        let pending = site.rooms.pending(&chooser.session.csrf_token, now, name);
        return Ok(pending.map_or(Wanted::Nothing, |pending| Wanted::Change(pending.change)));
    }
    if let Some(number) = &form.remove {
        let number: usize = number.parse().map_err(|_| Fault::Input)?;
        let names = Names(&chooser.organisations);
        let mut list = told::exception_list(visitor.language, &chooser.record, &names);
        if number >= list.len() {
            return Ok(Wanted::Nothing);
        }
        let withdraw = list.swap_remove(number).keys;
        return Ok(Wanted::Change(Change {
            withdraw,
            ..Change::default()
        }));
    }
    match form.choice.as_deref() {
        Some("everyone") => Ok(Wanted::Change(Change::preset(Preset::Everyone))),
        Some("no-one") => Ok(Wanted::Change(Change::preset(Preset::Nobody))),
        Some("holder") => {
            let holder = form.holder.as_deref().and_then(ProviderCategory::from_code);
            let holder = holder.ok_or(Fault::Input)?;
            let change = change::holder_change(&chooser.record, holder, &form.permit)
                .map_err(|_| Fault::Input)?;
            Ok(change.map_or(Wanted::Nothing, Wanted::Change))
        }
        Some("exception") => Ok(wanted_exception(chooser, form)),
        _ => Err(Fault::Input),
    }
}

fn wanted_exception(chooser: &Chooser<'_>, form: &ChangeForm) -> Wanted {
    let find = |ura: &Option<String>| -> Option<&OrganisationRecord> {
        let ura = ura.as_deref()?.parse().ok()?;
        chooser
            .organisations
            .iter()
            .find(|record| record.ura == ura)
    };
    let anywhere = form.from.as_deref().is_none_or(str::is_empty);
    let (consulting, holder) = (find(&form.consulting), find(&form.from));
    let category = form
        .category
        .as_deref()
        .and_then(ConsentCategory::from_code);
    let verdict = match form.effect.as_deref() {
        Some("permit") => Verdict::Permit,
        _ => Verdict::Deny,
    };
    let (Some(consulting), Some(category)) = (consulting, category) else {
        return Wanted::WrongException;
    };
    let fits = match holder {
        None => anywhere,
        Some(holder) => {
            let group = ProviderCategory::of(holder.organisation_type);
            holder.ura != consulting.ura && group.holds().contains(&category)
        }
    };
    if !fits {
        return Wanted::WrongException;
    }
    Wanted::Change(change::exception_change(
        consulting, holder, category, verdict,
    ))
}
