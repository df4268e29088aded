# Globs.
package glob

verdict := {"action": "Retain", "reason": "team", "rule": "team"} if glob.match("team-*", [], input.subject.namespace)

else := {"action": "Delete", "reason": "rest", "rule": "rest"}
