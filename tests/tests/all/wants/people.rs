//! What people and other controllers say; time and watching.

use super::{Want, add, annotated, claim, custom, owned, recorded, volume};
use crate::world::{CLAIM, NAMESPACE, object};
use probate_contract::Cause::*;
use serde_json::json;

/// What people and other controllers say.
pub(super) const PEOPLE: &[Want] = &[
    Want {
        name: "hold on the claim",
        causes: &[Hold],
        make: |w| claim(w, annotated(json!({"probate.dev/hold": ""}))),
    },
    Want {
        name: "hold on the volume",
        causes: &[Hold],
        make: |w| volume(w, annotated(json!({"probate.dev/hold": "audit"}))),
    },
    Want {
        name: "hold on the namespace",
        causes: &[Hold],
        make: |w| w.patch("Namespace", NAMESPACE, &annotated(json!({"probate.dev/hold": "x"}))),
    },
    Want {
        name: "hold until later",
        causes: &[Hold],
        make: |w| claim(w, annotated(json!({"probate.dev/hold-until": "2027-01-01T00:00:00Z"}))),
    },
    Want {
        name: "hold until nobody knows",
        causes: &[Hold],
        make: |w| claim(w, annotated(json!({"probate.dev/hold": "", "probate.dev/hold-until": "soon"}))),
    },
    Want {
        name: "Helm's keep",
        causes: &[Protected],
        make: |w| claim(w, annotated(json!({"helm.sh/resource-policy": "keep"}))),
    },
    Want {
        name: "being deleted",
        causes: &[Terminating],
        make: |w| claim(w, json!({"metadata": {"deletionTimestamp": "2026-11-22T05:00:00Z"}})),
    },
    Want {
        name: "namespace being deleted",
        causes: &[Terminating],
        make: |w| w.patch("Namespace", NAMESPACE, &json!({"status": {"phase": "Terminating"}})),
    },
    Want {
        name: "custom controller",
        causes: &[ForeignController],
        make: |w| {
            add(w, "example.com/v1", "Thing", json!({"spec": {}}));
            claim(w, owned("Thing", "example.com/v1"));
        },
    },
    Want {
        name: "custom resource that names it",
        causes: &[PossiblyReferenced],
        make: |w| custom(w, json!({"storage": {"claim": CLAIM}})),
    },
    Want {
        name: "custom resource with its name in a list",
        causes: &[PossiblyReferenced],
        make: |w| custom(w, json!({"claims": ["a", CLAIM]})),
    },
    Want {
        name: "custom resource with namespace and name in one text",
        causes: &[PossiblyReferenced],
        make: |w| custom(w, json!({"source": format!("{NAMESPACE}/{CLAIM}")})),
    },
    Want {
        name: "custom resource with its name as a key",
        causes: &[PossiblyReferenced],
        make: |w| custom(w, json!({"disks": {CLAIM: 1}})),
    },
    Want {
        name: "custom resource with its name in an annotation",
        causes: &[PossiblyReferenced],
        make: |w| add(w, "example.com/v1", "Thing", annotated(json!({"example.com/claim": CLAIM}))),
    },
    Want {
        name: "custom resource of another namespace",
        causes: &[PossiblyReferenced],
        make: |w| {
            w.objects.push(object(
                "example.com/v1",
                "Thing",
                Some("other"),
                "t",
                json!({"spec": {"ref": {"namespace": NAMESPACE, "name": CLAIM}}}),
            ))
        },
    },
    Want {
        name: "cluster-wide custom resource",
        causes: &[PossiblyReferenced],
        make: |w| {
            w.objects.push(object(
                "example.com/v1",
                "Wide",
                None,
                "t",
                json!({"spec": {"ref": {"namespace": NAMESPACE, "name": CLAIM}}}),
            ))
        },
    },
];

/// Time and watching.
pub(super) const TIME: &[Want] = &[
    Want { name: "no record", causes: &[IncompleteEvidence], make: |w| w.records.clear() },
    Want {
        name: "record with a gap",
        causes: &[NotWatched],
        make: |w| recorded(w, "observation", json!({"continuity": "Watched", "largestGapSeconds": 90_000})),
    },
    Want {
        name: "record that ended",
        causes: &[NotWatched],
        make: |w| {
            recorded(w, "observation", json!({"continuity": "Watched", "lastAt": "2026-11-01T00:00:00Z"}))
        },
    },
    Want {
        name: "samples",
        causes: &[NotWatched],
        make: |w| recorded(w, "observation", json!({"continuity": "Sampled"})),
    },
    Want {
        name: "unused for an hour",
        causes: &[UnusedTooShort],
        make: |w| recorded(w, "unusedSince", json!("2026-11-22T05:00:00Z")),
    },
    Want {
        name: "an hour old",
        causes: &[TooYoung],
        make: |w| claim(w, json!({"metadata": {"creationTimestamp": "2026-11-22T05:00:00Z"}})),
    },
    Want {
        name: "unused in the future",
        causes: &[IncompleteEvidence],
        make: |w| recorded(w, "unusedSince", json!("2027-01-01T00:00:00Z")),
    },
];
