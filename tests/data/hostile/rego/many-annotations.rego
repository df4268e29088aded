# thousands of annotations
package hostile

verdict := {"annotations": {sprintf("probate.dev/note.n%d", [n]): "x" | some n in numbers.range(1, 2000)}}
