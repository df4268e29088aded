package p

verdict := {
    "action": "Retain",
    "reason": "the virtual cluster lives and does not know it",
    "ensure": "ReclaimPolicyRetain",
    "annotations": {"probate.dev/note.hazard": "the syncer deletes it"},
} if {
    input.claim != null
    tenants[0].state == "Gone"
}

tenants := [layer | some layer in input.counterparts; layer.relation == "Virtual"]
