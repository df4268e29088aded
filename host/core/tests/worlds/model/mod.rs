//! The reference model: what can still want a claim, read off the raw objects of all clusters. Written from the facts about the
//! systems and from the public shapes alone; it shares no code with the core, is slow, and asks every object one question.

mod backups;
mod custom;
mod gaps;
mod json;
mod layers;
mod machines;
mod people;
mod released;
mod storage;
mod time;
mod workloads;

use crate::ask::{Given, Key};
use crate::world::World;
use json::{kind, name, namespace, text, typed, uid};
use probate_contract::manifest::Consent;
use serde_json::Value;

/// What takes a reason away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lift {
    /// That consent.
    Consent(Consent),
    /// `retainedVolumes` other than `Keep`.
    Retained,
}

/// Where a reason stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// In that object: cluster, `KIND.GROUP`, namespace, name.
    Object(usize, String, String, String),
    /// In that record, by its place.
    Record(usize),
    /// In what is stated of completeness, or not told at all.
    Untold,
}

/// One reason to keep a claim or volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reason {
    pub(crate) why: &'static str,
    pub(crate) by: By,
    pub(crate) lift: Option<Lift>,
    /// False where keeping is allowed, but the facts do not ask for it.
    pub(crate) must: bool,
}

impl Reason {
    /// True where nothing given takes it away.
    pub(crate) fn stands(&self, given: &Given) -> bool {
        match self.lift {
            None => true,
            Some(Lift::Consent(consent)) => !given.consents.contains(&consent),
            Some(Lift::Retained) => !given.retained,
        }
    }
}

/// A claim with its volume, or a volume whose claim is gone.
pub(crate) struct Case<'a> {
    pub(crate) world: &'a World,
    pub(crate) cluster: usize,
    /// `PersistentVolumeClaim` or `PersistentVolume`.
    pub(crate) kind: &'static str,
    /// The claim's namespace, name and uid; of a volume, those of its claimRef.
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
    pub(crate) uid: &'a str,
    pub(crate) claim: Option<&'a Value>,
    pub(crate) volume: Option<&'a Value>,
}

impl<'a> Case<'a> {
    pub(crate) fn key(&self) -> Key {
        let cluster = self.world.clusters[self.cluster].name.clone();
        let (namespace, name) = match (self.claim, self.volume) {
            (None, Some(volume)) => (String::new(), name(volume).to_owned()),
            _ => (self.namespace.to_owned(), self.name.to_owned()),
        };
        (cluster, self.kind.to_owned(), namespace, name)
    }

    /// The objects of its own cluster.
    fn objects(&self) -> impl Iterator<Item = &'a Value> {
        self.world.clusters[self.cluster].objects.iter()
    }

    /// True where `named` in `space` is this claim.
    fn is(&self, space: &str, named: &str) -> bool {
        !named.is_empty() && named == self.name && space == self.namespace
    }

    /// True where that object stands in the claim's namespace and `named` is the claim.
    fn beside(&self, object: &Value, named: &str) -> bool {
        self.is(namespace(object), named)
    }

    fn volume_name(&self) -> &'a str {
        self.volume.map_or("", name)
    }

    fn csi(&self) -> Option<(&'a str, &'a str)> {
        let volume = self.volume?;
        let handle = text(volume, "spec.csi.volumeHandle");
        (!handle.is_empty()).then(|| (text(volume, "spec.csi.driver"), handle))
    }
}

/// Collects reasons.
#[derive(Default)]
struct Found(Vec<Reason>);

impl Found {
    fn add(&mut self, why: &'static str, by: By, lift: Option<Lift>, must: bool) {
        self.0.push(Reason { why, by, lift, must });
    }

    /// That object, of the case's cluster, wants it.
    fn want(&mut self, case: &Case<'_>, why: &'static str, object: &Value) {
        self.add(why, by(case.cluster, object), None, true);
    }

    /// It may be kept for that object, and need not be.
    fn may(&mut self, case: &Case<'_>, why: &'static str, object: &Value) {
        self.add(why, by(case.cluster, object), None, false);
    }

    /// That object wants it unless a consent was given.
    fn lifted(&mut self, case: &Case<'_>, why: &'static str, object: &Value, consent: Consent) {
        self.add(why, by(case.cluster, object), Some(Lift::Consent(consent)), true);
    }
}

pub(crate) fn by(cluster: usize, object: &Value) -> By {
    By::Object(cluster, typed(object), namespace(object).to_owned(), name(object).to_owned())
}

/// Every claim of the world.
pub(crate) fn claims(world: &World) -> Vec<Case<'_>> {
    let mut cases = Vec::new();
    for (cluster, data) in world.clusters.iter().enumerate() {
        for claim in data.objects.iter().filter(|object| kind(object) == "PersistentVolumeClaim") {
            let wanted = text(claim, "spec.volumeName");
            let volume = data.objects.iter().find(|object| {
                kind(object) == "PersistentVolume" && !wanted.is_empty() && name(object) == wanted
            });
            cases.push(Case {
                world,
                cluster,
                kind: "PersistentVolumeClaim",
                namespace: namespace(claim),
                name: name(claim),
                uid: uid(claim),
                claim: Some(claim),
                volume,
            });
        }
    }
    cases
}

/// Every volume whose claim is gone.
pub(crate) fn volumes(world: &World) -> Vec<Case<'_>> {
    let mut cases = Vec::new();
    for (cluster, data) in world.clusters.iter().enumerate() {
        let released = |object: &&Value| {
            kind(object) == "PersistentVolume" && text(object, "status.phase") == "Released"
        };
        for volume in data.objects.iter().filter(released) {
            cases.push(Case {
                world,
                cluster,
                kind: "PersistentVolume",
                namespace: text(volume, "spec.claimRef.namespace"),
                name: text(volume, "spec.claimRef.name"),
                uid: text(volume, "spec.claimRef.uid"),
                claim: None,
                volume: Some(volume),
            });
        }
    }
    cases
}

/// Why it is kept; nothing for a true orphan with full evidence.
pub(crate) fn reasons(case: &Case<'_>) -> Vec<Reason> {
    let mut found = Found::default();
    for object in case.objects() {
        storage::ask(case, object, &mut found);
        if case.claim.is_some() {
            workloads::ask(case, object, &mut found);
            machines::ask(case, object, &mut found);
            backups::ask(case, object, &mut found);
            custom::ask(case, object, &mut found);
        } else {
            released::ask(case, object, &mut found);
        }
        people::ask(case, object, &mut found);
    }
    storage::of_itself(case, &mut found);
    people::of_itself(case, &mut found);
    layers::ask(case, &mut found);
    time::ask(case, &mut found);
    gaps::ask(case, &mut found);
    found.0
}

/// True where the facts forbid that it goes.
pub(crate) fn kept(reasons: &[Reason], given: &Given) -> bool {
    reasons.iter().any(|reason| reason.must && reason.stands(given))
}

/// True where nothing at all speaks for keeping it.
pub(crate) fn free(reasons: &[Reason], given: &Given) -> bool {
    !reasons.iter().any(|reason| reason.stands(given))
}
