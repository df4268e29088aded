# METADATA
# title: Helpers of probate
# description: |
#   Plain Rego that any engine loads. Nonsense is an error, never undefined: a function that is given it ends in a function
#   with two values, which every engine reports as a conflict.
package probate

# days(n) -> seconds
days(n) := n * 86400 if _is_count(n)

else := not_a_number_of_days(n)

# hours(n) -> seconds
hours(n) := n * 3600 if _is_count(n)

else := not_a_number_of_hours(n)

# duration("1w12h") -> seconds; weeks, days, hours, minutes, seconds, in that order
duration(text) := sum([_seconds(part) | some part in regex.find_n(`[0-9]+[wdhms]`, text, -1)]) if {
	is_string(text)
	text != ""
	regex.match(`^([0-9]{1,9}w)?([0-9]{1,9}d)?([0-9]{1,9}h)?([0-9]{1,9}m)?([0-9]{1,9}s)?$`, text)
} else := not_a_duration(text)

# bytes("10Gi") -> bytes, rounded up; the suffixes of Kubernetes quantities
bytes(text) := ceil(to_number(trim_right(text, "kKMGTPEi")) * object.get(_factors, trim_left(text, "0123456789."), 1)) if {
	is_string(text)
	regex.match(`^[0-9]{1,15}([.][0-9]{1,9})?([kMGTPE]|[KMGTPE]i)?$`, text)
} else := not_a_quantity(text)

# since(moment) -> seconds from then to `now`, negative for times to come
since(moment) := floor((time.parse_rfc3339_ns(input.now) - time.parse_rfc3339_ns(moment)) / 1000000000) if _is_time(moment)

else := not_a_time(moment)

# passed(moment) -> true if it is not to come
passed(moment) := since(moment) >= 0

# referenced_by(kind) -> true if an object of that kind can still want the volume
referenced_by(kind) := true in {_wanting(other) | some other in input.references; other.kind == kind} if {
	_is_word(kind)
	is_array(input.references)
} else := not_a_kind(kind)

# referenced_as(kind, state) -> true if an object of that kind refers to it in that state
referenced_as(kind, state) := state in {other.state | some other in input.references; other.kind == kind} if {
	_is_word(kind)
	state in {"Active", "Pending", "Stopped", "Template", "Reserved", "Possible", "Finished"}
	is_array(input.references)
} else := not_a_kind_and_state(kind, state)

# gone_seconds(kind) -> seconds since the last owner of that kind went; undefined while one is left or none is known
gone_seconds(kind) := min(_gone(kind)) if {
	_is_word(kind)
	every owner in input.owners {
		_gone_or_other(owner, kind)
	}
	count(_gone(kind)) > 0
} else := not_a_kind(kind) if {
	not _is_word(kind)
}

# snapshot_within(seconds) -> true if a ready snapshot or backup that outlives the volume is no older
snapshot_within(seconds) := true in {_young(snapshot, seconds) | some snapshot in input.snapshots} if {
	_is_count(seconds)
	is_array(input.snapshots)
} else := not_a_number_of_seconds(seconds)

_is_count(n) if {
	is_number(n)
	n >= 0
}

_is_word(text) if {
	is_string(text)
	text != ""
}

_is_time(text) if {
	is_string(text)
	regex.match(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$`, text)
}

_seconds(part) := to_number(trim_right(part, "wdhms")) * _units[trim_left(part, "0123456789")]

_units := {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}

_factors := {
	"": 1,
	"k": 1000,
	"M": 1000000,
	"G": 1000000000,
	"T": 1000000000000,
	"P": 1000000000000000,
	"E": 1000000000000000000,
	"Ki": 1024,
	"Mi": 1048576,
	"Gi": 1073741824,
	"Ti": 1099511627776,
	"Pi": 1125899906842624,
	"Ei": 1152921504606846976,
}

_wanting(other) if other.state in {"Active", "Pending", "Stopped", "Template", "Possible"}

_gone(kind) := [owner.goneSeconds | some owner in input.owners; owner.kind == kind]

_gone_or_other(owner, kind) if owner.kind != kind

_gone_or_other(owner, kind) if {
	owner.kind == kind
	owner.state == "Gone"
	is_number(owner.goneSeconds)
}

_young(snapshot, seconds) if {
	snapshot.ready == true
	snapshot.independent == true
	snapshot.ageSeconds <= seconds
}

# Two values each: whoever calls one gets an error with its name.
not_a_number_of_days(_) := 1

not_a_number_of_days(_) := 2

not_a_number_of_hours(_) := 1

not_a_number_of_hours(_) := 2

not_a_number_of_seconds(_) := 1

not_a_number_of_seconds(_) := 2

not_a_duration(_) := 1

not_a_duration(_) := 2

not_a_quantity(_) := 1

not_a_quantity(_) := 2

not_a_time(_) := 1

not_a_time(_) := 2

not_a_kind(_) := 1

not_a_kind(_) := 2

not_a_kind_and_state(_, _) := 1

not_a_kind_and_state(_, _) := 2
