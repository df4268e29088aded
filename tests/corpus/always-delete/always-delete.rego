# METADATA
# title: Always delete
# description: Wants everything gone. What stays under it, stays by evidence and guards alone.
# custom: {version: 1.0.0}
package always_delete

verdict := {"action": "Delete", "reason": "everything goes", "rule": "always"}
