package broken

verdict := {"action": "Retain", "reason": "r"} if input.usage.unusedSecond > 5
