package unused_test

import data.probate
import data.unused

test_passes if not unused.verdict with input as probate.example.claim

test_fails if {
	print("verdict", unused.verdict) with input as object.union(probate.example.claim, {"namespace": {"labels": {"env": "prod"}}})
	unused.verdict.rule == "unused" with input as object.union(probate.example.claim, {"namespace": {"labels": {"env": "prod"}}})
}

test_errs if unused.verdict.rule == sprintf("%d", [to_number("x")]) with input as probate.example.claim
