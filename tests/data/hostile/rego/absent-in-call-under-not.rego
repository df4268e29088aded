# a path that may be absent, in a call under not
package hostile

verdict := {"action": "Delete", "reason": "not kept"} if not startswith(input.subject.labels.app, "keep")
