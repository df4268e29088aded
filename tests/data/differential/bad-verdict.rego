# Values that are no verdict.
package bad_verdict

verdict := {"action": "Retain"} if input.usage.referenced

else := {"action": "Delete", "reason": "gone", "rule": "Not Allowed"} if input.usage.unusedSeconds > 0
