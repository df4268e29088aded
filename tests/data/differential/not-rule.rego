# Negation of a rule with two bodies.
package not_rule

verdict := {"action": "Delete", "reason": "unwanted", "rule": "unwanted"} if not wanted

else := {"action": "Retain", "reason": "wanted", "rule": "wanted"}

wanted if input.usage.state == "Active"

wanted if input.namespace.labels.env == "prod"
