# METADATA
# title: Time to live
# description: |
#   Deletes what its owner gave a time to live: annotation probate.dev/ttl with a duration counted from creation, or
#   probate.dev/expires-at with a time. Where both stand, both must be over. A value that nobody can read keeps the object.
# custom: {version: 1.0.0}
package ttl

import data.probate

verdict := {"action": "Retain", "reason": sprintf("cannot read %s", [sort(unreadable)[0]]), "rule": "unreadable"} if {
	count(unreadable) > 0
} else := {"action": "Retain", "reason": "probate.dev/ttl says forever", "rule": "forever"} if {
	ttl == "forever"
} else := {"action": "Retain", "reason": sprintf("%s is not over", [sort(running)[0]]), "rule": "running"} if {
	count(running) > 0
} else := {"action": "Delete", "reason": sprintf("%s is over", [concat(" and ", sort(over))]), "rule": "over"} if {
	count(over) > 0
}

ttl := input.subject.annotations["probate.dev/ttl"]

expires_at := input.subject.annotations["probate.dev/expires-at"]

unreadable contains sprintf("probate.dev/ttl %q: write it such as 7d12h, or forever", [ttl]) if {
	regex.match(`^(forever|([0-9]{1,9}w)?([0-9]{1,9}d)?([0-9]{1,9}h)?([0-9]{1,9}m)?([0-9]{1,9}s)?)$`, ttl) == false
}

unreadable contains "probate.dev/ttl: it is empty" if ttl == ""

unreadable contains sprintf("probate.dev/expires-at %q: write it such as 2026-12-31T00:00:00Z", [expires_at]) if {
	regex.match(
		`^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](Z|[+-][0-9]{2}:[0-9]{2})$`,
		expires_at,
	) == false
}

running contains sprintf("probate.dev/ttl %s", [ttl]) if input.subject.ageSeconds < probate.duration(ttl)

running contains sprintf("probate.dev/expires-at %s", [expires_at]) if probate.since(expires_at) < 0

over contains sprintf("probate.dev/ttl %s", [ttl]) if input.subject.ageSeconds >= probate.duration(ttl)

over contains sprintf("probate.dev/expires-at %s", [expires_at]) if probate.passed(expires_at)
