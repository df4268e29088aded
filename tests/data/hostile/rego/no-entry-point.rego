# no rule to ask
package hostile

vrdict := {"action": "Delete", "reason": "r"}
