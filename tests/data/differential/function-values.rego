# A function with a chain of else.
package function_values

verdict := {"action": "Retain", "reason": size(input.subject.bytes), "rule": "size"}

size(bytes) := "empty" if bytes == 0

else := "small" if bytes < 1073741824

else := "large"
