# an annotation as large as memory
package hostile

verdict := {"annotations": {"probate.dev/note.n": concat("", [v | some _ in numbers.range(1, 400)])}} if {
	v := concat("", ["0123456789abcdef" | some _ in numbers.range(1, 400)])
}
