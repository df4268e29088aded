//! Edges that follow from two objects: a scaler and the StatefulSet it scales, a restore and the claim its snapshot was taken of, a
//! template and the claim it is still to make.

use super::{ClusterData, ObjectId};
use crate::intake::GroupKind;
use crate::kinds::{Edge, Target};
use hashbrown::{HashMap, HashSet};
use probate_contract::evidence::ReferenceState;

impl ClusterData {
    /// Resolves what names claims by way of another object. Linear in edges, scalers and snapshots.
    pub(super) fn derive(&mut self) {
        let scaled = self.scaled_ordinals();
        self.edges.extend(scaled);
        self.fillings();
        self.snapshot_sources();
    }

    /// For each scaler of a StatefulSet, the ordinals that it may reach.
    fn scaled_ordinals(&self) -> Vec<(ObjectId, Edge)> {
        if self.scalers.is_empty() {
            return Vec::new();
        }
        let sets = GroupKind { group: "apps".into(), kind: "StatefulSet".into() };
        let named = |id: ObjectId| {
            let head = &self.object(id)?.head;
            Some((&*head.namespace, &*head.name))
        };
        let mut templates: HashMap<(&str, &str), Vec<(&str, i64)>> = HashMap::new();
        for (id, edge) in &self.edges {
            let Target::Ordinals { prefix, start, .. } = &edge.target else { continue };
            if let Some(key) = named(*id).filter(|_| self.kind_of(*id) == Some(&sets)) {
                templates.entry(key).or_default().push((prefix, *start));
            }
        }
        let mut edges = Vec::new();
        for scaler in self.scalers.iter().filter(|scaler| scaler.data.target == sets) {
            let Some((namespace, _)) = named(scaler.object) else { continue };
            let made = templates.get(&(namespace, &*scaler.data.name)).map(Vec::as_slice).unwrap_or_default();
            edges.extend(made.iter().map(|(prefix, start)| {
                let target = Target::Ordinals {
                    prefix: (*prefix).into(),
                    start: *start,
                    end: start.saturating_add(scaler.data.maximum),
                    reserves: false,
                };
                (scaler.object, Edge::new(target, ReferenceState::Template, scaler.data.path))
            }));
        }
        edges
    }

    /// Drops sources of claims that are there: those say themselves whether they are filled.
    fn fillings(&mut self) {
        let filling = |edge: &Edge| matches!(edge.target, Target::Filling { .. });
        if !self.edges.iter().any(|(_, edge)| filling(edge)) {
            return;
        }
        let mut edges = std::mem::take(&mut self.edges);
        let heads = self.claims.iter().filter_map(|claim| self.object(claim.object));
        let made: HashSet<(&str, &str)> =
            heads.map(|object| (&*object.head.namespace, &*object.head.name)).collect();
        edges.retain_mut(|(id, edge)| {
            let Target::Filling { from, made: name } = &edge.target else { return true };
            let own = self.object(*id).map_or("", |object| &*object.head.namespace);
            let waits = !made.contains(&(own, &**name));
            edge.target = Target::clone(from);
            waits
        });
        drop(made);
        self.edges = edges;
    }

    /// Puts the claim in place of the snapshot that was taken of it.
    fn snapshot_sources(&mut self) {
        let by_snapshot = |edge: &Edge| matches!(edge.target, Target::Snapshot { .. });
        if !self.edges.iter().any(|(_, edge)| by_snapshot(edge)) {
            return;
        }
        let mut edges = std::mem::take(&mut self.edges);
        let mut claims: HashMap<(&str, &str), &str> = HashMap::new();
        for snapshot in &self.snapshots {
            let Some(head) = self.object(snapshot.object).map(|object| &object.head) else { continue };
            if let Some(claim) = snapshot.data.claim.as_deref() {
                claims.insert((&head.namespace, &head.name), claim);
            }
        }
        for (id, edge) in &mut edges {
            let Target::Snapshot { namespace, name } = &edge.target else { continue };
            let own = || self.object(*id).map_or("", |object| &*object.head.namespace);
            let namespace = namespace.as_deref().unwrap_or_else(own);
            if let Some(claim) = claims.get(&(namespace, &**name)) {
                edge.target = Target::Claim { namespace: Some(namespace.into()), name: (*claim).into() };
            }
        }
        drop(claims);
        edges.retain(|(_, edge)| !by_snapshot(edge));
        self.edges = edges;
    }
}
