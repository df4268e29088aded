package p

default since := "unknown"

since := input.usage.unusedSince

verdict := {"action": "Delete", "reason": "nothing wants it"} if since
