# object.get with a path and a default.
package object_get

verdict := {"action": "Retain", "reason": "prod", "rule": "prod"} if object.get(input, ["namespace", "labels", "env"], "none") == "prod"

else := {"action": "Delete", "reason": "none", "rule": "none"} if object.get(input, ["namespace", "labels", "env"], "none") == "none"
