package p

verdict := {
    "action": "Retain",
    "reason": "deleting its report would take it",
    "ensure": "ReclaimPolicyRetain",
    "annotations": {"probate.dev/note.hazard": sprintf("owned by VirtualMachineRestore %s", [names[0]])},
}

names := [owner.name | some owner in input.owners; owner.kind == "VirtualMachineRestore"]
