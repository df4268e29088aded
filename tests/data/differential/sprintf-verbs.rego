# Verbs of sprintf.
package sprintf_verbs

verdict := {"action": "Retain", "reason": sprintf("%s %d %v %q", [input.subject.kind, input.subject.bytes, input.usage.referenced, input.usage.state]), "rule": "verbs"}
