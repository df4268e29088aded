# Every element, of an empty list too.
package every_empty

verdict := {"action": "Delete", "reason": "none active", "rule": "none-active"} if {
	every other in input.references {
		other.state != "Active"
	}
}
