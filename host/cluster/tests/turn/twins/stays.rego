package p

verdict := {"action": "Retain", "reason": "stays"}
