# A boolean with a default.
package default_false

default held := false

held if input.subject.annotations["probate.dev/keep"] == "true"

verdict := {"action": "Retain", "reason": "held", "rule": "held"} if held

else := {"action": "Delete", "reason": "free", "rule": "free"} if not held
