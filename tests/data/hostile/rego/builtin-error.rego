# a built-in that fails
package hostile

verdict := {"action": "Delete", "reason": sprintf("%d", [to_number(input.now)])}
