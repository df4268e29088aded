# Every element, the empty list apart.
package every_owner

verdict := {"action": "Delete", "reason": "all gone", "rule": "all-gone"} if {
	count(input.owners) > 0
	every owner in input.owners {
		owner.state == "Gone"
	}
} else := {"action": "Retain", "reason": "some live", "rule": "some-live"} if count(input.owners) > 0
