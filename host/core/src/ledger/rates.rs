//! Rates: so many places in an hour or a day, per policy, namespace or class; marks, quarantines and purges apart.

use super::{Ledger, Place};
use crate::policy::{Policy, PolicySet};
use crate::protocol::{Reservation, Step, Terms};
use crate::quantity;
use crate::time::Seconds;
use probate_contract::Cause;
use probate_contract::manifest::{Per, Rate, Window};
use probate_contract::settings::SettingsSpec;

/// More places than this make the document too large: then nothing is taken until older ones pass.
const MAX_PLACES: usize = 4000;
const DAY: i64 = 86_400;

/// A rate and whose it is; `None` for the installation's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateOf {
    /// The policy that has it.
    pub policy: Option<String>,
    /// The rate.
    pub rate: Rate,
}

/// Who asks for a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The policies that carry it out.
    pub policies: Vec<String>,
    /// Namespace of the claim.
    pub namespace: Option<String>,
    /// StorageClass.
    pub class: Option<String>,
    /// For which step.
    pub step: Step,
    /// Of which claim or volume.
    pub uid: String,
    /// By which decision.
    pub decision: String,
    /// How large.
    pub bytes: i64,
    /// Since when nothing wants it.
    pub unused_since: Option<Seconds>,
    /// An approved Plan names it: the breaker does not hold what a person has seen.
    pub approved: bool,
}

/// Whose turn it is: longest unused first, then by uid.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Turn(i64, String);

impl Ask {
    /// Its turn.
    pub fn turn(&self) -> Turn {
        Turn(self.unused_since.unwrap_or(i64::MAX), self.uid.clone())
    }
}

/// No place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// `RateLimited` or `BreakerOpen`.
    pub cause: Cause,
    /// By what.
    pub detail: String,
    /// When there may be one.
    pub until: Option<Seconds>,
}

/// Every rate that holds for what these terms ask: those of each policy, and the installation's.
pub fn rates_of(policies: &PolicySet, terms: &Terms, settings: &SettingsSpec) -> Vec<RateOf> {
    let acts = |policy: &&Policy| terms.policies.iter().any(|(id, _)| *id == policy.id());
    let own = |policy: &Policy| {
        let id = policy.id();
        let rate = move |rate: &Rate| RateOf { policy: Some(id.clone()), rate: rate.clone() };
        policy.spec().rates.iter().map(rate).collect::<Vec<_>>()
    };
    let whole = settings.rates.iter().map(|rate| RateOf { policy: None, rate: rate.clone() });
    policies.iter().filter(acts).flat_map(own).chain(whole).collect()
}

/// What a rate counts apart.
pub fn group<'a>(per: Per, namespace: &'a str, class: &'a str) -> &'a str {
    match per {
        Per::Policy => "",
        Per::Namespace => namespace,
        Per::StorageClass => class,
    }
}

/// Takes places for all of them in their turn; a rate that one does not fit in holds those behind it too.
pub fn reserve_all(
    ledger: &mut Ledger,
    now: Seconds,
    mut asks: Vec<(Ask, Vec<RateOf>)>,
) -> Vec<(String, Result<Reservation, Refused>)> {
    asks.sort_by_cached_key(|(ask, _)| ask.turn());
    let take = |(ask, rates): (Ask, Vec<RateOf>)| {
        let answer = reserve(ledger, now, &rates, &ask);
        (ask.uid, answer)
    };
    asks.into_iter().map(take).collect()
}

/// Takes a place, or says what holds it. The same subject, decision and step have one place however often they ask; carried out by
/// other policies it is another place, which their rates count.
///
/// # Errors
/// A breaker is open, or a rate is used up.
pub fn reserve(
    ledger: &mut Ledger,
    now: Seconds,
    rates: &[RateOf],
    ask: &Ask,
) -> Result<Reservation, Refused> {
    if let Some(open) = ledger.held_by(&ask.policies).filter(|_| !ask.approved) {
        return Err(Refused { cause: Cause::BreakerOpen, detail: open.detail.clone(), until: None });
    }
    let same = |place: &&Place| {
        let held = &place.reservation;
        (held.step, &held.uid, &held.decision) == (ask.step, &ask.uid, &ask.decision)
            && place.policies == ask.policies
    };
    if let Some(place) = ledger.places.iter().find(same) {
        return Ok(place.reservation.clone());
    }
    // A clock that went back makes a place no older.
    ledger.places.retain(|place| now.saturating_sub(place.reservation.at) < DAY);
    for rate in rates {
        fits(ledger, now, rate, ask)?;
    }
    if ledger.places.len() >= MAX_PLACES {
        let oldest = ledger.places.iter().map(|place| place.reservation.at).min();
        let detail = format!("{MAX_PLACES} places of one day are taken");
        return Err(limited(detail, oldest.map(|at| at.saturating_add(DAY))));
    }
    let reservation =
        Reservation { step: ask.step, uid: ask.uid.clone(), decision: ask.decision.clone(), at: now };
    ledger.places.push(Place {
        reservation: reservation.clone(),
        policies: ask.policies.clone(),
        namespace: ask.namespace.clone().unwrap_or_default(),
        class: ask.class.clone().unwrap_or_default(),
        bytes: ask.bytes.max(0),
    });
    Ok(reservation)
}

fn limited(detail: String, until: Option<Seconds>) -> Refused {
    Refused { cause: Cause::RateLimited, detail, until }
}

fn fits(ledger: &Ledger, now: Seconds, of: &RateOf, ask: &Ask) -> Result<(), Refused> {
    let RateOf { policy, rate } = of;
    if policy.as_ref().is_some_and(|policy| !ask.policies.contains(policy)) {
        return Ok(());
    }
    let seconds = match rate.window {
        Window::Hour => 3600,
        Window::Day => DAY,
    };
    let (namespace, class) = (ask.namespace.as_deref(), ask.class.as_deref());
    let own = group(rate.per, namespace.unwrap_or_default(), class.unwrap_or_default());
    let counted = |place: &&Place| {
        place.reservation.step == ask.step
            && now.saturating_sub(place.reservation.at) < seconds
            && group(rate.per, &place.namespace, &place.class) == own
            && policy.as_ref().is_none_or(|policy| place.policies.contains(policy))
    };
    let used: Vec<&Place> = ledger.places.iter().filter(counted).collect();
    let count = u64::try_from(used.len()).unwrap_or(u64::MAX);
    let bytes = used.iter().fold(ask.bytes.max(0), |sum, place| sum.saturating_add(place.bytes));
    let over_count = rate.max_count.is_some_and(|most| count >= most);
    // A limit that cannot be read lets nothing through.
    let most_bytes = rate.max_bytes.as_deref().map(|text| quantity::parse(text).unwrap_or(0));
    let over_bytes = most_bytes.is_some_and(|most| bytes > most);
    if !over_count && !over_bytes {
        return Ok(());
    }
    let whose = policy.as_deref().unwrap_or("the installation");
    let what = match (over_count, rate.max_count, rate.max_bytes.as_deref()) {
        (true, Some(most), _) => format!("{most}"),
        (_, _, bytes) => bytes.unwrap_or_default().to_owned(),
    };
    let per = match rate.per {
        Per::Policy => String::new(),
        Per::Namespace | Per::StorageClass => format!(" for {own}"),
    };
    let detail =
        format!("{whose}: {what} {:?}s an {:?}{per}", ask.step, rate.window).replace("an Day", "a Day");
    let oldest = used.iter().map(|place| place.reservation.at).min();
    Err(limited(detail, oldest.map(|at| at.saturating_add(seconds))))
}
