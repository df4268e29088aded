# a text as an answer
package hostile

verdict := "Delete"
