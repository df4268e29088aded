# deletes without a reason
package hostile

verdict := {"action": "Delete"} if input.now
