# rules that rest on each other
package hostile

a := b

b := a

verdict := {"action": "Delete", "reason": a}
