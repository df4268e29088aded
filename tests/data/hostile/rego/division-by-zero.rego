# divides by nothing
package hostile

verdict := {"action": "Delete", "reason": sprintf("%v", [count(input.now) / (count(input.now) - 20)])}
