package p

verdict := {
    "action": "Retain",
    "reason": "class rig is to be kept",
    "ensure": "ReclaimPolicyRetain",
    "annotations": {"probate.dev/note.class": "kept"},
} if {
    input.volume.storageClassName == "rig"
    input.volume.reclaimPolicy == "Delete"
}
