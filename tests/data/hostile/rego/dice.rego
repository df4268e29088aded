# throws dice
package hostile

verdict := {"action": "Delete", "reason": "tails"} if rand.intn("coin", 2) == 0
