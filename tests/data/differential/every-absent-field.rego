# Every element, where the field may be absent.
package every_absent_field

verdict := {"action": "Delete", "reason": "all have since", "rule": "all-have-since"} if {
	every owner in input.owners {
		owner.goneSeconds > 0
	}
}
