# base64 of base64, sixty times
package hostile

verdict := {"action": "Delete", "reason": r} if {
	s := concat("", ["x" | some _ in numbers.range(1, 1000)])
	e := base64.encode(s)
	f := concat("", [base64.encode(concat("", [e | some _ in numbers.range(1, 3000)])) | some _ in numbers.range(1, 3000)])
	r := sprintf("%d", [count(f)])
}
