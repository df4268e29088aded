package p

kept if {
    some owner in input.owners
    owner.platformIntent == "Keep"
}

verdict := {"action": "Retain", "reason": "as was chosen"} if kept

verdict := {"action": "Delete", "reason": "as was chosen"} if not kept
