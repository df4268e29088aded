package dev_claims_test

import data.dev_claims
import data.probate

unused := object.union(probate.example.claim, {"usage": {
	"referenced": false, "state": "None",
	"unusedSince": "2026-10-01T00:00:00Z", "unusedSeconds": 4514400, "continuity": "Watched",
}})

test_unused_goes if {
	verdict := dev_claims.verdict with input as unused
	verdict.action == "Delete"
}

test_production_stays if {
	production := object.union(unused, {"namespace": {"labels": {"env": "prod"}}})
	verdict := dev_claims.verdict with input as production
	verdict.rule == "production"
}

test_a_used_claim_is_no_business_of_ours if {
	not dev_claims.verdict with input as probate.example.claim
}
