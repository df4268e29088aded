package p

verdict := {"action": "Delete", "reason": "its machine is gone"} if {
    some owner in input.owners
    owner.kind == "VirtualMachine"
    owner.state == "Gone"
}
