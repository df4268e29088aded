# Membership in sets and lists.
package membership

verdict := {"action": "Retain", "reason": "kept", "rule": "kept"} if input.retention.effective in {"Retain"}

else := {"action": "Delete", "reason": "reads write once", "rule": "reads-write-once"} if "ReadWriteOnce" in input.volume.accessModes
