# The helpers of data.probate.
package helpers

import data.probate

verdict := {"action": "Delete", "reason": "unused", "rule": "unused"} if {
	input.usage.unusedSeconds >= probate.days(30)
	not snapshot
} else := {"action": "Retain", "reason": "snapshot", "rule": "snapshot"} if snapshot

snapshot if probate.snapshot_within(probate.days(7))
