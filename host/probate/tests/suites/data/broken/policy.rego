package broken

verdict := {"action": "Delete", "reason": "typo"} if not input.usage.unusedSecond
