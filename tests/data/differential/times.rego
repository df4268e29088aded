# Times as nanoseconds.
package times

verdict := {"action": "Delete", "reason": "older", "rule": "older"} if {
	created := time.parse_rfc3339_ns(input.subject.createdAt)
	now := time.parse_rfc3339_ns(input.now)
	now - created > 2592000000000000
}
