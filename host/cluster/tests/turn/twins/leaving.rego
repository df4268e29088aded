package p

default phase := "Terminating"

phase := input.namespace.phase

verdict := {
    "action": "Retain",
    "reason": "its namespace goes",
    "ensure": "ReclaimPolicyRetain",
    "annotations": {"probate.dev/note.origin": sprintf("%s/%s", [claim.namespace, claim.name])},
} if phase == "Terminating"

claim := input.volume.claimRef
