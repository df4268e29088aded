# changes its own evidence
package hostile

used if input.usage.referenced

verdict := {"action": "Delete", "reason": "unused"} if not used with input as {"usage": {"referenced": false}}
