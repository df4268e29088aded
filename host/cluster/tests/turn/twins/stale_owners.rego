package p

verdict := {
    "action": "Retain",
    "reason": "its owner does not use it",
    "ensure": "ReclaimPolicyRetain",
    "annotations": {"probate.dev/note.hazard": sprintf("owned by VirtualMachine %s", [stale[0]])},
} if {
    some _ in input.references
}

stale := [owner.name |
    some owner in input.owners
    owner.relation == "OwnerReference"
    every reference in input.references { reference.uid != owner.uid }
]
